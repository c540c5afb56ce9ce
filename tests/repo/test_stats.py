"""A file that looks as it did when it was read is not read again; every edit makes it look otherwise."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from syncd.model import blob_id
from syncd.repo.files import Files
from syncd.repo.stats import Stats

LATER = 60 * 10**9  # nanoseconds


def files(folder: Path, stats: Stats) -> Files:
    """The files of this folder."""
    return Files(folder, folder, stats)


def known(folder: Path, stats: Stats) -> str:
    """What is known of the file without reading it."""
    side = files(folder, stats)
    return side.known("a.sql", side.stat("a.sql"))


@pytest.fixture
def stats(tmp_path: Path) -> Stats:
    """The memory of a file that was read a minute after it was written."""
    (tmp_path / "a.sql").write_bytes(b"select 1\n")
    stats = Stats(lambda: time.time_ns() + LATER)
    files(tmp_path, stats).fingerprint("a.sql")
    return stats


def test_what_was_read_is_known(tmp_path: Path, stats: Stats) -> None:
    assert known(tmp_path, stats) == blob_id(b"select 1\n")


def test_reading_the_whole_file_is_as_good(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_bytes(b"select 1\n")
    stats = Stats(lambda: time.time_ns() + LATER)
    files(tmp_path, stats).read("a.sql", 5)
    assert known(tmp_path, stats) == ""
    files(tmp_path, stats).read("a.sql", 100)
    assert known(tmp_path, stats) == blob_id(b"select 1\n")


def test_an_edit_of_the_same_size_that_sets_the_time_back_is_seen(tmp_path: Path, stats: Stats) -> None:
    before = (tmp_path / "a.sql").stat()
    (tmp_path / "a.sql").write_bytes(b"select 2\n")
    os.utime(tmp_path / "a.sql", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert known(tmp_path, stats) == ""


def test_a_file_put_in_its_place_is_seen(tmp_path: Path, stats: Stats) -> None:
    (tmp_path / "b.sql").write_bytes(b"select 2\n")
    (tmp_path / "b.sql").replace(tmp_path / "a.sql")
    assert known(tmp_path, stats) == ""


def test_a_file_that_was_just_written_may_be_written_again_unseen_so_it_is_not_remembered(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_bytes(b"select 1\n")
    stats = Stats()
    files(tmp_path, stats).fingerprint("a.sql")
    assert known(tmp_path, stats) == ""


def test_a_pointer_of_git_lfs_is_looked_into_each_time(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    stats = Stats(lambda: time.time_ns() + LATER)
    files(tmp_path, stats).fingerprint("a.sql")
    files(tmp_path, stats).read("a.sql")
    assert known(tmp_path, stats) == ""


def test_the_next_run_knows_it_and_has_nothing_new_to_hand_on(tmp_path: Path, stats: Stats) -> None:
    following = Stats()
    following.recall(json.loads(json.dumps(stats.handed_on())))
    assert known(tmp_path, following) == blob_id(b"select 1\n")
    assert following.handed_on() is None


@pytest.mark.parametrize("junk", [None, 1, [], {}, {"form": 0, "files": {}}, {"form": 1, "files": {"a.sql": [1]}}])
def test_a_damaged_memory_is_none(tmp_path: Path, junk: Any) -> None:
    (tmp_path / "a.sql").write_bytes(b"select 1\n")
    stats = Stats()
    stats.recall(junk)
    assert known(tmp_path, stats) == ""
