"""File events that belong together, gathered until they have been quiet for a moment; memory is bounded."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from threading import Lock

QUIET = 0.5
PATIENCE = 5.0
MOST = 20_000


@dataclass(frozen=True, slots=True)
class Ripe:
    """
    One burst of events.

    Args:
        paths: Files and folders that something happened to.
        refs: Whether a ref of the repository may have moved.
        more: Whether there were more paths than were kept.
    """

    paths: frozenset[str]
    refs: bool
    more: bool


class Burst:
    """
    Filled by the threads that hear events, emptied by the worker.

    Args:
        quiet: Seconds without an event after which a burst is ripe.
        patience: Seconds after its first event when it is ripe however many still come.
        most: Paths to keep; beyond, only the fact that there are more.
    """

    def __init__(self, quiet: float = QUIET, patience: float = PATIENCE, most: int = MOST) -> None:
        self._quiet, self._patience, self._most = quiet, patience, most
        self._lock = Lock()
        self._paths: set[str] = set()
        self._refs = self._more = False
        self._first = self._last = inf

    def add(self, now: float, path: str = "", *, refs: bool = False) -> None:
        """Notes one event."""
        with self._lock:
            self._first, self._last = min(self._first, now), now
            self._refs |= refs
            if path and path not in self._paths:
                self._more |= len(self._paths) >= self._most
                if not self._more:
                    self._paths.add(path)

    @property
    def ripe_at(self) -> float:
        """When it may be taken, on the clock of `add`; infinite while there is nothing."""
        with self._lock:
            return min(self._last + self._quiet, self._first + self._patience)

    def take(self, now: float) -> Ripe | None:
        """The burst, if it is ripe; a new one begins."""
        if now < self.ripe_at:
            return None
        with self._lock:
            ripe = Ripe(frozenset(self._paths), self._refs, self._more)
            self._paths, self._refs, self._more = set(), False, False
            self._first = self._last = inf
            return ripe
