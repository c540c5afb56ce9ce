"""What of a work tree is content, and what makes an object unknown rather than absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from syncd.errors import ObjectMoved
from syncd.layout import Layout
from syncd.model import Key, Kind, Scope, Severity
from syncd.repo import GitSide
from tests.repositories import (
    HELLO,
    HELLO_PATH,
    LAYOUT,
    SCRIPT,
    SCRIPT_PATH,
    TEAM,
    codes,
    flow,
    git,
    started,
    worktree,
    write,
)


def team(name: str) -> Key:
    return Key(Kind.FLOW, "company.team", name)


def test_flows_and_files_are_found_with_their_paths_and_exact_bytes(tmp_path: Path) -> None:
    text = flow("hello").replace(b"\n", b"\r\n")
    snapshot = worktree(started(tmp_path / "r", {HELLO_PATH: text, SCRIPT_PATH: b"\0\xff"}))
    assert {key: resource.path for key, resource in snapshot.resources.items()} == {
        HELLO: HELLO_PATH,
        SCRIPT: SCRIPT_PATH,
    }
    assert snapshot.resources[HELLO].load() == text
    assert snapshot.resources[SCRIPT].load() == b"\0\xff"
    assert snapshot.problems == ()


def test_a_flow_is_named_by_its_id_and_not_by_its_file(tmp_path: Path) -> None:
    snapshot = worktree(started(tmp_path / "r", {"flows/company.team/deep/er/other.yaml": flow("hello")}))
    assert list(snapshot.resources) == [HELLO]


def test_untracked_files_count_and_ignored_ones_do_not(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {".gitignore": b"*.log\n"})
    write(repository.root, {SCRIPT_PATH: b"x", "namespaces/company.team/files/a.log": b"x"})
    assert list(worktree(repository).resources) == [SCRIPT]


def test_a_tracked_file_deleted_from_the_disk_is_absent(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello"), "flows/company.team/b.yml": flow("b")})
    (repository.root / HELLO_PATH).unlink()
    snapshot = worktree(repository)
    assert list(snapshot.resources) == [team("b")]
    assert not snapshot.uncertain


def test_only_namespaces_in_scope_are_read(tmp_path: Path) -> None:
    files = {HELLO_PATH: flow("hello"), "flows/company.team2/x.yml": b"broken: [", SCRIPT_PATH: b"x"}
    snapshot = worktree(started(tmp_path / "r", files))
    assert set(snapshot.resources) == {HELLO, SCRIPT}
    assert snapshot.problems == ()


def test_other_file_types_beside_flows_are_nobodys_business(tmp_path: Path) -> None:
    snapshot = worktree(started(tmp_path / "r", {HELLO_PATH: flow("hello"), "flows/company.team/README.md": b"# hi"}))
    assert list(snapshot.resources) == [HELLO]
    assert snapshot.problems == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"id: hello\nnamespace: company.team\ntasks: [\n", "SYN001"),
        (b"id: hello\nnamespace: company.team\ntasks: []\nid: again\n", "SYN001"),
        (flow("hello") + b"\xff\n", "SYN001"),
        (b"id: hello\nnamespace: company.team\n", "SYN002"),
        (flow("hello") + b"---\n" + flow("second"), "SYN003"),
    ],
)
def test_a_flow_that_cannot_be_read_is_unknown_by_the_id_that_can_still_be_seen(
    tmp_path: Path, text: bytes, code: str
) -> None:
    snapshot = worktree(started(tmp_path / "r", {"flows/company.team/file.yml": text}))
    assert codes(snapshot) == [code]
    assert list(snapshot.unknown) == [HELLO]
    assert HELLO not in snapshot.resources
    assert snapshot.uncertain == {"company.team"}


def test_a_file_without_any_id_is_what_the_base_had_there(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"flows/company.team/file.yml": b""})
    snapshot = worktree(repository, {"flows/company.team/file.yml": HELLO})
    assert list(snapshot.unknown) == [HELLO]
    assert not snapshot.incomplete


def test_a_file_without_any_id_and_base_is_guessed_by_its_name_and_the_namespace_is_incomplete(tmp_path: Path) -> None:
    snapshot = worktree(started(tmp_path / "r", {HELLO_PATH: b"# to do\n"}))
    assert list(snapshot.unknown) == [HELLO]
    assert list(snapshot.incomplete) == [(Kind.FLOW, "company.team")]


def test_a_guess_never_hides_the_flow_that_really_has_that_id(tmp_path: Path) -> None:
    snapshot = worktree(started(tmp_path / "r", {HELLO_PATH: b"", "flows/company.team/x.yml": flow("hello")}))
    assert list(snapshot.resources) == [HELLO]
    assert not snapshot.unknown
    assert (Kind.FLOW, "company.team") in snapshot.incomplete
    assert codes(snapshot) == ["SYN002"]


def test_two_files_with_one_identity_are_both_named_and_neither_counts(tmp_path: Path) -> None:
    files = {HELLO_PATH: flow("hello"), "flows/company.team/copy.yml": flow("hello")}
    snapshot = worktree(started(tmp_path / "r", files))
    assert [(problem.code, problem.path) for problem in snapshot.problems] == [
        ("SYN004", "flows/company.team/copy.yml"),
        ("SYN004", HELLO_PATH),
    ]
    assert list(snapshot.unknown) == [HELLO]
    assert not snapshot.resources


def test_a_flow_in_the_folder_of_another_namespace_blocks_both(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello", "company.other")})
    snapshot = GitSide.worktree(repository, LAYOUT).snapshot(Scope(("company",)))
    assert codes(snapshot) == ["SYN005"]
    assert set(snapshot.unknown) == {HELLO, Key(Kind.FLOW, "company.other", "hello")}
    assert "git mv" in snapshot.problems[0].hint
    assert set(worktree(repository).unknown) == {HELLO}


def test_a_flow_outside_of_any_namespace_folder_is_told_of(tmp_path: Path) -> None:
    snapshot = worktree(started(tmp_path / "r", {"flows/hello.yml": flow("hello")}))
    assert codes(snapshot) == ["SYN005"]
    assert list(snapshot.unknown) == [HELLO]


@pytest.mark.parametrize(("name", "ok"), [("a" * 100, True), ("a" * 101, False), ("-a", False), ("a.b_c-d", True)])
def test_ids_are_those_that_kestra_takes(tmp_path: Path, name: str, ok: bool) -> None:
    snapshot = worktree(started(tmp_path / "r", {HELLO_PATH: flow(name)}))
    assert (team(name) in snapshot.resources) is ok
    assert codes(snapshot) == ([] if ok else ["SYN010"])


def test_namespaces_are_those_that_kestra_takes(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"flows/Company/a.yml": flow("a", "Company")})
    snapshot = GitSide.worktree(repository, LAYOUT).snapshot(Scope(("Company",)))
    assert codes(snapshot) == ["SYN010"]
    assert not snapshot.resources


def test_a_symbolic_link_is_refused_wherever_it_leads(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {})
    write(repository.root, {"elsewhere.yml": flow("hello")})
    (repository.root / "flows/company.team").mkdir(parents=True)
    (repository.root / HELLO_PATH).symlink_to("../../elsewhere.yml")
    (repository.root / "flows/company.team/out.yml").symlink_to("/etc/passwd")
    snapshot = worktree(repository)
    assert codes(snapshot) == ["SYN006", "SYN006"]
    assert not snapshot.resources
    assert snapshot.uncertain == {"company.team"}


def test_a_folder_that_became_a_link_hides_nothing_that_was_there(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello"), SCRIPT_PATH: b"x"})
    for folder in ("flows/company.team", "namespaces/company.team/files"):
        (repository.root / folder).rename(tmp_path / Path(folder).name)
        (repository.root / folder).symlink_to(tmp_path / Path(folder).name)
    snapshot = worktree(repository, {HELLO_PATH: HELLO, SCRIPT_PATH: SCRIPT})
    assert not snapshot.resources
    assert {HELLO, SCRIPT} <= set(snapshot.unknown)


def test_an_untracked_link_in_place_of_a_namespace_folder_makes_it_incomplete(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"flows/.gitkeep": b""})
    (tmp_path / "away").mkdir()
    (repository.root / "flows/company.team").symlink_to(tmp_path / "away")
    snapshot = worktree(repository)
    assert list(snapshot.incomplete) == [(Kind.FLOW, "company.team")]
    assert codes(snapshot) == ["SYN006"]


def test_another_repository_inside_is_noted_and_deletes_nothing(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {SCRIPT_PATH: b"x"})
    inner = "namespaces/company.team/files/vendor"
    started(repository.root / inner, {"a.py": b""})
    snapshot = worktree(repository)
    assert list(snapshot.resources) == [SCRIPT]
    assert [(problem.code, problem.severity) for problem in snapshot.problems] == [("SYN006", Severity.NOTE)]
    assert list(snapshot.incomplete) == [(Kind.FILE, "company.team")]


def test_lfs_pointers_are_not_content(tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    repository = started(tmp_path / "r", {SCRIPT_PATH: pointer, HELLO_PATH: pointer})
    for side in (GitSide.worktree(repository, LAYOUT), GitSide.at(repository, LAYOUT, "HEAD")):
        snapshot = side.snapshot(TEAM)
        assert codes(snapshot) == ["SYN007", "SYN007"]
        assert set(snapshot.unknown) == {HELLO, SCRIPT}


def test_what_is_not_a_regular_file_is_unknown_and_never_waited_for(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {SCRIPT_PATH: b"x"})
    (repository.root / SCRIPT_PATH).unlink()
    os.mkfifo(repository.root / SCRIPT_PATH)
    snapshot = worktree(repository)
    assert list(snapshot.unknown) == [SCRIPT]
    assert "not a regular file" in snapshot.problems[0].message


def test_a_file_that_vanishes_between_listing_and_reading_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = started(tmp_path / "r", {})
    monkeypatch.setattr(
        repository, "worktree_files", lambda _: iter([("?", SCRIPT_PATH), ("?", HELLO_PATH)]), raising=True
    )
    snapshot = worktree(repository)
    assert codes(snapshot) == ["SYN008", "SYN008"]
    assert set(snapshot.unknown) == {HELLO, SCRIPT}


def test_what_a_sparse_checkout_leaves_out_was_not_deleted(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello"), SCRIPT_PATH: b"x"})
    git(repository.root, "sparse-checkout", "set", "flows")
    snapshot = worktree(repository)
    assert list(snapshot.resources) == [HELLO]
    assert list(snapshot.unknown) == [SCRIPT]
    assert codes(snapshot) == ["SYN008"]


def test_a_file_with_a_merge_conflict_is_unknown(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {SCRIPT_PATH: b"a\n"})
    git(repository.root, "switch", "--quiet", "--create", "other")
    write(repository.root, {SCRIPT_PATH: b"b\n"})
    git(repository.root, "commit", "--quiet", "--all", "--message", "b")
    git(repository.root, "switch", "--quiet", "main")
    write(repository.root, {SCRIPT_PATH: b"c\n"})
    git(repository.root, "commit", "--quiet", "--all", "--message", "c")
    with pytest.raises(AssertionError):
        git(repository.root, "merge", "other")
    snapshot = worktree(repository)
    assert list(snapshot.unknown) == [SCRIPT]
    assert "conflict" in snapshot.problems[0].message


@pytest.mark.parametrize("name", ["a\nb.py", "a\x1b[31m.py", os.fsdecode(b"a\xff.py")])
def test_names_that_cannot_be_shown_are_told_of_in_a_way_that_can(tmp_path: Path, name: str) -> None:
    repository = started(tmp_path / "r", {f"namespaces/company.team/files/{name}": b"x"})
    snapshot = worktree(repository)
    assert codes(snapshot) == ["SYN009"]
    assert snapshot.problems[0].message.isprintable()


@pytest.mark.parametrize(("one", "other"), [("Read.py", "read.py"), ("caf\u00e9.py", "cafe\u0301.py")])
def test_names_that_are_one_on_other_systems_block_each_other(tmp_path: Path, one: str, other: str) -> None:
    folder = "namespaces/company.team/files"
    snapshot = worktree(started(tmp_path / "r", {f"{folder}/{one}": b"1", f"{folder}/{other}": b"2"}))
    assert codes(snapshot) == ["SYN009", "SYN009"]
    assert not snapshot.resources


def test_a_vanished_namespace_folder_is_a_deletion_of_its_files(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello"), "flows/other/a.yml": flow("a", "other")})
    (repository.root / HELLO_PATH).unlink()
    (repository.root / "flows/company.team").rmdir()
    snapshot = worktree(repository, {HELLO_PATH: HELLO})
    assert not snapshot.resources
    assert not snapshot.uncertain


def test_a_vanished_flows_folder_deletes_nothing_until_somebody_says_so(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"README.md": b""})
    snapshot = worktree(repository, {HELLO_PATH: HELLO})
    assert list(snapshot.emptied) == [(Kind.FLOW, "company.team")]
    assert "flows/.gitkeep" in snapshot.problems[0].hint
    write(repository.root, {"flows/.gitkeep": b""})
    assert not worktree(repository, {HELLO_PATH: HELLO}).emptied


def test_bytes_that_changed_since_the_look_are_not_handed_out(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {SCRIPT_PATH: b"seen"})
    seen = worktree(repository).resources[SCRIPT]
    write(repository.root, {SCRIPT_PATH: b"later"})
    with pytest.raises(ObjectMoved, match=r"etl\.py was edited"):
        seen.load()


def test_the_other_layouts_work_unchanged(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"company.team/flows/hello.yml": flow("hello"), "_flows/hello.yml": b""})
    by_namespace = Layout("{namespace}/flows", "{namespace}/files")
    assert list(worktree(repository, layout=by_namespace).resources) == [HELLO]
    flat = Layout("_flows", "_files", "company.team")
    write(repository.root, {"_flows/hello.yml": flow("hello"), "_flows/child/a.yml": flow("a", "company.team.child")})
    assert set(worktree(repository, layout=flat).resources) == {HELLO, Key(Kind.FLOW, "company.team.child", "a")}


def test_a_large_file_is_compared_without_being_held(tmp_path: Path) -> None:
    data = b"0123456789abcdef" * (1024 * 1024 // 8)
    repository = started(tmp_path / "r", {SCRIPT_PATH: data})
    seen = worktree(repository).resources[SCRIPT]
    assert seen.raw == git(repository.root, "hash-object", SCRIPT_PATH)
    assert seen.load() == data


def test_a_flow_too_large_to_be_one_is_a_problem(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello") + b"#" * (5 * 1024 * 1024)})
    for side in (GitSide.worktree(repository, LAYOUT), GitSide.at(repository, LAYOUT, "HEAD")):
        snapshot = side.snapshot(TEAM)
        assert not snapshot.resources
        assert list(snapshot.unknown) == [HELLO]
