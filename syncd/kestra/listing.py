"""Remembers which bytes a file on the server had, by size and time, so that unchanged files are not read again."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Self

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
        self._folder = folder

    @classmethod
    def default(cls) -> Self:
        """The cache in `$SYNCD_CACHE_DIR`, else in the user's own cache folder."""
        if folder := os.environ.get("SYNCD_CACHE_DIR"):
            return cls(Path(folder) / "files")
        from platformdirs import user_cache_path

        return cls(user_cache_path("syncd") / "files")

    def load(self, server: str, namespace: str) -> Mapping[str, Known]:
        """What is known of a namespace's files, by path; empty where nothing is."""
        try:
            document = json.loads(self._path(server, namespace).read_bytes())
            if document["form"] != _FORM or document["namespace"] != namespace:
                return {}
            return {
                path: Known(Stat(int(size), int(modified)), str(blob))
                for path, (size, modified, blob) in document["files"].items()
            }
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return {}

    def store(self, server: str, namespace: str, known: Mapping[str, Known]) -> None:
        """Replaces what is known, atomically; where that is not possible, it is not remembered."""
        files = {path: (one.stat.size, one.stat.modified, one.blob) for path, one in known.items()}
        text = json.dumps({"form": _FORM, "namespace": namespace, "files": files})
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile("w", dir=self._folder, delete=False, encoding="utf-8") as fresh:
                fresh.write(text)
            Path(fresh.name).replace(self._path(server, namespace))

    def _path(self, server: str, namespace: str) -> Path:
        name = sha1(f"{server}\0{namespace}".encode(), usedforsecurity=False).hexdigest()
        return self._folder / f"{name}.json"
