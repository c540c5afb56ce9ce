"""Remembers which bytes a file of the work tree had, by its size, times and inode, so that it is not read again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

_MARGIN: Final = 2 * 10**9  # nanoseconds; as coarse as any file system's clock: two writes within would look alike
_FORM: Final = 1

Facts = tuple[int, int, int, int]
"""Size, times of the last change to content and to anything (nanoseconds), inode."""


def facts(stat: os.stat_result) -> Facts:
    """What changes when a file is written or replaced, short of somebody setting the clock back on purpose."""
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino


class Stats:
    """
    Blob ids by path and facts; derivable, so it may be emptied at any time.

    Args:
        now: Nanoseconds since 1970, by the clock that stamps files.
    """

    def __init__(self, now: Callable[[], int] = time.time_ns) -> None:
        self._now = now
        self._known: dict[str, tuple[Facts, str]] = {}
        self._seen: dict[str, tuple[Facts, str]] = {}
        self._handed: Mapping[str, tuple[Facts, str]] = {}

    def blob(self, path: str, stat: os.stat_result) -> str:
        """The blob id that this file had while it looked like this, or ""."""
        known = self._known.get(path)
        if known is None or known[0] != facts(stat):
            return ""
        self._seen[path] = known
        return known[1]

    def note(self, path: str, stat: os.stat_result, blob: str) -> None:
        """Remembers what was read, if the file had been left alone for long enough that any edit since would show."""
        if max(stat.st_mtime_ns, stat.st_ctime_ns) + _MARGIN < self._now():
            self._known[path] = self._seen[path] = (facts(stat), blob)

    def recall(self, document: Any) -> None:
        """Takes over what another run handed on; anything of another form says nothing."""
        try:
            if document["form"] == _FORM:
                self._known |= {
                    path: ((int(size), int(modified), int(changed), int(inode)), str(blob))
                    for path, (size, modified, changed, inode, blob) in document["files"].items()
                }
        except (TypeError, KeyError, ValueError, AttributeError):
            return
        self._handed = dict(self._known)

    def handed_on(self) -> Mapping[str, Any] | None:
        """What the next run is to know, as JSON: what this one saw. `None` where it is what this run was handed."""
        if self._seen.items() <= self._handed.items():
            return None
        return {"form": _FORM, "files": {path: (*looks, blob) for path, (looks, blob) in self._seen.items()}}
