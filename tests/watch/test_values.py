"""Back-off, bursts, own writes and the bell, each by itself."""

from __future__ import annotations

from math import inf
from pathlib import Path
from threading import Thread

from hypothesis import given
from hypothesis import strategies as st

from syncd.model import blob_id
from syncd.watch import Backoff, Bell, Burst, OwnWrites

CHANCES = st.floats(0, 1)


@given(st.integers(1, 10_000), CHANCES, st.floats(0, 10_000))
def test_a_wait_is_never_nothing_and_never_more_than_a_minute_or_what_was_asked_for(
    failures: int, chance: float, asked: float
) -> None:
    delay = Backoff(failures).delay(chance, asked)
    assert max(0.5, min(asked, 600)) <= delay <= max(60, min(asked, 600))


@given(st.integers(1, 30), CHANCES)
def test_more_failures_never_shorten_the_wait(failures: int, chance: float) -> None:
    assert Backoff(failures).delay(chance) <= Backoff(failures).failed().delay(chance)


def test_without_a_failure_there_is_no_wait() -> None:
    assert Backoff().delay(1.0) == 0


@given(st.lists(st.tuples(st.floats(0, 2), st.text(max_size=2)), min_size=1, max_size=50))
def test_a_burst_keeps_every_path_and_is_ripe_within_its_patience(events: list[tuple[float, str]]) -> None:
    burst, now = Burst(quiet=0.5, patience=5), 0.0
    first = events[0][0]
    for pause, path in events:
        now += pause
        burst.add(now, path)
    assert burst.ripe_at <= first + 5
    ripe = burst.take(now + 5)
    assert ripe is not None
    assert ripe.paths == {path for _, path in events if path}
    assert burst.ripe_at == inf
    assert burst.take(now + 1e9) is None


def test_a_burst_that_is_not_ripe_is_not_given_out() -> None:
    burst = Burst(quiet=0.5, patience=5)
    burst.add(10, "a")
    assert burst.take(10.4) is None
    assert burst.take(10.5) is not None


def test_beyond_its_bound_a_burst_says_only_that_there_is_more() -> None:
    burst = Burst(most=3)
    for name in "abcdeabc":
        burst.add(0, name)
    ripe = burst.take(60)
    assert ripe is not None
    assert (ripe.paths, ripe.more) == (frozenset("abc"), True)


def test_only_the_very_bytes_that_were_written_are_our_own(tmp_path: Path) -> None:
    own, flow = OwnWrites(), tmp_path / "a.yml"
    flow.write_bytes(b"id: a\n")
    own.note({str(flow): blob_id(b"id: a\n")})
    assert not own.foreign([str(flow)])
    flow.write_bytes(b"id: b\n")
    assert own.foreign([str(flow)])


def test_going_back_to_what_we_wrote_is_an_edit_like_any_other(tmp_path: Path) -> None:
    own, flow = OwnWrites(), tmp_path / "a.yml"
    own.note({str(flow): blob_id(b"id: a\n")})
    flow.write_bytes(b"id: b\n")
    assert own.foreign([str(flow)])
    flow.write_bytes(b"id: a\n")
    assert own.foreign([str(flow)])


def test_our_own_deletion_takes_the_empty_folders_with_it(tmp_path: Path) -> None:
    own = OwnWrites()
    own.note({str(tmp_path / "flows" / "a" / "a.yml"): None})
    assert not own.foreign([str(tmp_path / "flows" / "a" / "a.yml"), str(tmp_path / "flows" / "a")])
    assert own.foreign([str(tmp_path)])


def test_a_file_that_cannot_be_read_is_not_our_own(tmp_path: Path) -> None:
    own, flow = OwnWrites(), tmp_path / "a.yml"
    own.note({str(flow): blob_id(b"")})
    flow.mkdir()
    assert own.foreign([str(flow)])


def test_rung_before_or_during_the_wait_the_bell_ends_it() -> None:
    bell = Bell()
    for _ in range(1000):
        bell.ring()
    bell.wait(3600)
    ringer = Thread(target=bell.ring)
    ringer.start()
    bell.wait(3600)
    ringer.join()
    bell.wait(-1)
