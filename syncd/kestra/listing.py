"""Remembers which bytes a file on the server had, by size and time, so that unchanged files are not read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from syncd.cache import Cache, cache_folder

_FORM = 1


@dataclass(frozen=True, slots=True)
class Stat:
    """
    What a listing says of one file.

    Args:
        size: Bytes.
        modified: Milliseconds since 1970, by the server's clock.
    """

    size: int
    modified: int


@dataclass(frozen=True, slots=True)
class Known:
    """The blob id that a file had while its listing said this."""

    stat: Stat
    blob: str


class ListingCache:
    """
    Derivable, and safe to delete at any time: a file that is missing, damaged or of another form counts as empty.

    Args:
        folder: Where to keep one file for each namespace.
    """

    def __init__(self, folder: Path) -> None:
        self._cache = Cache(folder)

    @classmethod
    def default(cls) -> Self:
        """The cache in `$SYNCD_CACHE_DIR`, else in the user's own cache folder."""
        return cls(cache_folder("files"))

    def load(self, server: str, namespace: str) -> Mapping[str, Known]:
        """What is known of a namespace's files, by path; empty where nothing is."""
        document = self._cache.load(f"{server}\0{namespace}")
        try:
            if document["form"] != _FORM or document["namespace"] != namespace:
                return {}
            return {
                path: Known(Stat(int(size), int(modified)), str(blob))
                for path, (size, modified, blob) in document["files"].items()
            }
        except (ValueError, TypeError, KeyError, AttributeError):
            return {}

    def store(self, server: str, namespace: str, known: Mapping[str, Known]) -> None:
        """Replaces what is known, atomically; where that is not possible, it is not remembered."""
        files = {path: (one.stat.size, one.stat.modified, one.blob) for path, one in known.items()}
        self._cache.store(f"{server}\0{namespace}", {"form": _FORM, "namespace": namespace, "files": files})
