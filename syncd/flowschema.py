"""
What is wrong with a parsed flow according to Kestra's schema, property by property.

The published schema lists every task type in one `anyOf`, so holding a flow against it as a whole only tells that no
branch fits. Here the `type` of each object picks its definition first, and the object is held against that alone.
Whether a finding matters, where it is in the text and how it is shown is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from syncd.schemas import LINES, Line, coercion, document
from syncd.schemas.shapes import (
    ChoiceShape,
    Finding,
    LabelsShape,
    LeafShape,
    ListShape,
    MapShape,
    ObjectShape,
    Path,
    Shape,
    TypedShape,
    anything,
)

__all__ = ["LINES", "Finding", "FlowSchema", "FlowType", "Line", "Path", "is_plugin", "load", "time_zones"]

ROOT = "io.kestra.core.models.flows.Flow"
_PREFIX = "#/definitions/"
# The parser knows them (the error messages of 1.3.25 and 2.0.0 list every property), yet the schema leaves them out.
_UNPUBLISHED = {ROOT: frozenset({"source", "tenantId"})}
# Plugins of Kestra's public catalogue; the schemas packaged here hold the properties of a few of them only.
_CATALOGUE = frozenset(
    re.findall(
        r"\w+",
        """
        ai airbyte airflow algolia amqp ansible anthropic apify argocd aws azure beam cassandra clickhouse cloudflare
        cloudquery compress confluent couchbase crypto databricks datadog dataform datagen datahub dbt debezium deepseek
        discord dlthub docker documentdb ee elasticsearch email fivetran flink fs gcp gemini git github gitlab
        googleworkspace graalvm grafana graphql hightouch hubspot huggingface influxdb instatus jdbc jenkins jira jms
        kafka kestra kubernetes langchain4j ldap linear llm malloy meilisearch meta microsoft365 minio mistral modal
        mongodb mqtt n8n nats neo4j nocodb notifications notion odoo openai opensearch opsgenie pagerduty perplexity
        pinecone postmark powerbi prefect pulsar quickbooks redis resend rocketchat salesforce scripts sendgrid sentry
        serdes serverless servicenow shopify sifflet singer slack soda solace spark sqlmesh squadcast stripe supabase
        surrealdb tableau teams telegram templates terraform tika transform trello trino twilio typesense weaviate
        whatsapp zendesk zenduty zulip
        """,
    )
)
_PLUGIN_TYPE = re.compile(r"io\.kestra\.plugin\.([a-z0-9]+)(?:\.[a-z0-9_]+)*\.[A-Z][A-Za-z0-9]*")


def is_plugin(type_name: str) -> bool:
    """Whether a type is named as one of a plugin in the public catalogue, core aside; its own name is not looked up."""
    match = _PLUGIN_TYPE.fullmatch(type_name)
    return match is not None and match[1] in _CATALOGUE


@dataclass(frozen=True, slots=True)
class FlowType:
    """
    A task, trigger, condition or other type that a flow can name.

    Attributes:
        name: As it should be written.
        aliases: Older names that still work; the server reports each as replaced by `name`.
        properties: Every property it has.
        required: Those that must be there.
        deprecated: Whether the type as a whole is.
        deprecated_properties: Properties that still work but should not be used any more.
    """

    name: str
    aliases: tuple[str, ...]
    properties: frozenset[str]
    required: frozenset[str]
    deprecated: bool
    deprecated_properties: frozenset[str]


@cache
def load(line: Line) -> FlowSchema:
    """The schema of a server line; compiled once a process, piece by piece as flows need it."""
    return FlowSchema(document(line))


@cache
def time_zones() -> frozenset[str]:
    """The names that a schedule's `timezone` may have: those of the Java runtime, as the schema of 2.0.0 lists them."""
    schedule = document("2.0")["definitions"]["io.kestra.plugin.core.trigger.Schedule"]
    named = schedule["properties"]["timezone"]["anyOf"]
    return frozenset(name for branch in named for name in branch.get("enum", ()))


