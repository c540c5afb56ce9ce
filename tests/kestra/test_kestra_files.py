"""What a look at a namespace's files finds, and how little it reads for it."""

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

from syncd.errors import KestraDenied, KestraUnavailable, ObjectMoved
from syncd.kestra import ListingCache
from syncd.model import Key, Kind, Scope, Severity, Snapshot, blob_id
from tests.kestra.doubles import (
    LINES,
    NOON,
    Wire,
    answer,
    exported,
    file,
    folder,
    kestra_of,
    listed,
    octets,
    recorded,
    reply,
    routed,
    zipped,
)

HERE = Scope(("a.b",), children=False)
SEARCH, FOLDER, EXPORT, READ = (("GET", "/files" + end) for end in ("/search", "/directory", "/export", ""))


def look(
    routes: dict[tuple[str, str], object], cache: ListingCache | None = None, version: str = "1.3.25"
) -> tuple[Snapshot, Wire]:
    flows = {("GET", "/flows/search"): listed(), ("GET", "/flows/export/by-query"): exported()}
    wire = Wire(routed({**flows, **routes}, version))
    with kestra_of(wire, cache=cache, retries=0) as kestra:
        return kestra.snapshot(HERE), wire


def names(snapshot: Snapshot) -> set[str]:
    return {key.name for key in snapshot.resources}


def file_calls(wire: Wire) -> list[str]:
    return [call.partition("/files")[2] or "get" for call in wire.calls if "/files" in call]


def folders(tree: dict[str, httpx.Response]) -> object:
    return lambda request: tree[request.url.params["path"]]


@pytest.mark.parametrize(("version", "probe"), [("1.3.25", "/search"), ("2.0.0", "/export")])
def test_looking_at_a_namespace_without_files_creates_nothing_there(version: str, probe: str) -> None:
    """`directory` would make the missing root on the server; 2.0's search finds nothing even where something is."""
    snapshot, wire = look({SEARCH: reply([]), EXPORT: octets(zipped({}))}, version=version)
    assert snapshot == Snapshot()
    assert file_calls(wire) == [probe]


def test_folders_are_walked_and_bytes_compared() -> None:
    tree = folders({"/": folder("a.txt", "d/"), "/d": folder("e/"), "/d/e": folder("f.txt")})
    contents = {"/a.txt": octets(b"a"), "/d/e/f.txt": octets(b"f")}
    snapshot, _ = look({SEARCH: reply(["/a.txt"]), FOLDER: tree, READ: folders(contents)})
    assert {key.name: one.digest for key, one in snapshot.resources.items()} == {
        "a.txt": blob_id(b"a"),
        "d/e/f.txt": blob_id(b"f"),
    }
    assert snapshot.resources[Key(Kind.FILE, "a.b", "d/e/f.txt")].load() == b"f"


@pytest.mark.parametrize("line", LINES)
def test_recorded_answers_of_real_servers_are_understood(line: str) -> None:
    """The export of 1.3 packs the flows along as `_flows/`; they are no files."""
    export = answer(recorded(line, "files export"))
    tree = folders(
        {
            "/": answer(recorded(line, "files directory root")),
            "/scripts": answer(recorded(line, "files directory scripts")),
            "/bin": folder("data.bin", size=len(ZipFile(BytesIO(export.content)).read("bin/data.bin"))),
        }
    )
    snapshot, _ = look({SEARCH: reply(["/x"]), FOLDER: tree, EXPORT: export}, version=f"{line}.0")
    expected = {entry["name"] for entry in recorded(line, "files export")["response"]["zip"]}
    assert names(snapshot) == {name for name in expected if not name.startswith("_flows/")}
    assert {"scripts/api_example.py", "bin/data.bin", ".env", "a#b?c[d].txt", "é🚀.txt"} <= names(snapshot)
    assert not snapshot.unknown


def test_flows_among_exported_files_are_no_files() -> None:
    export = answer(recorded("1.3", "files export with flows"))
    many = folder(*[f"{number}.txt" for number in range(9)])
    snapshot, _ = look({SEARCH: reply(["/x"]), FOLDER: many, EXPORT: export, READ: octets(b"x")})
    assert not any("_flows" in key.name for key in {*snapshot.resources, *snapshot.unknown})


def test_few_unknown_files_are_read_singly_and_many_by_one_export() -> None:
    few = [f"{number}.txt" for number in range(8)]
    _, wire = look({SEARCH: reply(["/x"]), FOLDER: folder(*few), READ: octets(b"x")})
    assert file_calls(wire) == ["/search", "/directory", *["get"] * 8]
    many = [*few, "8.txt"]
    export = octets(zipped(dict.fromkeys(many, b"x")))
    snapshot, wire = look({SEARCH: reply(["/x"]), FOLDER: folder(*many), EXPORT: export})
    assert file_calls(wire) == ["/search", "/directory", "/export"]
    assert names(snapshot) == set(many)
    assert {one.load() for one in snapshot.resources.values()} == {b"x"}, "small ones are not read again"


