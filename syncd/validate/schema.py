"""Holds a flow against Kestra's flow schema: unknown, missing and wrong properties, unknown and outdated types."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from syncd import flowschema
from syncd.flowschema import Finding, FlowSchema, Line
from syncd.flowtext.components import CORE, Component
from syncd.model import Severity
from syncd.validate.document import Document, place
from syncd.validate.rules import OTHER_LINE, Remark

_CODES = {
    "unknown-property": "SYN051",
    "unknown-type": "SYN052",
    "missing": "SYN053",
    "wrong-type": "SYN054",
    "out-of-bounds": "SYN055",
}
_CLASS = re.compile(r"[a-z]\w*(?:\.\w+)+\Z")


class _ServersOwn(FlowSchema):
    """The schema of one server: it knows each of its types, so that no other is taken on trust."""

    def accepts_unseen(self, type_name: str) -> bool:
        """Never."""
        del type_name
        return False


@dataclass(frozen=True)
class Against:
    """
    What flows are held against.

    Args:
        line: The Kestra line whose rules apply; `None` where the target is not known and either will do.
        own: The server's own schema (`GET /api/v1/plugins/schemas/FLOW`), or `None` for the packaged ones.
    """

    line: Line | None = None
    own: FlowSchema | None = None

    @classmethod
    def server(cls, line: Line, schema: Mapping[str, Any]) -> Against:
        """Exactly this server, by the schema that it published."""
        return cls(line, _ServersOwn(schema))

    def schema(self, line: Line) -> FlowSchema:
        """The schema to use for a line."""
        return self.own or flowschema.load(line)

    def judge(self, document: Document) -> Judgement:
        """
        What the schema says, by the line that fits the flow best where no target is known.

        A flow that one line accepts is no error then; what the other would refuse is told as a warning.
        """
        if self.line:
            return Judgement(self.line, tuple(self.schema(self.line).findings(document.value)))
        lines = {line: tuple(self.schema(line).findings(document.value)) for line in flowschema.LINES}
        best = min(lines, key=lambda line: sum(_is_core(finding) for finding in lines[line]))
        plugins = [finding for finding in lines["1.3"] if not _is_core(finding)] if best != "1.3" else []
        other = next(line for line in lines if line != best)
        known = {(finding.path, finding.kind) for finding in lines[best]}
        elsewhere = [each for each in lines[other] if _is_core(each) and (each.path, each.kind) not in known]
        return Judgement(best, (*lines[best], *plugins), other, tuple(elsewhere))


@dataclass(frozen=True, slots=True)
class Judgement:
    """
    What the schema does not allow.

    Args:
        line: The line that was asked.
        findings: What it refuses.
        other: Another line, if one was asked too.
        elsewhere: What only that one refuses.
    """

    line: Line
    findings: tuple[Finding, ...]
    other: Line | None = None
    elsewhere: tuple[Finding, ...] = ()


def remarks(document: Document, against: Against, judgement: Judgement) -> Iterator[Remark]:
    """Everything that the schema has to say of this flow."""
    schema = against.schema(judgement.line)
    for finding in judgement.findings:
        yield _remark(document, finding, schema, exact=against.own is not None)
    for finding in judgement.elsewhere:
        line, column = _where(document, finding)
        message = f"Kestra {judgement.other} refuses {_named(finding)}: {_sentence(finding)}"
        yield Remark(OTHER_LINE[judgement.other or "2.0"], message, line, column, "choose the target with --kestra")
    for part in document.components:
        yield from _outdated(part, schema)


def _remark(document: Document, finding: Finding, schema: FlowSchema, *, exact: bool) -> Remark:
    line, column = _where(document, finding)
    code = _CODES[finding.kind]
    if code == "SYN052" and not exact and not _is_core(finding):
        return _unseen(finding, schema, line, column)
    severity = None if exact or _is_core(finding) else Severity.WARNING
    hint = _near(finding, schema) if code == "SYN051" else ""
    return Remark(code, f"{_named(finding)}: {_sentence(finding)}", line, column, hint, severity)


def _unseen(finding: Finding, schema: FlowSchema, line: int, column: int) -> Remark:
    name = finding.message.removeprefix("Invalid type: ")
    package = name.rpartition(".")[0]
    siblings = sorted(known for known in schema.types if known.rpartition(".")[0] == package)
    if siblings:
        hint = f"{package} has {', '.join(known.rpartition('.')[2] for known in siblings[:8])}"
        return Remark("SYN052", f"{name}: no such type is known", line, column, hint, Severity.WARNING)
    message = f"{name}: not among the packaged types, so its properties were not checked"
    return Remark("SYN059", message, line, column, "check it on the server: syncd validate --env …")


def _sentence(finding: Finding) -> str:
    if finding.kind == "unknown-property":
        return f"{finding.owner.rpartition('.')[2]} has no such property"
    if finding.kind == "unknown-type":
        return f"no such type: {finding.message.removeprefix('Invalid type: ')}"
    return finding.message


def _near(finding: Finding, schema: FlowSchema) -> str:
    """The property that was probably meant."""
    from difflib import get_close_matches

    close = get_close_matches(str(finding.path[-1]), sorted(schema.properties(finding.owner)), n=1)
    return f"did you mean `{close[0]}`?" if close else ""


def _is_core(finding: Finding) -> bool:
    """Whether the server itself, not a plugin that comes in versions of its own, says so."""
    if finding.kind == "unknown-type":
        name = finding.message.removeprefix("Invalid type: ")
        return not _CLASS.match(name) or name.startswith(CORE)
    return not finding.owner.startswith("io.kestra.plugin.") or finding.owner.startswith(CORE)


def _named(finding: Finding) -> str:
    path = finding.path[:-1] if finding.kind == "unknown-type" else finding.path
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".") or "the flow"


def _where(document: Document, finding: Finding) -> tuple[int, int]:
    if finding.kind == "unknown-property":
        return document.key_at(finding.path)
    return document.value_at(finding.path)


def _outdated(part: Component, schema: FlowSchema) -> Iterator[Remark]:
    known = schema.types.get(part.type)
    if known is None:
        return
    type_node = part.node.get("type")
    line, column = place(type_node or part.node)
    if known.name != part.type:
        yield Remark("SYN060", f"{part.type} is now {known.name}", line, column, f"write type: {known.name}")
    elif known.deprecated:
        yield Remark("SYN061", f"{part.type} is deprecated", line, column)
    for key, _ in part.node.items:
        if key.value in known.deprecated_properties:
            yield Remark("SYN061", f"`{key.value}` of {known.name} is deprecated", *place(key))
