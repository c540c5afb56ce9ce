"""`.kestraignore` means what the same lines in a `.gitignore` mean to Git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.errors import ConfigError
from syncd.model import Key, Kind
from syncd.repo import GitSide, Ignore
from tests.repositories import HELLO, HELLO_PATH, LAYOUT, SCRIPT, SCRIPT_PATH, TEAM, commit, flow, git, started, write

NAMES = st.sampled_from(["a", "b", "keep", "x.py", "y.log"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join).filter(lambda path: path != "a")
PIECES = st.sampled_from(["a", "b", "keep", "*.py", "*", "**", "x.py", "y.*", "?", "[ab]"])
PATTERNS = st.builds(
    lambda no, front, pieces, back: f"{no}{front}{'/'.join(pieces)}{back}",
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(PIECES, min_size=1, max_size=3),
    st.sampled_from(["", "", "/"]),
).filter(lambda pattern: "**/**" not in pattern)  # pathspec reads that in a way of its own


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository without any file, to ask Git in."""
    return tmp_path_factory.mktemp("ignore")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(PATTERNS, min_size=1, max_size=4),
    st.lists(PATTERNS, max_size=3),
    st.lists(PATHS, min_size=1, max_size=6, unique=True),
)
def test_it_agrees_with_git_on_every_path(clean: Path, top: list[str], below: list[str], paths: list[str]) -> None:
    texts = {"": "\n".join(top).encode(), "a/": "\n".join(below).encode()}
    if not (clean / ".git").exists():
        git(clean, "init", "--quiet")
    write(clean, {f"{folder}.gitignore": text for folder, text in texts.items()})
    ignore = Ignore({f"{folder}.kestraignore": text for folder, text in texts.items()})
    asked = "".join(f"{path}\0" for path in paths)
    said = subprocess.run(
        ["git", "check-ignore", "-z", "--no-index", "--stdin"],
        cwd=clean,
        input=asked,
        text=True,
        check=False,
        capture_output=True,
    )
    assert {path for path in paths if ignore.covers(path)} == set(said.stdout.split("\0")) - {""}


def test_files_with_rules_are_never_content(tmp_path: Path) -> None:
    folder = "namespaces/company.team/files"
    rules = {f"{folder}/{name}": b"" for name in (".kestraignore", ".gitignore", ".gitattributes", ".gitkeep")}
    repository = started(tmp_path / "r", {**rules, SCRIPT_PATH: b"x"})
    assert list(GitSide.worktree(repository, LAYOUT).snapshot(TEAM).resources) == [SCRIPT]


def test_ignored_files_are_out_of_scope_here_and_there(tmp_path: Path) -> None:
    files = {
        ".kestraignore": b"wip-*.yml\n",
        ".gitignore": b"*.pyc\n",
        "namespaces/company.team/files/.kestraignore": b"secret/\n",
        "flows/company.team/wip-1.yml": flow("draft"),
        HELLO_PATH: flow("hello"),
        "namespaces/company.team/files/secret/a.txt": b"x",
    }
    side = GitSide.worktree(started(tmp_path / "r", files), LAYOUT)
    assert list(side.snapshot(TEAM).resources) == [HELLO]
    there = {
        Key(Kind.FLOW, "company.team", "draft"): True,
        Key(Kind.FLOW, "company.team", "wip-2"): True,
        HELLO: False,
        Key(Kind.FILE, "company.team", "secret/b.txt"): True,
        Key(Kind.FILE, "company.team", "a.pyc"): True,
        Key(Kind.FILE, "company.team", ".gitkeep"): True,
        SCRIPT: False,
    }
    assert side.ignored(there) == {key for key, ignored in there.items() if ignored}


def test_the_rules_of_a_commit_are_those_of_its_tree(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello"), SCRIPT_PATH: b"x"})
    commit(repository.root, {".kestraignore": b"*.py\n"})
    assert list(GitSide.at(repository, LAYOUT, "HEAD").snapshot(TEAM).resources) == [HELLO]
    assert set(GitSide.at(repository, LAYOUT, "HEAD~1").snapshot(TEAM).resources) == {HELLO, SCRIPT}
    newest = GitSide.at(repository, LAYOUT, "HEAD").ignore
    assert list(GitSide.at(repository, LAYOUT, "HEAD~1", ignore=newest).snapshot(TEAM).resources) == [HELLO]


def test_rules_that_are_not_text_are_named(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {".kestraignore": b"\xff"})
    with pytest.raises(ConfigError, match=r"\.kestraignore"):
        GitSide.worktree(repository, LAYOUT).snapshot(TEAM)
