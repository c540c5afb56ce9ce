"""Routes of single flows: read, create, update, delete, revisions, pause. Searches and archives are elsewhere."""

import json
from typing import Any

from .call import JSON, YAML, Answer, Call
from .engine import TENANT, Engine
from .errors import BODY, CONVERSION, MEDIA_TYPE, NOT_FOUND, Refusal
from .java import JavaError, java, java_list, optional

_MODELS = "io.kestra.core.models.flows."


def get_flow(engine: Engine, call: Call) -> Answer:
    """The latest or a named revision, with its text on request."""
    revision = call.number("revision", 0) or None
    wanted = optional(None if revision is None else java("java.lang.Integer")(revision))
    read = engine.flows.findByIdWithSource if call.flag("source") else engine.flows.findById
    found = read(TENANT, call.params["namespace"], call.params["id"], wanted, call.flag("allowDeleted"))
    return json_answer(engine, _required(found.orElse(None)))


def get_revisions(engine: Engine, call: Call) -> Answer:
    """Every revision with its text, oldest first; those before the last deletion only on request."""
    deleted = call.flag("allowDelete")
    found = engine.flows.findRevisions(TENANT, call.params["namespace"], call.params["id"], deleted)
    if not len(found):
        raise Refusal(NOT_FOUND)
    return json_answer(engine, found)


def create_flow(engine: Engine, call: Call) -> Answer:
    """A new flow from its YAML."""
    if engine.line == 1 and call.content_type == JSON:
        return _create_from_json(engine, call)
    flow = _parse(engine, call)
    service = engine.flow_service
    return json_answer(engine, service.create(flow, True) if engine.line == 1 else service.create(flow))


def update_flow(engine: Engine, call: Call) -> Answer:
    """A new revision of a flow, unless the text is the stored one."""
    previous = find(engine, call.params["namespace"], call.params["id"])
    if previous is None:
        raise Refusal(NOT_FOUND, "" if engine.line == 1 else "Flow not found")
    return json_answer(engine, update(engine, _parse(engine, call), previous))


def delete_flow(engine: Engine, call: Call) -> Answer:
    """A deletion is a last revision that says so."""
    engine.flow_service.delete(_required(find(engine, call.params["namespace"], call.params["id"])))
    return Answer(204)


def delete_revisions(engine: Engine, call: Call) -> Answer:
    """Forgets the named revisions for good."""
    namespace, flow_id = call.params["namespace"], call.params["id"]
    _required(find(engine, namespace, flow_id))
    revisions = [java("java.lang.Integer")(int(number)) for number in call.first("revisions").split(",")]
    engine.flows.deleteRevisions(TENANT, namespace, flow_id, java_list(revisions))
    return Answer(204)


def disable_flows(engine: Engine, call: Call) -> Answer:
    """Pauses the flows of the list, by editing their text."""
    return _switch(engine, call, disabled=True)


def enable_flows(engine: Engine, call: Call) -> Answer:
    """Resumes the flows of the list, by editing their text."""
    return _switch(engine, call, disabled=False)


def find(engine: Engine, namespace: str, flow_id: str) -> Any:
    """The flow with its text, or None."""
    return engine.flows.findByIdWithSource(TENANT, namespace, flow_id).orElse(None)


def update(engine: Engine, flow: Any, previous: Any) -> Any:
    """Validates and stores the flow over the previous one; 1.3 leaves the validation to its unpublished controller."""
    if engine.line > 1:
        return engine.flow_service.update(flow, previous)
    defaults = engine.bean("services.PluginDefaultService")
    parsed = defaults.parseFlowWithVersionDefaults(TENANT, flow.getSource(), True)
    engine.bean("models.validations.ModelValidator").validate(defaults.injectAllDefaults(parsed, False))
    return engine.flows.update(flow, previous)


def generic_flow(text: str) -> Any:
    """The text as the engine's unvalidated flow."""
    return java(_MODELS + "GenericFlow").fromYaml(TENANT, text)


def json_answer(engine: Engine, value: Any) -> Answer:
    """200 with the value as JSON."""
    return Answer(body=engine.json(value), content_type=JSON)


def _parse(engine: Engine, call: Call) -> Any:
    if call.content_type != YAML:
        raise _wrong_media_type(engine, call)
    if not call.body:
        raise Refusal(BODY, "Required Body [flow] not specified")
    if call.flag("draft") and engine.line > 1:
        return _draft(call)
    return generic_flow(call.text)


def _wrong_media_type(engine: Engine, call: Call) -> Refusal:
    if engine.line == 1:
        detail = "Cannot convert type [class java.lang.String] to target type: class io.kestra.core.models.flows.Flow."
        return Refusal(CONVERSION, f"{detail} Considering defining a TypeConverter bean to handle this case.")
    return Refusal(MEDIA_TYPE, f"Content Type [{call.content_type}] not allowed. Allowed types: [{YAML}]")


def _draft(call: Call) -> Any:
    """A draft keeps any text; one that does not even parse has only the identity in the path of its update."""
    try:
        builder = generic_flow(call.text).toBuilder()
    except JavaError:
        if "id" not in call.params:
            raise
        builder = java(_MODELS + "GenericFlow").builder().tenantId(TENANT).source(call.text)
        builder = builder.namespace(call.params["namespace"]).id(call.params["id"])
    return builder.draft(True).build()


def _create_from_json(engine: Engine, call: Call) -> Answer:
    flow = engine.read_json(call.text, _MODELS + "Flow")
    created = engine.flow_service.create(generic_flow(flow.sourceOrGenerateIfNull()), True)
    return json_answer(engine, created.toFlow())


def _switch(engine: Engine, call: Call, *, disabled: bool) -> Answer:
    flows = [_required(find(engine, item["namespace"], item["id"])) for item in json.loads(call.body)]
    changed = [flow for flow in flows if bool(flow.isDisabled()) != disabled]
    for flow in changed:
        text = engine.flow_service.injectDisabled(flow.getSource(), java("java.lang.Boolean")(disabled))
        engine.flows.update(generic_flow(text), flow)
    return Answer(body=json.dumps({"count": len(changed)}).encode(), content_type=JSON)


def _required(flow: Any) -> Any:
    if flow is None:
        raise Refusal(NOT_FOUND)
    return flow
