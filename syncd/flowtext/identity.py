"""
Says which flow a text is, quickly and exactly as a full parse would; whether the flow is any good is `validate`'s.

A scan of the lines at column 0 answers for nearly every real flow. Wherever it is not certain, the YAML parser decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from syncd.flowtext.scalars import java_text
from syncd.flowtext.tree import BYTES_LIMIT, DEPTH_LIMIT, Fault, Mapping, Scalar, check, parse
from syncd.model import blob_id

_NEEDED = ("id", "namespace", "tasks")
_HEAD = re.compile(rb"\n((?:[^\s#-]|-(?![ \t\r\n]|\Z))[^\n]*)")
_KEY = re.compile(rb"([A-Za-z_][A-Za-z0-9_-]*):(?:[ \t\r]|\Z)")
_WORD = rb"[A-Za-z0-9][A-Za-z0-9._-]*"
_VALUE = re.compile(
    rb"(?:id|namespace):[ \t]+(?:(" + _WORD + rb')|"(' + _WORD + rb")\"|'(" + _WORD + rb")')"
    rb"[ \t]*(?:[ \t]#[^\n]*)?\r?(?:\Z|\n(?:[ \t]*\r?\n)*(?:[ \t]*\Z|(?=[^ \t\r\n])))"
)
_LOOSE = re.compile(rb"^(id|namespace):[ \t]*[\"']?(" + _WORD + rb")[\"']?[ \t]*(?:#.*)?\r?$", re.MULTILINE)
_OPENING = re.compile(rb"[\"'\[{]")
_OTHER_BREAKS = re.compile(rb"\xc2\x85|\xe2\x80[\xa8\xa9]")
_FAR_IN = re.compile(rb"\n[ ?\t-]{90}")
_BRACKETS = DEPTH_LIMIT - 100
_CONFLICT = re.compile(rb"^<<<<<<< .*(?s:.*?)^>>>>>>> ", re.MULTILINE)
_LFS = b"version https://git-lfs.github.com/spec/"
_BOM = b"\xef\xbb\xbf"
_MOST = 20_000


@dataclass(frozen=True, slots=True)
class Identity:
    """A flow's id and namespace as Kestra reads them; whether Kestra accepts such names is not asked here."""

    id: str
    namespace: str


@dataclass(frozen=True, slots=True)
class NotAFlow:
    """
    Why a text is not one flow.

    Args:
        reason: In words, for the user.
        line: 1-based, or `None`.
        column: 1-based, or `None`.
        id: What a tolerant look still found, so that the object is known to exist, or `None`.
        namespace: The same for the namespace.
    """

    reason: str
    line: int | None = None
    column: int | None = None
    id: str | None = None
    namespace: str | None = None


_found: dict[str, Identity | NotAFlow] = {}
"""Answers given before, by blob id: a cache of the texts themselves would keep them all in memory."""


def identity(text: bytes) -> Identity | NotAFlow:
    """
    Which flow this text is: one YAML document that is a mapping with `id`, `namespace` and `tasks`.

    The id is what the server makes of it: a plain `0123` is "83", `on` is "true"; an alias is no id.
    """
    name = blob_id(text)
    if (found := _found.get(name)) is None:
        if len(_found) >= _MOST:
            _found.clear()
        found = _found[name] = _read_text(text)
    return found


def _read_text(text: bytes) -> Identity | NotAFlow:
    refused = _not_text(text)
    if refused:
        return refused
    return _scan(text.removeprefix(_BOM)) or _parsed(text)


