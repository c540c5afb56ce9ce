"""The JSON of a flow as each line answers it; what is stored is not changed here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from syncd.flowrules import label_pairs
from syncd.sandbox.refusal import Dialect
from syncd.sandbox.store import FlowRevision

_SERVER_OWNED = frozenset(
    {"id", "namespace", "revision", "updated", "disabled", "deleted", "draft", "source", "tenantId"}
)


def present(
    found: FlowRevision, dialect: Dialect, *, source: bool = False, fresh: bool = False, exception: str = ""
) -> dict[str, Any]:
    """
    The JSON of a flow.

    Args:
        found: What is stored.
        dialect: Whose answer to give.
        source: Whether the text goes along.
        fresh: Whether this answers the write itself, which leaves out `updated` and an empty `triggers`.
        exception: Why a draft cannot be read.
    """
    shown: dict[str, Any] = {"id": found.id, "namespace": found.namespace, "revision": found.revision}
    if not fresh and not (dialect == "1.3" and found.deleted):
        shown["updated"] = datetime.fromtimestamp(found.updated, UTC).isoformat().replace("+00:00", "Z")
    shown |= {"disabled": found.disabled, "deleted": found.deleted}
    if dialect == "2.0":
        shown["draft"] = found.draft
    shown |= {
        key: value for key, value in found.body.items() if key not in _SERVER_OWNED and value not in (None, [], {})
    }
    shown.setdefault("tasks", [])
    if "labels" in shown:
        shown["labels"] = [{"key": key, "value": _text(value)} for key, value in label_pairs(shown["labels"])]
    if not fresh:
        shown.setdefault("triggers", [])
    if source:
        shown["source"] = found.source
    return shown | ({"exception": exception} if exception else {})


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
