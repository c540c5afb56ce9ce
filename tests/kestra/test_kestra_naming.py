"""Names that a server cannot hold, by the rows of what running servers answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.kestra import unholdable
from syncd.kestra.naming import unusable_path
from syncd.model import Key, Kind
from tests.kestra.doubles import dialect, keys

BOTH = ("1.3.25", "2.0.0")


def refused(version: str, *names: str, kind: Kind = Kind.FILE, namespace: str = "a.b") -> dict[str, str]:
    problems = unholdable(keys(names, namespace, kind), dialect(version))
    return {key.name: problem.code for key, problem in problems.items()}


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize(
    "name", ["a.txt", "d/e/f.py", ".env", "é🚀.txt", "a b.txt", "a+b.txt", "x#y", "100%20.txt", "a:b", "_flowsX"]
)
def test_ordinary_names_are_held(version: str, name: str) -> None:
    assert refused(version, name) == {}


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize(
    "name", ["../x", "a/../x", "./x", "/x", "a//x", "", "a/", "a\\b", "a\nb", "a\0", "\ud800", "x" * 256]
)
def test_paths_that_are_none_are_never_held(version: str, name: str) -> None:
    assert refused(version, name) == {name: "SYN030"}


@pytest.mark.parametrize("name", ["a[1].txt", "a]", 'a"b', "[d]/x"])
def test_brackets_and_quotes_are_refused_before_2_unless_behind_a_hash(name: str) -> None:
    assert refused("1.3.25", name) == {name: "SYN030"}
    assert refused("1.3.25", "h#" + name) == {}
    assert refused("2.0.0", name) == {}


@pytest.mark.parametrize("name", ["100%.txt", "%zz", "a%2fb", "%2e%2e", "%00"])
def test_a_percent_that_opens_no_plain_escape_is_refused_before_2(name: str) -> None:
    assert refused("1.3.25", name) == {name: "SYN030"}
    assert refused("2.0.0", name) == {}


@pytest.mark.parametrize("version", BOTH)
def test_the_flows_folder_among_files_is_the_servers(version: str) -> None:
    assert refused(version, "_flows/one.yml", "_flows", "d/_flows/x") == {
        "_flows/one.yml": "SYN030",
        "_flows": "SYN030",
    }


def test_old_servers_reserve_everything_that_starts_like_it() -> None:
    assert refused("0.21.0", "_flowsX/a") == {"_flowsX/a": "SYN030"}


def test_a_space_beside_a_plus_is_one_object_before_2() -> None:
    assert refused("1.3.25", "a b.txt", "a+b.txt", "c d") == {"a b.txt": "SYN031", "a+b.txt": "SYN031"}
    assert refused("2.0.0", "a b.txt", "a+b.txt") == {}


@pytest.mark.parametrize("version", BOTH)
def test_names_that_differ_behind_hash_or_question_mark_share_their_content(version: str) -> None:
    assert refused(version, "x", "x#y", "x?z", "y") == dict.fromkeys(("x", "x#y", "x?z"), "SYN031")


def test_a_file_above_another_is_refused_where_the_server_cannot_swap_them() -> None:
    assert refused("1.3.25", "a", "a/b/c", "d/e") == {"a": "SYN032", "a/b/c": "SYN032"}
    assert refused("2.0.0", "a", "a/b/c") == {}


@pytest.mark.parametrize("name", ["search", "pause", "enable"])
def test_reserved_flow_ids_are_refused_by_1_and_taken_by_2(name: str) -> None:
    assert refused("1.3.25", name, kind=Kind.FLOW) == {name: "SYN030"}
    assert refused("2.0.0", name, kind=Kind.FLOW) == {}


@pytest.mark.parametrize("name", ["bad id!", "", "-x", "x" * 101, "é", "a/b", ".."])
def test_flow_ids_follow_the_servers_pattern(name: str) -> None:
    assert refused("2.0.0", name, kind=Kind.FLOW) == {name: "SYN030"}


@pytest.mark.parametrize("namespace", ["Contract.A", "", "a b", "x" * 151, "..", "a/b"])
def test_namespaces_follow_the_servers_pattern(namespace: str) -> None:
    assert refused("2.0.0", "x", namespace=namespace) == {"x": "SYN030"}


def test_a_namespace_named_like_a_route_would_turn_one_deletion_into_many() -> None:
    """`DELETE /flows/delete/by-query` deletes every flow of a tenant, and could be the flow `delete/by-query`."""
    assert refused("1.3.25", "by-query", kind=Kind.FLOW, namespace="delete") == {"by-query": "SYN030"}


@pytest.mark.parametrize("version", BOTH)
def test_a_key_of_a_pair_follows_its_pattern(version: str) -> None:
    assert refused(version, "fine-1", "a/b", kind=Kind.KV) == {"a/b": "SYN030"}


PART = st.text(max_size=6) | st.sampled_from(["..", ".", "", "a\\b", "x"])


@given(st.lists(PART, max_size=5))
def test_no_name_that_passes_can_leave_its_folder(parts: list[str]) -> None:
    name = "/".join(parts)
    if not unusable_path(name):
        assert not name.startswith("/")
        assert not {"", ".", ".."} & set(name.split("/"))
        assert "\\" not in name
        assert name.encode().isascii() or name.encode()


@given(st.sets(st.sampled_from(["a", "a b", "a+b", "a/b", "a#x", "a?x", "%", "b", "_flows/x"])), st.sampled_from(BOTH))
def test_problems_name_their_own_object(names: set[str], version: str) -> None:
    wanted = keys(names)
    for key, problem in unholdable(wanted, dialect(version)).items():
        assert key in wanted
        assert problem.key == key
        assert repr(key.name)[1:-1] in problem.message or str(key) in problem.message
        assert problem.hint


def test_a_problem_names_the_object_and_what_to_do() -> None:
    [problem] = unholdable([Key(Kind.FILE, "a.b", "x[1].py")], dialect("1.3")).values()
    assert problem.message == (
        "file a.b/x[1].py: the server cannot hold it: Kestra 1.3 refuses '[', ']' and '\"' in a name"
    )
    assert problem.hint == "rename it, or ignore it"
