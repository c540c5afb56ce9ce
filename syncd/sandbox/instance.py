"""The routes about the server and what it lacks: configuration, namespaces, schema, secrets, executions."""

from __future__ import annotations

from typing import Any, NoReturn

from starlette.responses import Response

from syncd.sandbox.call import SENTENCE, Call, reply
from syncd.sandbox.refusal import Dialect, Refused
from syncd.schemas import document

_VERSIONS: dict[Dialect, str] = {"1.3": "1.3.25", "2.0": "2.0.0"}
_COMMON: dict[str, Any] = {
    "edition": "OSS",
    "chartDefaultDuration": "PT24H",
    "isAnonymousUsageEnabled": False,
    "isUiAnonymousUsageEnabled": False,
    "preview": {"initial": 100, "max": 5000},
    "systemNamespace": "system",
    "hiddenLabelsPrefixes": ["system.", "internal."],
    "isAiEnabled": False,
    "isAiApiKeyConfigured": False,
    "isBasicAuthInitialized": True,
    "isConcurrencyViewEnabled": False,
}
_OWN: dict[Dialect, dict[str, Any]] = {
    "1.3": {"isCustomDashboardsEnabled": True, "isTemplateEnabled": False, "pluginsHash": 13},
    "2.0": {
        "isCustomDashboardsEnabled": None,
        "flowTemplate": "",
        "pluginsHash": 20,
        "isPluginAutoInstallEnabled": False,
    },
}


def configs(call: Call) -> Response:
    """`GET /api/v1/configs`: what a real server tells about itself, and that this is none."""
    own = {"uuid": call.store.instance, "version": _VERSIONS[call.dialect], "url": call.base_url}
    return reply(own | _COMMON | _OWN[call.dialect] | {"sandbox": True, "notice": SENTENCE})


def ping(_call: Call) -> Response:
    """`GET /ping`: plain `pong`, though typed as JSON, as on both lines."""
    return Response(b"pong", media_type="application/json")


def namespaces(call: Call) -> Response:
    """`GET /namespaces/search`: those of flows with all their parents, and `system`."""
    wanted = call.get("q")
    names = {"system"}
    for namespace, _ in call.store.names():
        parts = namespace.split(".")
        names |= {".".join(parts[:length]) for length in range(1, len(parts) + 1)}
    found = sorted(name for name in names if wanted in name)
    number, size = max(call.number("page", 1), 1), max(call.number("size", 10), 1)
    shown = found[(number - 1) * size : number * size]
    return reply({"results": [{"id": name} for name in shown], "total": len(found)})


def namespace(call: Call) -> Response:
    """`GET /namespaces/{ns}`: answers for any name."""
    return reply({"id": call.names["ns"]})


def schema(call: Call) -> Response:
    """`GET /api/v1/plugins/schemas/FLOW`: the structure of a flow, without the texts of a real server."""
    if call.names["kind"].upper() != "FLOW":
        raise Refused("not-found")
    return reply(document(call.dialect))


def secrets(call: Call) -> Response:
    """`GET /namespaces/{ns}/secrets`: an empty list on 1.3, nothing on 2.0."""
    if call.dialect == "2.0":
        raise Refused("not-found")
    return reply({"readOnly": True, "results": [], "total": 0})


def dashboards(_call: Call) -> Response:
    """`GET /dashboards`: none."""
    return reply({"results": [], "total": 0})


def execution(_call: Call) -> NoReturn:
    """Anything under `/executions`: 501, in one sentence."""
    raise Refused("not-implemented", SENTENCE)
