"""A write happens only over what was seen; a commit holds its own paths only; a killed run is finished by the next."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from syncd.errors import ObjectMoved, RefMoved, RepoError, RepoLocked
from syncd.model import Key, Kind, Resource, digest
from syncd.repo import GitSide, Repository
from tests.repositories import (
    HELLO,
    HELLO_PATH,
    LAYOUT,
    SCRIPT,
    SCRIPT_PATH,
    TEAM,
    change,
    commit,
    flow,
    git,
    shared,
    started,
    write,
)


def seen(side: GitSide, key: Key) -> Resource:
    return side.snapshot(TEAM).resources[key]


def pull(side: GitSide, key: Key, data: bytes | None) -> None:
    """Applies one change to what the side holds now."""
    side.apply(change(key, data, side.snapshot(TEAM).resources.get(key)))


def test_an_existing_file_keeps_its_path_and_mode(tmp_path: Path) -> None:
    path = "flows/company.team/deep/other.yaml"
    repository = started(tmp_path / "r", {path: flow("hello")})
    (repository.root / path).chmod(0o750)
    pull(GitSide.worktree(repository, LAYOUT), HELLO, flow("hello", message="new"))
    assert (repository.root / path).read_bytes() == flow("hello", message="new")
    assert (repository.root / path).stat().st_mode & 0o777 == 0o750


def test_a_new_flow_has_the_extension_of_its_neighbours(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"flows/company.team/a.yaml": flow("a"), "flows/other/b.yml": b""})
    side = GitSide.worktree(repository, LAYOUT)
    written = side.apply(change(HELLO, flow("hello"), None))
    assert written
    assert written.path == "flows/company.team/hello.yaml"
    assert written.load() == flow("hello")


def test_a_deletion_takes_the_folders_that_it_empties(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {SCRIPT_PATH: b"x"})
    pull(GitSide.worktree(repository, LAYOUT), SCRIPT, None)
    assert [path.name for path in repository.root.iterdir() if path.name != ".git"] == ["namespaces"]
    assert not list((repository.root / "namespaces").iterdir())


def test_nothing_half_written_is_left_in_the_work_tree(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello")})
    pull(GitSide.worktree(repository, LAYOUT), SCRIPT, b"x" * 100_000)
    assert git(repository.root, "status", "--porcelain", "--untracked-files=all") == f"?? {SCRIPT_PATH}"
    assert not list(repository.own.iterdir())


@pytest.mark.parametrize("data", [b"new", None])
def test_a_file_edited_since_the_look_is_left_alone(tmp_path: Path, data: bytes | None) -> None:
    repository = started(tmp_path / "r", {SCRIPT_PATH: b"old"})
    side = GitSide.worktree(repository, LAYOUT)
    row = change(SCRIPT, data, seen(side, SCRIPT))
    write(repository.root, {SCRIPT_PATH: b"the user's"})
    with pytest.raises(ObjectMoved, match=SCRIPT_PATH):
        side.apply(row)
    assert (repository.root / SCRIPT_PATH).read_bytes() == b"the user's"


def test_a_file_that_appeared_since_the_look_is_left_alone(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {})
    write(repository.root, {SCRIPT_PATH: b"the user's"})
    with pytest.raises(ObjectMoved, match="exists by now"):
        GitSide.worktree(repository, LAYOUT).apply(change(SCRIPT, b"new", None))


def test_a_file_that_is_gone_since_the_look_is_not_put_back(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {SCRIPT_PATH: b"old"})
    side = GitSide.worktree(repository, LAYOUT)
    row = change(SCRIPT, b"new", seen(side, SCRIPT))
    (repository.root / SCRIPT_PATH).unlink()
    with pytest.raises(ObjectMoved, match="is gone"):
        side.apply(row)
    assert not (repository.root / SCRIPT_PATH).exists()


@pytest.mark.parametrize(
    "name",
    [
        "../../../../out",
        "/etc/passwd",
        "a/../../b",
        ".git/config",
        "a/.GIT/x",
        "a\nb",
        "a\\b",
        "a//b",
        ".gitattributes",
    ],
)
def test_no_name_from_the_server_leads_out_of_the_repository(tmp_path: Path, name: str) -> None:
    repository = started(tmp_path / "r", {"README.md": b""})
    side = GitSide.worktree(repository, LAYOUT)
    row = change(Key(Kind.FILE, "company.team", name), b"x", None)
    assert [problem.code for problem in side.refusals([row])] == ["SYN009"]
    with pytest.raises(RepoError):
        side.apply(row)
    assert git(repository.root, "status", "--porcelain") == ""


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"README.md": b""})
    (tmp_path / "out").mkdir()
    (repository.root / "namespaces").symlink_to(tmp_path / "out")
    with pytest.raises(RepoError, match="namespaces is a symbolic link"):
        GitSide.worktree(repository, LAYOUT).apply(change(SCRIPT, b"x", None))
    assert not list((tmp_path / "out").iterdir())


def test_names_that_collide_with_what_is_there_are_refused_before_any_write(tmp_path: Path) -> None:
    taken = {"flows/company.team/hello.yml": flow("other"), "namespaces/company.team/files/Scripts/a.py": b""}
    side = GitSide.worktree(started(tmp_path / "r", taken), LAYOUT)
    side.snapshot(TEAM)
    rows = [
        change(HELLO, flow("hello"), None),
        change(Key(Kind.FILE, "company.team", "scripts/a.py"), b"", None),
        change(SCRIPT, b"", None),
    ]
    assert [problem.key for problem in side.refusals(rows)] == [rows[0].key, rows[1].key]


def test_a_commit_that_is_only_read_takes_no_writes(tmp_path: Path) -> None:
    side = GitSide.at(started(tmp_path / "r", {HELLO_PATH: flow("hello")}), LAYOUT, "main")
    with pytest.raises(RepoError, match="only read"):
        pull(side, HELLO, None)
    with pytest.raises(RepoError, match="without commits"):
        side.commit("x")


def test_the_checked_out_branch_gets_one_commit_of_the_own_paths(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello"), SCRIPT_PATH: b"x", "notes.md": b"1"})
    write(repository.root, {"notes.md": b"the user's, unstaged", "staged.md": b"the user's"})
    git(repository.root, "add", "staged.md")
    side = GitSide.checkout(repository, LAYOUT)
    pull(side, HELLO, flow("hello", message="new"))
    pull(side, SCRIPT, None)
    new = Key(Kind.FLOW, "company.team", "new")
    pull(side, new, flow("new"))
    assert git(repository.root, "diff", "--name-only", "HEAD", "--", "flows") == ""
    made = side.commit("syncd: pull")
    assert made == repository.head()
    assert set(repository.log("HEAD", 1)[0].written) == {HELLO_PATH, "flows/company.team/new.yml"}
    assert repository.log("HEAD", 1)[0].removed == (SCRIPT_PATH,)
    status = git(repository.root, "status", "--porcelain")
    assert status.splitlines() == ["M notes.md", "A  staged.md"]
    assert (repository.root / HELLO_PATH).read_bytes() == flow("hello", message="new")
    assert not (repository.root / SCRIPT_PATH).exists()
    assert side.commit("again") is None


@pytest.mark.parametrize("staged", [True, False])
def test_a_path_with_uncommitted_edits_is_not_committed_over(tmp_path: Path, staged: bool) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello")})
    write(repository.root, {HELLO_PATH: flow("hello", message="the user's")})
    if staged:
        git(repository.root, "add", HELLO_PATH)
    side = GitSide.checkout(repository, LAYOUT)
    with pytest.raises(ObjectMoved, match="uncommitted edits"):
        pull(side, HELLO, flow("hello", message="new"))
    assert side.commit("x") is None


def test_an_edit_between_apply_and_commit_stops_the_commit(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello")})
    head = repository.head()
    side = GitSide.checkout(repository, LAYOUT)
    pull(side, HELLO, flow("hello", message="new"))
    write(repository.root, {HELLO_PATH: b"the user's"})
    with pytest.raises(RefMoved, match="edited during the run"):
        side.commit("x")
    assert repository.head() == head
    assert (repository.root / HELLO_PATH).read_bytes() == b"the user's"


def test_a_commit_by_somebody_else_in_between_stops_the_commit(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello")})
    side = GitSide.checkout(repository, LAYOUT)
    pull(side, HELLO, flow("hello", message="new"))
    theirs = commit(repository.root, {"other": b""})
    with pytest.raises(RefMoved, match="refs/heads/main"):
        side.commit("x")
    assert repository.head() == theirs
    assert (repository.root / HELLO_PATH).read_bytes() == flow("hello")


def test_a_stale_index_lock_is_named_before_the_branch_moves(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello")})
    head = repository.head()
    side = GitSide.checkout(repository, LAYOUT)
    pull(side, HELLO, None)
    (repository.git_dir / "index.lock").touch()
    with pytest.raises(RepoLocked, match=r"index\.lock"):
        side.commit("x")
    assert repository.head() == head


def test_the_first_commit_of_a_repository_can_be_a_pull(tmp_path: Path) -> None:
    repository = started(tmp_path / "r")
    side = GitSide.checkout(repository, LAYOUT)
    pull(side, HELLO, flow("hello"))
    assert side.commit("first") == repository.head()
    assert git(repository.root, "status", "--porcelain") == ""


def test_a_detached_head_and_a_merge_are_refused_with_the_way_out(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello")})
    (repository.git_dir / "MERGE_HEAD").write_text(f"{repository.head()}\n", encoding="utf-8")
    with pytest.raises(RepoError, match="a merge is going on"):
        GitSide.checkout(repository, LAYOUT)
    (repository.git_dir / "MERGE_HEAD").unlink()
    git(repository.root, "checkout", "--quiet", "--detach")
    with pytest.raises(RepoError, match="no branch is checked out"):
        GitSide.checkout(repository, LAYOUT)


def test_line_ends_that_git_converts_on_checkout_do_not_look_like_edits(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {".gitattributes": b"*.yml text eol=crlf\n", HELLO_PATH: flow("hello")})
    (repository.root / HELLO_PATH).unlink()
    git(repository.root, "checkout", "--", HELLO_PATH)
    assert b"\r\n" in (repository.root / HELLO_PATH).read_bytes()
    side = GitSide.checkout(repository, LAYOUT)
    assert seen(side, HELLO).digest == digest(Kind.FLOW, flow("hello"))
    pull(side, HELLO, flow("hello", message="new"))
    side.commit("x")
    assert (repository.root / HELLO_PATH).read_bytes() == flow("hello", message="new")
    assert git(repository.root, "status", "--porcelain") == ""


ROOT = Path(__file__).parents[2]
KILLED = """
import os, sys
from pathlib import Path
from syncd.repo import GitSide, Repository
from syncd.repo.writing import CheckedOut
from tests.repositories import HELLO, SCRIPT, LAYOUT, TEAM, change, flow

