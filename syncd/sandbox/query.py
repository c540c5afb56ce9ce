"""Which flows a search or an export means: filters, order, pages; it reads names and never changes anything."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from syncd.sandbox.call import Call
from syncd.sandbox.refusal import Refused, Violation

_FILTER = re.compile(r"filters\[([^\]]*)\]\[([^\]]*)\](?:\[([^\]]*)\])?")
_FIELDS = frozenset({"namespace", "flowId", "labels", "scope", "q"})
_COLUMNS = frozenset({"id", "namespace", "revision", "updated", "disabled", "deleted", "fulltext"})
_MATCHES: dict[str, Callable[[str, str], bool]] = {
    "EQUALS": lambda value, wanted: value == wanted,
    "NOT_EQUALS": lambda value, wanted: value != wanted,
    "CONTAINS": lambda value, wanted: wanted in value,
    "STARTS_WITH": lambda value, wanted: value.startswith(wanted),
    "ENDS_WITH": lambda value, wanted: value.endswith(wanted),
    "PREFIX": lambda value, wanted: value == wanted or value.startswith(wanted + "."),
    "IN": lambda value, wanted: value in wanted.split(","),
    "NOT_IN": lambda value, wanted: value not in wanted.split(","),
    "REGEX": lambda value, wanted: re.fullmatch(wanted, value) is not None,
}
_EXPECTED = "flowId, labels, namespace, q, scope"


class Page(NamedTuple):
    """One page of names, and how many there are in all."""

    items: list[tuple[str, str]]
    total: int


def chosen(call: Call) -> list[tuple[str, str]]:
    """
    Namespace and id of the flows that match every filter, in the order asked for.

    Raises:
        Refused: If a filter or the sort column is unknown.
    """
    names = call.store.names()
    for field, operation, wanted in _filters(call):
        names = [name for name in names if _matches(call, name, field, operation, wanted)]
    return _sorted(call, names)


def _filters(call: Call) -> list[tuple[str, str, str]]:
    found = []
    for key, value in call.query:
        if match := _FILTER.fullmatch(key):
            field, operation, part = match.groups()
            if field not in _FIELDS:
                raise Refused("invalid-argument", f"Unsupported field '{field}'. Expected one of: [{_EXPECTED}]")
            if operation not in _MATCHES:
                raise Refused("invalid-argument", f"Unsupported operation '{operation}' for field '{field}'")
            found.append((field, operation, f"{part}:{value}" if part else value))
        elif key in {"namespace", "q"} and call.dialect == "1.3":
            found.append((key, "PREFIX" if key == "namespace" else "CONTAINS", value))
    return found


def _matches(call: Call, name: tuple[str, str], field: str, operation: str, wanted: str) -> bool:
    namespace, flow_id = name
    if field == "q":
        return wanted.lower() in f"{namespace}.{flow_id}".lower()
    if field == "scope":
        return ("SYSTEM" if namespace == "system" else "USER") in wanted
    if field == "labels":
        found = call.store.flow(namespace, flow_id)
        labels = found.body.get("labels") if found else None
        pairs = labels.items() if isinstance(labels, dict) else [(each["key"], each["value"]) for each in labels or ()]
        return (wanted in {f"{key}:{value}" for key, value in pairs}) == (operation != "NOT_EQUALS")
    return _MATCHES[operation](namespace if field == "namespace" else flow_id, wanted)


def _sorted(call: Call, names: list[tuple[str, str]]) -> list[tuple[str, str]]:
    for column, _, direction in reversed([each.partition(":") for key, each in call.query if key == "sort"]):
        if column not in _COLUMNS:
            raise _unknown_column(call, column)
        if column in {"id", "namespace"}:
            names = sorted(names, key=lambda name: name[column == "id"])
        names = names[::-1] if direction == "desc" else names
    return names


def _unknown_column(call: Call, column: str) -> Refused:
    if call.dialect == "2.0":
        return Refused("invalid-argument", f"The sort field '{column}' does not exist on this resource.")
    return Refused("internal-server-error", f'SQL [order by "{column}"]; Column "{column}" not found')


def page(call: Call, names: list[tuple[str, str]]) -> Page:
    """
    The page that `page` (from 1) and `size` (10 unless given) ask for.

    Raises:
        Refused: If either is below 1.
    """
    number, size = call.number("page", 1), call.number("size", 10)
    for field, value in (("page", number), ("size", size)):
        if value < 1:
            violation = Violation(f"searchFlows.{field}", "must be greater than or equal to 1")
            raise Refused("validation-failed", f"{violation.path}: {violation.message}", (violation,))
    return Page(names[(number - 1) * size : number * size], len(names))
