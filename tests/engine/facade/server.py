"""Routes of the instance itself: who it is, and the schema of a flow."""

import json

from .call import JSON, Answer, Call
from .engine import Engine
from .flows import json_answer
from .java import java


def ping(_engine: Engine, _call: Call) -> Answer:
    """A sign of life without a login."""
    return Answer(body=b"pong", content_type=JSON)


def configs(engine: Engine, _call: Call) -> Answer:
    """Version, edition and the id of this start; the other fields as an open-source server has them."""
    body = {"uuid": engine.instance, "version": engine.version, "edition": "OSS", **_COMMON, **_BY_LINE[engine.line]}
    return Answer(body=json.dumps(body).encode(), content_type=JSON)


def flow_schema(engine: Engine, _call: Call) -> Answer:
    """The JSON schema of a flow with the task types of this engine."""
    generator = engine.bean("docs.JsonSchemaGenerator")
    return json_answer(engine, generator.schemas(java("io.kestra.core.models.flows.Flow")))


_COMMON = {
    "chartDefaultDuration": "PT24H",
    "isAnonymousUsageEnabled": False,
    "isUiAnonymousUsageEnabled": False,
    "url": "http://127.0.0.1/",
    "preview": {"initial": 100, "max": 5000},
    "systemNamespace": "system",
    "hiddenLabelsPrefixes": ["system.", "internal."],
    "isAiEnabled": True,
    "isAiApiKeyConfigured": False,
    "isBasicAuthInitialized": True,
    "isConcurrencyViewEnabled": True,
}
_BY_LINE: dict[int, dict[str, object]] = {
    1: {"pluginsHash": 2031428345, "isCustomDashboardsEnabled": True, "isTemplateEnabled": False},
    2: {
        "pluginsHash": 330464341,
        "isCustomDashboardsEnabled": None,
        "flowTemplate": "",
        "isPluginAutoInstallEnabled": False,
    },
}
