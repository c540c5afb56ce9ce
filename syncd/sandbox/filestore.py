"""Namespace files with folders and revisions as the sandbox keeps them; which names are allowed, `files` decides."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from syncd.sandbox.database import Database

_ENTRY = "select path, directory, size, created, modified from entry where namespace = ? and path = ?"
_ENTRIES = "select path, directory, size, created, modified from entry where namespace = ? order by seq"


_MOVE_ENTRY = """
update entry set path = ? || substr(path, ?) where namespace = ? and (path = ? or substr(path, 1, ?) = ?)
"""
_MOVE_CONTENT = """
update content set path = ? || substr(path, ?) where namespace = ? and (path = ? or substr(path, 1, ?) = ?)
"""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file or folder; `path` starts with a slash, times are seconds since the epoch, `size` is in bytes."""

    path: str
    directory: bool
    size: int
    created: float
    modified: float


class FileStore(Database):
    """Entries are what a listing shows; the bytes stand beside them, one row a revision."""

    def entry(self, namespace: str, path: str) -> FileEntry | None:
        """The file or folder at `path`, or None."""
        found = self.rows(_ENTRY, namespace, path)
        return _entry(found[0]) if found else None

    def entries(self, namespace: str) -> list[FileEntry]:
        """Every file and folder of a namespace, in the order of their creation."""
        return [_entry(row) for row in self.rows(_ENTRIES, namespace)]

    def put_entry(self, namespace: str, path: str, *, directory: bool, size: int) -> None:
        """Create a file's or folder's entry, or give it a new size and time."""
        now = time.time()
        with self.change() as db:
            db.execute(
                "insert into entry values (null, ?, ?, ?, ?, ?, ?) "
                "on conflict (namespace, path) do update set size = excluded.size, modified = excluded.modified",
                (namespace, path, directory, size, now, now),
            )

    def put_content(self, namespace: str, path: str, data: bytes) -> int:
        """Store the next revision of a file's bytes together with its entry; returns the revision."""
        with self.change() as db:
            query = "select coalesce(max(revision), 0) + 1 from content where namespace = ? and path = ?"
            revision = int(db.execute(query, (namespace, path)).fetchone()[0])
            db.execute("insert into content values (?, ?, ?, ?)", (namespace, path, revision, data))
            self.put_entry(namespace, path, directory=False, size=len(data))
        return revision

    def content(self, namespace: str, path: str, revision: int | None = None) -> bytes | None:
        """A file's bytes, the newest or those of a revision."""
        newest = "select bytes from content where namespace = ? and path = ? order by revision desc limit 1"
        exact = "select bytes from content where namespace = ? and path = ? and revision = ?"
        found = self.rows(newest, namespace, path) if revision is None else self.rows(exact, namespace, path, revision)
        return bytes(found[0][0]) if found else None

    def content_revisions(self, namespace: str, path: str) -> list[int]:
        """The revision numbers of a file, ascending."""
        query = "select revision from content where namespace = ? and path = ? order by revision"
        return [row[0] for row in self.rows(query, namespace, path)]

    def drop_entry(self, namespace: str, path: str) -> None:
        """Delete a file or a folder with all that is in it; earlier revisions of the bytes keep their numbers."""
        query = "delete from entry where namespace = ? and (path = ? or substr(path, 1, ?) = ?)"
        with self.change() as db:
            db.execute(query, (namespace, path, *_below(path)))

    def move_entry(self, namespace: str, source: str, target: str) -> None:
        """Rename a file or a folder with all that is in it; bytes and revisions go along."""
        values = (target, len(source) + 1, namespace, source, *_below(source))
        with self.change() as db:
            db.execute(_MOVE_ENTRY, values)
            db.execute(_MOVE_CONTENT, values)


def _below(path: str) -> tuple[int, str]:
    prefix = path.rstrip("/") + "/"
    return len(prefix), prefix


def _entry(row: tuple[Any, ...]) -> FileEntry:
    path, directory, size, created, modified = row
    return FileEntry(path, bool(directory), size, created, modified)
