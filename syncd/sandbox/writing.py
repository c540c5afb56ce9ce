"""How one flow is written: taken from the request, judged, stored when anything changed; routes are elsewhere."""

from __future__ import annotations

import re
from typing import Any

import yaml

from syncd.sandbox import document
from syncd.sandbox.call import Call
from syncd.sandbox.flowjson import present
from syncd.sandbox.refusal import Refused, Violation
from syncd.sandbox.store import FlowRevision
from syncd.sandbox.verdict import Verdict, identified, judge, refusal

_REVISION_LINE = re.compile(r"^revision: [0-9]+\n?", re.MULTILINE)


def text_of(call: Call) -> tuple[str, bool]:
    """The flow's text, and whether it was made from JSON, which only 1.3 accepts."""
    if call.media_type not in {"application/x-yaml", ""}:
        if call.dialect == "2.0":
            detail = f"Content Type [{call.media_type}] not allowed. Allowed types: [application/x-yaml]"
            raise Refused("unsupported-media-type", detail)
        if call.media_type == "application/json":
            return yaml.safe_dump(call.data(), sort_keys=False, allow_unicode=True), True
        detail = (
            "Cannot convert type [class java.lang.String] to target type: class io.kestra.core.models.flows.Flow. "
            "Considering defining a TypeConverter bean to handle this case."
        )
        raise Refused("internal-server-error", detail, status=422)
    if not call.body:
        raise Refused("invalid-request-body", "Required Body [flow] not specified")
    return call.text(), False


def accepted(text: str, call: Call, *, draft: bool) -> Verdict:
    if draft:
        return Verdict(identified(document.parse(text))) if _readable(text) else judge(text, call.dialect)
    verdict = judge(text, call.dialect)
    if verdict.violations:
        raise refusal(verdict)
    return verdict


def _readable(text: str) -> bool:
    try:
        return isinstance(document.parse(text), dict)
    except document.Unreadable:
        return False


def replace(call: Call, old: FlowRevision, text: str, *, draft: bool) -> dict[str, Any]:
    """Store the next revision if anything changed, and present the flow as `PUT` answers it."""
    if draft and not _readable(text):
        stored = call.store.put_flow(old.namespace, old.id, text, {"tasks": []}, draft=True)
        return present(stored, call.dialect, source=True, fresh=True, exception=_complaint(text))
    verdict = accepted(text, call, draft=draft)
    for name, mine, words in (("id", old.id, "flow id"), ("namespace", old.namespace, "namespace")):
        if verdict.flow.get(name) != mine:
            violation = Violation(f"flow.{name}", f"Illegal {words} update")
            raise Refused("validation-failed", f"{violation.path}: {violation.message}", (violation,))
    same = _REVISION_LINE.sub("", text, count=1) == _REVISION_LINE.sub("", old.source, count=1)
    if same and draft == old.draft:
        return present(old, call.dialect, source=True)
    gone = bool(verdict.flow.get("deleted"))
    stored = call.store.put_flow(old.namespace, old.id, text, verdict.flow, deleted=gone, draft=draft)
    return present(stored, call.dialect, source=True, fresh=True)


def _complaint(text: str) -> str:
    try:
        document.parse(text)
    except document.Unreadable as error:
        reason = f"Illegal Flow source: YAML parsing error: {error} (at line {error.line})"
        return f"jakarta.validation.ConstraintViolationException: {reason}"
    return "jakarta.validation.ConstraintViolationException: Illegal Flow source"


def import_one(call: Call, text: str, namespace: str) -> None:
    """
    Store a flow that arrived as the file `/_flows/<name>`; its namespace becomes that of the files.

    Raises:
        Refused: If the text is not acceptable.
    """
    text = re.sub(r"^namespace:.*$", f"namespace: {namespace}", text, count=1, flags=re.MULTILINE)
    verdict = accepted(text, call, draft=False)
    call.store.put_flow(namespace, str(verdict.flow["id"]), text, verdict.flow)
