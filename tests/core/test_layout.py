"""Paths and objects, both ways, in all three layouts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import ConfigError
from syncd.layout import Layout, Place, detect
from syncd.model import Kind

BY_KIND = Layout()
BY_NAMESPACE = Layout("{namespace}/flows", "{namespace}/files")
UNDERSCORED = Layout("_flows", "_files", "company.team")


@pytest.mark.parametrize(
    ("layout", "path", "place"),
    [
        (BY_KIND, "flows/company.team/hello.yml", Place(Kind.FLOW, "company.team", "hello.yml")),
        (BY_KIND, "flows/company.team/etl/hello.yaml", Place(Kind.FLOW, "company.team", "etl/hello.yaml")),
        (BY_KIND, "flows/company.team/README.md", None),
        (BY_KIND, "flows/hello.yml", Place(Kind.FLOW, "", "hello.yml")),
        (BY_KIND, "namespaces/company.team/files/a/b.py", Place(Kind.FILE, "company.team", "a/b.py")),
        (BY_KIND, "namespaces/company.team/kv.yml", None),
        (BY_KIND, "README.md", None),
        (BY_KIND, "other/flows/company.team/hello.yml", None),
        (BY_NAMESPACE, "company.team/flows/hello.yml", Place(Kind.FLOW, "company.team", "hello.yml")),
        (BY_NAMESPACE, "company.team/files/flows/x.yml", Place(Kind.FILE, "company.team", "flows/x.yml")),
        (BY_NAMESPACE, "_global/dashboards/x.yml", None),
        (UNDERSCORED, "_flows/hello.yml", Place(Kind.FLOW, "company.team", "hello.yml")),
        (UNDERSCORED, "_flows/etl/daily/hello.yml", Place(Kind.FLOW, "company.team.etl.daily", "hello.yml")),
        (UNDERSCORED, "_files/etl/x.sql", Place(Kind.FILE, "company.team", "etl/x.sql")),
    ],
)
def test_what_a_path_stands_for(layout: Layout, path: str, place: Place | None) -> None:
    assert layout.locate(path) == place


def test_a_layout_without_a_place_for_a_namespace_says_so() -> None:
    assert UNDERSCORED.path_of(Kind.FLOW, "company.other", "hello") is None
    assert UNDERSCORED.path_of(Kind.FLOW, "company.team2", "hello") is None
    assert UNDERSCORED.path_of(Kind.FILE, "company.team.etl", "x.sql") is None


NAMESPACES = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,5}(\.[a-z0-9_-]{1,5}){0,2}", fullmatch=True)
NAMES = st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,10}", fullmatch=True)


@given(st.sampled_from([BY_KIND, BY_NAMESPACE]), st.sampled_from([Kind.FLOW, Kind.FILE]), NAMESPACES, NAMES)
def test_where_an_object_goes_it_is_found_again(layout: Layout, kind: Kind, namespace: str, name: str) -> None:
    path = layout.path_of(kind, namespace, name)
    assert path is not None
    leaf = f"{name}.yml" if kind is Kind.FLOW else name
    assert layout.locate(path) == Place(kind, namespace, leaf)


@given(st.lists(st.from_regex(r"[a-z0-9]{1,5}", fullmatch=True), max_size=3), NAMES)
def test_sub_folders_of_an_underscored_layout_are_child_namespaces(folders: list[str], name: str) -> None:
    namespace = ".".join(["company.team", *folders])
    path = UNDERSCORED.path_of(Kind.FLOW, namespace, name)
    assert path is not None
    assert UNDERSCORED.locate(path) == Place(Kind.FLOW, namespace, f"{name}.yml")


@pytest.mark.parametrize(
    "templates",
    [("../flows", "files"), ("/flows", "files"), ("flows//x", "f"), ("a{namespace}", "f/{namespace}"), ("f", "f")],
)
def test_a_template_stays_inside_the_repository_and_names_whole_folders(templates: tuple[str, str]) -> None:
    with pytest.raises(ConfigError):
        Layout(*templates, namespace="company.team")


def test_a_template_without_a_namespace_needs_one_beside_it() -> None:
    with pytest.raises(ConfigError, match="does not say which namespace"):
        Layout("_flows", "_files")


@pytest.mark.parametrize("layout", [BY_KIND, BY_NAMESPACE])
def test_the_layout_of_a_repository_is_found_from_its_paths(layout: Layout) -> None:
    path = layout.path_of(Kind.FLOW, "company.team", "hello")
    assert detect(["README.md", str(path)]) == layout


def test_a_repository_without_flows_has_no_layout_yet() -> None:
    assert detect(["README.md"]) is None
