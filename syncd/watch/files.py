"""
File events from the operating system, as hints; the only door to `watchdog`.

Events are lost when the kernel's queue overflows, and never come from folders that were replaced: nothing here is
relied upon, a whole look is taken at least every interval anyway.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import structlog
from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch
from watchdog.observers.polling import PollingObserver

from syncd.watch.bell import Bell
from syncd.watch.burst import Burst, Ripe
from syncd.watch.territory import Meaning, Territory

CHECK_EVERY = 5.0
POLL_EVERY = 2.0

_CONTENT: Final[list[type[FileSystemEvent]]] = [
    FileCreatedEvent, FileModifiedEvent, FileMovedEvent, FileDeletedEvent, DirMovedEvent, DirDeletedEvent,
]  # fmt: skip
_FLAT: Final = [*_CONTENT, DirCreatedEvent]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Watched:
    """A folder as it was when its watch began."""

    watch: ObservedWatch
    identity: tuple[int, int]


class Files:
    """
    Hears what happens in a territory and gathers it in bursts.

    Args:
        territory: What to watch.
        bell: Rung at every event that means something.
        clock: Monotonic seconds.
        observe: Makes the observer; an OSError means that the system has none to give.
        burst: Where events are gathered.

    Attributes:
        polling: Whether it looks at all files every two seconds, because the system has no events to give.
    """

    def __init__(
        self,
        territory: Territory,
        bell: Bell,
        clock: Callable[[], float],
        *,
        observe: Callable[[], BaseObserver] = Observer,
        burst: Burst | None = None,
    ) -> None:
        self.polling = False
        self._territory, self._bell, self._clock, self._observe = territory, bell, clock, observe
        self._burst = burst or Burst()
        self._observer: BaseObserver | None = None
        self._watched: dict[Path, _Watched] = {}
        self._gone = False
        self._begun = False
        self._next_check = clock()

    def __enter__(self) -> Self:
        # watchdog 7 warns of its own races while folders come and go; each costs one hint at most
        warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"watchdog\.")
        self._check()
        self._begun = True
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    @property
    def due(self) -> float:
        """When `take` is worth calling again, on the clock."""
        return min(self._burst.ripe_at, self._next_check)

    def take(self) -> Ripe | None:
        """What happened, once it has been quiet for a moment. Also sees to it that the watches still stand."""
        if self._clock() >= self._next_check:
            self._check()
        return self._burst.take(self._clock())

    def heard(self, path: str) -> None:
        """Notes an event at a path. Called from the observer's thread."""
        meaning = self._territory.meaning(path)
        if meaning is Meaning.NOTHING:
            return
        if meaning is Meaning.REFS:
            self._burst.add(self._clock(), refs=True)
        else:
            self._burst.add(self._clock(), path)
        self._bell.ring()

    def _check(self) -> None:
        """Watches what has appeared, and anew what was replaced; gives up on events where there are none to have."""
        self._next_check = self._clock() + CHECK_EVERY
        self._note_gone()
        try:
            self._arm()
        except OSError as error:
            self._fall_back(error)

    def _fall_back(self, error: OSError) -> None:
        if not self.polling:
            _log.warning(
                "watch.fallback",
                cause=error.strerror or str(error),
                instead=f"looking at all files every {POLL_EVERY:g} seconds",
                hint="raise fs.inotify.max_user_watches and fs.inotify.max_user_instances",
            )
        self._stop()
        self.polling = True
        with suppress(OSError):  # tried again at the next check
            self._arm()

    def _note_gone(self) -> None:
        gone = not self._territory.root.is_dir()
        if gone and not self._gone:
            _log.warning(
                "watch.fallback",
                cause=f"{self._territory.root} is gone",
                instead=f"looking for it every {CHECK_EVERY:g} seconds",
            )
        self._gone = gone

    def _arm(self) -> None:
        if self._observer is None or not self._observer.is_alive():
            self._stop()
            self._observer = PollingObserver(timeout=POLL_EVERY) if self.polling else self._observe()
            self._observer.start()
        places = self._territory.places()
        self._drop(self._observer, places)
        for place, recursive in places.items():
            if place not in self._watched and (identity := _identity(place)):
                with suppress(FileNotFoundError, NotADirectoryError):  # gone again: the next check will see
                    self._watched[place] = _Watched(self._schedule(self._observer, place, recursive), identity)
                    if self._begun:
                        self.heard(str(place))

    def _schedule(self, observer: BaseObserver, place: Path, recursive: bool) -> ObservedWatch:
        events = _CONTENT if recursive else _FLAT
        return observer.schedule(_Ear(self), str(place), recursive=recursive, event_filter=events)

    def _drop(self, observer: BaseObserver, places: dict[Path, bool]) -> None:
        """Ends the watches of folders that are gone, or are no longer the same folder."""
        alive = {emitter.watch for emitter in observer.emitters if emitter.is_alive()}
        for place, watched in list(self._watched.items()):
            if place in places and watched.watch in alive and _identity(place) == watched.identity:
                continue
            observer.unschedule(watched.watch)
            del self._watched[place]
            if place == self._territory.root and place in places:
                _log.warning("watch.replaced", folder=str(place), instead="watching the new one")

    def _stop(self) -> None:
        if self._observer is not None:
            self._observer.stop()
            if self._observer.ident is not None:
                self._observer.join()
        self._observer = None
        self._watched.clear()


def _identity(place: Path) -> tuple[int, int] | None:
    try:
        found = place.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


class _Ear(FileSystemEventHandler):
    """Hands events on; of a move both ends, because a file that left is news too."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def on_any_event(self, event: FileSystemEvent) -> None:
        for path in {os.fsdecode(event.src_path), os.fsdecode(event.dest_path)} - {""}:
            self._files.heard(path)
