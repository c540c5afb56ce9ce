"""
Single values as Kestra reads them, which is laxer than its published schema; mappings are followed elsewhere.

Seen on 1.3.31 and 2.0.0: text stands for numbers and booleans and the reverse, a number of seconds for a duration, and
a property that is rendered at run time takes anything.
"""

from __future__ import annotations

import re
from typing import Any

import jsonschema_rs

_CLOCK = r"[Tt](?=.)(?:[-+]?[0-9]+[Hh])?(?:[-+]?[0-9]+[Mm])?(?:[-+]?[0-9]+(?:[.,][0-9]{0,9})?[Ss])?"
JAVA_DURATION = rf"^[-+]?[Pp](?=.)(?:[-+]?[0-9]+[Dd])?(?:{_CLOCK})?$"
_DIGITS = re.compile(r"\s*[-+]?[0-9]{1,300}\s*\Z")
_WHOLE = r"^\s*([-+]?[0-9]+)?\s*$"
_DECIMAL = r"^\s*([-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?)?\s*$"
_SECONDS = r"^\s*[-+]?[0-9]+(\.[0-9]+)?\s*$"
_BOOLEAN_WORDS = ["true", "True", "TRUE", "false", "False", "FALSE", ""]
_NAMES = {
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "array": "a list",
    "object": "a mapping",
}
# Rendered, says the schema; yet saving already reads them as what they are (tried on 1.3.31 and 2.0.0, type by type).
_READ_EVERYWHERE = frozenset({"runIf", "when"})
_READ_ON_SAVE = {
    "io.kestra.core.models.flows.Flow": frozenset({"outputs"}),
    "io.kestra.plugin.core.execution.Assert": frozenset({"conditions"}),
    "io.kestra.plugin.core.execution.Count": frozenset({"expression"}),
    "io.kestra.plugin.core.flow.ForEachItem": frozenset({"flowId", "inputs", "items", "namespace"}),
    "io.kestra.plugin.core.flow.If": frozenset({"condition"}),
    "io.kestra.plugin.core.flow.Loop": frozenset({"outputs"}),
    "io.kestra.plugin.core.flow.Subflow": frozenset({"flowId", "inputs", "namespace", "outputs", "revision"}),
    "io.kestra.plugin.core.trigger.Schedule": frozenset({"inputs"}),
    "io.kestra.plugin.core.trigger.ScheduleOnDates": frozenset({"inputs", "timezone"}),
    "io.kestra.plugin.core.trigger.Toggle": frozenset({"flowId", "namespace", "trigger"}),
    "io.kestra.plugin.core.trigger.Webhook": frozenset({"inputs", "key"}),
}
LABELS = {"$labels": True}
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def is_rendered(schema: dict[str, Any]) -> bool:
    """Whether the value may be an expression that is rendered at run time, so that saving accepts anything."""
    return any(each.get("$dynamic") is True for each in (schema, *schema.get("anyOf", ())))


def on_save(owner: str, properties: dict[str, Any]) -> dict[str, Any]:
    """The properties of a type as saving reads them, where the published schema says otherwise."""
    plain = _READ_EVERYWHERE | _READ_ON_SAVE.get(owner, frozenset())
    read = {key: _unrendered(each) if key in plain else each for key, each in properties.items()}
    if {"type", "$ref"} & read.get("labels", {"type": ""}).keys() or any(
        branch.get("type") == "string" for branch in read["labels"].get("anyOf", ())
    ):
        return read
    return {**read, "labels": LABELS}


def _unrendered(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_unrendered(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _unrendered(each) for key, each in schema.items() if key != "$dynamic"}


def validator(schema: dict[str, Any]) -> jsonschema_rs.Draft7Validator | None:
    """The compiled check of a leaf; None where everything passes."""
    lax = _lax(schema)
    return jsonschema_rs.Draft7Validator(lax) if lax else None


def _lax(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if "enum" in schema and kind == "string":  # a number means the place in the list
        return {
            "anyOf": [{"enum": schema["enum"]}, {"type": "integer", "minimum": 0, "maximum": len(schema["enum"]) - 1}]
        }
    if "const" in schema or "enum" in schema:
        return {"enum": schema.get("enum", [schema.get("const")])}
    if kind == "string":
        return _text(schema)
    if kind == "boolean":
        return {"anyOf": [{"type": ["boolean", "integer"]}, {"enum": _BOOLEAN_WORDS}]}
    if kind in {"integer", "number"}:
        digits = _WHOLE if kind == "integer" else _DECIMAL
        bounds = {key: schema[key] for key in _BOUNDS if key in schema}
        return {"anyOf": [{"type": "number", **bounds}, {"type": "string", "pattern": digits}]}
    return {"type": kind} if kind in {"array", "object"} else {}


def _text(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.get("format") == "duration":
        return {"anyOf": [{"type": "number"}, {"type": "string", "pattern": f"{JAVA_DURATION}|{_SECONDS}|^$"}]}
    lax: dict[str, Any] = {"type": ["string", "number", "boolean"]}
    lax |= {key: schema[key] for key in ("minLength", "maxLength") if key in schema}
    if "pattern" in schema:
        lax["pattern"] = f"^(?:{schema['pattern'].removeprefix('^').removesuffix('$')})$"
    return lax


def as_number(value: Any) -> Any:
    """A text that stands for a whole number as that number, so that its bounds hold too; anything else as it is."""
    return int(value) if isinstance(value, str) and _DIGITS.match(value) else value


def fits(schema: dict[str, Any], value: Any) -> bool:
    """Whether a value is of the kind that the schema names, its bounds aside."""
    bare = {key: each for key, each in schema.items() if key in {"type", "format", "enum", "const"}}
    check = validator(bare)
    return check is None or check.is_valid(value)


def expectation(schema: dict[str, Any]) -> str:
    """What the schema wants, as the end of a sentence that starts with "must be"."""
    if "const" in schema or "enum" in schema:
        wanted = [str(each) for each in schema.get("enum", [schema.get("const")])]
        return "one of " + ", ".join(wanted[:12]) + (", …" if len(wanted) > 12 else "")
    if schema.get("format") == "duration":
        return "an ISO 8601 duration such as PT5M"
    return _NAMES.get(str(schema.get("type")), "another kind of value")


def broken_bound(schema: dict[str, Any], value: Any) -> str:
    """The rule that a value of the right kind breaks, in the words of Kestra's constraint messages."""
    text = str(value)
    if not schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", len(text)):
        if "maxLength" not in schema:
            return "must not be empty"
        return f"size must be between {schema.get('minLength', 0)} and {schema['maxLength']}"
    if "pattern" in schema:
        return f'must match "{schema["pattern"]}"'
    if "exclusiveMinimum" in schema:
        return f"must be greater than {schema['exclusiveMinimum']}"
    return f"must be greater than or equal to {schema.get('minimum', 0)}"
