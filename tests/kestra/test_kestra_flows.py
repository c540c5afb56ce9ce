"""What a look at a server's flows finds, and what it calls unknown rather than absent."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from syncd.errors import KestraError, ObjectMoved
from syncd.kestra.flows import PAGE
from syncd.model import Key, Kind, Resource, Scope, Severity, Snapshot
from tests.kestra.doubles import (
    LINES,
    Wire,
    answer,
    exported,
    flow,
    kestra_of,
    listed,
    octets,
    recorded,
    replay,
    reply,
    routed,
    zipped,
)

SEARCH, EXPORT = ("GET", "/flows/search"), ("GET", "/flows/export/by-query")
HERE = Scope(("a.b",))
ONE, TWO = flow("one"), flow("two")


def look(listing: object, export: object, scope: Scope = HERE, version: str = "2.0.0") -> tuple[Snapshot, Wire]:
    nothing = {("GET", "/files/export"): octets(zipped({})), ("GET", "/files/search"): reply([])}
    wire = Wire(routed({SEARCH: listing, EXPORT: export, **nothing}, version))
    with kestra_of(wire) as kestra:
        return kestra.snapshot(scope), wire


def codes(snapshot: Snapshot) -> dict[str, str]:
    return {key.name: problem.code for key, problem in snapshot.unknown.items()}


def test_sources_and_revisions_come_from_two_calls() -> None:
    snapshot, wire = look(listed(ONE, TWO, revision=7), exported(ONE, TWO))
    assert snapshot.resources == {ONE.key: ONE, TWO.key: TWO}
    assert snapshot.resources[ONE.key].revision == 7
    assert snapshot.resources[ONE.key].load() == ONE.load()
    assert sorted(call for call in wire.calls if "/flows/" in call) == [
        "GET /api/v1/main/flows/export/by-query",
        "GET /api/v1/main/flows/search",
    ]


def test_the_listing_is_never_sorted() -> None:
    """With `sort=` 1.3.25 on H2 takes seconds for what costs milliseconds without."""
    _, wire = look(listed(ONE), exported(ONE))
    assert not any("sort" in request.url.params for request in wire.requests)


@pytest.mark.parametrize(
    ("version", "roots", "query"),
    [
        ("1.3.25", ("a.b",), {"filters[namespace][PREFIX]": "a.b"}),
        ("0.22.0", ("a.b",), {"namespace": "a.b"}),
        ("2.0.0", ("a.b", "c"), {}),
        ("2.0.0", ("a.b.d", "a.b", "a.b.c"), {"filters[namespace][PREFIX]": "a.b"}),
        ("2.0.0", ("a.b", "a.b2"), {}),
    ],
)
def test_one_namespace_is_asked_for_by_prefix_in_the_servers_own_syntax(
    version: str, roots: tuple[str, ...], query: dict[str, str]
) -> None:
    _, wire = look(listed(), exported(), Scope(roots), version)
    [request] = wire.sent_to("GET", "/export/by-query")
    assert dict(request.url.params) == query


def test_a_namespace_with_the_same_beginning_is_out_of_scope() -> None:
    sibling = flow("one", "a.bc")
    snapshot, _ = look(listed(ONE, sibling), exported(ONE, sibling))
    assert set(snapshot.resources) == {ONE.key}


@pytest.mark.parametrize("line", LINES)
def test_recorded_answers_of_real_servers_are_understood(line: str) -> None:
    """Sources verbatim: CRLF, BOM, a leading marker, a revision line, emoji without a final newline."""
    export, listing = replay(line, "export all", "search size 10000")
    snapshot, _ = look(listing, export, Scope(("contract",)), f"{line}.0")
    zipped_texts = {entry["text"].encode() for entry in recorded(line, "export all")["response"]["zip"]}
    texts = {resource.load() for resource in snapshot.resources.values()}
    assert texts <= zipped_texts
    names = {key.name for key in snapshot.resources}
    assert {"one", "dashes", "lead", "bom", "anchors", "kid", "sib", "und"} <= names
    assert codes(snapshot)["d1"] == "SYN022", "two documents in one text: nobody can say which flow that is"
    listed_names = {
        (one["namespace"], one["id"]) for one in recorded(line, "search size 10000")["response"]["json"]["results"]
    }
    assert {(key.namespace, key.name) for key in {*snapshot.resources, *snapshot.unknown}} == listed_names


def test_a_draft_is_unknown_and_not_an_edit() -> None:
    """Trap 10: search and export show drafts as if they were live."""
    snapshot, _ = look(listed(ONE, draft=True), exported(ONE))
    assert snapshot.resources == {}
    assert codes(snapshot) == {"one": "SYN021"}
    assert snapshot.unknown[ONE.key].severity is Severity.WARNING


def test_a_draft_nobody_can_parse_is_unreadable_and_not_empty() -> None:
    """2.0 keeps `tasks: [` as a draft: `tasks` is an empty list then, and `exception` says why."""
    row = recorded("2.0", "flow draft unparsable")["response"]["json"]
    snapshot, _ = look(
        reply({"results": [row], "total": 1}), octets(zipped({"x.yml": row["source"].encode()})), Scope(("contract",))
    )
    assert codes(snapshot) == {"uni": "SYN021"}
    row["draft"] = False
    snapshot, _ = look(
        reply({"results": [row], "total": 1}), octets(zipped({"x.yml": row["source"].encode()})), Scope(("contract",))
    )
    assert codes(snapshot) == {"uni": "SYN022"}


def test_a_flow_in_the_listing_without_its_text_is_unknown() -> None:
    snapshot, _ = look(listed(ONE, TWO), exported(ONE))
    assert codes(snapshot) == {"two": "SYN023"}
    assert set(snapshot.resources) == {ONE.key}


def test_a_flow_only_in_the_export_was_made_a_moment_ago() -> None:
    snapshot, _ = look(listed(), exported(ONE))
    assert snapshot.resources == {ONE.key: ONE}
    assert snapshot.resources[ONE.key].revision is None


def test_a_flow_exported_twice_is_unknown() -> None:
    snapshot, _ = look(listed(ONE), exported(ONE, flow("one", message="other")))
    assert codes(snapshot) == {"one": "SYN024"}


def test_a_text_that_is_no_flow_makes_its_own_object_unknown_only() -> None:
    export = octets(zipped({"1.yml": ONE.load(), "2.yml": b"id: two\nnamespace: a.b\ntasks: [\n"}))
    snapshot, _ = look(listed(ONE, TWO), export)
    assert set(snapshot.resources) == {ONE.key}
    assert codes(snapshot) == {"two": "SYN022"}


@pytest.mark.parametrize("name", ["../evil", "", "a\x1b[31m", "x" * 5000, "a/b"])
def test_a_hostile_id_in_the_listing_is_a_problem_and_never_an_object(name: str) -> None:
    hostile = {"id": name, "namespace": "a.b", "revision": 1}
    snapshot, _ = look(reply({"results": [hostile], "total": 1}), exported(ONE))
    assert set(snapshot.resources) == {ONE.key}
    assert [problem.code for problem in snapshot.problems] == ["SYN020"]
    assert "\x1b" not in snapshot.problems[0].message


def test_an_export_entry_named_like_a_path_is_only_read() -> None:
    snapshot, _ = look(listed(ONE), octets(zipped({"../../etc/passwd.yml": ONE.load()})))
    assert snapshot.resources == {ONE.key: ONE}


def test_pages_are_read_until_the_total() -> None:
    flows = [flow(f"f{number}") for number in range(2500)]

    def page(request: httpx.Request) -> httpx.Response:
        start = (int(request.url.params["page"]) - 1) * PAGE
        results = [{"id": one.key.name, "namespace": "a.b", "revision": 1} for one in flows[start : start + PAGE]]
        return reply({"results": results, "total": len(flows)})

    snapshot, wire = look(page, exported(*flows))
    assert len(snapshot.resources) == 2500
    assert not snapshot.unknown
    assert len(wire.sent_to("GET", "/flows/search")) == 2500 / PAGE


def test_what_can_be_read_elsewhere_is_not_kept() -> None:
    nothing = {("GET", "/files/export"): octets(zipped({}))}
    wire = Wire(routed({SEARCH: listed(ONE, TWO), EXPORT: exported(ONE, TWO), **nothing}, "2.0.0"))
    with kestra_of(wire) as kestra:
        kestra.share([replace(ONE, load=lambda: b"from elsewhere")])
        seen = kestra.snapshot(HERE).resources
    assert (seen[ONE.key].load(), seen[TWO.key].load()) == (b"from elsewhere", TWO.load())


def test_pages_that_do_not_add_up_are_an_error() -> None:
    short = reply({"results": [{"id": "one", "namespace": "a.b"}], "total": 2})
    with pytest.raises(KestraError, match="counts 2 but lists 1"):
        look([short], exported(ONE, TWO))


@pytest.mark.parametrize("status", [400, 404, 500])
@pytest.mark.parametrize("broken", [SEARCH, EXPORT])
def test_a_listing_that_fails_is_an_error_and_not_an_empty_server(status: int, broken: tuple[str, str]) -> None:
    answers = {SEARCH: listed(ONE), EXPORT: exported(ONE), broken: reply({"message": "no"}, status)}
    with pytest.raises(KestraError):
        look(answers[SEARCH], answers[EXPORT])


@pytest.mark.parametrize("document", [[], {}, {"results": None, "total": 1}, {"results": ["x"], "total": 1}, "x", None])
def test_a_listing_of_an_unknown_form_is_an_error(document: object) -> None:
    with pytest.raises(KestraError):
        look(reply(document), exported(ONE))


READ = ("GET", "/flows/a.b/one")


def read(response: object) -> Resource | None:
    with kestra_of(Wire(routed({READ: response}))) as kestra:
        return kestra._flows.read(ONE.key)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("name", ["flow get source crlf", "flow get source revision line"])
def test_a_flow_is_read_verbatim(line: str, name: str) -> None:
    """CRLF stays, and a `revision: 77` in the text does not touch the server's own number."""
    call = recorded(line, name)
    held = read(answer(call))
    assert held is not None
    assert held.load() == call["response"]["json"]["source"].encode()
    assert held.revision == call["response"]["json"]["revision"]


