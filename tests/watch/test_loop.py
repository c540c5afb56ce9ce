"""The worker, on a clock of our own: when it looks, why, what it tells and how it ends. Nothing here sleeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from syncd.errors import (
    ConfigError,
    Interrupted,
    KestraDenied,
    KestraUnavailable,
    RepoError,
    RepoLocked,
    SyncdError,
)
from syncd.model import blob_id
from syncd.watch import Burst, Loop, Outcome, Ripe, Watched
from syncd.watch.loop import Time

URL = "http://kestra.test"
NOTHING = Outcome()


@dataclass
class Script:
    """A clock that jumps to the next thing that happens, and stops the loop when its time is over."""

    until: float
    now: float = 0.0
    events: list[tuple[float, Callable[[], object]]] = field(default_factory=list)
    hangup: bool = False
    stopped: bool = False

    def at(self, moment: float, action: Callable[[], object]) -> None:
        self.events = sorted([*self.events, (moment, action)], key=lambda event: event[0])

    def wait(self, seconds: float) -> None:
        assert seconds >= 0 or self.events
        target = min(self.now + max(0.0, seconds), self.until)
        if self.events and self.events[0][0] <= target:
            moment, action = self.events.pop(0)
            self.now = max(self.now, moment)
            action()
        else:
            self.now = target

    def stopping(self) -> bool:
        return self.stopped or self.now >= self.until

    def again(self) -> bool:
        again, self.hangup = self.hangup, False
        return again

    def hang_up(self) -> None:
        self.hangup = True

    @property
    def time(self) -> Time:
        return Time(lambda: self.now, self.wait, lambda: 0.0)


@dataclass
class Ears:
    """File events, said by the test."""

    script: Script
    burst: Burst = field(default_factory=Burst)

    @property
    def due(self) -> float:
        return self.burst.ripe_at

    def take(self) -> Ripe | None:
        return self.burst.take(self.script.now)

    def saved(self, path: str = "/repo/flows/a/x.yml") -> None:
        self.burst.add(self.script.now, path)

    def ref_moved(self) -> None:
        self.burst.add(self.script.now, refs=True)


@dataclass
class Looks:
    """A look that notes when it was taken and does what the script says: one entry a look, the last one for ever."""

    script: Script
    answers: list[Outcome | SyncdError | OSError] = field(default_factory=lambda: [NOTHING])
    taken: list[float] = field(default_factory=list)
    during: Callable[[], object] = lambda: None

    def __call__(self) -> Outcome:
        self.taken.append(self.script.now)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.during()
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(autouse=True)
def _plain_logs() -> Iterator[None]:
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


def watched(look: Callable[[], Outcome], name: str = "dev", **rest: object) -> Watched:
    return Watched(name, URL, look, **{"interval": 60.0, **rest})  # type: ignore[arg-type]


def away(message: str = "no answer", retry_after: float = 0.0) -> KestraUnavailable:
    error = KestraUnavailable(message, url=URL)
    error.retry_after = retry_after
    return error


def test_the_first_look_is_taken_at_once() -> None:
    script = Script(until=1)
    looks = Looks(script)
    Loop([watched(looks)], script.time, script).run()
    assert looks.taken == [0]


def test_without_any_hint_it_looks_every_interval() -> None:
    script = Script(until=200)
    looks = Looks(script)
    Loop([watched(looks)], script.time, script).run()
    assert looks.taken == [0, 60, 120, 180]


def test_jitter_only_ever_shortens_the_interval_and_by_a_tenth_at_most() -> None:
    script = Script(until=100)
    looks = Looks(script)
    Loop([watched(looks)], Time(lambda: script.now, script.wait, lambda: 1.0), script).run()
    assert looks.taken == [0, 54]


def test_a_saved_file_is_looked_at_after_half_a_second_of_quiet() -> None:
    script = Script(until=50)
    looks, ears = Looks(script), Ears(script)
    script.at(10, ears.saved)
    script.at(10.2, ears.saved)
    Loop([watched(looks)], script.time, script, files=ears).run()
    assert looks.taken == [0, 10.7]


def test_a_burst_of_fifty_thousand_events_is_one_look_and_keeps_only_so_many_paths() -> None:
    script = Script(until=50)
    looks, ears = Looks(script), Ears(script)

    def switch_branches() -> None:
        for number in range(50_000):
            ears.saved(f"/repo/flows/a/{number}.yml")

    script.at(10, switch_branches)
    script.at(10.1, lambda: seen.append(len(ears.burst._paths)))
    seen: list[int] = []
    Loop([watched(looks)], script.time, script, files=ears).run()
    assert looks.taken == [0, 10.5]
    assert seen == [20_000]


def test_files_that_never_come_to_rest_are_looked_at_after_five_seconds() -> None:
    script = Script(until=20)
    looks, ears = Looks(script), Ears(script)
    for tick in range(100):
        script.at(10 + tick / 10, ears.saved)
    Loop([watched(looks)], script.time, script, files=ears).run()
    assert looks.taken[1] == 15.0


def test_an_edit_during_a_look_is_looked_at_afterwards() -> None:
    script = Script(until=50)
    ears = Ears(script)
    looks = Looks(script, during=lambda: ears.saved() if len(looks.taken) == 1 else None)
    Loop([watched(looks)], script.time, script, files=ears).run()
    assert looks.taken == [0, 0.5]


def test_own_writes_cause_no_second_look(tmp_path: Path) -> None:
    script = Script(until=50)
    ears = Ears(script)
    flow = tmp_path / "x.yml"

    def pull() -> None:
        flow.write_bytes(b"id: x\n")
        ears.saved(str(flow))

    pulled = Outcome(changed=True, wrote={str(flow): blob_id(b"id: x\n")})
    looks = Looks(script, [pulled, NOTHING], during=pull)
    Loop([watched(looks)], script.time, script, files=ears).run()
    assert looks.taken == [0]


def test_an_edit_right_after_our_own_write_of_the_same_file_is_seen(tmp_path: Path) -> None:
    script = Script(until=50)
    ears = Ears(script)
    flow = tmp_path / "x.yml"
    looks = Looks(script, [Outcome(changed=True, wrote={str(flow): blob_id(b"id: x\n")}), NOTHING])

    def edit() -> None:
        flow.write_bytes(b"id: y\n")
        ears.saved(str(flow))

    script.at(0.1, edit)
    Loop([watched(looks)], script.time, script, files=ears).run()
    assert looks.taken == [0, 0.6]


def test_what_one_environment_pulled_is_news_for_the_others(tmp_path: Path) -> None:
    script = Script(until=50)
    ears = Ears(script)
    flow = tmp_path / "x.yml"

    def pull() -> None:
        flow.write_bytes(b"id: x\n")
        ears.saved(str(flow))

    one = Looks(script, [Outcome(changed=True, wrote={str(flow): blob_id(b"id: x\n")}), NOTHING], during=pull)
    other = Looks(script)
    Loop([watched(one, "dev"), watched(other, "prod")], script.time, script, files=ears).run()
    assert one.taken == [0]
    assert other.taken == [0, 0.5]


def test_an_environment_that_follows_a_ref_does_not_care_about_files() -> None:
    script = Script(until=50)
    looks, ears = Looks(script), Ears(script)
    script.at(10, ears.saved)
    Loop([watched(looks, files=False)], script.time, script, files=ears).run()
    assert looks.taken == [0]


def test_a_hangup_looks_at_everything_now() -> None:
    script = Script(until=50)
    one, other = Looks(script), Looks(script)
    script.at(10, script.hang_up)
    Loop([watched(one, "dev"), watched(other, "prod", files=False)], script.time, script).run()
    assert one.taken == other.taken == [0, 10]


def test_a_commit_on_the_remote_is_found_by_polling() -> None:
    script = Script(until=55)
    looks = Looks(script, [Outcome(commits=frozenset({"a"})), Outcome(commits=frozenset({"b"}))])
    Loop([watched(looks, head=lambda: "b" if script.now > 20 else "a")], script.time, script).run()
    assert looks.taken == [0, 30]


def test_a_local_commit_is_found_at_once_and_own_commits_are_not_news() -> None:
    script = Script(until=29)
    ears = Ears(script)
    heads = {"now": "a"}
    looks = Looks(script, [Outcome(changed=True, commits=frozenset({"a", "own"})), Outcome(commits=frozenset({"b"}))])

    def move(commit: str) -> None:
        heads["now"] = commit
        ears.ref_moved()

    script.at(5, lambda: move("own"))
    script.at(10, lambda: move("b"))
    Loop([watched(looks, head=lambda: heads["now"])], script.time, script, files=ears).run()
    assert looks.taken == [0, 10.5]


def test_a_remote_that_is_away_is_no_hint_and_no_end() -> None:
    script = Script(until=59)

    def head() -> str:
        raise RepoError("origin cannot be reached")

    looks = Looks(script)
    Loop([watched(looks, head=head)], script.time, script).run()
    assert looks.taken == [0]


def test_failures_back_off_up_to_a_minute_and_never_end() -> None:
    script = Script(until=72 * 3600)
    looks = Looks(script, [away()])
    Loop([watched(looks)], script.time, script).run()
    waits = [later - earlier for earlier, later in zip(looks.taken, looks.taken[1:], strict=False)]
    assert waits[:8] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert max(waits) == 30


def test_what_the_server_asks_for_is_waited_for() -> None:
    script = Script(until=50)
    looks = Looks(script, [away(retry_after=20), NOTHING])
    Loop([watched(looks)], script.time, script).run()
    assert looks.taken == [0, 20]


def test_a_denied_login_is_tried_once_a_minute() -> None:
    script = Script(until=200)
    looks = Looks(script, [KestraDenied("wrong password", url=URL)])
    Loop([watched(looks)], script.time, script).run()
    assert looks.taken == [0, 60, 120, 180]


@pytest.mark.parametrize("hint", ["file", "commit"])
def test_an_edit_or_a_commit_resets_the_back_off(hint: str) -> None:
    script = Script(until=103)
    ears = Ears(script)
    looks = Looks(script, [away()])
    script.at(100, ears.saved if hint == "file" else ears.ref_moved)
    Loop([watched(looks, head=lambda: "b" if script.now >= 100 else None)], script.time, script, files=ears).run()
    assert looks.taken[-3:] == [100.5, 101.0, 102.0]


def test_success_resets_the_back_off() -> None:
    script = Script(until=120)
    looks = Looks(script, [away(), away(), away(), NOTHING, away(), NOTHING])
    Loop([watched(looks)], script.time, script).run()
    assert looks.taken == [0, 0.5, 1.5, 3.5, 63.5, 64.0]


def test_waiting_for_the_server_is_said_once_however_its_error_reads() -> None:
    script = Script(until=100)
    looks = Looks(script, [away("refused"), away("timed out"), away("refused"), NOTHING])
    with capture_logs() as logs:
        Loop([watched(looks)], script.time, script).run()
    said = [(entry["event"], entry.get("url")) for entry in logs if entry["log_level"] != "debug"]
    assert said == [("watch.waiting", URL), ("watch.recovered", URL), ("watch.cycle", None)]


def test_another_trouble_is_said_too_with_the_next_command() -> None:
    script = Script(until=20)
    looks = Looks(script, [RepoLocked("held", "wait"), RepoLocked("held", "wait"), ConfigError("bad"), OSError("disk")])
    with capture_logs() as logs:
        Loop([watched(looks)], script.time, script).run()
    said = [(entry["error"], entry.get("hint")) for entry in logs if entry["event"] == "watch.failed"]
    assert said == [("held", "wait"), ("bad", None), ("disk", None)]


def test_one_line_per_cycle_that_brought_news_and_none_for_the_same_again() -> None:
    script = Script(until=299)
    drift = Outcome(standing="drift", facts={"drift": 1})
    wrote = Outcome(changed=True, standing="drift", facts={"applied": 2})
    told: list[Outcome] = []
    looks = Looks(script, [NOTHING, drift, drift, wrote, drift])
    with capture_logs() as logs:
        Loop([watched(looks)], script.time, script, tell=lambda _, outcome: told.append(outcome)).run()
    assert told == [NOTHING, drift, wrote]
    cycles = [entry for entry in logs if entry["event"] == "watch.cycle"]
    assert [(entry["reason"], entry.get("drift"), entry.get("applied")) for entry in cycles] == [
        ("start", None, None),
        ("interval", 1, None),
        ("interval", None, 2),
    ]


def test_an_environment_whose_server_is_down_does_not_hold_up_the_other() -> None:
    script = Script(until=200)
    up, down = Looks(script), Looks(script, [away()])
    Loop([watched(down, "dev"), watched(up, "prod")], script.time, script).run()
    assert up.taken == [0, 60, 120, 180]
    assert len(down.taken) > 6


def test_a_look_that_was_stopped_is_the_last_one() -> None:
    script = Script(until=500)
    looks = Looks(script, [Interrupted("stopped")], during=lambda: setattr(script, "stopped", True))
    other = Looks(script)
    with capture_logs() as logs:
        Loop([watched(looks, "dev"), watched(other, "prod")], script.time, script).run()
    assert looks.taken == [0]
    assert other.taken == []
    assert [entry for entry in logs if entry["log_level"] != "debug"] == []


def test_once_takes_one_look_at_every_environment_and_yields_their_codes() -> None:
    script = Script(until=inf)
    loop = Loop(
        [
            watched(Looks(script, [Outcome(code=3)]), "dev"),
            watched(Looks(script, [away()]), "prod"),
            watched(Looks(script, [OSError("disk full")]), "test"),
            watched(Looks(script), "live"),
        ],
        script.time,
        script,
    )
    assert list(loop.once()) == [3, 1, 1, 0]


@given(
    st.lists(st.sampled_from(["file", "hangup", "fail", "ok"]), max_size=30),
    st.lists(st.floats(0, 300), min_size=30, max_size=30),
)
def test_whatever_happens_every_edit_is_followed_by_a_look_that_ends_well(what: list[str], when: list[float]) -> None:
    script = Script(until=800)
    ears = Ears(script)
    healthy = {"now": True}
    good: list[float] = []

    def look() -> Outcome:
        if not healthy["now"]:
            raise away()
        good.append(script.now)
        return NOTHING

    actions: dict[str, Callable[[], object]] = {
        "file": ears.saved,
        "hangup": script.hang_up,
        "fail": lambda: healthy.update(now=False),
        "ok": lambda: healthy.update(now=True),
    }
    for action, moment in zip(what, when, strict=False):
        script.at(moment, actions[action])
    script.at(301, actions["ok"])
    Loop([watched(look)], script.time, script, files=ears).run()
    last = max([moment for action, moment in zip(what, when, strict=False) if action == "file"], default=0.0)
    assert any(moment >= last for moment in good)
    assert max(good) > 730
