"""Whether Kestra would accept a flow, and in which words it would refuse it; storing and answering happen elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from syncd import flowrules, flowschema
from syncd.flowschema import Finding, Line, Path
from syncd.sandbox import document
from syncd.sandbox.refusal import Refused, Violation

_ROOT = "io.kestra.core.models.flows.FlowWithSource"
_LIST = "java.util.ArrayList"
_CONSTRAINTS = frozenset({"missing", "out-of-bounds"})
_BY_INDEX = frozenset({"triggers", "labels", "outputs"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What the server makes of a text that it could read.

    Attributes:
        flow: The parsed flow; id and namespace are text.
        violations: The broken constraints; none means accepted.
        detail: All of them as one message.
        infos: Types written by an older name.
        deprecations: Where something deprecated is used.
        subflows: The flows it calls by fixed names.
    """

    flow: dict[str, Any]
    violations: tuple[Violation, ...] = ()
    detail: str = ""
    infos: tuple[str, ...] = ()
    deprecations: tuple[str, ...] = ()
    subflows: tuple[tuple[str, str], ...] = ()


def refusal(verdict: Verdict) -> Refused:
    """The answer to a write of a flow that breaks constraints."""
    return Refused("validation-failed", verdict.detail, verdict.violations)


def judge(text: str, line: Line, reader: str = "genericflow") -> Verdict:
    """
    Read and check a flow.

    Args:
        text: As it was sent.
        line: The server line whose rules apply.
        reader: The name that the server gives to what it was reading: `genericflow` on a write, `Flow` on validation.

    Raises:
        Refused: If it cannot be read: no YAML, an unknown property or type, a value of the wrong kind.
    """
    flow = _read(text, reader)
    schema = flowschema.load(line)
    findings = schema.findings(flow)
    for finding in findings:
        if finding.kind not in _CONSTRAINTS:
            raise _unreadable(flow, finding, schema)
    broken = [(_path(each), _message(each)) for each in findings]
    broken += flowrules.breaches(flow, line)
    violations = tuple(Violation(_spelled(flow, path, line), message) for path, message in broken)
    return Verdict(
        flow=flow,
        violations=violations,
        detail="".join(f"{_prefix(flow, path, line)}: {message}\n" for path, message in broken),
        infos=tuple(dict.fromkeys(_infos(flow, schema))),
        deprecations=tuple(_deprecations(flow, schema, ())),
        subflows=tuple(flowrules.subflows(flow)),
    )


def identified(flow: Any) -> dict[str, Any]:
    """
    A parsed flow whose identity is usable, though nothing else is checked.

    Raises:
        Refused: If it has no id or no namespace.
    """
    found = _textual(flow) if isinstance(flow, dict) else {}
    missing = tuple(Violation(name, "must not be null") for name in ("id", "namespace") if not found.get(name))
    if missing:
        raise Refused("validation-failed", "".join(f"{each.path}: {each.message}\n" for each in missing), missing)
    return found


def _textual(flow: dict[str, Any]) -> dict[str, Any]:
    names = {key: str(flow[key]) for key in ("id", "namespace") if isinstance(flow.get(key), int | float)}
    return {**flow, **names}


def _read(text: str, reader: str) -> dict[str, Any]:
    try:
        flow = document.parse(text)
    except document.Unreadable as error:
        reason = f"YAML parsing error: {error} (at line {error.line})"
        raise Refused("validation-failed", f"Illegal {reader} source: {reason}", (Violation("yaml", reason),)) from None
    if not isinstance(flow, dict):
        reason = f"YAML parsing error: Cannot deserialize a flow from {type(flow).__name__} (at line 1)"
        raise Refused("validation-failed", f"Illegal {reader} source: {reason}", (Violation("yaml", reason),))
    return _textual(flow)


