"""Key-value pairs as the sandbox keeps them; how a value is written in a request is told by `pairs`."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from syncd.sandbox.database import Database


@dataclass(frozen=True, slots=True)
class Pair:
    """A key with its typed value; times are seconds since the epoch, `expires` is None without a time to live."""

    namespace: str
    key: str
    version: int
    type: str
    value: Any
    description: str | None
    created: float
    updated: float
    expires: float | None


class PairStore(Database):
    """One row a pair; only the newest value is kept."""

    def pairs(self, namespace: str | None = None) -> list[Pair]:
        """The pairs of one namespace, or of all, sorted by namespace and key."""
        if namespace is None:
            found = self.rows("select * from pair order by namespace, key")
        else:
            found = self.rows("select * from pair where namespace = ? order by key", namespace)
        return [_pair(row) for row in found]

    def pair(self, namespace: str, key: str) -> Pair | None:
        """One pair, expired or not, or None."""
        found = self.rows("select * from pair where namespace = ? and key = ?", namespace, key)
        return _pair(found[0]) if found else None

    def put_pair(
        self, namespace: str, key: str, kind: str, value: Any, description: str | None, ttl: float | None
    ) -> None:
        """Set a value; `ttl` is in seconds."""
        now = time.time()
        with self.change() as db:
            old = self.pair(namespace, key)
            version, created = (old.version + 1, old.created) if old else (1, now)
            expires = None if ttl is None else now + ttl
            values = (namespace, key, version, kind, json.dumps(value), description, created, now, expires)
            db.execute("insert or replace into pair values (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)

    def drop_pair(self, namespace: str, key: str) -> bool:
        """Delete a pair; returns whether there was one."""
        with self.change() as db:
            return db.execute("delete from pair where namespace = ? and key = ?", (namespace, key)).rowcount > 0


def _pair(row: tuple[Any, ...]) -> Pair:
    namespace, key, version, kind, value, description, created, updated, expires = row
    return Pair(namespace, key, version, kind, json.loads(value), description, created, updated, expires)
