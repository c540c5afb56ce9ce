"""The traps of Kestra's API, one test each; those about reading, naming and uploads stand with their modules."""

from __future__ import annotations

import re

import httpx
import pytest

from syncd.errors import KestraRejected, ObjectMoved
from syncd.kestra import Kestra
from syncd.model import Resource, Scope
from tests.kestra.doubles import (
    LINES,
    Wire,
    answer,
    create,
    delete,
    file,
    flow,
    kestra_of,
    recorded,
    reply,
    routed,
    update,
)

SCOPE = Scope(("a.b",))
SINGLE = re.compile(
    r"(?:POST /api/v1/main/flows"
    r"|(?:PUT|DELETE) /api/v1/main/flows/[^/]+/[^/]+"
    r"|(?:POST|DELETE) /api/v1/main/namespaces/[^/]+/files"
    r"|POST /api/v1/main/flows/(?:validate|import))"
)


def held(resource: Resource, revision: int = 1) -> httpx.Response:
    text = resource.load().decode()
    return reply({"id": resource.key.name, "namespace": resource.key.namespace, "revision": revision, "source": text})


def test_0_a_flow_that_vanished_after_the_plan_is_not_put(kestra: Kestra, wire: Wire) -> None:
    """A PUT of a missing flow can run a server out of memory within 4 to 73 calls (1.3.25, 2.0 builds)."""
    one = kestra.apply(create(flow()))
    assert one is not None
    kestra.apply(delete(one))
    with pytest.raises(ObjectMoved):
        kestra.apply(update(one, flow(message="edited")))
    assert wire.sent_to("PUT", "") == []


@pytest.mark.parametrize("line", LINES)
def test_0_creating_what_exists_is_decided_anew(line: str) -> None:
    """POST answers 422 on 1.3 and 409 on 2.0; what is there then decides, and theirs is never overwritten."""
    reads = [httpx.Response(404, json={}), held(flow(message="theirs"))]
    exists = answer(recorded(line, "flow create again different"))
    wire = Wire(routed({("GET", "/flows/a.b/one"): reads, ("POST", "/flows"): exists}, f"{line}.0"))
    with kestra_of(wire) as kestra, pytest.raises(ObjectMoved):
        kestra.apply(create(flow()))
    assert [request.method for request in wire.requests[1:]] == ["GET", "POST", "GET"]


@pytest.mark.parametrize("line", LINES)
def test_0_creating_what_exists_with_this_very_text_is_done(line: str) -> None:
    reads = [httpx.Response(404, json={}), held(flow())]
    exists = answer(recorded(line, "flow create again same"))
    with kestra_of(Wire(routed({("GET", "/flows/a.b/one"): reads, ("POST", "/flows"): exists}))) as kestra:
        assert kestra.apply(create(flow())) == flow()


def test_1_text_with_document_markers_inside_arrives_whole(kestra: Kestra) -> None:
    """The bulk calls cut at every literal `---`, so they are not used; a single POST keeps the text."""
    text = flow().load() + b"# -----\n# a --- b\ndescription: |\n  one\n  ---\n  two\n"
    dashes = Resource.of(flow().key, text)
    stored = kestra.apply(create(dashes))
    assert stored is not None
    assert stored.load() == text


def test_2_equal_ids_in_two_namespaces_are_two_flows(kestra: Kestra) -> None:
    """The bulk calls take them for duplicates, and for survivors of a deletion."""
    one, other = flow("same", "a.b"), flow("same", "a.b.c")
    for resource in (one, other):
        kestra.apply(create(resource))
    kestra.apply(delete(one))
    assert kestra.snapshot(SCOPE).resources == {other.key: other}


def test_a_text_is_never_sent_under_another_name() -> None:
    """POST goes by the text alone, so a mistake here would overwrite or create a stranger."""
    wire = Wire(routed({}))
    with kestra_of(wire) as kestra, pytest.raises(KestraRejected, match="its text is that of"):
        kestra.apply(create(Resource.of(flow("one").key, flow("two").load())))
    assert "POST" not in {request.method for request in wire.requests}


def test_names_that_would_share_one_content_are_not_written_one_after_the_other(kestra: Kestra) -> None:
    kestra.apply(create(file("x")))
    with pytest.raises(KestraRejected, match=r"one content for it and file a\.b/x"):
        kestra.apply(create(file("x#y", data=b"other")))
    kestra.apply(delete(file("x")))
    assert kestra.apply(create(file("x#y", data=b"other"))) == file("x#y", data=b"other")


def test_3_and_4_only_calls_that_name_one_object_ever_write(kestra: Kestra, wire: Wire) -> None:
    """No bulk, no namespace-wide, no by-query call, and no `delete` parameter, in anything this side can do."""
    flows = [flow(f"f{number}") for number in range(30)]
    files = [file(f"x{number}") for number in range(30)]
    kestra.create_many([*flows, *files])
    kestra.validate(flows)
    for old, new in ((flows[0], flow("f0", message="edited")), (files[0], file("x0", data=b"edited"))):
        kestra.apply(update(old, new))
        kestra.apply(delete(new))
    kestra.snapshot(SCOPE)
    kestra.namespaces()
    writes = [request for request in wire.requests if request.method != "GET"]
    assert len(writes) > 30
    assert all(SINGLE.fullmatch(f"{one.method} {one.url.path}") for one in writes)
    assert {name for request in writes for name in request.url.params} <= {"path"}


