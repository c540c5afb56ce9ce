"""
Reads YAML as Kestra's server does, into a tree whose every node knows its place; nothing here knows what a flow is.

Kestra reads flows with Jackson on top of SnakeYAML's events, so an alias is the anchor's name as text and `<<` is a key
like any other (seen on 1.3.25 and 2.0.0: a flow with anchors, saved and read back).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, TypeAlias, cast

import yaml
from yaml._yaml import CParser

from syncd.flowtext.scalars import is_null, java_text, resolve

BYTES_LIMIT = 3 * 1024 * 1024
"""SnakeYAML's own limit, in code points; Kestra does not raise it."""

DEPTH_LIMIT = 250
"""Levels of nesting; real flows have fewer than 30."""


class Mark(Protocol):
    """A place in the text: 0-based, in characters (not bytes)."""

    index: int
    line: int
    column: int


@dataclass(slots=True)
class Scalar:
    """
    One value.

    Args:
        value: The text, unescaped; of an alias the name of its anchor.
        style: One of `"`, `'`, `|`, `>`, "" for a plain one, `*` for an alias, `?` for a key that is no text at all.
        start: Where it begins, quotes and block indicator included.
        end: Where it ends, exclusive.
    """

    value: str
    style: str
    start: Mark
    end: Mark

    @property
    def is_null(self) -> bool:
        """Whether Kestra takes it for no value at all."""
        return not self.style and is_null(self.value)

    @property
    def read(self) -> str:
        """What Kestra reads where it wants text: of a plain `0123` that is "83"."""
        return self.value if self.style else java_text(self.value)

    @property
    def is_block(self) -> bool:
        """Whether it is written with `|` or `>`."""
        return self.style in {"|", ">"}


@dataclass(slots=True)
class Sequence:
    """A list of nodes."""

    items: list[Node]
    start: Mark
    end: Mark


@dataclass(slots=True)
class Mapping:
    """Keys and values in the order of the text; `flow` is true of one in braces."""

    items: list[tuple[Scalar, Node]]
    flow: bool
    start: Mark
    end: Mark

    def get(self, name: str) -> Node | None:
        """The value of the first key of this name."""
        return next((value for key, value in self.items if key.value == name), None)

    def text(self, name: str) -> str | None:
        """The value of this key where it is one scalar with a value."""
        value = self.get(name)
        return value.read if isinstance(value, Scalar) and not value.is_null else None

    def duplicate(self) -> Scalar | None:
        """The first key that was there before."""
        seen: set[str] = set()
        for key, _ in self.items:
            if key.value in seen:
                return key
            seen.add(key.value)
        return None


Node: TypeAlias = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text could not be read as one YAML document; line and column are 1-based."""

    reason: str
    line: int | None = None
    column: int | None = None


class _Refused(Exception):
    def __init__(self, reason: str, mark: Any) -> None:
        super().__init__(reason)
        self.fault = Fault(reason, mark.line + 1, mark.column + 1)


@lru_cache(maxsize=64)
def parse(text: bytes) -> Node | Fault | None:
    """The one document of this text as a tree, `None` if it is empty, or why it cannot be read. Never raises."""
    if len(text) > BYTES_LIMIT:
        return Fault(f"larger than {BYTES_LIMIT // 1024**2} MiB, which Kestra's YAML parser refuses")
    try:
        return _document(CParser(text).get_event)
    except yaml.MarkedYAMLError as error:
        return _fault(error, text)
    except yaml.YAMLError as error:
        return Fault(f"YAML error: {error}".splitlines()[0])
    except _Refused as refused:
        return refused.fault


def check(text: bytes) -> bool:
    """Whether this is YAML at all, at the speed of C and without building a tree."""
    parser = CParser(text)
    try:
        parser.raw_parse()
    except yaml.YAMLError:
        return False
    return True


def plain_value(node: Node) -> Any:
    """The value as JSON would hold it, by Jackson's rules (see `scalars`)."""
    if isinstance(node, Scalar):
        return node.value if node.style else resolve(node.value)
    if isinstance(node, Sequence):
        return [plain_value(item) for item in node.items]
    return {key.value: plain_value(value) for key, value in node.items}


def walk(root: Node) -> Iterator[Node]:
    """Every node, parents first, in the order of the text."""
    stack: list[Node] = [root]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, Sequence):
            stack.extend(reversed(node.items))
        elif isinstance(node, Mapping):
            stack.extend(value for _, value in reversed(node.items))


def _fault(error: yaml.MarkedYAMLError, text: bytes) -> Fault:
    """The parser's complaint, at a place that exists: what never ends is shown where it begins."""
    reason = "YAML error: " + ", ".join(part for part in (error.context, error.problem) if part)
    lines = text.rstrip().split(b"\n")
    marks = [mark for mark in (error.problem_mark, error.context_mark) if mark]
    mark = next((mark for mark in marks if mark.line < len(lines)), None)
    if mark is None:
        return Fault(reason, len(lines), len(lines[-1].decode(errors="replace")) + 1)
    return Fault(reason, mark.line + 1, mark.column + 1)


def _document(read: Callable[[], Any]) -> Node | None:
    root: Node | None = None
    documents = 0
    while (event := read()) is not None:
        if type(event) is yaml.DocumentStartEvent:
            documents += 1
            if documents > 1:
                raise _Refused("two documents in one file, of which Kestra reads only the first", event.start_mark)
            root = _node(read)
    return root


def _node(read: Callable[[], Any]) -> Node:
    """Builds one node without recursion, so that depth costs memory only up to the limit."""
    root = _open(read())
    if isinstance(root, Scalar):
        return root
    stack: list[Sequence | Mapping] = [root]
    keys: list[Scalar | None] = [None]
    while stack:
        event = read()
        parent = stack[-1]
        if type(event) in _ENDS:
            parent.end = event.end_mark
            stack.pop()
            keys.pop()
            continue
        node = _open(event)
        if type(parent) is Sequence:
            parent.items.append(node)
        elif keys[-1] is None:
            keys[-1] = node if type(node) is Scalar else Scalar("", "?", node.start, node.start)
        else:
            cast(Mapping, parent).items.append((keys[-1], node))
            keys[-1] = None
        if type(node) is not Scalar:
            _descend(stack, keys, cast(Mapping | Sequence, node))
    return root


def _descend(stack: list[Sequence | Mapping], keys: list[Scalar | None], node: Sequence | Mapping) -> None:
    if len(stack) >= DEPTH_LIMIT:
        raise _Refused(f"nested deeper than {DEPTH_LIMIT} levels", node.start)
    stack.append(node)
    keys.append(None)


_ENDS = frozenset({yaml.MappingEndEvent, yaml.SequenceEndEvent})


def _open(event: Any) -> Node:
    kind = type(event)
    if kind is yaml.ScalarEvent:
        return Scalar(event.value, event.style or "", event.start_mark, event.end_mark)
    if kind is yaml.MappingStartEvent:
        return Mapping([], bool(event.flow_style), event.start_mark, event.end_mark)
    if kind is yaml.SequenceStartEvent:
        return Sequence([], event.start_mark, event.end_mark)
    return Scalar(event.anchor, "*", event.start_mark, event.end_mark)
