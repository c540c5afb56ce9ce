"""What Kestra checks beyond the schema: ids and keys used twice, schedules, labels, and YAML read in its own way."""

from __future__ import annotations

import re
from collections.abc import Iterator

from syncd import flowrules as server
from syncd.flowschema import LINES, Line
from syncd.flowtext.tree import Mapping, Scalar, walk
from syncd.model import Severity
from syncd.validate.document import Document, Path, place
from syncd.validate.rules import OTHER_LINE, Remark

_LISTS = (("triggers", "trigger"), ("inputs", "input"), ("outputs", "output"))
_MISSING_INPUTS = re.compile(r"Missing inputs for \w+ Trigger '([^']*)'")
_TOLD_ELSEWHERE = ("Duplicate ", "Flow id is a reserved")
_SCHEDULE = ("invalid cron", "timezone")


def remarks(document: Document, line: Line, *, certain: bool) -> Iterator[Remark]:
    """
    Everything that is wrong beyond the schema.

    Args:
        document: The flow.
        line: The line whose rules apply.
        certain: Whether that line is the target, and not only the one that fits best.
    """
    yield from _keys(document)
    yield from _ids(document)
    yield from _server(document, line, certain=certain)
    yield from _reserved(document, line, certain=certain)
    yield from _names(document)


def _keys(document: Document) -> Iterator[Remark]:
    for node in walk(document.root):
        if isinstance(node, Mapping):
            twice = node.duplicate()
            if twice:
                yield Remark("SYN050", f"`{twice.value}` is there twice", *place(twice), "keep one of them")
            yield from _aliases(node)
        elif isinstance(node, Scalar) and node.style == "*":
            message = f"the alias *{node.value} is read as the text {node.value!r}"
            yield Remark("SYN081", message, *place(node), "write the value out")


def _aliases(node: Mapping) -> Iterator[Remark]:
    for key, _ in node.items:
        if key.value == "<<" and not key.style:
            yield Remark("SYN081", "`<<` is read as a property of that name", *place(key), "write the values out")
        elif key.style == "?":
            yield Remark("SYN001", "a key that is not text", *place(key))


def _ids(document: Document) -> Iterator[Remark]:
    tasks = [path for path, _ in server.tasks_of(document.value)]
    yield from _twice(document, "task", tasks)
    for name, word in _LISTS:
        listed = document.value.get(name)
        yield from _twice(
            document, word, [(name, index) for index in range(len(listed) if isinstance(listed, list) else 0)]
        )


def _twice(document: Document, word: str, paths: list[Path]) -> Iterator[Remark]:
    first: dict[str, int] = {}
    for path in paths:
        node = document.node(path)
        found = node.text("id") if isinstance(node, Mapping) else None
        if found is None:
            continue
        line, column = document.value_at((*path, "id"))
        if found in first:
            yield Remark("SYN056", f"the {word} id {found!r} is also used on line {first[found]}", line, column)
        else:
            first[found] = line


def _server(document: Document, line: Line, *, certain: bool) -> Iterator[Remark]:
    broken = server.breaches(document.value, line)
    for breach in broken:
        message = breach.message.removeprefix("Invalid Flow: ")
        if not message.startswith(_TOLD_ELSEWHERE):
            code = "SYN058" if any(word in message for word in _SCHEDULE) else "SYN057"
            yield Remark(code, message, *_place_of(document, breach.path, message))
    for other in () if certain else (each for each in LINES if each != line):
        for breach in server.breaches(document.value, other):
            message = breach.message.removeprefix("Invalid Flow: ")
            if breach not in broken and not message.startswith(_TOLD_ELSEWHERE):
                place_of = _place_of(document, breach.path, message)
                yield Remark(OTHER_LINE[other], f"Kestra {other} refuses: {message}", *place_of)


def _place_of(document: Document, path: Path, message: str) -> tuple[int, int]:
    missing = _MISSING_INPUTS.search(message)
    if missing:
        return document.trigger(missing[1])
    if not path and "label" in message:
        return document.key_at(("labels",))
    if path[:1] == ("triggers",):
        return document.key_at((*path[:2], "cron" if "cron" in message else "timezone"))
    if path[:1] == ("labels",):
        return document.label(int(path[1]))
    return document.value_at(path or ("id",))


def _reserved(document: Document, line: Line, *, certain: bool) -> Iterator[Remark]:
    if document.id in server.RESERVED and (line == "1.3" or not certain):
        severity = Severity.ERROR if certain else None
        message = f"the flow id {document.id!r} is a word of Kestra's own API; servers before 2.0 refuse it"
        yield Remark("SYN064", message, *document.value_at(("id",)), "rename the flow", severity)


def _names(document: Document) -> Iterator[Remark]:
    parts = [("namespace", document.root), ("id", document.root), *(("id", part.node) for part in document.components)]
    for name, node in parts:
        value = node.get(name)
        if isinstance(value, Scalar) and not value.is_null and value.read != value.value:
            message = f"Kestra reads {name}: {value.value} as {value.read!r}"
            yield Remark("SYN082", message, *place(value), f'write {name}: "{value.value}"')