def test_unchanged_files_are_not_read_again(tmp_path: Path) -> None:
    cache = ListingCache(tmp_path)
    routes: dict[tuple[str, str], object] = {SEARCH: reply(["/x"]), FOLDER: folder("x", "y"), READ: octets(b"x")}
    first, _ = look(routes, cache)
    again, wire = look(routes, cache)
    assert file_calls(wire) == ["/directory"], "a namespace known to hold files needs no probe either"
    assert again == first


@pytest.mark.parametrize("change", [{"size": 3}, {"size": 3, "modified": NOON - 59_999}])
def test_another_size_or_time_is_read_again(tmp_path: Path, change: dict[str, int]) -> None:
    cache = ListingCache(tmp_path)
    look({SEARCH: reply(["/x"]), FOLDER: folder("x"), READ: octets(b"x")}, cache)
    snapshot, _ = look({FOLDER: folder("x", **change), READ: octets(b"new")}, cache)
    assert [one.digest for one in snapshot.resources.values()] == [blob_id(b"new")]


@pytest.mark.parametrize(("age", "remembered"), [(0, False), (1_999, False), (2_000, True), (-5_000, False)])
def test_a_file_written_a_moment_ago_is_not_remembered(tmp_path: Path, age: int, remembered: bool) -> None:
    """Two writes within one tick of the server's clock, of equal size, look alike in the listing."""
    cache = ListingCache(tmp_path)
    fresh = folder("x", modified=NOON - age)
    look({SEARCH: reply(["/x"]), FOLDER: fresh, READ: octets(b"x")}, cache)
    snapshot, _ = look({SEARCH: reply(["/x"]), FOLDER: fresh, READ: octets(b"y")}, cache)
    assert [one.digest for one in snapshot.resources.values()] == [blob_id(b"x" if remembered else b"y")]


def test_a_server_without_a_clock_is_read_every_time(tmp_path: Path) -> None:
    cache = ListingCache(tmp_path)
    bare = httpx.Response(200, json=folder("x").json())
    look({SEARCH: reply(["/x"]), FOLDER: bare, READ: octets(b"x")}, cache)
    snapshot, _ = look({SEARCH: reply(["/x"]), FOLDER: bare, READ: octets(b"y")}, cache)
    assert [one.digest for one in snapshot.resources.values()] == [blob_id(b"y")]


def test_another_instance_does_not_share_the_cache(tmp_path: Path) -> None:
    cache = ListingCache(tmp_path)
    cache.store("other main", "a.b", {})
    look({SEARCH: reply(["/x"]), FOLDER: folder("x"), READ: octets(b"x")}, cache)
    assert cache.load("other main", "a.b") == {}
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", ["..", ".", "a\\b", "a/b", "../x", "/etc/passwd", "a\x00", "a\nb", "x" * 300, ""])
def test_a_hostile_name_is_a_problem_and_never_a_path(name: str) -> None:
    snapshot, _ = look({SEARCH: reply(["/x"]), FOLDER: folder(name, "fine"), READ: octets(b"x")})
    assert names(snapshot) == {"fine"}
    [problem] = snapshot.problems
    assert (problem.code, problem.severity) == ("SYN020", Severity.WARNING)
    assert "\n" not in problem.message
    assert "\0" not in problem.message


def test_a_hostile_name_in_an_export_is_not_taken() -> None:
    many = [f"{number}.txt" for number in range(9)]
    export = octets(zipped({**dict.fromkeys(many, b"x"), "../evil": b"!", "/abs": b"!", "a\\..\\b": b"!"}))
    snapshot, _ = look({SEARCH: reply(["/x"]), FOLDER: folder(*many), EXPORT: export})
    assert names(snapshot) == set(many)
    assert not snapshot.unknown


def test_a_listed_file_that_cannot_be_read_is_unknown() -> None:
    snapshot, _ = look({SEARCH: reply(["/x"]), FOLDER: folder("x")})
    assert {key.name: problem.code for key, problem in snapshot.unknown.items()} == {"x": "SYN026"}


def test_a_file_that_changed_and_cannot_be_read_is_not_what_it_was(tmp_path: Path) -> None:
    cache = ListingCache(tmp_path)
    look({SEARCH: reply(["/x"]), FOLDER: folder("x"), READ: octets(b"x")}, cache)
    snapshot, _ = look({FOLDER: folder("x", size=3)}, cache)
    assert snapshot.resources == {}
    assert {key.name for key in snapshot.unknown} == {"x"}