def killed(*_, **__):
    os.kill(os.getpid(), 9)

setattr(*{"before": (Repository, "update_ref"), "after": (Repository, "update_index"),
          "files": (CheckedOut, "_bring_file")}[sys.argv[2]], killed)
side = GitSide.checkout(Repository.find(Path(sys.argv[1])), LAYOUT)
held = side.snapshot(TEAM).resources
side.apply(change(HELLO, flow("hello", message="new"), held[HELLO]))
side.apply(change(SCRIPT, None, held[SCRIPT]))
side.commit("pull")
"""


@pytest.mark.parametrize("moment", ["before", "after", "files"])
def test_a_run_killed_while_it_commits_leaves_the_old_state_or_is_finished_by_the_next(
    tmp_path: Path, moment: str
) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello"), SCRIPT_PATH: b"x"})
    old = repository.head()
    done = subprocess.run([sys.executable, "-c", KILLED, str(repository.root), moment], check=False, cwd=ROOT)
    assert done.returncode == -9
    side = GitSide.checkout(Repository.find(repository.root), LAYOUT)
    assert git(repository.root, "status", "--porcelain") == ""
    moved = repository.head() != old
    assert moved is (moment != "before")
    assert (seen(side, HELLO).load() == flow("hello", message="new")) is moved
    assert (SCRIPT in side.snapshot(TEAM).resources) is not moved


def test_another_branch_is_written_without_touching_the_work_tree(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello")})
    write(repository.root, {HELLO_PATH: b"the user's"})
    side = GitSide.on(repository, LAYOUT, "from-kestra", start="main")
    pull(side, HELLO, flow("hello", message="new"))
    pull(side, SCRIPT, b"x")
    made = side.commit("pull")
    assert repository.resolve("from-kestra") == made
    assert repository.log("from-kestra", 1)[0].parents == (repository.head(),)
    assert (repository.root / HELLO_PATH).read_bytes() == b"the user's"
    assert set(side.snapshot(TEAM).resources) == {HELLO, SCRIPT}
    pull(side, SCRIPT, None)
    side.commit("pull")
    assert list(side.snapshot(TEAM).resources) == [HELLO]


def test_what_was_collected_cannot_be_in_its_own_way(tmp_path: Path) -> None:
    side = GitSide.on(started(tmp_path / "r", {SCRIPT_PATH: b"x"}), LAYOUT, "b", start="main")
    held = seen(side, SCRIPT)
    folder = Key(Kind.FILE, "company.team", "scripts")
    with pytest.raises(ObjectMoved, match="in the way"):
        side.apply(change(folder, b"now a file", None))
    side.apply(change(SCRIPT, None, held))
    side.apply(change(folder, b"now a file", None))
    side.commit("x")
    assert list(side.snapshot(TEAM).resources) == [folder]


def test_the_branch_that_is_checked_out_is_never_moved_behind_its_work_tree(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello")})
    side = GitSide.on(repository, LAYOUT, "main", start="main")
    pull(side, HELLO, flow("hello", message="new"))
    side.commit("x")
    assert git(repository.root, "status", "--porcelain") == ""
    git(repository.root, "worktree", "add", "--quiet", "-b", "other", str(tmp_path / "w"))
    with pytest.raises(RepoError, match="is checked out in"):
        GitSide.on(repository, LAYOUT, "other", start="main")


def test_a_name_that_is_no_branch_is_refused(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello")})
    for name in ("--force", "a..b", "", "@{-1}"):
        with pytest.raises(RepoError, match="cannot be the name of a branch"):
            GitSide.on(repository, LAYOUT, name, start="main")


def test_a_branch_is_pushed_fast_forward_and_only_from_where_it_was_seen(tmp_path: Path) -> None:
    bare, one, two = shared(tmp_path, {HELLO_PATH: flow("hello")})
    side = GitSide.checkout(one, LAYOUT)
    pull(side, HELLO, flow("hello", message="new"))
    made = side.commit("pull")
    theirs = commit(two.root, {"other": b""})
    git(two.root, "push", "--quiet")
    with pytest.raises(RefMoved, match="origin"):
        side.push()
    assert git(bare, "rev-parse", "main") == theirs
    one.fetch("origin", "main")
    with pytest.raises(RefMoved, match="holds commits"):
        side.push()
    assert one.head() == made


def test_a_pushed_branch_is_up_to_date_afterwards(tmp_path: Path) -> None:
    bare, one, two = shared(tmp_path, {HELLO_PATH: flow("hello")})
    side = GitSide.on(one, LAYOUT, "from-kestra", start="main")
    pull(side, SCRIPT, b"x")
    made = side.commit("pull")
    assert side.push() == "origin"
    assert side.push() is None
    assert git(bare, "rev-parse", "from-kestra") == made
    two.fetch("origin", "from-kestra")
    assert GitSide.on(two, LAYOUT, "from-kestra", start="main").commit_id == made


def test_a_branch_that_parted_from_its_remote_is_left_to_the_user(tmp_path: Path) -> None:
    _, one, two = shared(tmp_path, {HELLO_PATH: flow("hello")})
    commit(one.root, {"mine": b""})
    commit(two.root, {"theirs": b""})
    git(two.root, "push", "--quiet")
    one.fetch("origin", "main")
    git(one.root, "switch", "--quiet", "--create", "elsewhere")
    with pytest.raises(RepoError, match="diverged"):
        GitSide.on(one, LAYOUT, "main", start="main")
