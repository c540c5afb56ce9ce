"""What an event at a path means, and which folders are watched for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.watch import Territory
from syncd.watch.territory import Meaning

ROOT = Path("/repo")
CONTENT, REFS, NOTHING = Meaning.CONTENT, Meaning.REFS, Meaning.NOTHING


@pytest.mark.parametrize(
    ("path", "meaning"),
    [
        ("/repo/flows/company.team/a.yml", CONTENT),
        ("/repo/flows/company.team", CONTENT),
        ("/repo/flows", CONTENT),
        ("/repo/deep/down/files/a.py", CONTENT),
        ("/repo/deep", CONTENT),
        ("/repo/deep/other", NOTHING),
        ("/repo/flows2/a.yml", NOTHING),
        ("/repo/syncd.yaml", CONTENT),
        ("/repo/.kestraignore", CONTENT),
        ("/repo/README.md", NOTHING),
        ("/repo", CONTENT),
        ("/repository/flows/a.yml", NOTHING),
        ("/repo/flows/company.team/.syncd-00ff", NOTHING),
        ("/repo/flows/sub/.git/HEAD", NOTHING),
        ("/repo/.git/HEAD", REFS),
        ("/repo/.git/HEAD.lock", NOTHING),
        ("/repo/.git/packed-refs", REFS),
        ("/repo/.git/refs/heads/main", REFS),
        ("/repo/.git/refs/remotes/origin/main", REFS),
        ("/repo/.git/refs/syncd/dev", NOTHING),
        ("/repo/.git/refs/syncd-remote/origin/syncd/dev", NOTHING),
        ("/repo/.git/index", NOTHING),
        ("/repo/.git/objects/ab/cdef", NOTHING),
    ],
)
def test_what_an_event_means(path: str, meaning: Meaning) -> None:
    assert Territory(ROOT, ("flows", "deep/down/files"), (ROOT / ".git",)).meaning(path) is meaning


def test_git_means_nothing_where_no_environment_follows_a_ref() -> None:
    assert Territory(ROOT, ("flows",)).meaning("/repo/.git/HEAD") is NOTHING
    assert Territory(ROOT, ("",)).meaning("/repo/.git/refs/heads/main") is NOTHING


def test_files_mean_nothing_where_every_environment_follows_a_ref() -> None:
    assert Territory(ROOT, (), (ROOT / ".git",)).meaning("/repo/flows/company.team/a.yml") is NOTHING


def test_what_is_watched_is_what_exists_with_the_flat_folders_last(tmp_path: Path) -> None:
    for folder in ("flows", "deep", ".git/refs", ".venv"):
        (tmp_path / folder).mkdir(parents=True)
    places = Territory(tmp_path, ("flows", "deep/down"), (tmp_path / ".git",)).places()
    assert list(places.items()) == [
        (tmp_path / "flows", True),
        (tmp_path / ".git/refs", True),
        (tmp_path / ".git", False),
        (tmp_path, False),
        (tmp_path / "deep", False),
    ]


def test_links_and_hidden_folders_are_left_out_of_a_whole_repository(tmp_path: Path) -> None:
    for folder in ("a", ".git", ".venv"):
        (tmp_path / folder).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert Territory(tmp_path, ("",)).places() == {tmp_path / "a": True, tmp_path: False}
