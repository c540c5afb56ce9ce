"""Triggers are switched off by adding or changing one value each."""

from __future__ import annotations

import pytest

from syncd.promote import with_triggers_off

HEAD = b"id: a\nnamespace: b\ntasks: []\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b""),
        (b"triggers:\n", b"triggers:\n"),
        (b"triggers: []\n", b"triggers: []\n"),
        (b"triggers:\n  - id: t\n    type: x\n", b"triggers:\n  - id: t\n    disabled: true\n    type: x\n"),
        (b"triggers:\n- id: t # one\n  type: x", b"triggers:\n- id: t # one\n  disabled: true\n  type: x"),
        (
            b"triggers:\r\n  - id: t\r\n    type: x\r\n",
            b"triggers:\r\n  - id: t\r\n    disabled: true\r\n    type: x\r\n",
        ),
        (b"triggers:\n  - {id: t, type: x}\n", b"triggers:\n  - {id: t, disabled: true, type: x}\n"),
        (b"triggers:\n  - id: t\n    disabled: false # why\n", b"triggers:\n  - id: t\n    disabled: true # why\n"),
        (b"triggers:\n  - id: t\n    disabled: true\n", b"triggers:\n  - id: t\n    disabled: true\n"),
        (b"triggers:\n  - id: t\n    disabled: '{{ x }}'\n", b"triggers:\n  - id: t\n    disabled: true\n"),
        (b"triggers:\n  - id: t\n", b"triggers:\n  - disabled: true\n    id: t\n"),
    ],
)
def test_one_value_per_trigger_changes_and_nothing_else(before: bytes, after: bytes) -> None:
    assert with_triggers_off(HEAD + before) == HEAD + after


def test_several_triggers_are_switched_off_and_doing_it_twice_changes_nothing() -> None:
    text = HEAD + "triggers:\n  - id: é\n    type: x\n  - id: u\n    type: y\n    when: |\n      z\n".encode()
    once = with_triggers_off(text)
    assert once is not None
    assert once.count(b"disabled: true") == 2
    assert with_triggers_off(once) == once


@pytest.mark.parametrize("triggers", [b"triggers: *t\n", b"triggers:\n  - *t\n", b"triggers: [x]\n"])
def test_what_cannot_be_edited_cleanly_is_not_edited(triggers: bytes) -> None:
    assert with_triggers_off(b"x: &t [{id: t}]\n" + HEAD + triggers) is None
