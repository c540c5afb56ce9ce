"""
A repository that is damaged, moved, locked or edited under a run: nothing is lost, and the next run converges.

One row is one fault: how it is made, how it is mended, and the exit code of each verb that meets it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from syncd.repo import Repository
from tests.faults.conftest import Staging
from tests.faults.stage import AGREED, BASE, FILES, FLOWS, Stage

Act = Callable[[Stage], object]

STEADY_FLOW = f"{FLOWS}/steady-1.yml"
STEADY_FILE = f"{FILES}/sql/steady-1.sql"


def touched(name: str) -> Act:
    return lambda stage: (stage.place.root / ".git" / name).write_text("")


def untouched(name: str) -> Act:
    return lambda stage: (stage.place.root / ".git" / name).unlink()


def moved(name: str) -> Act:
    return lambda stage: (stage.place.root / name).rename(stage.place.root.parent / "aside")


def moved_back(name: str) -> Act:
    """Beside what a run may have written there meanwhile."""

    def back(stage: Stage) -> None:
        aside = stage.place.root.parent / "aside"
        shutil.copytree(aside, stage.place.root / name, dirs_exist_ok=True)
        shutil.rmtree(aside)

    return back


def written(path: str, data: bytes) -> Act:
    return lambda stage: stage.place.write(path, data)


def as_agreed(path: str) -> Act:
    def put(stage: Stage) -> None:
        (stage.place.root / path).unlink(missing_ok=True)
        stage.place.write(path, AGREED[path])

    return put


def linked(stage: Stage) -> None:
    """A flow's file is a link to one outside of the repository."""
    outside = stage.place.root.parent / "outside.yml"
    outside.write_bytes(AGREED[STEADY_FLOW])
    (stage.place.root / STEADY_FLOW).unlink()
    (stage.place.root / STEADY_FLOW).symlink_to(outside)


def corrupted(stage: Stage) -> None:
    """An object that the base needs is cut in half."""
    path = loose(stage, f"{BASE}^{{tree}}")
    shutil.copy2(path, stage.place.root.parent / "whole")
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:10])


def mended(stage: Stage) -> None:
    shutil.copy2(stage.place.root.parent / "whole", loose(stage, f"{BASE}^{{tree}}"))


def loose(stage: Stage, rev: str) -> Path:
    """Where Git keeps an object; its name is read while it can be."""
    note = stage.place.root.parent / "name"
    if not note.exists():
        note.write_text(stage.place.git("rev-parse", rev))
    name = note.read_text()
    return stage.place.root / ".git/objects" / name[:2] / name[2:]


def sealed(folder: str) -> Act:
    """Nothing can be written there, not even by root: a file stands where a folder is needed."""

    def seal(stage: Stage) -> None:
        shutil.move(stage.place.root / folder, stage.place.root.parent / "sealed")
        (stage.place.root / folder).write_text("full")

    return seal


def unsealed(folder: str) -> Act:
    def unseal(stage: Stage) -> None:
        (stage.place.root / folder).unlink()
        shutil.move(stage.place.root.parent / "sealed", stage.place.root / folder)

    return unseal


def merging(stage: Stage) -> None:
    (stage.place.root / ".git/MERGE_HEAD").write_text(stage.place.git("rev-parse", "HEAD"))


def detached(stage: Stage) -> None:
    stage.place.git("checkout", "--quiet", "--detach")


def attached(stage: Stage) -> None:
    stage.place.git("checkout", "--quiet", "main")


def nothing(_stage: Stage) -> None:
    """Needs no mending."""


@dataclass(frozen=True)
class Fault:
    """
    One row.

    Args:
        name: A sentence.
        spoil: Makes it.
        mend: Ends it.
        push: Exit code of a push; `None` where this row says nothing about it.
        pull: Exit code of a pull.
        says: What the message names.
    """

    name: str
    spoil: Act
    mend: Act
    push: int | None
    pull: int | None
    says: tuple[str, ...] = ()


