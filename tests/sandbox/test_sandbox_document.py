"""YAML is read as Kestra reads it; each case was seen on 1.3.31."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from syncd.sandbox.document import Unreadable, parse


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", True),
        ("OFF", False),
        ("y", "y"),
        ("tRue", "tRue"),
        ("~", None),
        ("Null", None),
        ("", ""),
        ("''", ""),
        ('"5"', "5"),
        ("5", 5),
        ("-5", -5),
        ("+5", 5),
        ("1_000", 1000),
        ("010", 8),
        ("08", "08"),
        ("0x10", 16),
        ("0b11", 3),
        ("0o17", "0o17"),
        ("1:30", "1:30"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.5e+3", 1500.0),
        ("NaN", "NaN"),
        ("2026-01-02", "2026-01-02"),
        ("!!str 5", "5"),
        ("!foo bar", "bar"),
        ("<<", "<<"),
        ("é — 🚀", "é — 🚀"),
    ],
)
def test_a_scalar_is_typed_as_kestra_types_it(written: str, value: Any) -> None:
    read = parse(f"a: {written}\n")["a"]
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize("number", [".inf", "-.INF", ".nan", "190:20:30.15"])
def test_numbers_that_json_cannot_hold_are_malformed(number: str) -> None:
    with pytest.raises(Unreadable, match="Malformed numeric value"):
        parse(f"a: {number}\n")


def test_an_alias_is_the_name_of_its_anchor_even_without_one() -> None:
    assert parse("a: &x {k: v}\nb: *x\nc: {<<: *x}\nd: *nowhere\n") == {
        "a": {"k": "v"},
        "b": "x",
        "c": {"<<": "x"},
        "d": "nowhere",
    }


def test_only_the_first_document_counts() -> None:
    assert parse("a: 1\n---\na: [\n") == {"a": 1}
    assert parse("---\na: 1\n...\ngarbage: [\n") == {"a": 1}


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: 1\nb: 2\na: 3\n", 3), ("a: {b: 1, b: 2}\n", 1), ("a: {~: 1, ~: 2}\n", 1)],
)
def test_a_key_twice_is_refused_where_it_is_repeated(text: str, line: int) -> None:
    with pytest.raises(Unreadable, match="Duplicate field") as refused:
        parse(text)
    assert refused.value.line == line


@pytest.mark.parametrize("text", ["a: [", "a: 'x\n", "a: 1\n b: 2\n", "a\tb: @x", "\tb: 1", "a: \x01", "? [a]\n: b\n"])
def test_what_is_not_well_formed_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        parse(text)


_texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=20)
_plain = st.recursive(
    st.none() | st.booleans() | st.integers() | _texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
    max_leaves=20,
)


@given(_plain)
def test_what_pyyaml_writes_is_read_back(value: Any) -> None:
    """Block scalars, quotes and escapes of any text; anchors are left out, for Kestra does not follow them."""

    class NoAliases(yaml.SafeDumper):
        def ignore_aliases(self, _data: Any) -> bool:
            return True

    assert parse(yaml.dump({"a": value}, Dumper=NoAliases, allow_unicode=True)) == {"a": value}


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_but_never_breaks(text: str) -> None:
    reason = None
    try:
        parse(text)
    except Unreadable as error:
        reason = error
    assert reason is None or reason.line >= 1
