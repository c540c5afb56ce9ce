"""Turns the parser's character marks into byte spans of the text; what the bytes mean is not asked here."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from syncd.flowtext.tree import Scalar

_BOM = b"\xef\xbb\xbf"
_PROPERTIES = re.compile(rb"(?:[&!][^\s,\[\]{}]*[ \t\r\n]+)*")
_HEADER = re.compile(rb"[^\n]*\n?")


def byte_offset(text: bytes, index: int) -> int:
    """The byte at which character `index` begins; the parser does not count a byte order mark."""
    if text.isascii():
        return index
    base = len(_BOM) if text.startswith(_BOM) else 0
    return base + len(text[base:].decode()[:index].encode())


def raw_span(text: bytes, scalar: Scalar) -> tuple[int, int]:
    """The bytes of a scalar with its quotes or block indicator, without anchor, tag and what follows it."""
    start, end = byte_offset(text, scalar.start.index), byte_offset(text, scalar.end.index)
    properties = _PROPERTIES.match(text, start, end)
    return (properties.end() if properties else start), end


def content_span(text: bytes, scalar: Scalar) -> tuple[int, int]:
    """The bytes of a scalar's text: inside its quotes, below its block indicator."""
    start, end = raw_span(text, scalar)
    if scalar.style in {'"', "'"}:
        return start + 1, end - 1
    if scalar.is_block:
        header = _HEADER.match(text, start, end)
        return (header.end() if header else start), end
    return start, end


def position(text: bytes, offset: int) -> tuple[int, int]:
    """Line and column of a byte, both 1-based, the column in characters."""
    head = text.rfind(b"\n", 0, offset) + 1
    column = len(text[head:offset].removeprefix(_BOM).decode()) + 1
    return text.count(b"\n", 0, offset) + 1, column


def replaced(text: bytes, start: int, end: int, new: bytes) -> bytes:
    """The text with one span exchanged."""
    return text[:start] + new + text[end:]


@dataclass(frozen=True, slots=True)
class Source:
    """
    The text of a scalar as it is written, line breaks and indentation included, with the way back to the bytes.

    Args:
        text: Unescaped where the scalar is quoted; otherwise the characters of the file.
        start: Byte at which it begins.
        widths: Bytes that each character takes in the file, or `None` where each takes its own UTF-8 length.
    """

    text: str
    start: int
    widths: tuple[int, ...] | None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The bytes of the file that hold these characters."""
        first = self.start + self._width(0, start)
        return first, first + self._width(start, end)

    def _width(self, start: int, end: int) -> int:
        if self.widths is not None:
            return sum(self.widths[start:end])
        return len(self.text[start:end].encode())


_ESCAPE = re.compile(r"\\(?:x(..)|u(....)|U(........)|(\r?\n[ \t]*)|(.))", re.DOTALL)
_NAMED = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"}


def source_of(text: bytes, scalar: Scalar) -> Source:
    """What a template engine would see of this scalar, with places; an escaped line break counts as a space."""
    start, end = content_span(text, scalar)
    raw = text[start:end].decode()
    if scalar.style == "'" and "''" in raw:
        return _unescaped(raw, start, re.compile("''"), lambda _: "'")
    if scalar.style == '"' and "\\" in raw:
        return _unescaped(raw, start, _ESCAPE, _unescape)
    return Source(raw, start, None)


def _unescaped(raw: str, start: int, pattern: re.Pattern[str], value: Callable[[re.Match[str]], str]) -> Source:
    pieces: list[str] = []
    widths: list[int] = []
    at = 0
    for match in pattern.finditer(raw):
        plain = raw[at : match.start()]
        pieces.append(plain)
        widths += [len(char.encode()) for char in plain]
        new = value(match)
        pieces.append(new)
        widths.append(len(match[0].encode()))
        at = match.end()
    pieces.append(raw[at:])
    widths += [len(char.encode()) for char in raw[at:]]
    return Source("".join(pieces), start, tuple(widths))


def _unescape(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    if code:
        return chr(int(code, 16))
    return " " if match[4] else _NAMED.get(match[5], match[5])
