"""YAML as Kestra reads it, unlike PyYAML: the first document only, strict keys, aliases as plain text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml

_MAX_DEPTH = 100  # Kestra stops at 1000; no flow comes near either
_TRUE = frozenset({"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})
_FALSE = frozenset({"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})
_NULL = frozenset({"~", "null", "Null", "NULL"})
_NUMERIC_START = frozenset("+-.0123456789")
_INTEGER = re.compile(
    r"[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+"
)
_FLOAT = re.compile(
    r"[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?(?:[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)"
    r"|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_YAML_TAG = "tag:yaml.org,2002:"


class Unreadable(Exception):
    """
    The text is no YAML that Kestra accepts.

    Args:
        message: The parser's reason, in its manner.
        line: Where, counted from 1.
    """

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def parse(text: str) -> Any:
    """
    The value of the first document: dicts with text keys, lists, strings, numbers, booleans, None.

    Seen on 1.3.31 and 2.0.0: an alias is the name of its anchor as text, `<<` is a key like any other, a repeated key
    is refused, nothing at all (`key:`) is an empty text, and whatever follows the first document is never looked at.

    Raises:
        Unreadable: If the text is not well formed, nests too deeply or repeats a key.
    """
    events = yaml.parse(text.removeprefix("\ufeff"), yaml.CSafeLoader)
    try:
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                return _value(event, events, 0)
    except yaml.YAMLError as error:
        raise _unreadable(text, error) from None
    raise Unreadable("No content to map due to end-of-input\n at [Source: (StringReader); line: 1, column: 0]", 1)


def _value(event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Any:
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event)
    if isinstance(event, yaml.AliasEvent):
        return event.anchor
    if depth >= _MAX_DEPTH:
        raise Unreadable(f"Document nesting depth exceeds the maximum allowed ({_MAX_DEPTH})", _line(event))
    if isinstance(event, yaml.MappingStartEvent):
        return _mapping(events, depth + 1)
    items = []
    while not isinstance(each := next(events), yaml.SequenceEndEvent):
        items.append(_value(each, events, depth + 1))
    return items


def _mapping(events: Iterator[yaml.Event], depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while not isinstance(key := next(events), yaml.MappingEndEvent):
        name = _key(key)
        if name in found:
            raise Unreadable(f"Duplicate field '{name}'\n at [Source: (StringReader); {_end(key)}]", _line(key))
        found[name] = _value(next(events), events, depth)
    return found


def _key(event: yaml.Event) -> str:
    if isinstance(event, yaml.ScalarEvent):
        return str(event.value)
    if isinstance(event, yaml.AliasEvent):
        return str(event.anchor)
    message = "Expected a field name (Scalar value in YAML), got this instead: " + type(event).__name__
    raise Unreadable(message, _line(event))


def _scalar(event: yaml.ScalarEvent) -> Any:
    text: str = event.value
    tag: str | None = event.tag
    if tag is None or tag == "!":
        return _plain(text, event) if event.implicit[0] else text
    typed = _TAGGED.get(tag.removeprefix(_YAML_TAG)) if tag.startswith(_YAML_TAG) else None
    return typed(text, event) if typed else text


def _plain(text: str, event: yaml.ScalarEvent) -> Any:
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if text[:1] in _NUMERIC_START:
        if _INTEGER.fullmatch(text):
            return _integer(text, event)
        if _FLOAT.fullmatch(text):
            return _float(text, event)
    return text


def _integer(text: str, event: yaml.ScalarEvent) -> Any:
    """Kestra counts in the bases of YAML 1.1 (`010` is 8), but reads `1:30` as text."""
    digits = text.replace("_", "").lower()
    unsigned = digits.lstrip("+-")
    base = 2 if unsigned.startswith("0b") else 16 if unsigned.startswith("0x") else 10
    if base == 10 and unsigned.startswith("0") and len(unsigned) > 1:
        base = 8
    try:
        return int(digits, base)
    except ValueError:
        return text if ":" in text else _malformed(text, event)


def _float(text: str, event: yaml.ScalarEvent) -> Any:
    try:
        value = float(text.replace("_", ""))
    except ValueError:
        return _malformed(text, event)
    return value if math.isfinite(value) else _malformed(text, event)


def _malformed(text: str, event: yaml.ScalarEvent) -> Any:
    raise Unreadable(f"Malformed numeric value '{text}'\n at [Source: (StringReader); {_end(event)}]", _line(event))


_TAGGED: dict[str, Callable[[str, yaml.ScalarEvent], Any]] = {
    "int": _integer,
    "float": _float,
    "bool": lambda text, _event: True if text in _TRUE else False if text in _FALSE else text,
    "null": lambda _text, _event: None,
}


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _end(event: yaml.Event) -> str:
    column = event.end_mark.column + 1 if event.end_mark else 1
    return f"line: {_line(event)}, column: {column}"


def _unreadable(text: str, error: yaml.YAMLError) -> Unreadable:
    """The reason in the pure-Python parser's words, which are those of SnakeYAML, where it fails too."""
    try:
        for _event in yaml.parse(text.removeprefix("\ufeff"), yaml.SafeLoader):
            pass
    except yaml.YAMLError as twin:
        error = twin
    if not isinstance(error, yaml.MarkedYAMLError):
        return Unreadable(str(error), 1)
    parts = [error.context, _place(error.context_mark), error.problem, _place(error.problem_mark)]
    message = "\n".join(part for part in parts if part)
    mark = error.problem_mark or error.context_mark
    return Unreadable(message + "\n\n at [Source: (StringReader)]", mark.line + 1 if mark else 1)


def _place(mark: yaml.Mark | None) -> str:
    if mark is None:
        return ""
    return f" in 'reader', line {mark.line + 1}, column {mark.column + 1}:\n{mark.get_snippet()}"
