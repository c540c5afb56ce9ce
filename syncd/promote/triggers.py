"""Switches off every trigger of a flow, byte for byte; whether that is wanted is decided elsewhere."""

from __future__ import annotations

from typing import Any

from syncd.flowtext.spans import byte_offset, raw_span, replaced
from syncd.flowtext.tree import Mapping, Node, Scalar, Sequence, parse, plain_value


def with_triggers_off(text: bytes) -> bytes | None:
    """
    The text with `disabled: true` in every trigger; every other byte is kept.

    A trigger that says `disabled` gets the value `true`, any other a line of its own after its first key, indented
    and ended as its neighbours are.

    Returns:
        The new text, or `None` where that cannot be done without touching anything else (an alias, odd indentation).
    """
    root = parse(text)
    triggers = root.get("triggers") if isinstance(root, Mapping) else None
    if triggers is None or (isinstance(triggers, Scalar) and triggers.is_null):
        return text
    if not isinstance(triggers, Sequence) or not isinstance(root, Mapping):
        return None
    new = text
    for trigger in reversed(triggers.items):
        if not isinstance(trigger, Mapping) or not trigger.items:
            return None
        new = _switched_off(new, text, trigger)
    return new if _only_that_changed(root, parse(new)) else None


def _switched_off(new: bytes, text: bytes, trigger: Mapping) -> bytes:
    """One edit; later triggers were edited first, so places from the original text still hold."""
    value = trigger.get("disabled")
    if isinstance(value, Scalar):
        return new if plain_value(value) is True else replaced(new, *raw_span(text, value), b"true")
    mark = trigger.items[min(1, len(trigger.items) - 1)][0].start
    place = byte_offset(text, mark.index)
    if trigger.flow:
        return replaced(new, place, place, b"disabled: true, ")
    line_end = b"\r\n" if text[:place].endswith(b"\r\n") or b"\r\n" in text[place : place + 4096] else b"\n"
    return replaced(new, place, place, b"disabled: true" + line_end + b" " * mark.column)


def _only_that_changed(old: Node, new: object) -> bool:
    if not isinstance(new, Mapping):
        return False
    expected: Any = plain_value(old)
    for trigger in expected["triggers"]:
        trigger["disabled"] = True
    return bool(plain_value(new) == expected)