def _unreadable(flow: dict[str, Any], finding: Finding, schema: flowschema.FlowSchema) -> Refused:
    chain = _chain(flow, finding)
    if finding.kind == "unknown-type":
        name = finding.message.removeprefix("Invalid type: ")
        reason = f"Could not resolve type id '{name}' as a subtype of `io.kestra.core.models.Plugin`"
        reason += f": No plugin registered for the defined type: '{name}'\n at [Source: UNKNOWN]"
        violations = (
            Violation(chain, f"{reason} (through reference chain: {chain})"),
            Violation(chain, finding.message),
        )
        return Refused("validation-failed", finding.message, violations)
    if finding.kind == "unknown-property":
        known = sorted(schema.properties(finding.owner))
        listed = ", ".join(f'"{name}"' for name in known)
        where = f"(class {_class(finding.owner)}), not marked as ignorable ({len(known)} known properties: {listed})"
        detail = f"{finding.message} {where}"
        return Refused("validation-failed", detail, (Violation(chain, detail),))
    detail = f"YAML parsing error: {finding.path[-1] if finding.path else 'flow'} {finding.message}"
    detail += f" (through reference chain: {chain})"
    return Refused("validation-failed", f"Illegal flowwithsource source: {detail}", (Violation("yaml", detail),))


def _class(owner: str) -> str:
    return _ROOT if owner == flowschema.ROOT else re.sub(r"-[0-9]+$", "", owner)


def _chain(flow: dict[str, Any], finding: Finding) -> str:
    """The path in the Java parser's spelling: `…FlowWithSource["tasks"]->java.util.ArrayList[0]->….Log["nope"]`."""
    path = finding.path[:-1] if finding.kind == "unknown-type" else finding.path
    links: list[str] = []
    value: Any = flow
    for depth, step in enumerate(path):
        if isinstance(step, int):
            links.append(f"{_LIST}[{step}]")
        else:
            last = depth == len(path) - 1 and finding.kind != "unknown-type"
            name = (
                _ROOT if not depth else _class(finding.owner) if last else value.get("type", "java.util.LinkedHashMap")
            )
            links.append(f'{name}["{step}"]')
        value = _inside(value, step)
    return "->".join(links)


def _inside(value: Any, step: str | int) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return {}


def _path(finding: Finding) -> Path:
    return finding.path


def _message(finding: Finding) -> str:
    return "must not be empty" if finding.path == ("tasks",) else finding.message


def _spelled(flow: dict[str, Any], path: Path, line: Line) -> str:
    """A constraint's path in the error list: elements by index on 1.3, by id on 2.0."""
    spelled, value = "", flow
    for depth, step in enumerate(path):
        value = _inside(value, step)
        if isinstance(step, int):
            named = line == "2.0" and path[depth - 1] not in _BY_INDEX
            spelled += f"[{_id(value) if named else step}]"
        else:
            spelled += f".{step}" if spelled else step
    return spelled


def _prefix(flow: dict[str, Any], path: Path, line: Line) -> str:
    """A constraint's path in the message: 1.3 puts an element's id in the place of its list."""
    if line == "2.0" or not any(isinstance(step, int) for step in path) or path[0] in _BY_INDEX:
        return _spelled(flow, path, line)
    rest: list[str] = []
    value, name = flow, ""
    for step in path:
        value = _inside(value, step)
        if isinstance(step, int):
            name, rest = _id(value), []
        else:
            rest.append(str(step))
    return ".".join([name, *rest])


def _id(value: Any) -> str:
    found = value.get("id") if isinstance(value, dict) else None
    return "null" if found is None else str(found)


def _infos(value: Any, schema: flowschema.FlowSchema) -> list[str]:
    if isinstance(value, list):
        return [info for each in value for info in _infos(each, schema)]
    if not isinstance(value, dict):
        return []
    name = value.get("type")
    replaced = schema.aliases.get(name) if isinstance(name, str) else None
    own = [f"{name} is replaced by {replaced}"] if replaced else []
    return own + [info for each in value.values() for info in _infos(each, schema)]


def _deprecations(value: Any, schema: flowschema.FlowSchema, path: Path) -> list[str]:
    if isinstance(value, list):
        return [found for index, each in enumerate(value) for found in _deprecations(each, schema, (*path, index))]
    if not isinstance(value, dict):
        return []
    known = schema.types.get(str(value.get("type"))) if path else schema.root
    own = [_plain(path)] if known and known.deprecated else []
    own += [_plain((*path, key)) for key in value if known and key in known.deprecated_properties]
    return own + [found for key, each in value.items() for found in _deprecations(each, schema, (*path, key))]


def _plain(path: Path) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