def test_5_a_neutral_file_name_keeps_a_zip_a_file(kestra: Kestra, wire: Wire) -> None:
    kestra.apply(create(file("d/arch.zip", data=b"PK\5\6" + bytes(18))))
    [upload] = wire.sent_to("POST", "/files")
    assert b'name="fileContent"; filename="content"' in upload.content
    assert upload.url.params["path"] == "/d/arch.zip"


def test_7_the_configuration_is_asked_with_the_login(kestra: Kestra, wire: Wire) -> None:
    """Open to all up to 1.3, refused without credentials by 2.x."""
    kestra.about()
    assert "authorization" in wire.requests[0].headers


def test_8_dashboards_are_never_touched(kestra: Kestra, wire: Wire) -> None:
    kestra.snapshot(Scope(everything=True))
    assert not any("dashboard" in request.url.path for request in wire.requests)


def test_10_a_draft_is_never_sent_nor_published(kestra: Kestra, wire: Wire) -> None:
    kestra.apply(create(flow()))
    assert not any("draft" in request.url.params for request in wire.requests)


def test_11_a_flow_that_2_can_no_longer_parse_can_only_be_deleted() -> None:
    """A PUT is refused for this one object; the deletion goes through."""
    old = flow(message="from 1.x")
    refusal = answer(recorded("2.0", "flow unknown property"))
    reads = [held(old), held(old), held(old), httpx.Response(404, json={})]
    routes = {("GET", "/flows/a.b/one"): reads, ("PUT", "/one"): refusal, ("DELETE", "/one"): httpx.Response(204)}
    with kestra_of(Wire(routed(routes, "2.0.0"))) as kestra:
        with pytest.raises(KestraRejected, match="Unrecognized field"):
            kestra.apply(update(old, flow(message="new")))
        assert kestra.apply(delete(old)) is None


@pytest.mark.parametrize("line", LINES)
def test_a_key_race_is_repeated_after_reading_again(line: str) -> None:
    """64 writers of one flow: real engines answer some with a 500 about a primary key, and lose those writes."""
    race = reply({"message": "Internal server error: Unique index or primary key violation"}, 500)
    reads = [held(flow()), held(flow()), held(flow(message="new"), 2)]
    wire = Wire(routed({("GET", "/flows/a.b/one"): reads, ("PUT", "/one"): [race, reply({})]}, f"{line}.0"))
    with kestra_of(wire) as kestra:
        observed = kestra.apply(update(flow(), flow(message="new")))
    assert observed == flow(message="new")
    assert [request.method for request in wire.requests[1:]] == ["GET", "PUT", "GET", "PUT", "GET"]


@pytest.mark.parametrize("line", LINES)
def test_a_file_below_a_file_is_a_refusal_of_that_object(line: str) -> None:
    """1.3 answers 404 to such an upload, which does not mean that the object is absent and all is well."""
    refusal = answer(recorded(line, "file upload under file"))
    with kestra_of(Wire(routed({("POST", "/files"): refusal}, f"{line}.0"))) as kestra, pytest.raises(KestraRejected):
        kestra.apply(create(file("empty.txt/child")))


def test_an_upload_over_a_folder_that_1_3_accepts_and_drops_is_noticed() -> None:
    accepted = answer(recorded("1.3", "file upload over directory"))
    with (
        kestra_of(Wire(routed({("POST", "/files"): accepted}))) as kestra,
        pytest.raises(KestraRejected, match="accepted the write but still holds nothing"),
    ):
        kestra.apply(create(file("scripts")))


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("name", ["file upload traversal", "file upload dot segments"])
def test_what_real_servers_refuse_as_a_path_never_reaches_them(line: str, name: str) -> None:
    path = recorded(line, name)["request"]["query"]["path"].lstrip("/")
    wire = Wire(routed({}, f"{line}.0"))
    with kestra_of(wire) as kestra, pytest.raises(KestraRejected):
        kestra.apply(create(file(path)))
    assert wire.calls == []


def test_deleting_a_missing_file_is_done_and_not_sent() -> None:
    wire = Wire(routed({}))
    with kestra_of(wire) as kestra:
        assert kestra.apply(delete(file())) is None
    assert [request.method for request in wire.requests[1:]] == ["GET"]


def test_flows_are_sent_as_yaml_bytes_without_a_charset(kestra: Kestra, wire: Wire) -> None:
    """`text/plain` is refused by both lines, and JSON by 2.0."""
    text = flow().load() + "# é — 🚀".encode()
    kestra.apply(create(Resource.of(flow().key, text)))
    [post] = wire.sent_to("POST", "/flows")
    assert (post.headers["content-type"], post.content) == ("application/x-yaml", text)