class FlowSchema:
    """
    A flow schema that answers with exact findings.

    Args:
        schema: A JSON Schema as Kestra publishes it, with `definitions` by class name.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._definitions: Mapping[str, dict[str, Any]] = schema["definitions"]
        self._shapes: dict[str, Shape] = {}

    def findings(self, flow: Any) -> list[Finding]:
        """Everything wrong with a parsed flow: first what is there, in the order of the text, then what is missing."""
        return list(self._named(ROOT)(flow, ()))

    @cached_property
    def types(self) -> Mapping[str, FlowType]:
        """The types that a flow can name, by name and by each alias."""
        found: dict[str, FlowType] = {}
        for name in self._definitions:
            known = _discriminators(self._merged(name))
            if known and known[0].startswith("io.kestra."):
                found |= dict.fromkeys(known, self._flow_type(name, known))
        return found

    @cached_property
    def root(self) -> FlowType:
        """The flow itself, as if it were a type."""
        return self._flow_type(ROOT, [ROOT])

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """Older type names and what replaces each."""
        return {name: known.name for name, known in self.types.items() if name != known.name}

    def accepts_unseen(self, type_name: str) -> bool:
        """Whether an unknown type is taken on trust: a catalogue plugin in a package not covered here."""
        return is_plugin(type_name) and type_name.rpartition(".")[0] not in self._covered

    def properties(self, name: str) -> frozenset[str]:
        """The properties of a type or class; empty if it is not known."""
        if name in self.types:
            return self.types[name].properties
        known = self._merged(name).get("properties", {}) if name in self._definitions else {}
        return frozenset(known) | _UNPUBLISHED.get(name, frozenset())

    @cached_property
    def _covered(self) -> frozenset[str]:
        return frozenset(name.rpartition(".")[0] for name in self.types)

    def _flow_type(self, name: str, known: list[str]) -> FlowType:
        schema = self._merged(name)
        properties = schema.get("properties", {})
        return FlowType(
            name=known[0],
            aliases=tuple(known[1:]),
            properties=frozenset(properties),
            required=frozenset(schema.get("required", ())),
            deprecated=bool(schema.get("$deprecated")),
            deprecated_properties=frozenset(key for key, each in properties.items() if _is_deprecated(each)),
        )

    def _merged(self, name: str) -> dict[str, Any]:
        """A definition with its `allOf` folded in, so that properties and required names stand together."""
        schema = self._definitions[name]
        if "allOf" not in schema:
            return schema
        properties: dict[str, Any] = {}
        required: list[str] = []
        rest: dict[str, Any] = {}
        for part in schema["allOf"]:
            each = self._merged(_target(part)) if "$ref" in part else part
            properties |= each.get("properties", {})
            required += each.get("required", [])
            rest |= {key: value for key, value in each.items() if key.startswith("$") and key != "$ref"}
        return {"type": "object", **rest, "properties": properties, "required": required}

    def _named(self, name: str) -> Shape:
        """The shape of a definition, made when it is first met: a task may hold tasks."""
        if name not in self._shapes:
            definition = self._definitions[name]
            if "anyOf" in definition or "$ref" in definition:
                self._shapes[name] = self._shape(definition, name)
            elif "properties" in (merged := self._merged(name)):
                extra = _UNPUBLISHED.get(name, frozenset())
                definition = {**merged, "properties": coercion.on_save(name, merged["properties"])}
                self._shapes[name] = ObjectShape(name, definition, extra, self._shape)
            else:
                self._shapes[name] = anything
        return self._shapes[name]

    def _shape(self, schema: dict[str, Any], owner: str) -> Shape:
        schema = _unwrapped(schema)
        if schema is coercion.LABELS:
            return LabelsShape(owner)
        if "$ref" in schema:
            return self._later(_target(schema))
        if coercion.is_rendered(schema):
            return anything
        if "anyOf" in schema:
            return self._any_of([_unwrapped(branch) for branch in schema["anyOf"]], owner)
        return self._plain(schema, owner)

    def _plain(self, schema: dict[str, Any], owner: str) -> Shape:
        if schema.get("type") == "array":
            return ListShape(self._shape(schema.get("items", {}), owner), int(schema.get("minItems", 0)), owner)
        if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
            return MapShape(self._shape(schema["additionalProperties"], owner), owner)
        return LeafShape(schema, owner)

    def _later(self, name: str) -> Shape:
        def shape(value: Any, path: Path) -> Iterable[Finding]:
            return self._named(name)(value, path)

        return shape

    def _any_of(self, branches: list[dict[str, Any]], owner: str) -> Shape:
        if not all(branches):
            return anything
        names = [_target(branch) for branch in branches if "$ref" in branch]
        typed = {known: name for name in names for known in _discriminators(self._merged(name))}
        if typed and len(names) == len(branches):
            shapes = {known: self._later(name) for known, name in typed.items()}
            return TypedShape(shapes, owner, self.accepts_unseen)
        return ChoiceShape([(_kinds_of(branch), self._shape(branch, owner)) for branch in branches], owner)


def _target(schema: Mapping[str, Any]) -> str:
    return str(schema["$ref"]).removeprefix(_PREFIX)


def _unwrapped(schema: dict[str, Any]) -> dict[str, Any]:
    """A property's schema without the `allOf` that only adds annotations to a reference."""
    return {key: value for part in schema["allOf"] for key, value in part.items()} if "allOf" in schema else schema


def _is_deprecated(schema: dict[str, Any]) -> bool:
    return bool(_unwrapped(schema).get("$deprecated"))


def _discriminators(schema: Mapping[str, Any]) -> list[str]:
    """The values of `type` that mean this definition, the current name first."""
    given = schema.get("properties", {}).get("type", {})
    if "const" in given:
        return [str(given["const"])]
    return [] if "type" in given else [str(each) for each in given.get("enum", [])]


def _kinds_of(schema: Mapping[str, Any]) -> tuple[type, ...]:
    if "$ref" in schema or schema.get("type") == "object":
        return (dict,)
    return (list,) if schema.get("type") == "array" else (str, int, float, bool)
