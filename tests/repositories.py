"""Real Git repositories in a temporary folder, for every test that needs one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from syncd.layout import Layout
from syncd.model import Change, Key, Kind, Resource, Scope, Snapshot, Verdict
from syncd.repo import GitSide, Repository

TEAM = Scope(("company.team",))
LAYOUT = Layout()
HELLO = Key(Kind.FLOW, "company.team", "hello")
HELLO_PATH = "flows/company.team/hello.yml"
SCRIPT = Key(Kind.FILE, "company.team", "scripts/etl.py")
SCRIPT_PATH = "namespaces/company.team/files/scripts/etl.py"


def flow(name: str, namespace: str = "company.team", message: str = "hi") -> bytes:
    """The text of a small flow."""
    return f"id: {name}\nnamespace: {namespace}\ntasks:\n  - id: log\n    type: Log\n    message: {message}\n".encode()


def git(folder: Path, *arguments: str) -> str:
    """What a Git command says; the test ends if it fails."""
    done = subprocess.run(["git", *arguments], cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Puts files on the disk."""
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def commit(folder: Path, files: Mapping[str, bytes], message: str = "change") -> str:
    """Commits these files with everything else that lies there; the commit's id."""
    write(folder, files)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def started(folder: Path, files: Mapping[str, bytes] | None = None) -> Repository:
    """A repository on branch `main`, with one commit of these files, or without any commit where none are given."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    if files is not None:
        commit(folder, files, "first")
    return Repository.find(folder)


def shared(folder: Path, files: Mapping[str, bytes]) -> tuple[Path, Repository, Repository]:
    """A bare repository `origin` and two clones of it."""
    first = started(folder / "one", files)
    bare = folder / "origin.git"
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    git(first.root, "remote", "add", "origin", str(bare))
    git(first.root, "push", "--quiet", "--set-upstream", "origin", "main")
    git(folder, "clone", "--quiet", str(bare), "two")
    return bare, first, Repository.find(folder / "two")


def worktree(repository: Repository, known: Mapping[str, Key] | None = None, layout: Layout = LAYOUT) -> Snapshot:
    """What the work tree holds of `company.team`."""
    return GitSide.worktree(repository, layout, known=known or {}).snapshot(TEAM)


def codes(snapshot: Snapshot) -> list[str]:
    """The rules that were broken, in the order they are shown in."""
    return [problem.code for problem in snapshot.problems]


def change(key: Key, data: bytes | None, target: Resource | None) -> Change:
    """The row of a plan that makes an object hold these bytes (`None` deletes it)."""
    verdict = Verdict.DELETE if data is None else Verdict.UPDATE if target else Verdict.CREATE
    return Change(key, verdict, "test", target=target, write=None if data is None else Resource.of(key, data))


@pytest.fixture(autouse=True)
def _nobodys_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine reaches a test, and everybody has a name."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    (home / "config").write_text("[user]\n\tname = Ada\n\temail = ada@example.com\n", encoding="utf-8")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
