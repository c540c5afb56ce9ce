"""Whatever is rescued can be found and comes back byte for byte; nothing that was rescued ever goes away."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.errors import ObjectMoved, RepoError
from syncd.model import Key, Kind, Resource
from syncd.state import Lost, RescueRef
from tests.repositories import HELLO, HELLO_PATH, SCRIPT, SCRIPT_PATH, flow, git, shared, started, worktree, write

REF = "refs/syncd/rescue/dev"


def lost(key: Key, data: bytes, revision: int | None = None) -> Lost:
    return Lost(Resource.of(key, data, path="p.yml", revision=revision), "kestra", "overwritten by a push")


def test_rescued_bytes_come_back_with_where_and_why(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"a": b""})
    rescue = RescueRef(repository, "dev")
    made = rescue.keep([lost(HELLO, flow("hello"), 7), lost(SCRIPT, b"\0\xff\r\n")])
    assert made == repository.read_ref(REF)
    found = rescue.find("company.team/hello")
    assert (found.key, found.revision, found.reason, found.side) == (HELLO, 7, "overwritten by a push", "kestra")
    assert (found.commit, found.path, found.size) == (made, "p.yml", len(flow("hello")))
    assert found.when.tzinfo
    assert rescue.read(found).load() == flow("hello")
    assert rescue.read(found) == Resource.of(HELLO, flow("hello"))
    assert rescue.read(rescue.find("company.team/scripts/etl.py")).load() == b"\0\xff\r\n"


def test_the_bytes_lie_at_readable_paths(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"a": b""})
    RescueRef(repository, "dev").keep([lost(HELLO, flow("hello"))])
    shown = git(repository.root, "show", f"{REF}:flow/company.team/hello")
    assert shown.encode() == flow("hello").strip()


def test_the_newest_comes_first_and_a_number_picks_an_older_one(tmp_path: Path) -> None:
    rescue = RescueRef(started(tmp_path / "r", {"a": b""}), "dev")
    for text in (b"1", b"2", b"3"):
        rescue.keep([lost(SCRIPT, text)])
    assert [rescue.read(entry).load() for entry in rescue.entries()] == [b"3", b"2", b"1"]
    assert rescue.read(rescue.find("company.team/scripts/etl.py", 3)).load() == b"1"
    with pytest.raises(RepoError, match="entry 4") as error:
        rescue.find("company.team/scripts/etl.py", 4)
    assert error.value.hint == "syncd rescue list"


def test_the_same_loss_is_kept_once(tmp_path: Path) -> None:
    rescue = RescueRef(started(tmp_path / "r", {"a": b""}), "dev")
    assert rescue.keep([]) is None
    assert rescue.keep([lost(HELLO, b"1"), lost(SCRIPT, b"2")])
    assert rescue.keep([lost(HELLO, b"1")]) is None
    assert rescue.keep([lost(HELLO, b"1"), lost(SCRIPT, b"3")])
    assert len(rescue.entries()) == 3


@pytest.mark.parametrize("names", [["../../x"], [".git/config"], ["a\nb"], ["a", "a/b"], ["a/b", "a"], ["a//b"]])
def test_no_name_is_too_odd_to_be_rescued(tmp_path: Path, names: list[str]) -> None:
    rescue = RescueRef(started(tmp_path / "r", {"a": b""}), "dev")
    keys = [Key(Kind.FILE, "company.team", name) for name in names]
    rescue.keep([lost(key, key.name.encode()) for key in keys])
    assert {entry.key: rescue.read(entry).load() for entry in rescue.entries()} == {
        key: key.name.encode() for key in keys
    }


def test_both_sides_of_one_object_can_be_rescued_at_once(tmp_path: Path) -> None:
    rescue = RescueRef(started(tmp_path / "r", {"a": b""}), "dev")
    rescue.keep([lost(HELLO, b"1"), Lost(Resource.of(HELLO, b"2"), "git", "overwritten by a pull")])
    assert {(entry.side, rescue.read(entry).load()) for entry in rescue.entries()} == {("kestra", b"1"), ("git", b"2")}


def test_bytes_that_changed_since_the_look_stop_the_run_before_any_write(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {SCRIPT_PATH: b"seen"})
    seen = worktree(repository).resources[SCRIPT]
    write(repository.root, {SCRIPT_PATH: b"later"})
    with pytest.raises(ObjectMoved):
        RescueRef(repository, "dev").keep([Lost(seen, "git", "overwritten by a pull")])
    assert repository.read_ref(REF) is None


def test_rescues_of_two_clones_are_joined_and_none_is_lost(tmp_path: Path) -> None:
    bare, one, two = shared(tmp_path, {HELLO_PATH: flow("hello")})
    first, second = RescueRef(one, "dev", remote="origin"), RescueRef(two, "dev", remote="origin")
    first.keep([lost(SCRIPT, b"1")])
    assert first.share() == ""
    second.keep([lost(SCRIPT, b"2")])
    second.keep([lost(SCRIPT, b"3")])
    assert second.share() == ""
    assert git(bare, "rev-parse", REF) == two.read_ref(REF)
    assert [second.read(entry).load() for entry in second.entries()] == [b"3", b"2", b"1"]
    assert first.share() == ""
    assert first.entries() == second.entries()


def test_a_remote_that_is_away_costs_only_a_warning(tmp_path: Path) -> None:
    bare, one, _ = shared(tmp_path, {HELLO_PATH: flow("hello")})
    bare.rename(tmp_path / "away")
    rescue = RescueRef(one, "dev", remote="origin")
    rescue.keep([lost(SCRIPT, b"1")])
    assert "origin" in rescue.share()
    assert len(rescue.entries()) == 1
    assert RescueRef(one, "prod").share() == ""
