"""
What may be derived again at any time, kept between runs as one JSON file for each name; what it means is for others.

A file that is missing, damaged or of another form counts as absent, and one that cannot be written is not kept.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from hashlib import sha1
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any


def cache_folder(name: str) -> Path:
    """The folder of this name in `$SYNCD_CACHE_DIR`, else in the user's own cache folder."""
    if folder := os.environ.get("SYNCD_CACHE_DIR"):
        return Path(folder) / name
    from platformdirs import user_cache_path

    return user_cache_path("syncd") / name


class Cache:
    """
    JSON documents by name.

    Args:
        folder: Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, name: str) -> Any:
        """The document that was stored last, or `None`; whoever asks checks its form."""
        try:
            return json.loads(self._path(name).read_bytes())
        except (OSError, ValueError, RecursionError):
            return None

    def store(self, name: str, document: object) -> None:
        """Replaces a document in one step; where that is not possible, it is not kept."""
        text = json.dumps(document)
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile("w", dir=self._folder, delete=False, encoding="utf-8") as fresh:
                fresh.write(text)
            Path(fresh.name).replace(self._path(name))

    def _path(self, name: str) -> Path:
        return self._folder / f"{sha1(name.encode('utf-8', 'surrogateescape'), usedforsecurity=False).hexdigest()}.json"