FAULTS = [
    Fault("an index lock was left behind", touched("index.lock"), untouched("index.lock"), 0, 1, ("index.lock", "rm ")),
    Fault(
        "the branch's lock was left behind",
        touched("refs/heads/main.lock"),
        untouched("refs/heads/main.lock"),
        0,
        1,
        ("main.lock", "rm "),
    ),
    Fault(
        "the base's lock was left behind",
        touched(f"{BASE}.lock"),
        untouched(f"{BASE}.lock"),
        1,
        1,
        ("default.lock", "rm "),
    ),
    Fault("the flows folder is gone", moved("flows"), moved_back("flows"), 6, 3, ("flows is gone with", ".gitkeep")),
    Fault(
        "the folder of all files is gone",
        moved("namespaces"),
        moved_back("namespaces"),
        6,
        3,
        ("namespaces is gone with",),
    ),
    Fault("the Git folder is gone", moved(".git"), moved_back(".git"), 1, 1, ("not in the work tree", "git init")),
    Fault("a flow is a link to a file outside", linked, as_agreed(STEADY_FLOW), 3, 3, (STEADY_FLOW, "symbolic link")),
    Fault(
        "a flow is half-written",
        written(STEADY_FLOW, AGREED[STEADY_FLOW][:40]),
        as_agreed(STEADY_FLOW),
        3,
        3,
        (STEADY_FLOW,),
    ),
    Fault("a flow is empty", written(STEADY_FLOW, b""), as_agreed(STEADY_FLOW), 3, 3, (STEADY_FLOW,)),
    Fault(
        "a flow has conflict markers",
        written(STEADY_FLOW, b"<<<<<<< HEAD\n" + AGREED[STEADY_FLOW] + b"=======\n>>>>>>> other\n"),
        as_agreed(STEADY_FLOW),
        3,
        3,
        (STEADY_FLOW,),
    ),
    Fault("a flow is not UTF-8", written(STEADY_FLOW, b"\xff\xfe\0"), as_agreed(STEADY_FLOW), 3, 3, (STEADY_FLOW,)),
    Fault(
        "a file is an LFS pointer",
        written(STEADY_FILE, b"version https://git-lfs.github.com/spec/v1\noid x\n"),
        as_agreed(STEADY_FILE),
        3,
        3,
        (STEADY_FILE, "git lfs pull"),
    ),
    Fault("an object of the base is corrupt", corrupted, mended, 1, 1, ("git ",)),
    Fault(
        "the object database takes nothing",
        sealed(".git/objects/pack"),
        unsealed(".git/objects/pack"),
        0,
        1,
        ("git fast-import",),
    ),
    Fault(
        "syncd's own folder cannot be made", sealed(".git/syncd"), unsealed(".git/syncd"), 1, 1, ("cannot be written",)
    ),
    Fault("a merge is going on", merging, untouched("MERGE_HEAD"), 0, 1, ("a merge is going on", "git status")),
    Fault("no branch is checked out", detached, attached, 0, 1, ("no branch is checked out", "git switch")),
]


def rows() -> Iterator[object]:
    for fault in FAULTS:
        for verb, code in {"push": fault.push, "pull": fault.pull}.items():
            if code is not None:
                yield pytest.param(fault, verb, code, id=f"{verb}: {fault.name}")


@pytest.mark.parametrize(("fault", "verb", "code"), list(rows()))
def test_a_fault_of_the_repository_loses_nothing_and_is_forgotten_once_it_is_mended(
    staged: Staging, fault: Fault, verb: str, code: int
) -> None:
    stage = staged("1.3")
    before = stage.now()
    fault.spoil(stage)
    result = stage.run(verb)
    said = result.stdout + result.stderr
    fault.mend(stage)
    stage.check(verb, before)
    assert result.exit_code == code, said
    assert [word for word in fault.says if code and word not in said] == [], said
    stage.converges(verb)


def test_another_run_that_holds_the_lock_is_named_and_not_disturbed(staged: Staging) -> None:
    stage = staged("1.3")
    before = stage.now()
    own = stage.place.root / ".git/syncd"
    with FileLock(own / "default.lock"):
        (own / "default.holder").write_text("process 1 on elsewhere")
        for verb in ("push", "pull", "sync"):
            result = stage.run(verb)
            assert result.exit_code == 1
            assert "is being worked on by process 1 on elsewhere" in result.stderr
    assert stage.relay.writes == []
    assert stage.now() == before
    stage.converges("push")


def test_an_unrelated_repository_in_its_place_deletes_nothing(staged: Staging) -> None:
    """The base of the first repository came along; it says nothing about this one."""
    stage = staged("1.3")
    stage.run("push")
    before = stage.now()
    place = stage.place
    place.git("checkout", "--quiet", "--orphan", "unrelated")
    place.git("rm", "-r", "--quiet", "--cached", ".")
    (place.root / STEADY_FLOW).unlink()
    place.git("branch", "-D", "main")
    place.git("branch", "-m", "main")
    place.commit("another first commit")
    for verb in ("push", "pull"):
        stage.run(verb)
        assert before.server.items() <= stage.now().server.items(), verb
        assert before.git.keys() - {STEADY_FLOW} <= stage.now().git.keys(), verb