def _not_text(text: bytes) -> NotAFlow | None:
    if text.startswith(_LFS):
        return NotAFlow("a Git LFS pointer; run `git lfs pull` to get the file itself", 1)
    if len(text) > BYTES_LIMIT:
        return _tolerant(text[:4096], Fault(f"larger than {BYTES_LIMIT // 1024**2} MiB, which Kestra refuses"))
    if b"\0" in text:
        return NotAFlow("a NUL byte: not a text file", _line_of(text, text.index(b"\0")))
    if not text.isascii():
        try:
            text.decode()
        except UnicodeDecodeError as error:
            return _tolerant(text, Fault("not UTF-8", _line_of(text, error.start)))
    if b"<<<<<<< " in text and (marker := _CONFLICT.search(text)):
        return _tolerant(text, Fault("an unresolved merge conflict", _line_of(text, marker.start()), 1))
    return None


def _line_of(text: bytes, offset: int) -> int:
    return text.count(b"\n", 0, offset) + 1


def _scan(text: bytes) -> Identity | None:
    """The identity where the lines at column 0 leave no doubt, else `None`."""
    if _is_odd(text):
        return None
    places = _top_level(text)
    if places is None or not _outside_quotes(text, sorted(places[name] for name in _NEEDED)):
        return None
    values = [_read(_VALUE.match(text, places[name])) for name in ("id", "namespace")]
    return Identity(*values) if all(values) and check(text) else None


def _read(value: re.Match[bytes] | None) -> str:
    """What Kestra reads of a plain or simply quoted value; "" where that is not certain."""
    if value is None:
        return ""
    plain, *quoted = (group.decode() if group else "" for group in value.groups())
    return java_text(plain) if plain else "".join(quoted)


def _is_odd(text: bytes) -> bool:
    """Whether lines may end in other ways than usual, or nesting come near the parser's limit."""
    if b"\r" in text and text.count(b"\r") != text.count(b"\r\n"):
        return True
    if not text.isascii() and _OTHER_BREAKS.search(text):
        return True
    return text.count(b"[") + text.count(b"{") > _BRACKETS or _FAR_IN.search(text) is not None


def _top_level(text: bytes) -> dict[str, int] | None:
    """Offsets of the keys at column 0, or `None` if any line there is more than a plain, unique key."""
    places: dict[str, int] = {}
    for head in _HEAD.finditer(b"\n" + text):
        key = _KEY.match(head[1])
        if not key or (name := key[1].decode()) in places:
            return None
        places[name] = head.start()
    return places if all(name in places for name in _NEEDED) else None


def _outside_quotes(text: bytes, places: list[int]) -> bool:
    """Whether none of these lines lies inside a quoted text or brackets that began on an earlier line."""
    opening = _OPENING.search(text, 0, places[-1])
    return not opening or all(place < opening.start() or check(text[:place]) for place in places)


def _parsed(text: bytes) -> Identity | NotAFlow:
    root = parse(text)
    if isinstance(root, Fault):
        return _tolerant(text, root)
    if not isinstance(root, Mapping):
        return NotAFlow("no `id`, `namespace` and `tasks`" if root else "empty", 1)
    twice = root.duplicate()
    if twice:
        return _tolerant(text, Fault(f"`{twice.value}` twice", twice.start.line + 1, twice.start.column + 1))
    return _identified(text, root)


def _identified(text: bytes, root: Mapping) -> Identity | NotAFlow:
    names = {name: root.get(name) for name in _NEEDED}
    missing = [f"`{name}`" for name, node in names.items() if node is None]
    if missing:
        return _tolerant(text, Fault(f"no {' and '.join(missing)}", 1))
    for name in ("id", "namespace"):
        node = names[name]
        if node and (not isinstance(node, Scalar) or node.is_null or node.style == "*"):
            return _tolerant(text, Fault(f"`{name}` has no text", node.start.line + 1, node.start.column + 1))
    return Identity(root.text("id") or "", root.text("namespace") or "")


def _tolerant(text: bytes, fault: Fault) -> NotAFlow:
    found: dict[bytes, str] = {}
    for match in _LOOSE.finditer(text.removeprefix(_BOM)):
        found.setdefault(match[1], match[2].decode())
    return NotAFlow(fault.reason, fault.line, fault.column, found.get(b"id"), found.get(b"namespace"))
