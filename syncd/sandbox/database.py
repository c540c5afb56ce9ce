"""The SQLite database below the sandbox's state: tables, transactions, threads; what the rows mean, the stores know."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_TABLES = """
pragma journal_mode = wal;
pragma synchronous = normal;
create table if not exists flow (
    seq integer primary key, namespace text not null, id text not null, revision integer not null,
    updated real not null, disabled integer not null, deleted integer not null, draft integer not null,
    source blob not null, body text not null, unique (namespace, id, revision));
create table if not exists head (
    namespace text not null, id text not null, seq integer not null, deleted integer not null,
    primary key (namespace, id));
create table if not exists entry (
    seq integer primary key, namespace text not null, path text not null, directory integer not null,
    size integer not null, created real not null, modified real not null, unique (namespace, path));
create table if not exists content (
    namespace text not null, path text not null, revision integer not null, bytes blob not null,
    primary key (namespace, path, revision));
create table if not exists pair (
    namespace text not null, key text not null, version integer not null, type text not null, value text not null,
    description text, created real not null, updated real not null, expires real, primary key (namespace, key));
create table if not exists instance (uuid text not null);
"""


class Database:
    """
    One SQLite connection, shared by threads; every change is one transaction.

    Args:
        directory: Where to keep it (`sandbox.sqlite3` with a write-ahead log); in memory without. A process that is
            killed at any moment leaves the last finished change.
    """

    def __init__(self, directory: Path | None = None) -> None:
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
        name = ":memory:" if directory is None else str(directory / "sandbox.sqlite3")
        self._lock = threading.RLock()
        self._db = sqlite3.connect(name, check_same_thread=False, isolation_level=None)
        self._db.executescript(_TABLES)
        with self.change() as db:
            if not db.execute("select uuid from instance").fetchone():
                db.execute("insert into instance values (?)", (uuid.uuid4().hex,))

    @property
    def instance(self) -> str:
        """The id that tells this server from any other; it is kept with the data."""
        return str(self.rows("select uuid from instance")[0][0])

    def close(self) -> None:
        """Release the database; it is not usable afterwards."""
        with self._lock:
            self._db.close()

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of the block, or nothing when it raises; a block inside another one belongs to it."""
        with self._lock:
            if self._db.in_transaction:
                yield self._db
                return
            self._db.execute("begin immediate")
            try:
                yield self._db
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")

    def rows(self, query: str, *values: Any) -> list[Any]:
        """Every row that a query finds."""
        with self._lock:
            return self._db.execute(query, values).fetchall()

    def each(self, query: str, keys: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
        """The rows of one query for each of many keys, read as they are asked for."""
        for key in keys:
            yield from self.rows(query, *key)
