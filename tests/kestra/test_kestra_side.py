"""Kestra as a side of a sync, against the sandbox of both lines."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from syncd.errors import (
    KestraDenied,
    KestraError,
    KestraMissing,
    KestraRejected,
    KestraReplaced,
    KestraUnavailable,
    ObjectMoved,
)
from syncd.kestra import Address, Kestra
from syncd.model import Change, Key, Kind, Resource, Scope, Severity
from syncd.sandbox import PASSWORD, USERNAME, RunningSandbox
from tests.kestra.doubles import Wire, configs, create, delete, file, flow, kestra_of, keys, reply, routed, update

SCOPE = Scope(("a.b",))


def put(kestra: Kestra, *resources: Resource) -> list[Resource]:
    held = [kestra.apply(create(resource)) for resource in resources]
    return [one for one in held if one]


def test_what_is_created_is_seen(kestra: Kestra) -> None:
    resources = [
        flow(),
        flow("kid", "a.b.child"),
        file(),
        file("d/é🚀.bin", data=bytes(range(256))),
        file("empty", data=b""),
    ]
    held = put(kestra, *resources)
    assert held == resources
    snapshot = kestra.snapshot(SCOPE)
    assert snapshot.resources == {resource.key: resource for resource in resources}
    assert {key: one.load() for key, one in snapshot.resources.items()} == {one.key: one.load() for one in resources}
    assert (snapshot.unknown, snapshot.incomplete, snapshot.problems) == ({}, {}, ())


def test_updates_and_deletions_take_effect(kestra: Kestra) -> None:
    one, other = put(kestra, flow(), file())
    edited = kestra.apply(update(one, flow(message="edited")))
    assert edited is not None
    assert edited.revision == 2
    assert kestra.apply(update(other, file(data=b"new"))) == file(data=b"new")
    assert kestra.apply(delete(edited)) is None
    assert kestra.apply(delete(file(data=b"new"))) is None
    assert kestra.snapshot(SCOPE).resources == {}


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbfid: one\nnamespace: a.b\ntasks: [{id: l, type: io.kestra.plugin.core.log.Log, message: x}]\n",
        b"---\nid: one\nnamespace: a.b\ntasks: [{id: l, type: io.kestra.plugin.core.log.Log, message: x}]",
        flow().load().replace(b"\n", b"\r\n"),
        flow().load() + b"revision: 77\n",
        flow().load() + "# ---\n# é — 🚀".encode(),
        flow().load() + b"\n\n\n",
    ],
    ids=["bom", "marker", "crlf", "revision", "dashes and emoji", "blank lines"],
)
def test_texts_are_kept_verbatim(kestra: Kestra, text: bytes) -> None:
    held = kestra.apply(create(Resource.of(flow().key, text)))
    assert held is not None
    assert held.load() == text
    assert kestra.snapshot(SCOPE).resources[flow().key].load() == text


def test_a_deleted_flow_that_comes_back_goes_on_counting(kestra: Kestra) -> None:
    [held] = put(kestra, flow())
    kestra.apply(delete(held))
    [again] = put(kestra, flow(message="back"))
    assert again.revision == 3


def test_a_paused_flow_is_a_move(kestra: Kestra, sandbox: RunningSandbox) -> None:
    [held] = put(kestra, flow())
    httpx.post(
        f"{sandbox.url}/api/v1/main/flows/disable/by-ids",
        json=[{"namespace": "a.b", "id": "one"}],
        auth=(USERNAME, PASSWORD),
    ).raise_for_status()
    with pytest.raises(ObjectMoved):
        kestra.apply(update(held, flow(message="edited")))
    assert kestra.snapshot(SCOPE).resources[held.key].load() == held.load() + b"\ndisabled: true"


def test_unchanged_content_is_never_sent(kestra: Kestra, wire: Wire) -> None:
    """Trap 6: an upload of equal bytes would make another file revision."""
    one, other = put(kestra, flow(), file())
    wire.requests.clear()
    assert kestra.apply(update(flow(message="old"), one)) == one
    assert kestra.apply(update(file(data=b"old"), other)) == other
    assert {request.method for request in wire.requests} == {"GET"}


def test_one_thing_at_a_time_for_each_object(kestra: Kestra, wire: Wire) -> None:
    """Parallel writes of one flow lose some of them on real engines."""
    [held] = put(kestra, flow())
    inside, most, lock = 0, 0, threading.Lock()
    server = wire.server
    assert server is not None

    def counted(request: httpx.Request) -> httpx.Response | None:
        nonlocal inside, most
        if request.method != "PUT":
            return None
        with lock:
            inside += 1
            most = max(most, inside)
        response = server.handle_request(request)
        with lock:
            inside -= 1
        return response

    wire.handler = counted
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda number: _outcome(kestra, update(held, flow(message=f"m{number}"))), range(8)))
    assert most == 1
    assert outcomes.count("moved") == 7


def _outcome(kestra: Kestra, change: Change) -> str:
    try:
        kestra.apply(change)
    except ObjectMoved:
        return "moved"
    return "applied"


def test_different_objects_are_written_side_by_side(kestra: Kestra) -> None:
    flows = [flow(f"f{number}") for number in range(30)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(kestra.apply, map(create, flows))) == flows
    assert set(kestra.snapshot(SCOPE).resources) == {one.key for one in flows}


def test_many_creates_at_once_equal_as_many_single_ones(kestra: Kestra, wire: Wire) -> None:
    flows = [flow(f"f{number}", "a.b" if number % 2 else "a.b.c") for number in range(60)]
    files = [file(f"d{number % 3}/x{number}.txt", data=b"%d" % number) for number in range(60)]
    created = kestra.create_many([*flows, *files])
    assert created == {one.key: one for one in (*flows, *files)}
    assert kestra.snapshot(SCOPE).resources == created
    imports = len(wire.sent_to("POST", "/flows/import"))
    assert imports == (1 if kestra.about().line.zip_import_safe else 0), "trap 9: 2.0 builds lost triggers in imports"
    assert len(wire.sent_to("POST", "/flows")) == (0 if imports else 60)
    assert not any(request.method == "PUT" for request in wire.requests)


def test_many_creates_leave_what_is_there_and_what_is_invalid(kestra: Kestra) -> None:
    theirs, their_file = put(kestra, flow("f3", message="theirs"), file("x3", data=b"theirs"))
    bad = Resource.of(Key(Kind.FLOW, "a.b", "bad"), b"id: bad\nnamespace: a.b\ntasks: nonsense\n")
    flows = [flow(f"f{number}") for number in range(30)]
    files = [file(f"x{number}") for number in range(30)]
    impossible = [file("../x"), flow("bad id"), Resource.of(flow("alias").key, flow("stranger").load())]
    created = kestra.create_many([*flows, bad, *files, *impossible])
    assert created.keys() == {one.key for one in (*flows, *files)} - {theirs.key, their_file.key}
    held = kestra.snapshot(SCOPE).resources
    assert held[theirs.key] == theirs
    assert held[their_file.key] == their_file


def test_a_few_creates_are_left_to_single_writes(kestra: Kestra, wire: Wire) -> None:
    assert kestra.create_many([flow(), file()]) == {}
    assert not any(request.method != "GET" for request in wire.requests)


def test_a_server_that_goes_away_during_many_creates_stops_them(kestra: Kestra, wire: Wire) -> None:
    def away(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST":
            raise httpx.ConnectError("refused", request=request)
        return None

    wire.handler = away
    with pytest.raises(KestraUnavailable):
        kestra.create_many([flow(f"f{number}") for number in range(30)])


def test_validation_agrees_with_saving(kestra: Kestra) -> None:
    bad = Resource.of(Key(Kind.FLOW, "a.b", "bad"), b"id: bad\nnamespace: a.b\ntasks: []\nnope: 1\n", path="bad.yml")
    [problem] = kestra.validate([flow(), bad])
    assert (problem.severity, problem.path, problem.key) == (Severity.ERROR, "bad.yml", bad.key)
    with pytest.raises(KestraRejected, match=r"flow a\.b/bad"):
        kestra.apply(create(bad))


def test_older_versions_are_found_for_flows_and_files(kestra: Kestra) -> None:
    one, other = put(kestra, flow(message="first"), file(data=b"first"))
    kestra.apply(update(one, flow(message="second")))
    kestra.apply(update(other, file(data=b"second")))
    assert kestra.revisions(one.key) == (one,)
    assert kestra.revisions(other.key) == (other,)
    assert [older.load() for older in kestra.revisions(other.key)] == [b"first"]


def test_a_zip_is_stored_as_it_is(kestra: Kestra) -> None:
    """Trap 5: a multipart file name that ends in .zip would be unpacked at the root of the namespace."""
    from tests.kestra.doubles import zipped

    archive = file("d/arch.zip", data=zipped({"inside.txt": b"x"}))
    assert put(kestra, archive) == [archive]
    assert set(kestra.snapshot(SCOPE).resources) == {archive.key}


ODD = ["a b.txt", "c+d.txt", "a%20b.txt", "a#b?c.txt", "é — 🚀.txt", ".hidden", "d e/f g.txt"]


def test_odd_names_make_the_round_trip(kestra: Kestra) -> None:
    odd = {file(name).key: file(name, data=name.encode()) for name in ODD}
    kestra.spell(odd)
    assert put(kestra, *odd.values()) == list(odd.values())
    snapshot = kestra.snapshot(SCOPE)
    assert snapshot.resources == odd
    assert {key: one.load() for key, one in snapshot.resources.items()} == {key: one.load() for key, one in odd.items()}
    edited = [kestra.apply(update(one, file(key.name, data=b"new"))) for key, one in odd.items()]
    assert edited == [file(key.name, data=b"new") for key in odd]
    assert [kestra.apply(delete(one)) for one in edited if one] == [None] * len(odd)
    assert kestra.snapshot(SCOPE).resources == {}


def test_many_files_with_spaces_are_read_back_under_their_own_names(kestra: Kestra) -> None:
    files = [file(f"my file {number}.txt") for number in range(30)]
    assert kestra.create_many(files) == {one.key: one for one in files}


@pytest.mark.parametrize(
    "key", [*keys(["../x", "_flows/x.yml", "a[1]"]), Key(Kind.FLOW, "delete", "by-query")], ids=str
)
def test_what_the_server_cannot_hold_is_refused_before_any_call(key: Key) -> None:
    wire = Wire(routed({}))
    with kestra_of(wire) as kestra:
        with pytest.raises(KestraRejected, match="cannot hold it") as caught:
            kestra.apply(delete(Resource.of(key, b"x")))
        assert kestra.unholdable([key]).keys() == {key}
    assert wire.calls == []
    assert str(key) in str(caught.value)


def test_deleting_the_last_file_of_a_folder_empties_it(kestra: Kestra) -> None:
    [held] = put(kestra, file("d/e/f.txt"))
    kestra.apply(delete(held))
    assert kestra.snapshot(SCOPE).resources == {}


def test_a_file_and_a_folder_of_one_name_where_the_server_can(kestra: Kestra) -> None:
    [held] = put(kestra, file("a/b"))
    if kestra.unholdable([held.key, file("a").key]):
        assert not kestra.about().line.swaps_file_and_folder
        return
    kestra.apply(delete(held))
    assert put(kestra, file("a")) == [file("a")]


def test_all_namespaces_are_those_with_flows_or_pairs(kestra: Kestra, sandbox: RunningSandbox) -> None:
    put(kestra, flow(), flow("x", "z"))
    httpx.put(
        f"{sandbox.url}/api/v1/main/namespaces/only.pairs/kv/k",
        content=b'"v"',
        headers={"content-type": "text/plain"},
        auth=(USERNAME, PASSWORD),
    ).raise_for_status()
    assert kestra.namespaces() == ("a.b", "only.pairs", "z")
    put(kestra, file("hello.txt", "only.pairs"))
    everything = kestra.snapshot(Scope(everything=True))
    assert set(everything.resources) == {flow().key, flow("x", "z").key, file("hello.txt", "only.pairs").key}


def test_system_is_left_out_unless_named(kestra: Kestra) -> None:
    put(kestra, flow("s", "system"))
    assert kestra.snapshot(Scope(everything=True)).resources == {}
    assert set(kestra.snapshot(Scope(("system",))).resources) == {flow("s", "system").key}


def test_a_wrong_password_is_said_at_once(sandbox: RunningSandbox) -> None:
    with Kestra(Address(sandbox.url, username=USERNAME, password="Wrong1234")) as kestra:
        with pytest.raises(KestraDenied) as caught:
            kestra.snapshot(SCOPE)
        assert "Wrong1234" not in str(caught.value)


def test_who_answers_is_asked_once_and_again_on_demand(kestra: Kestra, wire: Wire, line: str) -> None:
    server = kestra.about()
    kestra.snapshot(SCOPE)
    assert len(wire.sent_to("GET", "/configs")) == 1
    assert ".".join(map(str, server.line.version)) == line
    kestra.check_identity()
    assert len(wire.sent_to("GET", "/configs")) == 2


def test_another_instance_at_the_same_address_is_noticed() -> None:
    answers = [configs(uuid="first"), configs(uuid="second")]
    with kestra_of(Wire(lambda _: answers.pop(0))) as kestra:
        assert kestra.about().uuid == "first"
        with pytest.raises(KestraReplaced, match="second instead of first"):
            kestra.check_identity()


@pytest.mark.parametrize("document", [{}, {"version": 1}, {"app": "other"}])
def test_something_else_at_the_address_is_noticed(document: object) -> None:
    with kestra_of(Wire(lambda _: reply(document))) as kestra, pytest.raises(KestraError, match="not as Kestra does"):
        kestra.about()


def test_a_wrong_path_in_the_address_is_said() -> None:
    with kestra_of(Wire()) as kestra, pytest.raises(KestraMissing, match="the server's version"):
        kestra.about()


@pytest.mark.parametrize(
    ("document", "edition"),
    [
        ({"version": "0.21.0"}, "OSS"),
        ({"version": "0.21.0", "tenants": ["a"]}, "EE"),
        ({"version": "1.3", "edition": "EE"}, "EE"),
    ],
)
def test_editions_are_told_apart_before_servers_said_so(document: dict[str, object], edition: str) -> None:
    with kestra_of(Wire(lambda _: reply(document))) as kestra:
        assert kestra.about().edition == edition


@pytest.mark.parametrize(
    ("version", "path"),
    [("0.22.0", "/api/v1/flows"), ("0.23.0", "/api/v1/main/flows"), ("2.0.0", "/api/v1/main/flows")],
)
def test_the_tenant_stands_in_the_path_from_0_23(version: str, path: str) -> None:
    wire = Wire(routed({("GET", "/distinct-namespaces"): reply(["a.b"])}, version))
    with kestra_of(wire) as kestra:
        kestra._flows.namespaces()
    assert wire.calls == [f"GET {path}/distinct-namespaces"]


def test_an_account_that_may_not_list_pairs_still_sees_the_rest() -> None:
    denied = {("GET", "/main/kv"): httpx.Response(403), ("GET", "/distinct-namespaces"): reply(["a.b"])}
    with kestra_of(Wire(routed(denied))) as kestra:
        assert kestra.namespaces() == ("a.b",)


def test_the_cache_of_one_run_serves_the_next(sandbox: RunningSandbox, kestra: Kestra, tmp_path: Path) -> None:
    put(kestra, file())
    first = kestra.snapshot(SCOPE)
    second = kestra.snapshot(SCOPE)
    assert first == second
    kestra.apply(update(file(), file(data=b"edit")))
    assert kestra.snapshot(SCOPE).resources[file().key] == file(data=b"edit")


def test_a_name_that_was_written_is_known_at_the_next_look(kestra: Kestra) -> None:
    put(kestra, file("my file.txt"))
    assert set(kestra.snapshot(SCOPE).resources) == {file("my file.txt").key}


def test_names_are_weighed_against_what_the_last_look_saw(kestra: Kestra) -> None:
    put(kestra, file("x"), file("a+b.txt"))
    kestra.snapshot(SCOPE)
    assert kestra.unholdable([file("x#y").key, file("z").key]).keys() == {file("x#y").key}
    spaced = file("a b.txt").key
    assert (spaced in kestra.unholdable([spaced])) == kestra.about().line.spaces_become_plus
