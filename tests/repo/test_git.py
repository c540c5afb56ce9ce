"""Git is run so that nothing from outside redirects it, nothing hangs, and what it says can be shown."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from syncd.errors import RepoError, RepoLocked
from syncd.repo import Repository
from syncd.repo.git import Git, presentable
from tests.repositories import HELLO_PATH, flow, git, started, worktree


def test_variables_that_a_hook_leaves_behind_redirect_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello")})
    other = started(tmp_path / "other", {"x": b""})
    monkeypatch.setenv("GIT_DIR", str(other.git_dir))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.root))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "no-index"))
    found = Repository.find(repository.root)
    assert found.root == repository.root
    assert len(worktree(found).resources) == 1


def test_a_command_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {})
    marker = tmp_path / "pid"
    git(repository.root, "config", "alias.hang", f"!sh -c 'echo $$ > {marker}; sleep 100' | cat")
    before = time.monotonic()
    with pytest.raises(RepoError, match="took longer than 1 s"):
        Git(repository.root, 1.0).run("hang")
    assert time.monotonic() - before < 20
    child = Path("/proc", marker.read_text().strip(), "stat")
    while child.exists() and child.read_text().split()[2] != "Z":
        assert time.monotonic() - before < 20


def test_no_hook_of_the_repository_is_run(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"a": b""})
    hook = repository.git_dir / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n", encoding="utf-8")
    hook.chmod(0o755)
    repository.update_ref("refs/syncd/dev", repository.head(), None)
    assert not (tmp_path / "ran").exists()


def test_a_protocol_that_runs_commands_is_not_spoken(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"a": b""})
    git(repository.root, "remote", "add", "evil", f"ext::sh -c touch% {tmp_path}/ran")
    with pytest.raises(RepoError, match="not allowed"):
        repository.fetch("evil")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("remote", ["--upload-pack=touch /tmp/x", "nobody", "https://example.com/x.git"])
def test_only_configured_remotes_are_asked(tmp_path: Path, remote: str) -> None:
    with pytest.raises(RepoError, match="there is no remote"):
        started(tmp_path / "r", {"a": b""}).fetch_ref(remote, "refs/syncd/dev")


def test_what_git_says_is_shown_without_secrets_and_escapes() -> None:
    said = b"fatal: https://ada:canary@host/x.git\r\n\x1b[31mred\x1b[0m\x07\nAuthorization: Basic canary\n"
    shown = presentable(said)
    assert "canary" not in shown
    assert shown.splitlines() == ["fatal: https://***@host/x.git", "red", "Authorization: ***"]


def test_credentials_in_the_address_of_a_remote_reach_no_error(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"a": b""})
    git(repository.root, "remote", "add", "origin", "http://ada:canary@127.0.0.1:1/x.git")
    with pytest.raises(RepoError) as error:
        repository.fetch("origin", "main")
    assert "canary" not in f"{error.value} {error.value.hint} {error.value!r}"
    assert "127.0.0.1" in str(error.value)


def test_a_stale_lock_is_named_with_how_to_remove_it(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"a": b""})
    lock = repository.git_dir / "refs/syncd/dev.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    with pytest.raises(RepoLocked, match=r"dev\.lock") as error:
        repository.update_ref("refs/syncd/dev", repository.head(), None)
    assert error.value.hint.endswith(f"rm '{lock}'")


def test_two_runs_of_one_environment_exclude_each_other_and_name_the_holder(tmp_path: Path) -> None:
    first = started(tmp_path / "r", {"a": b""})
    second = Repository.find(first.root)
    with first.lock("dev"):
        with second.lock("prod"):
            pass
        with pytest.raises(RepoLocked, match=f"process {os.getpid()} on"), second.lock("dev"):
            pass
    with second.lock("dev"):
        pass


def test_indexes_that_a_killed_run_left_behind_are_swept(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"a": b""})
    left = repository.own / "index-abc"
    left.mkdir(parents=True)
    os.utime(left, (0, 0))
    with repository.lock("dev"):
        assert not left.exists()


def test_a_folder_that_is_no_repository_is_named(tmp_path: Path) -> None:
    with pytest.raises(RepoError, match="not in the work tree of a Git repository") as error:
        Repository.find(tmp_path)
    assert "git init" in error.value.hint
    with pytest.raises(RepoError, match="does not exist"):
        Repository.find(tmp_path / "no" / "where")


def test_a_repository_that_went_away_is_an_error_and_not_another_one(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"a": b""})
    repository.root.rename(tmp_path / "moved")
    with pytest.raises(RepoError, match="cannot change to"):
        repository.head()


def test_object_ids_by_another_algorithm_are_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--object-format=sha256", "r")
    with pytest.raises(RepoError, match="sha256"):
        Repository.find(tmp_path / "r")


def test_a_missing_revision_names_the_way_to_find_one(tmp_path: Path) -> None:
    with pytest.raises(RepoError, match="no revision 'origin/gone'") as error:
        started(tmp_path / "r", {"a": b""}).resolve("origin/gone")
    assert "git branch -a" in error.value.hint


def test_a_name_that_is_a_branch_and_a_tag_is_not_guessed(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"a": b""})
    git(repository.root, "tag", "v1")
    git(repository.root, "branch", "v1")
    with pytest.raises(RepoError, match="several refs"):
        repository.resolve("v1")


def test_a_linked_work_tree_shares_the_refs_and_has_its_own_files(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello")})
    git(repository.root, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "w"))
    linked = Repository.find(tmp_path / "w" / "flows")
    assert (linked.root, linked.common_dir) == (tmp_path / "w", repository.common_dir)
    assert linked.branch() == "side"
    repository.update_ref("refs/syncd/dev", repository.head(), None)
    assert linked.read_ref("refs/syncd/dev") == repository.head()
