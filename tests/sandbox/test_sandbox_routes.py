"""What the recordings do not show: drafts, revisions, files and pairs at their edges."""

import http.client
import json

import pytest

from syncd.sandbox import PASSWORD, RunningSandbox, running
from syncd.sandbox.pairs import literal

from .conftest import Box, flow

FLOWS = "/api/v1/main/flows"
FILES = "/api/v1/main/namespaces/team/files"


def upload(box: Box, path: str, data: bytes = b"x", filename: str = "content") -> int:
    parts = {"fileContent": (filename, data)}
    return box.client.post(FILES, params={"path": path}, files=parts).status_code


def test_pausing_appends_a_line_and_resuming_turns_it_over(box: Box) -> None:
    box.post(flow().rstrip("\n"))
    ids = [{"namespace": "team", "id": "one"}]
    for action, count in (("disable", 1), ("disable", 0), ("enable", 1)):
        assert box.client.post(f"{FLOWS}/{action}/by-ids", json=ids).json() == {"count": count}
    texts = [each.source for each in box.store.revisions("team", "one")]
    assert texts[1:] == [texts[0] + "\ndisabled: true", texts[0] + "\ndisabled: false\n"]


def test_a_text_that_differs_in_its_revision_line_alone_makes_no_revision(box: Box) -> None:
    box.post(flow())
    assert box.put("team", "one", flow() + "revision: 7\n").json()["revision"] == 1


def test_a_draft_is_not_validated_and_publishing_it_is_a_revision(new: Box) -> None:
    new.post(flow())
    draft = new.put("team", "one", flow(extra="colour: red\n"), draft="true").json()
    assert (draft["draft"], draft["revision"]) == (True, 2)
    assert new.put("team", "one", flow(extra="colour: red\n")).status_code == 422
    published = new.put("team", "one", flow()).json()
    assert (published["draft"], published["revision"]) == (False, 3)


def test_deleting_the_latest_revision_deletes_the_flow(box: Box) -> None:
    box.post(flow())
    box.put("team", "one", flow(message="two"))
    url = f"{FLOWS}/team/one/revisions"
    assert box.client.delete(url, params={"revisions": "1"}).status_code == 204
    assert [each["revision"] for each in box.client.get(url).json()] == [2]
    assert box.client.delete(url, params={"revisions": "2"}).status_code == 204
    assert box.client.get(f"{FLOWS}/team/one").status_code == 404
    assert box.post(flow()).json()["revision"] == 4


def test_deleting_by_ids_stops_at_the_first_unknown_one(box: Box) -> None:
    box.post(flow("a"))
    box.post(flow("b"))
    ids = [{"namespace": "team", "id": name} for name in ("a", "nope", "b")]
    assert box.client.request("DELETE", f"{FLOWS}/delete/by-ids", json=ids).status_code == 404
    assert box.store.names() == [("team", "b")]


def test_an_imported_file_may_hold_several_flows(box: Box) -> None:
    part = {"fileUpload": ("all.yml", (flow("a") + "---\n" + "id: [\n---\n" + flow("b")).encode())}
    assert box.client.post(f"{FLOWS}/import", files=part).json() == ["1"]
    assert [name for _, name in box.store.names()] == ["a", "b"]


@pytest.mark.parametrize("name", ["a[b].txt", 'a".txt', "100%.txt", "a|b"])
def test_names_that_are_no_uri_are_refused_on_1_3_and_kept_on_2_0(old: Box, new: Box, name: str) -> None:
    assert (upload(old, "/" + name), upload(new, "/" + name)) == (422, 200)
    assert [each.path for each in new.store.entries("team")] == ["/" + name]


def test_a_blank_and_a_plus_are_one_file_on_1_3_and_two_on_2_0(old: Box, new: Box) -> None:
    for box, count in ((old, 1), (new, 2)):
        upload(box, "/a b.txt")
        upload(box, "/a+b.txt")
        assert len(box.store.entries("team")) == count


def test_a_file_keeps_counting_its_revisions_after_it_was_deleted(box: Box) -> None:
    upload(box, "/d/a.txt", b"1")
    box.client.delete(FILES, params={"path": "/d/a.txt"})
    assert box.store.entries("team") == []
    upload(box, "/d/a.txt", b"2")
    assert box.client.get(FILES, params={"path": "/d/a.txt"}).content == b"2"


def test_a_part_named_zip_is_unpacked_at_the_root(box: Box) -> None:
    from syncd.sandbox.archive import packed

    assert upload(box, "/ignored", packed([("x/a.txt", b"1"), ("b.txt", b"2")]), "all.zip") == 200
    assert [each.path for each in box.store.entries("team")] == ["/x", "/x/a.txt", "/b.txt"]


def test_flow_files_are_reserved(box: Box) -> None:
    assert upload(box, "/_flows/x/y.yml") == 422
    assert upload(box, "/_flowsX") == 200


def test_moving_a_folder_takes_its_files_along(box: Box) -> None:
    upload(box, "/d/a.txt", b"1")
    assert box.client.put(FILES, params={"from": "/d", "to": "/e"}).status_code == 200
    assert box.client.get(FILES, params={"path": "/e/a.txt"}).content == b"1"
    assert box.client.put(FILES, params={"from": "/none", "to": "/f"}).status_code == 404


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ('"a b"', ("STRING", "a b")),
        ("a b", ("STRING", "a")),
        ("42", ("NUMBER", 42)),
        ("-1.5", ("NUMBER", -1.5)),
        ("false", ("BOOLEAN", False)),
        ("2026-01-02", ("DATE", "2026-01-02")),
        ("2026-01-02T03:04:05Z", ("DATETIME", "2026-01-02T03:04:05Z")),
        ("P1DT2H", ("DURATION", "P1DT2H")),
        ("P", ("STRING", "P")),
        ('["a"]', ("JSON", ["a"])),
    ],
)
def test_a_pair_is_typed_by_its_literal(text: str, typed: tuple[str, object]) -> None:
    assert literal(text) == typed


def test_an_expired_pair_is_gone(box: Box) -> None:
    url = "/api/v1/main/namespaces/team/kv/key"
    plain = {"content-type": "text/plain", "ttl": "PT0S"}
    assert box.client.put(url, content=b'"x"', headers=plain).status_code == 200
    assert box.client.get(url).status_code == 410
    assert box.client.put(url, content=b"{}", headers={"content-type": "application/json"}).status_code == 415


def test_the_flow_schema_is_served(box: Box) -> None:
    told = box.client.get("/api/v1/plugins/schemas/FLOW").json()
    assert "io.kestra.core.models.flows.Flow" in told["definitions"]
    assert box.client.get("/api/v1/plugins/schemas/NOPE").status_code == 404


def test_a_running_sandbox_answers_on_a_socket_and_shows_no_secret() -> None:
    with running() as sandbox:
        assert isinstance(sandbox, RunningSandbox)
        connection = http.client.HTTPConnection(sandbox.url.removeprefix("http://"))
        connection.request("GET", "/api/v1/configs")
        assert json.loads(connection.getresponse().read())["version"] == "1.3.25"
        connection.close()
        assert PASSWORD not in repr(sandbox)
        sandbox.stop()
