"""What a run wrote into the work tree itself, so that the events of its own writes wake nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from syncd.model import blob_id


class OwnWrites:
    """
    For each path that a run wrote: the blob id of what it holds since, or `None` where it was deleted.

    Content, not times: an event counts as our own only while the file still holds exactly what was written, so an
    edit that comes a moment after our write is never taken for it.
    """

    def __init__(self) -> None:
        self._held: dict[str, str | None] = {}

    def note(self, wrote: Mapping[str, str | None]) -> None:
        """Remembers what a run wrote, by absolute path, and the folders that went with the last file in them."""
        self._held.update(wrote)
        for path in (path for path, held in wrote.items() if held is None):
            for folder in Path(path).parents:
                if folder.exists():
                    break
                self._held[str(folder)] = None

    def foreign(self, paths: Iterable[str]) -> bool:
        """Whether anything here was not our own doing. What is not as we left it is forgotten."""
        others = [path for path in paths if path not in self._held or _held(path) != self._held[path]]
        for path in others:
            self._held.pop(path, None)
        return bool(others)


def _held(path: str) -> str | None:
    """The blob id of a file, `None` where there is nothing, "" where it is no file or cannot be read."""
    try:
        return blob_id(Path(path).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return ""
