"""
The worker: waits until something is due, takes one whole look at it, and says what came of it.

What a look does, and what it costs, is not known here; it is a callable that returns an `Outcome` or raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Protocol

import structlog

from syncd.errors import Interrupted, KestraDenied, KestraUnavailable, RepoError, SyncdError
from syncd.watch.backoff import CAP, Backoff
from syncd.watch.burst import Ripe
from syncd.watch.own import OwnWrites

REFS_EVERY = 30.0
JITTER = 0.1

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What came of one look.

    Args:
        code: Exit code that this look alone would have.
        changed: Whether anything was written, here or there.
        standing: What was left alone, as a fingerprint: another one than last time is news, the same one is not.
        facts: For the log line.
        text: For people.
        data: For programs.
        wrote: Blob id of each file that was written into the work tree, by absolute path; `None` where it was deleted.
        commits: The commit that was read, and the one that was made: neither is news afterwards.
    """

    code: int = 0
    changed: bool = False
    standing: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    text: str = ""
    data: str = ""
    wrote: Mapping[str, str | None] = field(default_factory=dict)
    commits: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Watched:
    """
    One environment, as the loop sees it.

    Args:
        name: Of the environment.
        url: Where its server is, without credentials.
        look: A whole run. Everything is opened anew in it: configuration, credentials, refs.
        interval: Seconds after which it looks again although nothing has happened.
        files: Whether files of the work tree matter to it.
        head: Asks which commit its ref is at, here or on the remote; `None` where it follows no ref.
    """

    name: str
    url: str
    look: Callable[[], Outcome]
    interval: float
    files: bool = True
    head: Callable[[], str | None] | None = None


class Hearing(Protocol):
    """Where file events come from; `Files` is one."""

    @property
    def due(self) -> float:
        """When it is worth asking again."""

    def take(self) -> Ripe | None:
        """What happened, if anything."""


class Silence:
    """No file events at all: nothing of the work tree matters."""

    due = inf

    def take(self) -> None:
        """Nothing ever happens."""


class Stops(Protocol):
    """What the operating system asks for; `Signals` is one."""

    def stopping(self) -> bool:
        """Whether to stop."""

    def again(self) -> bool:
        """Whether everything is to be looked at now."""


@dataclass(frozen=True, slots=True)
class Time:
    """
    Time and chance, handed in.

    Args:
        now: Monotonic seconds.
        wait: Returns after so many seconds, or earlier when something has happened.
        chance: A number between 0 and 1.
    """

    now: Callable[[], float]
    wait: Callable[[float], None]
    chance: Callable[[], float]


class _Turn:
    """One environment between two looks: when it is due and why, what went wrong, what is known already."""

    def __init__(self, watched: Watched, now: float) -> None:
        self.watched = watched
        self.due = now
        self.reason = "start"
        self.refs_due = now + self._refs_every if watched.head else inf
        self.own = OwnWrites()
        self._backoff = Backoff()
        self._commits: frozenset[str] = frozenset()
        self._standing: str | None = None
        self._trouble = ""

    @property
    def _refs_every(self) -> float:
        return min(REFS_EVERY, self.watched.interval)

    def hint(self, now: float, reason: str) -> None:
        """Something has happened: look now, and forget about failures, for this may be what mends them."""
        if self.due > now:
            self.due, self.reason = now, reason
        self._backoff = Backoff()

    def has_moved(self, now: float) -> bool:
        """Whether its ref is at a commit that no look has seen. A remote that is away says no."""
        self.refs_due = now + self._refs_every
        try:
            head = self.watched.head() if self.watched.head else None
        except RepoError as error:
            _log.debug("watch.unknown_ref", environment=self.watched.name, error=str(error))
            return False
        return head is not None and head not in self._commits

    def succeeded(self, outcome: Outcome, now: float, chance: float) -> bool:
        """Sets the next look; true when there is news to tell."""
        if self._trouble:
            _log.info("watch.recovered", environment=self.watched.name, url=self.watched.url)
        news = outcome.changed or outcome.standing != self._standing
        self._backoff, self._trouble, self._standing = Backoff(), "", outcome.standing
        self._commits = outcome.commits
        self.own.note(outcome.wrote)
        self.due, self.reason = now + self.watched.interval * (1 - JITTER * chance), "interval"
        return news

    def failed(self, error: SyncdError | OSError, now: float, chance: float) -> None:
        """Sets the next attempt, and says what is wrong, once for as long as it stays the same."""
        self._backoff = self._backoff.failed()
        asked = error.retry_after if isinstance(error, KestraUnavailable) else 0.0
        delay = CAP if isinstance(error, KestraDenied) else self._backoff.delay(chance, asked)
        self.due, self.reason = now + delay, "retry"
        trouble = self.watched.url if isinstance(error, KestraUnavailable) else str(error)
        if trouble != self._trouble:
            self._say(error)
        self._trouble = trouble

    def _say(self, error: SyncdError | OSError) -> None:
        names = {"environment": self.watched.name, "url": self.watched.url, "error": str(error)}
        if hint := getattr(error, "hint", ""):
            names["hint"] = hint
        if isinstance(error, KestraUnavailable):
            _log.warning("watch.waiting", **names)
        else:
            _log.error("watch.failed", **names)


