"""
A server, or what lies before it, that fails in every way a run can meet: nothing is lost, and the next run converges.

One row is one fault: what is spoiled, how often, and the exit code of each verb that meets it.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from syncd.kestra import transport
from syncd.sandbox import running
from tests.cli.conftest import flow_text
from tests.faults import spoils
from tests.faults.conftest import Staging
from tests.faults.relay import ALWAYS, Answer, Asked, Rule, Spoil
from tests.faults.stage import FLOWS, NAMESPACE, STEADY, untrue

BOTH = ("1.3", "2.0")
ONE = ("1.3",)
SEARCH = r"^GET \S*/flows/search"
EXPORT = r"^GET \S*/flows/export/by-query"
FOLDER = r"^GET \S*/files/directory"
CONFIGS = r"^GET \S*/configs"
VALIDATE = r"^POST \S*/flows/validate"
READ_FILE = r"^GET \S*/files\?path=/sql/steady-1.sql"
PUT_FLOW = r"^PUT \S*/flows/company.team/edited"
GET_FLOW = r"^GET \S*/flows/company.team/edited\?"
POST_FLOW = r"^POST \S*/flows$"
DELETE_FLOW = r"^DELETE \S*/flows/company.team/dropped"
UPLOAD = r"^POST \S*/files\?path=/sql/edited.sql"
REMOVE = r"^DELETE \S*/files\?path=/sql/dropped.sql"
WRITE = r"^(PUT|DELETE) |^POST (?!\S*/validate)"


@dataclass(frozen=True)
class Fault:
    """
    One row.

    Args:
        name: A sentence.
        on: The requests that are spoiled.
        spoil: How.
        first: The first that is.
        times: How many are.
        push: Exit code of a push; `None` where this row says nothing about it.
        pull: Exit code of a pull.
        sync: Exit code of a sync.
        says: What the message names.
        dialects: The lines of servers whose answers differ here.
        timeout: Seconds that the client waits.
    """

    name: str
    on: str
    spoil: Spoil
    first: int = 1
    times: int = ALWAYS
    push: int | None = None
    pull: int | None = None
    sync: int | None = None
    says: tuple[str, ...] = ()
    dialects: tuple[str, ...] = ONE
    timeout: float = 0


def reading(name: str, on: str, spoil: Spoil, code: int, *says: str, **more: object) -> Fault:
    """A fault that any verb meets before it has decided anything."""
    return Fault(name, on, spoil, push=code, pull=code, says=says, **more)  # type: ignore[arg-type]


def writing(name: str, on: str, spoil: Spoil, code: int, *says: str, **more: object) -> Fault:
    """A fault that only those meet who write to the server."""
    return Fault(name, on, spoil, push=code, says=says, **more)  # type: ignore[arg-type]


def another_instance(asked: Asked) -> Answer:
    return spoils.document(lambda configs: {**configs, "uuid": "another-instance"})(asked)


def redirected(asked: Asked) -> Answer:
    return Answer(307, headers={"location": asked.relay.url.replace("127.0.0.1", "localhost") + "/elsewhere"})


def edited_meanwhile(asked: Asked) -> Answer:
    """Somebody saves the flow in the UI just before it is read again."""
    asked.relay.client.put(
        f"{asked.relay.upstream}/api/v1/main/flows/{NAMESPACE}/edited",
        content=flow_text("edited", "saved meanwhile"),
        headers={"content-type": "application/x-yaml"},
        auth=("admin@kestra.io", "Admin1234"),
    ).raise_for_status()
    return asked.relayed()


def empty_flows(asked: Asked) -> Answer:
    if "search" in asked.line:
        return Answer(200, b'{"results":[],"total":0}')
    return Answer(200, spoils.zipped({}), "application/octet-stream")


def one_less(asked: Asked) -> Answer:
    if "search" in asked.line:
        return spoils.unlisted("steady-1", counted=False)(asked)
    return spoils.archive(spoils.without("steady-1"))(asked)


AWAY = ("no answer from http://127.0.0.1", "syncd doctor")
NO_API = ("syncd doctor",)

READING = [
    reading("every connection is reset", ".", spoils.cut, 1, *AWAY),
    reading("the first connection is reset", ".", spoils.cut, 0, times=1),
    reading("the listing is made and its connection reset", SEARCH, spoils.done_then_cut, 1, *AWAY, "the flows"),
    reading("the listing never comes", SEARCH, spoils.silent, 1, *AWAY, timeout=0.3),
    reading("the export never comes", EXPORT, spoils.done_then_silent, 1, *AWAY, timeout=0.3),
    reading("the export ends in the middle of its body", EXPORT, spoils.torn, 1, *AWAY, "the flows"),
    reading("a folder's listing ends in the middle", FOLDER, spoils.torn, 1, *AWAY, "files of company.team"),
    reading("429 with Retry-After, once", SEARCH, spoils.status(429, Retry_After="1"), 0, times=1),
    reading("429 with Retry-After, always", EXPORT, spoils.status(429, Retry_After="1"), 1, "HTTP 429", "try again"),
    reading("429 without Retry-After, always", ".", spoils.status(429), 1, "HTTP 429", "try again"),
    reading("500 once", EXPORT, spoils.status(500), 0, times=1),
    reading("500 for the listing", SEARCH, spoils.status(500), 1, "HTTP 500", "/flows/search", "spoiled"),
    reading("502 with a web page", EXPORT, spoils.html(502), 1, "HTTP 502", "try again later"),
    reading("503 from the first look on", ".", spoils.status(503), 1, "HTTP 503", first=2),
    reading("504 twice, then an answer", ".", spoils.html(504), 0, times=2),
    reading("401 for everything", ".", spoils.status(401), 1, "HTTP 401", "SYNCD_PASSWORD"),
    reading("401 for the export", EXPORT, spoils.status(401), 1, "HTTP 401", "/flows/export", "SYNCD_TOKEN"),
    reading("403 for the listing", SEARCH, spoils.status(403), 1, "HTTP 403", "/flows/search"),
    reading("403 for a namespace's files", "/files", spoils.status(403), 1, "HTTP 403", "company.team"),
    reading("404 for everything", ".", spoils.status(404), 1, "HTTP 404", "/api/v1/configs"),
    reading("404 for the listing", SEARCH, spoils.status(404), 1, "HTTP 404", "/flows/search"),
    reading("404 for the export", EXPORT, spoils.status(404), 1, "HTTP 404", "/flows/export"),
    reading("404 for a folder below the root", FOLDER + r"\?path=/sql", spoils.status(404), 3, "sql", dialects=BOTH),
    reading("404 for one listed file", READ_FILE, spoils.status(404), 3, "steady-1.sql"),
    reading("the listing is half of its JSON", SEARCH, spoils.halved, 1, "the flows", "not JSON", *NO_API),
    reading("the listing is empty", SEARCH, spoils.emptied, 1, "the flows", "not JSON", *NO_API),
    reading("the listing is a JSON string", SEARCH, spoils.body(lambda _: b'"flows"'), 1, "unknown form"),
    reading(
        "the listing holds nulls", SEARCH, spoils.body(lambda _: b'{"results":[null],"total":1}'), 1, "unknown form"
    ),
    reading("the listing is called plain text", SEARCH, spoils.mistyped, 0),
    reading("the version is half of its JSON", CONFIGS, spoils.halved, 1, "the server's version", "not JSON"),
    reading("the version is a list", CONFIGS, spoils.body(lambda _: b"[]"), 1, "unknown form"),
    reading("another program answers", CONFIGS, spoils.body(lambda _: b"{}"), 1, "not as Kestra does", *NO_API),
    reading("a login page for everything", ".", spoils.html(), 1, "web page", *NO_API),
    reading("a login page from the first look on", ".", spoils.html(), 1, "web page", *NO_API, first=2),
    reading("a folder's listing is half of its JSON", FOLDER, spoils.halved, 3, "company.team", dialects=BOTH),
    reading("a folder's listing is empty", FOLDER, spoils.emptied, 3, "company.team", dialects=BOTH),
    reading("the export is half of its archive", EXPORT, spoils.halved, 1, "the flows", "not a readable zip"),
    reading("the export is empty", EXPORT, spoils.emptied, 1, "the flows", "not a readable zip"),
    reading("the export is an archive of nothing", EXPORT, spoils.archive(lambda _: {}), 3, "not exported"),
    reading("the export lacks a flow", EXPORT, spoils.archive(spoils.without("steady-1")), 3, "steady-1"),
    reading("the export lacks several", EXPORT, spoils.archive(spoils.without(*STEADY, "grown")), 3, "grown"),
    reading("the listing lacks a flow that it counts", SEARCH, spoils.unlisted("steady-1", counted=True), 1, "lists"),
    reading("the listing lacks a flow", SEARCH, spoils.unlisted("steady-1", counted=False), 0),
    reading("the listing shifts once", SEARCH, spoils.unlisted("drifted", counted=True), 0, times=1),
    reading("the files' export is half", "/files/export", spoils.halved, 3, "company.team", dialects=("2.0",)),
    reading("the files' export is empty", "/files/export", spoils.emptied, 3, "company.team", dialects=("2.0",)),
    reading("500 for the files' export", "/files/export", spoils.status(500), 3, "HTTP 500", dialects=("2.0",)),
    reading("the files' search is half", "/files/search", spoils.halved, 3, "company.team"),
    reading("503 for a folder", FOLDER, spoils.status(503), 1, "HTTP 503", dialects=BOTH),
    reading("one listed file is answered empty", READ_FILE, spoils.emptied, 3, "steady-1.sql"),
    reading("one listed file is answered by half", READ_FILE, spoils.halved, 3, "steady-1.sql"),
    reading("another instance from the second look on", CONFIGS, another_instance, 1, "another Kestra", first=2),
    reading("a redirect to another host", ".", redirected, 1, "redirects to http://localhost", "set url"),
    reading("a redirect of the listing", SEARCH, redirected, 1, "redirects to", "/flows/search"),
    reading("404 for the root folder", FOLDER + r"\?path=/$", spoils.status(404), 3, "company.team", dialects=BOTH),
    reading("404 for the files' search", "/files/search", spoils.status(404), 3, "company.team"),
    reading("404 for the files' export", "/files/export", spoils.status(404), 3, "company.team", dialects=("2.0",)),
    reading("a folder is listed as empty", FOLDER, spoils.body(lambda _: b"[]"), 3, "company.team", dialects=BOTH),
    reading("both looks at the flows are empty", "flows/(search|export)", empty_flows, 3, "company.team/steady-1"),
    reading("both looks at the flows lack one", "flows/(search|export)", one_less, 3, "company.team/steady-1"),
    reading("the files' search finds nothing", "/files/search", spoils.body(lambda _: b"[]"), 3, "company.team"),
    reading(
        "the files' export lacks one", "/files/export", spoils.archive(spoils.without("steady-1")), 0, dialects=("2.0",)
    ),
]

WRITING = [
    writing("an update is reset before it arrives, once", PUT_FLOW, spoils.cut, 0, times=1),
    writing("an update never arrives", PUT_FLOW, spoils.cut, 1, *AWAY, "company.team/edited"),
    writing("an update arrives and its answer is lost", PUT_FLOW, spoils.done_then_cut, 0, times=1),
    writing("an update arrives and never ends", PUT_FLOW, spoils.done_then_silent, 0, times=1, timeout=0.5),
    writing("a create arrives and its answer is lost", POST_FLOW, spoils.done_then_cut, 0, times=1),
    writing("a create never arrives", POST_FLOW, spoils.cut, 1, *AWAY, "created"),
    writing("a deletion arrives and its answer is lost", DELETE_FLOW, spoils.done_then_cut, 0, times=1),
    writing("a deletion never arrives", DELETE_FLOW, spoils.cut, 1, *AWAY, "dropped"),
    writing("an upload arrives and its answer is lost", UPLOAD, spoils.done_then_cut, 0, times=1),
    writing("an upload never arrives", UPLOAD, spoils.cut, 1, *AWAY, "edited.sql"),
    writing("a file's deletion arrives and its answer is lost", REMOVE, spoils.done_then_cut, 0, times=1),
    writing("every answer to a write is lost", WRITE, spoils.done_then_cut, 0, sync=0, dialects=BOTH),
    writing("429 for an update, once", PUT_FLOW, spoils.status(429, Retry_After="1"), 0, times=1),
    writing("429 for every write", WRITE, spoils.status(429), 1, "HTTP 429", sync=1),
    writing("500 for an update", PUT_FLOW, spoils.status(500), 5, "HTTP 500", "company.team/edited", sync=5),
    writing("500 for an update that was done", PUT_FLOW, spoils.done_then(spoils.status(500)), 0, times=1),
    writing("500 for a create", POST_FLOW, spoils.status(500), 5, "HTTP 500", "created"),
    writing("500 for an upload", UPLOAD, spoils.status(500), 5, "HTTP 500", "edited.sql"),
    writing("502 for an update that was done", PUT_FLOW, spoils.done_then(spoils.html(502)), 0, times=1),
    writing("503 for an update", PUT_FLOW, spoils.status(503), 1, "HTTP 503"),
    writing("504 for a deletion that was done", DELETE_FLOW, spoils.done_then(spoils.html(504)), 0, times=1),
    writing("401 for an update", PUT_FLOW, spoils.status(401), 1, "HTTP 401", "SYNCD_PASSWORD", dialects=BOTH),
    writing("401 from the third write on", WRITE, spoils.status(401), 1, "HTTP 401", first=3, sync=1),
    writing("403 for deletions", "^DELETE", spoils.status(403), 1, "HTTP 403", "dropped"),
    writing("422 for an update", PUT_FLOW, spoils.status(422), 5, "HTTP 422", "company.team/edited", dialects=BOTH),
    writing("404 for an update", PUT_FLOW, spoils.status(404), 5, "HTTP 404", "company.team/edited"),
    writing("413 for an upload", UPLOAD, spoils.html(413), 5, "edited.sql", "413"),
    writing("a login page for an update", PUT_FLOW, spoils.html(), 5, "web page", "company.team/edited"),
    writing("an update is done and answered with half", PUT_FLOW, spoils.halved, 0),
    writing("an update is done and answered with nothing", PUT_FLOW, spoils.emptied, 0),
    writing("an update is answered and not done", PUT_FLOW, spoils.status(200), 5, "accepted", "company.team/edited"),
    writing("an upload is answered and not done", UPLOAD, spoils.status(200), 5, "accepted", "edited.sql"),
    writing("a deletion is answered and not done", DELETE_FLOW, spoils.status(200), 5, "accepted", "dropped"),
    writing("the look before an update is a login page", GET_FLOW, spoils.html(), 5, "web page", times=1),
    writing("the look before an update is half", GET_FLOW, spoils.halved, 5, "not JSON", times=1),
    writing("the look before an update is missing", GET_FLOW, spoils.status(404), 4, "changed during", times=1),
    writing("the look after an update fails once", GET_FLOW, spoils.status(503), 0, first=2, times=1),
    writing("the look after an update is half", GET_FLOW, spoils.halved, 5, "not JSON", first=2, times=1),
    writing("validation fails", VALIDATE, spoils.status(500), 1, "HTTP 500", "validation", sync=1),
    writing("validation is not there", VALIDATE, spoils.status(404), 1, "HTTP 404", "validation"),
    writing("validation is a login page", VALIDATE, spoils.html(), 1, "web page", "validation"),
    writing("validation forgets a flow", VALIDATE, spoils.document(lambda said: said[1:]), 1, "answered for"),
    writing("another instance at the end", CONFIGS, another_instance, 1, "another Kestra", first=2, sync=1),
]


def rows(faults: list[Fault]) -> Iterator[object]:
    for fault in faults:
        codes = {"push": fault.push, "pull": fault.pull, "sync": fault.sync}
        for verb, code in codes.items():
            for dialect in fault.dialects if code is not None else ():
                yield pytest.param(fault, verb, code, dialect, id=f"{verb} {dialect}: {fault.name}")


@pytest.mark.parametrize(("fault", "verb", "code", "dialect"), list(rows(READING + WRITING)))
def test_a_fault_loses_nothing_deletes_nothing_and_is_forgotten_by_the_next_run(
    staged: Staging, fault: Fault, verb: str, code: int, dialect: str
) -> None:
    stage = staged(dialect, Rule(fault.on, fault.spoil, fault.first, fault.times))
    if fault.timeout:
        stage.wait_at_most(fault.timeout)
    before = stage.now()
    result = stage.run(verb)
    said = result.stdout + result.stderr
    assert stage.relay.rules[0].met >= fault.first, "the fault was never met"
    assert not [line for line in stage.relay.log if "/elsewhere" in line]
    stage.check(verb, before)
    assert result.exit_code == code, said
    assert [word for word in fault.says if word not in said] == [], said
    stage.wait_as_usual()
    stage.converges(verb)


def test_a_server_that_is_exchanged_in_the_middle_is_not_agreed_with(staged: Staging) -> None:
    """From the first write on, another and empty instance answers; the base says nothing about what it took."""
    with running(dialect="1.3") as other:

        def exchanged(asked: Asked) -> Answer:
            asked.relay.upstream = other.url
            return asked.relayed()

        stage = staged("1.3", Rule(WRITE, exchanged, times=1))
        before, upstream = stage.now(), stage.relay.upstream
        result = stage.run("push")
        assert result.exit_code == 1
        assert "another Kestra instance" in result.stderr
        stage.check("push", before)
        stage.relay.upstream = upstream
        stage.converges("push")


def test_a_server_that_refuses_connections_is_named(staged: Staging) -> None:
    stage = staged("1.3")
    before = stage.now()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for verb in ("push", "pull"):
        result = stage.run(verb, SYNCD_URL=f"http://127.0.0.1:{port}")
        assert result.exit_code == 1
        assert f"no answer from http://127.0.0.1:{port}" in result.stderr
        assert "syncd doctor" in result.stderr
        assert stage.now() == before


def test_an_answer_without_end_is_cut_off(staged: Staging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "ANSWER_LIMIT", 1 << 20)
    stage = staged("1.3", Rule(EXPORT, spoils.body(lambda data: data + bytes(2 << 20))))
    before = stage.now()
    for verb in ("push", "pull"):
        result = stage.run(verb)
        assert result.exit_code == 1
        assert "larger than 1 MiB" in result.stderr
        assert stage.now() == before


@pytest.mark.parametrize(
    "name", ["../../evil", "/etc/evil", "a\\..\\evil", "\x1b[31mevil", "evil\n::error::", "\u202eevil"]
)
@pytest.mark.parametrize("verb", ["push", "pull"])
def test_a_hostile_name_of_the_server_is_told_of_and_never_followed(staged: Staging, verb: str, name: str) -> None:
    """As a file, as a flow, and as both in an archive."""
    file = {"type": "File", "fileName": name, "size": 1, "lastModifiedTime": 1}
    flow = {"namespace": name, "id": name, "revision": 1}
    text = json.dumps({"id": name, "namespace": NAMESPACE, "tasks": [{"id": "x", "type": "x"}]}).encode()
    stage = staged(
        "1.3",
        Rule(FOLDER, spoils.document(lambda listing: [*listing, file])),
        Rule(SEARCH, spoils.document(lambda page: {"results": [*page["results"], flow], "total": page["total"] + 1})),
        Rule(EXPORT, spoils.archive(lambda files: {**files, name: text})),
    )
    before = stage.now()
    result = stage.run(verb)
    assert re.search("not a possible name|cannot be read", result.stdout + result.stderr)
    stage.check(verb, before)
    assert not [path for path in stage.place.root.parent.rglob("*evil*") if path.name != "cache"]
    assert not Path("/etc/evil").exists()
    stage.converges(verb)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        pytest.param(spoils.cut, 1, id="never arrives"),
        pytest.param(spoils.done_then_cut, 1, id="arrives and its answer is lost"),
        pytest.param(spoils.status(200), 0, id="is answered and not done"),
        pytest.param(spoils.status(500), 0, id="fails"),
        pytest.param(spoils.html(), 0, id="is answered by a login page"),
        pytest.param(spoils.status(401), 1, id="is denied"),
    ],
)
def test_an_archive_of_new_flows_that_goes_wrong_is_made_up_for(staged: Staging, spoil: Spoil, code: int) -> None:
    """Many creates travel in one archive on 1.x; whatever becomes of it, reading back says what is there."""
    stage = staged("1.3", Rule("/flows/import", spoil, times=1))
    names = [f"many-{number}" for number in range(20)]
    for name in names:
        stage.place.flow(name)
    stage.place.commit("many")
    agreed = stage.base()
    result = stage.run("push")
    assert stage.relay.rules[0].met
    assert result.exit_code == code, result.stderr
    assert untrue(agreed, stage.now()) == []
    stage.relay.heal()
    assert stage.run("push").exit_code == 0
    assert {f"{FLOWS}/{name}.yml" for name in names} <= stage.now().server.keys()
    stage.relay.heal()
    assert stage.run("push").exit_code == 0
    assert stage.relay.writes == []
