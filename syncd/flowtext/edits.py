"""The edits that `syncd` makes in a flow's text, each one span of bytes; when to make them is decided elsewhere."""

from __future__ import annotations

import re

from syncd.flowtext.spans import byte_offset, content_span, raw_span, replaced
from syncd.flowtext.tree import Mapping, Scalar, parse
from syncd.model import normal_form

_BOM = b"\xef\xbb\xbf"
# where a line begins for Java's MULTILINE
_LINE = rb"(?:\A|(?<=\n)|(?<=\r)(?!\n)|(?<=\xc2\x85)|(?<=\xe2\x80\xa8)|(?<=\xe2\x80\xa9))"
_ACTIVE = re.compile(_LINE + rb"disabled\s*:\s*false\s*")
_PAUSED = re.compile(_LINE + rb"disabled\s*:\s*true\s*")
_APPENDED = re.compile(rb"\r?\ndisabled\s*:\s*true\s*\Z")
_PAUSED_LINE = re.compile(rb"^disabled[ \t]*:[ \t]*true[ \t]*(?:#[^\n]*)?\r?(?:\n|\Z)", re.MULTILINE)
_REVISION = re.compile(rb"(?:^|(?<=\A\xef\xbb\xbf))revision:[ \t]*\d+[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
_FLIPPED = b"disabled: true\n"


def is_disabled(text: bytes) -> bool:
    """Whether the flow is switched off: `disabled: true` at the top level, in any of the spellings Jackson accepts."""
    if b"disabled" not in text:
        return False
    value = _top_level(text, "disabled")
    return value is not None and value.style != "*" and value.value in {"true", "True", "TRUE"}


def with_pause(text: bytes) -> bytes:
    r"""
    The text as the server stores it once the flow is switched off in the UI.

    A line `disabled: false` is flipped, along with the white space after it; without one, `\ndisabled: true` is
    appended, without a final newline (`FlowService.injectDisabled`; seen on 1.3.25). Where that would break the text
    (other spellings, braces, a document end), the smallest edit that works is made. A paused text stays as it is.
    """
    if is_disabled(text):
        return text
    value = _top_level(text, "disabled")
    if value is None:
        paused = text + b"\ndisabled: true"
    elif _ACTIVE.search(text):
        paused = _ACTIVE.sub(_FLIPPED, text)
    else:
        paused = replaced(text, *raw_span(text, value), b"true")
    return paused if is_disabled(paused) else _inserted(text)


def without_pause(text: bytes, like: bytes | None = None) -> bytes:
    """
    The text as it was before the flow was switched off.

    Args:
        text: A paused flow; an active one stays as it is.
        like: The active text where it is known: its `disabled: false` line is then put back as it was.
    """
    if not is_disabled(text):
        return text
    lines = [match[0] for match in _ACTIVE.finditer(like or b"")]
    if lines:
        return _PAUSED.sub(lambda match: lines.pop(0) if lines else match[0], text)
    for pattern in (_APPENDED, _PAUSED_LINE):
        active = pattern.sub(b"", text, count=1)
        if not is_disabled(active):
            return active
    value = _top_level(text, "disabled")
    return replaced(text, *raw_span(text, value), b"false") if value else text


def differs_only_by_pause(active: bytes, other: bytes) -> bool:
    """Whether `other` is `active`, switched off, and nothing else."""
    if is_disabled(active) or not is_disabled(other):
        return False
    before, after = active.removeprefix(_BOM), other.removeprefix(_BOM)
    return normal_form(_ACTIVE.sub(b"", before)) == normal_form(_PAUSED.sub(b"", after))


def without_revision(text: bytes) -> bytes:
    """The text without the top-level `revision: N` line, which means nothing in Git; every other byte is kept."""
    line = _REVISION.search(text)
    if not line:
        return text
    root = parse(text)
    keys = [key for key, _ in root.items if key.value == "revision"] if isinstance(root, Mapping) else []
    if not any(byte_offset(text, key.start.index) == line.start() for key in keys):
        return text
    return replaced(text, line.start(), line.end(), b"")


def with_namespace(text: bytes, namespace: str) -> bytes:
    """
    The text in another namespace: only the value of the top-level `namespace` changes, inside its quotes.

    Raises:
        ValueError: The text has no such value.
    """
    value = _top_level(text, "namespace")
    if value is None:
        raise ValueError("the text has no top-level namespace")
    span = raw_span if value.is_block or value.style == "*" else content_span
    new = namespace.encode() + (b"\n" if value.is_block else b"")
    return replaced(text, *span(text, value), new)


def _top_level(text: bytes, name: str) -> Scalar | None:
    root = parse(text)
    value = root.get(name) if isinstance(root, Mapping) else None
    return value if isinstance(value, Scalar) else None


def _inserted(text: bytes) -> bytes:
    root = parse(text)
    if not isinstance(root, Mapping) or not root.items:
        return text + b"\ndisabled: true"
    start = byte_offset(text, root.items[0][0].start.index)
    indent = b" " * root.items[0][0].start.column
    return replaced(text, start, start, b"disabled: true, " if root.flow else b"disabled: true\n" + indent)