@pytest.mark.parametrize("line", LINES)
def test_a_missing_flow_is_absent_in_both_formats(line: str) -> None:
    assert read(answer(recorded(line, "flow get missing"))) is None


def test_a_404_that_is_a_web_page_does_not_mean_absent() -> None:
    with pytest.raises(KestraError, match="web page"):
        read(httpx.Response(404, html="<h1>nginx</h1>"))


def test_a_draft_at_the_moment_of_writing_is_a_move() -> None:
    with pytest.raises(ObjectMoved, match="draft"):
        read(answer(recorded("2.0", "flow get draft")))


def test_an_answer_without_source_is_an_error() -> None:
    with pytest.raises(KestraError, match="no source"):
        read(answer(recorded("1.3", "flow get")))


@pytest.mark.parametrize("line", LINES)
def test_older_revisions_come_newest_first_without_the_current_one(line: str) -> None:
    wire = Wire(routed({("GET", "/revisions"): answer(recorded(line, "flow revisions"))}))
    with kestra_of(wire) as kestra:
        older = kestra.revisions(Key(Kind.FLOW, "contract.a", "one"))
    assert [one.revision for one in older] == [5, 4, 3, 2, 1]
    assert older[0].load().count(b"\r\n") > 3


def test_a_flow_that_never_was_has_no_revisions() -> None:
    with kestra_of(Wire(routed({}))) as kestra:
        assert kestra.revisions(ONE.key) == ()


def test_namespaces_are_those_of_flows_and_of_pairs() -> None:
    pairs = answer(recorded("1.3", "kv list tenant"))
    names = answer(recorded("1.3", "distinct namespaces"))
    with kestra_of(Wire(routed({("GET", "/distinct-namespaces"): names, ("GET", "/main/kv"): pairs}))) as kestra:
        assert kestra.namespaces() == ("contract.a", "contract.a.child", "contract.a_b", "contract.ab", "contract.kv")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as made:
        yield made


def test_the_schema_is_found_in_either_spelling() -> None:
    schema = reply({"definitions": {}})
    with kestra_of(Wire(routed({("GET", "/api/v1/plugins/schemas/flow"): schema}))) as kestra:
        assert json.loads(kestra.flow_schema()) == {"definitions": {}}
