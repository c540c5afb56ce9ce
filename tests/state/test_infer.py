"""Where there is no base, history says which side moved on, and says nothing rather than guess."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from syncd.errors import RepoError
from syncd.model import Key, Resource, Snapshot
from syncd.repo import Repository
from syncd.state import infer
from tests.repositories import (
    HELLO,
    HELLO_PATH,
    SCRIPT,
    SCRIPT_PATH,
    commit,
    flow,
    git,
    shared,
    started,
    worktree,
    write,
)


def never(key: Key) -> Iterable[Resource]:
    """A server that keeps no older versions."""
    return ()


def inferred(repository: Repository, kestra: Resource, *older: bytes) -> dict[Key, Resource]:
    there = Snapshot.of([kestra])
    revisions = [Resource.of(kestra.key, data) for data in older]
    keys = [HELLO, SCRIPT]
    return dict(infer(repository, repository.head(), worktree(repository), there, keys, lambda _: revisions))


@pytest.mark.parametrize(("key", "path"), [(HELLO, HELLO_PATH), (SCRIPT, SCRIPT_PATH)])
def test_the_servers_text_in_gits_history_means_git_moved_on(tmp_path: Path, key: Key, path: str) -> None:
    repository = started(tmp_path / "r", {path: flow("hello", message="1")})
    commit(repository.root, {path: flow("hello", message="2")})
    commit(repository.root, {path: flow("hello", message="3")})
    theirs = Resource.of(key, flow("hello", message="1"), revision=5)
    assert inferred(repository, theirs) == {key: theirs}


def test_flows_are_found_by_their_normal_form(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello", message="1").replace(b"\n", b"\r\n")})
    commit(repository.root, {HELLO_PATH: flow("hello", message="2")})
    theirs = Resource.of(HELLO, flow("hello", message="1") + b"\nrevision: 3\n\n")
    assert inferred(repository, theirs) == {HELLO: theirs}


def test_history_is_followed_to_where_the_file_was_before(tmp_path: Path) -> None:
    old = "old/place.yml"
    repository = started(tmp_path / "r", {old: flow("hello", message="1")})
    commit(repository.root, {old: flow("hello", message="2")})
    (repository.root / "flows/company.team").mkdir(parents=True)
    git(repository.root, "mv", old, HELLO_PATH)
    commit(repository.root, {})
    theirs = Resource.of(HELLO, flow("hello", message="1"))
    assert inferred(repository, theirs) == {HELLO: theirs}


def test_an_uncommitted_edit_of_what_the_server_has_is_git_moving_on(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello")})
    write(repository.root, {HELLO_PATH: flow("hello", message="new")})
    theirs = Resource.of(HELLO, flow("hello"))
    assert inferred(repository, theirs) == {HELLO: theirs}


def test_gits_text_among_the_servers_revisions_means_the_server_moved_on(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello")})
    theirs = Resource.of(HELLO, flow("hello", message="by hand"))
    ours = worktree(repository).resources[HELLO]
    assert inferred(repository, theirs, flow("hello", message="0"), flow("hello")) == {HELLO: ours}


def test_where_history_says_neither_nothing_is_inferred(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello")})
    assert inferred(repository, Resource.of(HELLO, flow("hello", message="by hand")), flow("hello", message="0")) == {}


def test_only_objects_that_both_sides_hold_differently_are_asked_about(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello")})

    def asked(key: Key) -> Iterable[Resource]:
        raise AssertionError(key)

    same = Snapshot.of([Resource.of(HELLO, flow("hello")), Resource.of(SCRIPT, b"x")])
    assert not infer(repository, repository.head(), worktree(repository), same, [HELLO, SCRIPT], asked)


def test_before_the_first_commit_only_the_server_has_a_history(tmp_path: Path) -> None:
    repository = started(tmp_path / "r")
    write(repository.root, {HELLO_PATH: flow("hello")})
    there = Snapshot.of([Resource.of(HELLO, flow("hello", message="2"))])
    assert not infer(repository, None, worktree(repository), there, [HELLO], never)


def test_a_shallow_clone_is_told_to_fetch_more_rather_than_guess(tmp_path: Path) -> None:
    bare, one, _ = shared(tmp_path, {HELLO_PATH: flow("hello", message="1")})
    commit(one.root, {HELLO_PATH: flow("hello", message="2")})
    git(one.root, "push", "--quiet")
    subprocess.run(["git", "clone", "--quiet", "--depth=1", f"file://{bare}", str(tmp_path / "s")], check=True)
    with pytest.raises(RepoError, match=r"flow company\.team/hello differs") as error:
        inferred(Repository.find(tmp_path / "s"), Resource.of(HELLO, flow("hello", message="1")))
    assert "fetch-depth: 0" in error.value.hint