def test_a_namespace_that_the_server_fails_on_is_incomplete_and_the_rest_goes_on() -> None:
    snapshot, _ = look({SEARCH: httpx.Response(500)})
    assert set(snapshot.incomplete) == {(Kind.FILE, "a.b")}


@pytest.mark.parametrize("name", ["..", "A.B", "a/b", ""])
def test_a_folder_that_is_no_namespace_is_not_asked_for(name: str) -> None:
    flows = {("GET", "/flows/search"): listed(), ("GET", "/flows/export/by-query"): exported()}
    wire = Wire(routed(flows))
    with kestra_of(wire) as kestra:
        assert kestra.snapshot(Scope((name, "A"), children=False)) == Snapshot()
    assert not any("/files" in call for call in wire.calls)


def test_on_2_a_first_look_reads_everything_once(tmp_path: Path) -> None:
    cache = ListingCache(tmp_path)
    many = [f"{number}.txt" for number in range(20)]
    export = octets(zipped(dict.fromkeys(many, b"x")))
    snapshot, wire = look({FOLDER: folder(*many), EXPORT: export}, cache, version="2.0.0")
    assert file_calls(wire) == ["/export", "/directory"]
    assert names(snapshot) == set(many)
    again, wire = look({FOLDER: folder(*many)}, cache, version="2.0.0")
    assert file_calls(wire) == ["/directory"]
    assert again == snapshot


def test_what_was_exported_before_it_was_listed_may_be_older_than_the_listing(tmp_path: Path) -> None:
    """The file was written after the export began, so the bytes that were read do not belong to the time listed."""
    cache = ListingCache(tmp_path)
    early = octets(zipped({"x": b"o"}))
    early.headers["date"] = "Wed, 01 Jul 2026 11:58:00 GMT"
    look({FOLDER: folder("x"), EXPORT: early}, cache, version="2.0.0")
    snapshot, _ = look({FOLDER: folder("x"), EXPORT: octets(zipped({"x": b"n"}))}, cache, version="2.0.0")
    assert [one.digest for one in snapshot.resources.values()] == [blob_id(b"n")]


def test_an_exported_file_that_is_not_listed_is_unknown() -> None:
    many = [f"{number}.txt" for number in range(9)]
    export = octets(zipped(dict.fromkeys([*many, "hidden"], b"x")))
    snapshot, _ = look({SEARCH: reply(["/x"]), FOLDER: folder(*many), EXPORT: export})
    assert {key.name: problem.code for key, problem in snapshot.unknown.items()} == {"hidden": "SYN026"}


def test_a_file_that_is_not_as_long_as_listed_is_unknown_and_not_remembered(tmp_path: Path) -> None:
    cache = ListingCache(tmp_path)
    snapshot, _ = look({SEARCH: reply(["/x"]), FOLDER: folder("x", size=3), READ: octets(b"x")}, cache)
    assert {key.name: problem.code for key, problem in snapshot.unknown.items()} == {"x": "SYN026"}
    snapshot, _ = look({SEARCH: reply(["/x"]), FOLDER: folder("x", size=3), READ: octets(b"xyz")}, cache)
    assert names(snapshot) == {"x"}


def test_what_was_agreed_on_and_is_not_listed_is_asked_for_by_name() -> None:
    """A listing that lacks something is no proof that it was deleted."""
    routes = {SEARCH: reply([]), ("GET", "/flows/search"): listed(), ("GET", "/flows/export/by-query"): exported()}
    there, gone = Key(Kind.FILE, "a.b", "there"), Key(Kind.FILE, "a.b", "gone")
    read = folders({"/there": octets(b"x"), "/gone": reply({}, 404)})
    with kestra_of(Wire(routed({**routes, READ: read}))) as kestra:
        kestra.expect([there, gone])
        snapshot = kestra.snapshot(HERE)
    assert {key: problem.code for key, problem in snapshot.unknown.items()} == {there: "SYN026"}
    assert snapshot.resources == {}


def test_a_missing_root_is_an_empty_namespace(tmp_path: Path) -> None:
    snapshot, _ = look({SEARCH: reply(["/x"])})
    assert snapshot == Snapshot()


@pytest.mark.parametrize(
    "broken",
    [
        reply({"message": "gone"}, 404),
        reply({}, 400),
        reply({"message": "?"}),
        reply([{"x": 1}]),
        httpx.Response(200, html=""),
    ],
)
def test_a_folder_that_cannot_be_listed_leaves_its_namespace_incomplete(broken: httpx.Response) -> None:
    snapshot, _ = look(
        {SEARCH: reply(["/x"]), FOLDER: folders({"/": folder("a", "d/"), "/d": broken}), READ: octets(b"x")}
    )
    assert set(snapshot.incomplete) == {(Kind.FILE, "a.b")}
    assert snapshot.resources == {}
    assert [problem.code for problem in snapshot.problems] == ["SYN025"]


