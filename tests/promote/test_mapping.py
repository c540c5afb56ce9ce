"""A promotion maps namespaces by whole dotted segments, the longest first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import ConfigError
from syncd.promote import NamespaceMap

SEGMENTS = st.lists(st.sampled_from(["a", "b", "dev", "dev2", "team"]), min_size=1, max_size=4).map(".".join)


def test_a_namespace_and_its_children_are_mapped_and_neighbours_are_not() -> None:
    names = NamespaceMap.parse(["company.team.dev=company.team.prod"])

    assert names.to("company.team.dev") == "company.team.prod"
    assert names.to("company.team.dev.etl.raw") == "company.team.prod.etl.raw"
    assert names.to("company.team.dev2") is None
    assert names.to("company.team") is None
    assert names.to("other.company.team.dev") is None


def test_the_longest_match_wins_whatever_the_order() -> None:
    for words in (["a.dev=a.prod", "a.dev.etl=b.etl"], ["a.dev.etl=b.etl", "a.dev=a.prod"]):
        names = NamespaceMap.parse(words)
        assert names.to("a.dev.etl.x") == "b.etl.x"
        assert names.to("a.dev.other") == "a.prod.other"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "no namespace is promoted"),
        (["a"], "'' is not a namespace"),
        (["A=b"], "'A' is not a namespace"),
        (["a=null"], "'null' is not a namespace"),
        (["a=b", "a=c"], "a is mapped twice"),
        (["a=a.prod"], "a cannot become a.prod"),
        (["a=b", "b=c"], "a cannot become b"),
    ],
)
def test_a_map_that_makes_no_sense_is_refused_with_the_reason(words: list[str], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        NamespaceMap.parse(words)


@given(SEGMENTS, SEGMENTS)
def test_only_the_named_segments_change(namespace: str, source: str) -> None:
    names = NamespaceMap.of([(source, "x.prod")])
    expected = namespace.split(".")
    size = len(source.split("."))
    if expected[:size] == source.split("."):
        assert names.to(namespace) == ".".join(["x", "prod", *expected[size:]])
    else:
        assert names.to(namespace) is None


def test_a_name_is_found_in_text_only_as_whole_segments() -> None:
    text = b"a.dev a.dev.x, (a.dev) a.dev2 xa.dev y.a.dev a.dev-x a.dev. 'a.dev'"
    found = [match[0] for match in NamespaceMap.parse(["a.dev=a.prod"]).mentions().finditer(text)]
    assert found == [b"a.dev", b"a.dev.x", b"a.dev", b"a.dev", b"a.dev"]
