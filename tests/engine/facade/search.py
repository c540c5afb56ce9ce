"""Routes that list flows and namespaces. Nothing here writes."""

import json
from itertools import accumulate

from .call import JSON, Answer, Call
from .engine import TENANT, Engine
from .filters import flow_filters, page
from .flows import json_answer

_SYSTEM = "system"


def search_flows(engine: Engine, call: Call) -> Answer:
    """A page of the flows that pass the filters, without their texts."""
    wanted = page(engine, call, "searchFlows")
    found = engine.flows.find(wanted, TENANT, flow_filters(engine, call))
    return Answer(body=engine.page_json(list(found), int(found.getTotal())), content_type=JSON)


def flows_of_namespace(engine: Engine, call: Call) -> Answer:
    """The flows of exactly that namespace, without their texts."""
    return json_answer(engine, engine.flows.findByNamespace(TENANT, call.params["namespace"]))


def distinct_namespaces(engine: Engine, call: Call) -> Answer:
    """The namespaces that hold a flow."""
    return _json([name for name in _names(engine) if call.first("q") in name])


def search_namespaces(engine: Engine, call: Call) -> Answer:
    """The namespaces that hold a flow, their parents, and the system namespace."""
    parents = {parent for name in _names(engine) for parent in accumulate(name.split("."), "{}.{}".format)}
    found = [name for name in sorted(parents | {_SYSTEM}) if call.first("q") in name]
    start = (call.number("page", 1) - 1) * call.number("size", 10)
    shown = found[start : start + call.number("size", 10)]
    return _json({"results": [{"id": name} for name in shown], "total": len(found)})


def get_namespace(_engine: Engine, call: Call) -> Answer:
    """Every name is a namespace in the open-source edition."""
    return _json({"id": call.params["namespace"]})


def no_secrets(_engine: Engine, _call: Call) -> Answer:
    """The list of secrets, which come from the environment of the server: none here."""
    return _json({"readOnly": True, "results": [], "total": 0})


def no_dashboards(_engine: Engine, _call: Call) -> Answer:
    """The list of dashboards: none here."""
    return _json({"results": [], "total": 0})


def _names(engine: Engine) -> list[str]:
    return sorted(str(name) for name in engine.flows.findDistinctNamespace(TENANT))


def _json(value: object) -> Answer:
    return Answer(body=json.dumps(value).encode(), content_type=JSON)
