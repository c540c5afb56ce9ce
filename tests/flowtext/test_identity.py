"""The identity of a text: quick where it is certain, and always what the YAML parser would say."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syncd.flowtext import Identity, NotAFlow, identity
from syncd.flowtext.identity import _parsed, _scan
from tests.flowtext.texts import flow_like, odd_flow, plain_flow


@settings(max_examples=800, deadline=None)
@given(flow_like() | odd_flow())
@example(b'namespace: a\ntasks: "x\nid: b\n y"\nz: 1\n')
@example(b"description: [a,\nid: b, namespace: c\n]\nid: x\nnamespace: y\ntasks: []")
def test_the_quick_scan_says_what_the_parser_says_wherever_it_dares_to_answer(text: bytes) -> None:
    quick = _scan(text.removeprefix(b"\xef\xbb\xbf"))
    if quick is not None:
        assert quick == _parsed(text)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(text: bytes) -> None:
    assert isinstance(identity(text), Identity | NotAFlow)


@pytest.mark.parametrize(
    "text",
    [
        plain_flow(),
        plain_flow().replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + plain_flow(),
        plain_flow('description: |\n  id: other\n  it\'s "quoted"\n'),
        plain_flow("triggers:\n- id: t\n  x: 'y'\n"),
    ],
)
def test_ordinary_flows_need_no_parser(text: bytes) -> None:
    assert _scan(text.removeprefix(b"\xef\xbb\xbf")) == Identity("hello", "company.team")


@pytest.mark.parametrize(
    ("spelled", "id_"),
    [
        ("123", "123"),
        ("0123", "83"),
        ("08", "08"),
        ("01_hello", "01_hello"),
        ("0x1F", "31"),
        ("0b_1", "1"),
        ("1_000", "1000"),
        ("1__0", "10"),
        ("+12", "12"),
        ("1e3", "1000.0"),
        ("1e10", "1.0E10"),
        ("12345678.9", "1.23456789E7"),
        ("0.0001", "1.0E-4"),
        ("123456789012345678901234567890.5", "1.2345678901234568E29"),
        ("99999999999999999999", "99999999999999999999"),
        ("1.50", "1.5"),
        ("5.", "5.0"),
        ("1E400", "Infinity"),
        ("true", "true"),
        ("Yes", "true"),
        ("off", "false"),
        ("y", "y"),
        ("2026-01-02", "2026-01-02"),
        ("'it''s'", "it's"),
        ('"a\\u0062"', "ab"),
        ("hello # note", "hello"),
        ("!!str 7", "7"),
        ("&anchor x", "x"),
        (">-\n  folded\n  id", "folded id"),
        ('"null"', "null"),
    ],
)
def test_an_id_is_what_the_server_makes_of_it(spelled: str, id_: str) -> None:
    """Each pair was seen on the engines of 1.3.31 and 2.0.0: saved, and listed under this id."""
    assert identity(f"id: {spelled}\nnamespace: a\ntasks: []\n".encode()) == Identity(id_, "a")


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        (b"", "empty", 1),
        (b"# nothing\n", "empty", 1),
        (b"- a\n", "no `id`, `namespace` and `tasks`", 1),
        (b"version: 3\nservices: {}\n", "no `id` and `namespace` and `tasks`", 1),
        (b"id: a\nnamespace: b\n", "no `tasks`", 1),
        (b"id: a\nnamespace: b\ntasks: [\n", "YAML error", 3),
        (b"id: a\nnamespace: b\ntasks: []\n---\nid: c\n", "two documents", 4),
        (b"id: a\nnamespace: b\ntasks: []\nid: c\n", "`id` twice", 4),
        (b"id: a\nnamespace: b\ntasks: []\nx: 1\nx: 2\n", "`x` twice", 5),
        (b"id:\nnamespace: b\ntasks: []\n", "`id` has no text", 1),
        (b"id: null\nnamespace: b\ntasks: []\n", "`id` has no text", 1),
        (b"id: {a: b}\nnamespace: b\ntasks: []\n", "`id` has no text", 1),
        (b"x: &n b\nid: a\nnamespace: *n\ntasks: []\n", "`namespace` has no text", 3),
        (b"id: a\0\nnamespace: b\ntasks: []\n", "NUL", 1),
        (b"id: a\nnamespace: b\ntasks: []\nx: \xff\n", "not UTF-8", 4),
        (b"id: a\n<<<<<<< HEAD\nnamespace: b\n=======\nnamespace: c\n>>>>>>> x\ntasks: []\n", "merge conflict", 2),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "LFS", 1),
        (b"id: a\nnamespace: b\ntasks: " + b"[" * 300 + b"]" * 300, "nested deeper", 3),
        (b"id: a\nnamespace: b\ntasks: " + b"[" * 99999, "nested deeper", 3),
        (
            b"id: a\nnamespace: b\ntasks:" + b"".join(b"\n" + b" " * n + b"a:" for n in range(1, 400)),
            "nested deeper",
            253,
        ),
        (b"id: a\nnamespace: b\ntasks:\n" + b"- " * 400, "nested deeper", 4),
        (b"id: a\nnamespace: b\n#" + b"x" * (3 << 20) + b"\ntasks: []", "larger than 3 MiB", None),
    ],
)
def test_what_is_not_one_flow_is_told_with_its_line(text: bytes, reason: str, line: int | None) -> None:
    found = identity(text)
    assert isinstance(found, NotAFlow)
    assert reason in found.reason
    assert found.line == line


def test_a_broken_flow_is_still_known_by_its_name() -> None:
    found = identity(b"id: 'hello' # the id\nnamespace: company.team\ntasks: [\n")
    assert isinstance(found, NotAFlow)
    assert (found.id, found.namespace) == ("hello", "company.team")


def test_aliases_cost_nothing_because_kestra_does_not_follow_them() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40))
    assert identity(b"id: a\nnamespace: b\ntasks: []\n" + bomb.encode()) == Identity("a", "b")
