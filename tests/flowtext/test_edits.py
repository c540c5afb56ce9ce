"""Pausing, resuming, moving between namespaces: one span of bytes each, everything else untouched."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings

from syncd.flowtext import (
    Identity,
    differs_only_by_pause,
    identity,
    is_disabled,
    with_namespace,
    with_pause,
    without_pause,
    without_revision,
)
from syncd.model import normal_form
from tests.flowtext.texts import odd_flow, plain_flow


@pytest.mark.parametrize(
    ("active", "paused"),
    [
        (b"id: a\nx: y\n", b"id: a\nx: y\n\ndisabled: true"),
        (b"id: a\nx: y", b"id: a\nx: y\ndisabled: true"),
        (b"id: a\n\ndisabled: false\n", b"id: a\n\ndisabled: true\n"),
        (b"id: a\ndisabled: false\n\nx: y\n", b"id: a\ndisabled: true\nx: y\n"),
        (b"id: a\r\ndisabled: false\r\nx: y\r\n", b"id: a\r\ndisabled: true\nx: y\r\n"),
        (b"id: a\ndisabled: false # keep\n", b"id: a\ndisabled: true\n# keep\n"),
        (b'id: a\ndisabled: "false"\n', b"id: a\ndisabled: true\n"),
        (b"{id: a, x: y}", b"{disabled: true, id: a, x: y}"),
        (b"---\nid: a\n...\n", b"---\ndisabled: true\nid: a\n...\n"),
    ],
)
def test_a_pause_is_what_the_server_would_store(active: bytes, paused: bytes) -> None:
    assert with_pause(active) == paused
    assert with_pause(paused) == paused


@settings(max_examples=300, deadline=None)
@given(odd_flow())
def test_a_pause_can_be_undone_to_the_byte(text: bytes) -> None:
    assume(isinstance(identity(text), Identity) and not is_disabled(text))
    paused = with_pause(text)
    assert is_disabled(paused)
    assert identity(paused) == identity(text)
    undone = without_pause(paused, like=text)
    assert not is_disabled(undone)
    if b"disabled: false" in text or paused.startswith(text):
        assert undone == text
        assert differs_only_by_pause(text, paused)


@settings(max_examples=300, deadline=None)
@given(odd_flow())
def test_resuming_without_knowing_the_active_text_leaves_a_readable_flow(text: bytes) -> None:
    assume(isinstance(identity(text), Identity))
    resumed = without_pause(text)
    assert not is_disabled(resumed)
    assert identity(resumed) == identity(text)


def test_an_edit_beside_the_pause_is_no_mere_pause() -> None:
    text = plain_flow()
    assert differs_only_by_pause(text, with_pause(text))
    assert not differs_only_by_pause(text, with_pause(text).replace(b"hi", b"ho"))
    assert not differs_only_by_pause(text, text)
    assert not differs_only_by_pause(with_pause(text), text)


def test_a_flow_resumed_in_the_ui_and_paused_again_differs_from_git_only_by_the_pause() -> None:
    git = plain_flow()
    server = git + b"\ndisabled: true\n"
    assert differs_only_by_pause(git, server)
    assert without_pause(server, like=git) == git


def test_crlf_and_a_missing_final_newline_do_not_hide_a_pause() -> None:
    git = plain_flow().replace(b"\n", b"\r\n")
    assert differs_only_by_pause(git, with_pause(git))
    assert without_pause(with_pause(git)) == git


@pytest.mark.parametrize("spelled", ["true", "True", '"true"', "true # off", "!!bool true"])
def test_every_spelling_of_true_that_jackson_takes_switches_a_flow_off(spelled: str) -> None:
    assert is_disabled(plain_flow(f"disabled: {spelled}\n"))


@pytest.mark.parametrize("spelled", ["false", "no", "", "null"])
def test_everything_else_does_not(spelled: str) -> None:
    assert not is_disabled(plain_flow(f"disabled: {spelled}\n"))


def test_a_nested_disabled_or_one_inside_text_is_not_the_flow() -> None:
    assert not is_disabled(plain_flow("triggers:\n  - id: t\n    disabled: true\n"))
    assert not is_disabled(plain_flow('description: "a\ndisabled: true"\n'))


def test_the_revision_line_goes_and_nothing_else() -> None:
    assert without_revision(b"id: a\r\nrevision: 7\r\nx: y") == b"id: a\r\nx: y"
    assert without_revision(b"\xef\xbb\xbfrevision: 7\nid: a\n") == b"\xef\xbb\xbfid: a\n"
    assert without_revision(b"id: a\nrevision: 7") == b"id: a\n"
    inside = b'id: a\nx: "text\nrevision: 7\n"\n'
    assert without_revision(inside) == inside


@settings(max_examples=300, deadline=None)
@given(odd_flow())
def test_a_text_without_its_revision_line_is_the_same_flow(text: bytes) -> None:
    assume(isinstance(identity(text), Identity) and b'"' not in text and b"'" not in text)
    assert normal_form(without_revision(text)) == normal_form(text)


@pytest.mark.parametrize(
    ("line", "moved"),
    [
        ("namespace: a.b", "namespace: x.y"),
        ("namespace:   a.b   # note", "namespace:   x.y   # note"),
        ('namespace: "a.b" # note', 'namespace: "x.y" # note'),
        ("namespace: 'a.b'", "namespace: 'x.y'"),
        ("'namespace': a.b", "'namespace': x.y"),
        ("namespace: !!str a.b", "namespace: !!str x.y"),
        ("namespace: &n 'a.b'", "namespace: &n 'x.y'"),
        ("namespace: >-\n  a.b", "namespace: x.y"),
    ],
)
def test_moving_a_flow_changes_only_the_value(line: str, moved: str) -> None:
    text = "# é🚀\r\nid: n\r\n{}\r\ntasks: []\r\n"
    assert with_namespace(text.format(line).encode(), "x.y").replace(b"\r\n", b"\n") == text.format(
        moved
    ).encode().replace(b"\r\n", b"\n")


@settings(max_examples=300, deadline=None)
@given(odd_flow())
def test_a_moved_flow_has_the_same_id_in_the_other_namespace(text: bytes) -> None:
    before = identity(text)
    assume(isinstance(before, Identity))
    assert isinstance(before, Identity)
    assert identity(with_namespace(text, "other.place")) == Identity(before.id, "other.place")


def test_a_text_without_a_namespace_cannot_be_moved() -> None:
    with pytest.raises(ValueError, match="no top-level namespace"):
        with_namespace(b"id: a\n", "b")
