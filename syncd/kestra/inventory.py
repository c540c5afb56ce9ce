"""Finds out what files a namespace holds and which bytes, reading as few of them as it can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

from syncd.errors import KestraDenied, KestraError, KestraUnavailable, ObjectMoved
from syncd.kestra.dialect import Dialect
from syncd.kestra.files import Files, Walk, key_of
from syncd.kestra.listing import Known, ListingCache, Stat
from syncd.model import Key, Kind, Problem, Resource, Snapshot, blob_id

FEW = 8
"""Up to so many files are read one by one; more are read from one export of the namespace."""

MARGIN = 2.0
"""
Seconds that a file must have been left alone before its listing was made, to be remembered: two writes within one
tick of the server's clock would look alike.
"""

KEPT_EACH = 256 << 10
"""Bytes of a file that is kept in memory once it was read; a larger one is read again when it is wanted."""

KEPT_TOGETHER = 32 << 20
"""Bytes of all files that one look keeps in memory."""


class Room:
    """What is left of the memory that one look may use."""

    def __init__(self) -> None:
        self._left = KEPT_TOGETHER
        self._lock = Lock()

    def takes(self, size: int) -> bool:
        """Whether something of this size still has room; if so, it is taken."""
        with self._lock:
            fits = size <= min(KEPT_EACH, self._left)
            self._left -= size if fits else 0
        return fits


@dataclass(slots=True)
class Contents:
    """Blob ids and sizes by path as read from the server, the bytes of those that had room, and when reading began."""

    room: Room
    blobs: dict[str, str] = field(default_factory=dict)
    kept: dict[str, bytes] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    made: float | None = None

    def add(self, path: str, data: bytes) -> None:
        """Takes note of one file."""
        self.blobs[path], self.sizes[path] = blob_id(data), len(data)
        if self.room.takes(len(data)):
            self.kept[path] = data

    def drop(self, path: str) -> None:
        """Takes it back, because it is not the whole file."""
        self.blobs.pop(path)
        self.kept.pop(path, None)


class Inventory:
    """
    The files of one tenant as snapshots.

    Args:
        files: The way to them.
        line: What the server can do.
        server: Names instance and tenant, for the cache.
        cache: What earlier runs saw, or `None` to read everything.
        spelled: By namespace, how Git spells names that this server lists differently.
    """

    def __init__(
        self,
        files: Files,
        line: Dialect,
        server: str,
        cache: ListingCache | None,
        spelled: Mapping[str, Mapping[str, str]],
    ) -> None:
        self._files = files
        self._line = line
        self._server = server
        self._cache = cache
        self._spelled = spelled
        self._room = Room()

    def take(self, namespace: str) -> Snapshot:
        """
        Every file of a namespace; where it cannot be listed, the namespace is incomplete.

        Raises:
            KestraDenied: The credentials are not enough.
            KestraUnavailable: The server is away.
        """
        try:
            return self._take(namespace)
        except KestraError as error:
            if isinstance(error, KestraDenied) or (isinstance(error, KestraUnavailable) and error.status != 500):
                raise
            problem = Problem("SYN025", f"the files of {namespace} cannot be listed: {error}", hint=error.hint)
            return Snapshot(incomplete={(Kind.FILE, namespace): problem}, problems=(problem,))

    def _take(self, namespace: str) -> Snapshot:
        known = self._cache.load(self._server, namespace) if self._cache else {}
        contents = Contents(self._room)
        # A namespace that held files before has a root, so that listing it creates nothing.
        if not known and self._is_empty(namespace, contents):
            return Snapshot()
        walk = self._files.walk(namespace)
        self._read(namespace, [path for path, stat in walk.files.items() if not _fits(known.get(path), stat)], contents)
        for path in [path for path, size in contents.sizes.items() if size != _listed_size(walk, path, size)]:
            contents.drop(path)
        self._remember(namespace, known, walk, contents)
        return self._snapshot(namespace, walk, known, contents)

    def _is_empty(self, namespace: str, contents: Contents) -> bool:
        if self._line.search_lists_files:
            return self._files.seems_empty(namespace)
        self._export(namespace, contents)
        return not contents.blobs

    def _export(self, namespace: str, contents: Contents) -> None:
        with self._files.export(namespace) as (files, made):
            contents.made = made
            for path, data in files:
                contents.add(path, data)

    def _read(self, namespace: str, changed: list[str], contents: Contents) -> None:
        wanted = [path for path in changed if path not in contents.blobs]
        if len(wanted) > FEW:
            self._export(namespace, contents)
        for path in wanted:
            if path not in contents.blobs and (held := self._files.read(key_of(namespace, path))):
                contents.add(path, held.load())

    def _remember(self, namespace: str, known: Mapping[str, Known], walk: Walk, contents: Contents) -> None:
        if self._cache is None:
            return
        made = min((time for time in (walk.made, contents.made) if time is not None), default=None)
        settled = {
            path: Known(stat, contents.blobs.get(path) or known[path].blob)
            for path, stat in walk.files.items()
            if _fits(known.get(path), stat) or (path in contents.blobs and _settled(stat, made))
        }
        if settled != known:
            self._cache.store(self._server, namespace, settled)

    def _snapshot(self, namespace: str, walk: Walk, known: Mapping[str, Known], contents: Contents) -> Snapshot:
        loader = Loader(self._files, namespace, contents)
        spelled = self._spelled.get(namespace, {})
        resources, unknown = {}, {}
        for path in {*walk.files, *contents.blobs}:
            key, stat = key_of(namespace, spelled.get(path, path)), walk.files.get(path)
            blob = contents.blobs.get(path) or (known[path].blob if stat and _fits(known.get(path), stat) else "")
            if stat and blob:
                resources[key] = Resource(key, blob, blob, load=partial(loader.load, path, blob))
            else:
                unknown[key] = _torn(key)
        return Snapshot(resources, unknown, problems=(*walk.problems, *unknown.values()))


class Loader:
    """Reads bytes that a snapshot only named: a few by themselves, more from one export."""

    def __init__(self, files: Files, namespace: str, contents: Contents) -> None:
        self._files = files
        self._namespace = namespace
        self._contents = contents
        self._asked = 0
        self._fetched = False
        self._lock = Lock()

    def load(self, path: str, blob: str) -> bytes:
        """
        The bytes with this blob id.

        Raises:
            ObjectMoved: The server holds other bytes by now.
        """
        key = key_of(self._namespace, path)
        with self._lock:
            self._asked += path not in self._contents.kept
            if self._asked > FEW and not self._fetched:
                self._fetch()
        data = self._contents.kept.get(path)
        if data is None or blob_id(data) != blob:
            held = self._files.read(key)
            data = held.load() if held else None
        if data is None or blob_id(data) != blob:
            raise ObjectMoved(f"{key} changed during the run", "run the command again to decide anew")
        return data

    def _fetch(self) -> None:
        self._fetched = True
        with self._files.export(self._namespace) as (files, _):
            for path, data in files:
                if path not in self._contents.kept:
                    self._contents.add(path, data)


def _listed_size(walk: Walk, path: str, otherwise: int) -> int:
    stat = walk.files.get(path)
    return stat.size if stat else otherwise


def _fits(known: Known | None, stat: Stat) -> bool:
    return known is not None and known.stat == stat


def _settled(stat: Stat, made: float | None) -> bool:
    return made is not None and stat.modified / 1000 + MARGIN <= made


def _torn(key: Key) -> Problem:
    return Problem(
        "SYN026",
        f"{key} is listed by the server but cannot be read, or the reverse",
        key=key,
        hint="run the command again; if it stays, delete the file in Kestra",
    )
