"""Finds the line that a server's sentence is about, and drops what was already said offline about the same line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from syncd.flowtext.components import nodes
from syncd.flowtext.tree import Mapping, Node, Scalar, Sequence, parse
from syncd.model import Problem, Severity
from syncd.validate.document import Place, place

_PROPERTY = re.compile(r'Unrecognized field "([^"]+)"')
_TYPE = re.compile(r"(?:Invalid type: |type id ')([\w.$]+)|([\w.$]+) is replaced by ")
_TWICE = re.compile(r"Duplicate (?:task id|trigger id|input|output) with name \[([^\],]+)")
_PATH = re.compile(r"(?:\A|: )((?:[\w-]+(?:\[[^\]]+\])?)(?:\.[\w-]+(?:\[[^\]]+\])?)*)(?:: | is deprecated)")
_STEP = re.compile(r"([\w-]+)(?:\[([^\]]+)\])?")
_SUBFLOW = re.compile(r"subflow '([^']+)'")


def located(problem: Problem, text: bytes) -> Problem:
    """The problem with the line that its sentence speaks of, where the text has just one such place."""
    root = parse(text)
    if problem.line is not None or not isinstance(root, Mapping):
        return problem
    found = _place(problem.message, root)
    return replace(problem, line=found[0], column=found[1]) if found else problem


def merged(offline: Iterable[Problem], online: Iterable[Problem]) -> tuple[Problem, ...]:
    """
    Both, without what the server repeats: its errors on lines that have one already, and flows it could not read.

    Offline problems come first because they say more: the property that was meant, the replacement, the column.
    """
    offline = tuple(offline)
    lines = {(each.path, each.key, each.line, each.severity is Severity.ERROR) for each in offline}
    refused = {(each.path, each.key) for each in offline if each.severity is Severity.ERROR}
    fresh = [
        each
        for each in online
        if (each.path, each.key, each.line, each.severity is Severity.ERROR) not in lines
        and not (each.line is None and each.severity is Severity.ERROR and (each.path, each.key) in refused)
    ]
    return tuple(sorted((*offline, *fresh), key=lambda problem: problem.order))


def _place(message: str, root: Mapping) -> Place | None:
    for pattern, find in ((_PROPERTY, _keys), (_TYPE, _types), (_TWICE, _second), (_SUBFLOW, _called)):
        match = pattern.search(message)
        if match:
            places = list(find(root, next(group for group in match.groups() if group)))
            return places[0] if len(places) == 1 else None
    return _by_path(message, root)


def _keys(root: Mapping, name: str) -> Iterator[Place]:
    for _, node in nodes(root):
        if isinstance(node, Mapping):
            yield from (place(key) for key, _ in node.items if key.value == name)


def _values(root: Mapping, key: str, value: str) -> Iterator[Place]:
    for _, node in nodes(root):
        found = node.get(key) if isinstance(node, Mapping) else None
        if isinstance(found, Scalar) and found.read == value:
            yield place(found)


def _types(root: Mapping, name: str) -> Iterator[Place]:
    return _values(root, "type", name)


def _called(root: Mapping, name: str) -> Iterator[Place]:
    return _values(root, "flowId", name)


def _second(root: Mapping, name: str) -> Iterator[Place]:
    yield from list(_values(root, "id", name))[1:2]


def _by_path(message: str, root: Mapping) -> Place | None:
    """A path as constraints spell it: `tasks[0].message` and `say.message` on 1.3, `tasks[say].message` on 2.0."""
    match = _PATH.search(message)
    if not match:
        return None
    node: Node | None = root
    last: Place | None = None
    for step in _STEP.finditer(match[1]):
        child = node.get(step[1]) if isinstance(node, Mapping) else None
        if child is None and node is root:
            child = _with_id(root, step[1])
        if child is None:
            return last
        node = _element(child, step[2]) if step[2] else child
        if node is None:
            return last
        last = place(node)
    return last


def _element(node: Node, index: str) -> Node | None:
    if not isinstance(node, Sequence):
        return None
    if index.isdecimal():
        return node.items[int(index)] if int(index) < len(node.items) else None
    return next((item for item in node.items if isinstance(item, Mapping) and item.text("id") == index), None)


def _with_id(root: Mapping, name: str) -> Node | None:
    found = [node for path, node in nodes(root) if path and isinstance(node, Mapping) and node.text("id") == name]
    return found[0] if len(found) == 1 else None