class Loop:
    """
    One worker for all environments: whatever happens, one look is taken at a time.

    Args:
        watched: The environments.
        time: Clock, wait and chance.
        stops: Signals.
        files: File events.
        tell: Told of every look that brought news.
    """

    def __init__(
        self,
        watched: Sequence[Watched],
        time: Time,
        stops: Stops,
        *,
        files: Hearing | None = None,
        tell: Callable[[Watched, Outcome], None] = lambda _watched, _outcome: None,
    ) -> None:
        self._time, self._stops, self._files, self._tell = time, stops, files or Silence(), tell
        self._turns = [_Turn(each, time.now()) for each in watched]

    def run(self) -> None:
        """Until it is asked to stop. A server or a repository that is away only makes it wait."""
        while not self._stops.stopping():
            self._listen()
            if due := self._due():
                self._look(due[0])
            else:
                self._time.wait(self._next() - self._time.now())

    def once(self) -> Iterator[int]:
        """One look at each environment, and the exit code of each."""
        for turn in self._turns:
            if not self._stops.stopping():
                yield self._look(turn)

    def _due(self) -> list[_Turn]:
        now = self._time.now()
        return sorted((turn for turn in self._turns if turn.due <= now), key=lambda turn: turn.due)

    def _next(self) -> float:
        return min(self._files.due, *(min(turn.due, turn.refs_due) for turn in self._turns))

    def _listen(self) -> None:
        """Turns hints into looks that are due."""
        now = self._time.now()
        everything = self._stops.again()
        ripe = self._files.take() or Ripe(frozenset(), refs=False, more=False)
        for turn in self._turns:
            if everything:
                turn.hint(now, "SIGHUP")
            if turn.watched.files and (ripe.more or turn.own.foreign(ripe.paths)):
                turn.hint(now, "files")
            asked = ripe.refs and turn.watched.head is not None
            if (asked or turn.refs_due <= now) and turn.has_moved(now):
                turn.hint(now, "commit")

    def _look(self, turn: _Turn) -> int:
        began, reason = self._time.now(), turn.reason
        _log.debug("watch.look", environment=turn.watched.name, reason=reason)
        try:
            outcome = turn.watched.look()
        except Interrupted as error:
            turn.due = inf
            return error.exit_code
        except (SyncdError, OSError) as error:
            turn.failed(error, self._time.now(), self._time.chance())
            return error.exit_code if isinstance(error, SyncdError) else 1
        ended = self._time.now()
        if turn.succeeded(outcome, ended, self._time.chance()):
            self._report(turn.watched, outcome, reason, ended - began)
        return outcome.code

    def _report(self, watched: Watched, outcome: Outcome, reason: str, seconds: float) -> None:
        log = _log.info if outcome.code == 0 else _log.warning
        log("watch.cycle", environment=watched.name, reason=reason, seconds=round(seconds, 3), **outcome.facts)
        self._tell(watched, outcome)