def test_a_shallow_clone_that_cannot_tell_stops_before_it_writes(staged: Staging) -> None:
    stage = staged("1.3")
    place = stage.place
    clone = place.root.parent / "clone"
    place.commit("one more")
    place.commit("and one more")
    subprocess.run(["git", "clone", "--quiet", "--depth=1", place.root.as_uri(), clone], check=True)
    subprocess.run(["git", "fetch", "--quiet", "--depth=1", "origin", f"{BASE}:{BASE}"], cwd=clone, check=True)
    before = stage.now()
    for verb in ("push", "pull"):
        result = stage.run(verb, SYNCD_REPO=str(clone))
        assert result.exit_code == 1
        assert "fetch-depth: 0" in result.stderr
    assert stage.relay.writes == []
    assert stage.now() == before


def remote_of(stage: Stage) -> Path:
    """A bare repository that the branch is pushed to."""
    remote = stage.place.root.parent / "remote.git"
    stage.place.git("clone", "--quiet", "--bare", str(stage.place.root), str(remote))
    stage.place.git("remote", "add", "origin", str(remote))
    stage.place.git("push", "--quiet", "--set-upstream", "origin", "main")
    return remote


def shared(stage: Stage, settings: str = "share: origin") -> None:
    stage.place.write("syncd.yaml", f"environments: {{default: {{{settings}}}}}\n")
    stage.place.write(".git/info/exclude", "syncd.yaml\n")


def test_a_remote_that_is_gone_stops_a_shared_run_before_it_writes(staged: Staging) -> None:
    stage = staged("1.3")
    remote = remote_of(stage)
    shared(stage)
    before = stage.now()
    remote.rename(remote.with_name("gone.git"))
    for verb in ("push", "pull"):
        result = stage.run(verb)
        assert result.exit_code == 1
        assert "remote.git" in result.stderr
    assert stage.relay.writes == []
    assert stage.now() == before
    remote.with_name("gone.git").rename(remote)
    stage.converges("push")


def test_a_hook_that_refuses_the_base_leaves_it_in_this_clone(staged: Staging) -> None:
    stage = staged("1.3")
    remote = remote_of(stage)
    shared(stage)
    hook = remote / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'not on a \x1b[31mFriday' >&2\nexit 1\n")
    hook.chmod(0o755)
    before = stage.now()
    result = stage.run("push")
    stage.check("push", before)
    assert result.exit_code == 1
    assert "Friday" in result.stderr
    hook.unlink()
    stage.converges("push")
    assert stage.place.git("ls-remote", "origin", BASE).split()[0] == stage.place.git("rev-parse", BASE)


def test_a_hook_that_refuses_the_branch_keeps_the_commit_here(staged: Staging) -> None:
    stage = staged("1.3")
    remote = remote_of(stage)
    shared(stage, "push: true, commit: true")
    hook = remote / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    before = stage.now()
    result = stage.run("pull")
    stage.check("pull", before)
    assert result.exit_code == 1
    assert "refused refs/heads/main" in result.stderr
    hook.unlink()
    stage.converges("pull")
    assert stage.place.git("ls-remote", "origin", "refs/heads/main").split()[0] == stage.place.git("rev-parse", "main")


def test_a_branch_that_is_gone_is_no_empty_tree(staged: Staging) -> None:
    stage = staged("1.3")
    shared(stage, "source: release")
    before = stage.now()
    result = stage.run("push")
    assert result.exit_code == 1
    assert "no revision 'release'" in result.stderr
    assert "git branch -a" in result.stderr
    assert stage.now() == before


def test_a_branch_that_was_forced_back_is_followed_and_loses_nothing(staged: Staging) -> None:
    """What was pushed before is deleted only as any other deletion: it is in the base, and in its history."""
    stage = staged("1.3")
    stage.run("push")
    before = stage.now()
    stage.place.git("reset", "--quiet", "--hard", "HEAD~1")
    stage.run("push")
    assert stage.lost({*before.git.values(), *before.server.values()}, stage.now()) == []


def test_a_remote_that_hangs_is_given_up(staged: Staging, monkeypatch: pytest.MonkeyPatch) -> None:
    """`git fetch` talks to a helper that never answers; it is ended with its children."""
    stage = staged("1.3")
    helpers = stage.place.root.parent / "helpers"
    helpers.mkdir()
    (helpers / "git-remote-hang").write_text("#!/bin/sh\nexec sleep 60\n")
    (helpers / "git-remote-hang").chmod(0o755)
    stage.place.git("remote", "add", "origin", "hang::somewhere")
    shared(stage)
    before = stage.now()
    find = Repository.find
    monkeypatch.setattr(Repository, "find", lambda start: find(start, timeout=2))
    result = stage.run("push", PATH=f"{helpers}:{os.environ['PATH']}", GIT_ALLOW_PROTOCOL="file:hang")
    assert result.exit_code == 1
    assert "took longer than 2 s and was ended" in result.stderr
    assert stage.relay.writes == []
    assert stage.now() == before