def test_a_tree_without_end_leaves_its_namespace_incomplete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.kestra.files.ENTRIES_LIMIT", 50)
    snapshot, _ = look({SEARCH: reply(["/x"]), FOLDER: folder("d/")})
    assert set(snapshot.incomplete) == {(Kind.FILE, "a.b")}


@pytest.mark.parametrize(("status", "error"), [(401, KestraDenied), (403, KestraDenied), (503, KestraUnavailable)])
def test_what_stops_everything_is_not_an_incomplete_namespace(status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        look({SEARCH: httpx.Response(status)})


def test_a_file_changed_after_the_look_is_a_move_when_it_is_loaded(tmp_path: Path) -> None:
    cache = ListingCache(tmp_path)
    answers = [octets(b"x"), octets(b"other")]
    look({SEARCH: reply(["/x"]), FOLDER: folder("x"), READ: answers}, cache)
    wire = Wire(
        routed(
            {
                ("GET", "/flows/search"): listed(),
                ("GET", "/flows/export/by-query"): exported(),
                FOLDER: folder("x"),
                READ: answers,
            }
        )
    )
    with kestra_of(wire, cache=cache) as kestra:
        [resource] = kestra.snapshot(HERE).resources.values()
        with pytest.raises(ObjectMoved, match=r"file a\.b/x changed"):
            resource.load()


def test_loading_many_known_files_costs_one_export(tmp_path: Path) -> None:
    cache = ListingCache(tmp_path)
    many = [f"{number}.txt" for number in range(10, 60)]
    export = octets(zipped({name: name.encode() for name in many}))
    routes: dict[tuple[str, str], object] = {SEARCH: reply(["/x"]), FOLDER: folder(*many, size=6), EXPORT: export}
    look(routes, cache)
    single = lambda request: octets(request.url.params["path"][1:].encode())  # noqa: E731
    wire = Wire(
        routed(
            {("GET", "/flows/search"): listed(), ("GET", "/flows/export/by-query"): exported(), **routes, READ: single}
        )
    )
    with kestra_of(wire, cache=cache) as kestra:
        loaded = {key.name: one.load() for key, one in kestra.snapshot(HERE).resources.items()}
    assert loaded == {name: name.encode() for name in many}
    assert file_calls(wire) == ["/directory", *["get"] * 8, "/export"]


SPACED = Key(Kind.FILE, "a.b", "with space.txt")


def spelled(version: str, *git: str) -> set[str]:
    flows = {("GET", "/flows/search"): listed(), ("GET", "/flows/export/by-query"): exported()}
    wire = Wire(
        routed(
            {
                **flows,
                SEARCH: reply(["/x"]),
                EXPORT: octets(zipped({"x": b""})),
                FOLDER: folder("with+space.txt"),
                READ: octets(b"s"),
            },
            version,
        )
    )
    with kestra_of(wire) as kestra:
        kestra.spell(Key(Kind.FILE, "a.b", name) for name in git)
        return names(kestra.snapshot(HERE))


def test_a_plus_on_1_is_the_space_that_git_knows() -> None:
    assert spelled("1.3.25", "with space.txt") == {"with space.txt"}


@pytest.mark.parametrize(
    ("version", "git"),
    [("2.0.0", ("with space.txt",)), ("1.3.25", ()), ("1.3.25", ("with space.txt", "with+space.txt"))],
)
def test_a_plus_stays_a_plus_otherwise(version: str, git: tuple[str, ...]) -> None:
    assert spelled(version, *git) == {"with+space.txt"}


@pytest.mark.parametrize("line", LINES)
def test_older_contents_come_newest_first_without_the_current_one(line: str) -> None:
    def read(request: httpx.Request) -> httpx.Response:
        return octets(f"revision {request.url.params['revision']}".encode())

    numbers = answer(recorded(line, "files revisions"))
    with kestra_of(Wire(routed({("GET", "/files/revisions"): numbers, READ: read}, f"{line}.0"))) as kestra:
        older = kestra.revisions(Key(Kind.FILE, "contract.files", "scripts/api_example.py"))
    assert [one.load() for one in older] == [b"revision 2", b"revision 1"]


def test_servers_before_1_2_keep_no_older_contents() -> None:
    wire = Wire(routed({}, "1.1.0"))
    with kestra_of(wire) as kestra:
        assert kestra.revisions(file().key) == ()
    assert wire.calls == []
