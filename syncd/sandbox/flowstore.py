"""Flows and their revisions as the sandbox keeps them; which text may be stored is decided in `verdict`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from syncd.sandbox.database import Database

_LATEST = "select flow.* from head join flow on flow.seq = head.seq where head.namespace = ? and head.id = ?"
_SOURCE = (
    "select flow.namespace, flow.id, flow.source from head join flow on flow.seq = head.seq "
    "where head.namespace = ? and head.id = ?"
)


@dataclass(frozen=True, slots=True)
class FlowRevision:
    """
    One stored revision of a flow.

    Attributes:
        source: The text, verbatim.
        body: What Kestra's parser makes of it; `tasks` is empty when an unparsable draft was stored.
        updated: Seconds since the epoch.
    """

    namespace: str
    id: str
    revision: int
    updated: float
    disabled: bool
    deleted: bool
    draft: bool
    source: str
    body: dict[str, Any]


class FlowStore(Database):
    """Revisions are numbered from 1 and never reused; a deletion is a revision too."""

    def flow(self, namespace: str, flow_id: str, revision: int | None = None) -> FlowRevision | None:
        """The latest revision, deleted or not, or the one asked for."""
        if revision is None:
            found = self.rows(_LATEST, namespace, flow_id)
        else:
            query = "select * from flow where namespace = ? and id = ? and revision = ?"
            found = self.rows(query, namespace, flow_id, revision)
        return _flow(found[0]) if found else None

    def revisions(self, namespace: str, flow_id: str) -> list[FlowRevision]:
        """Every revision of a flow, oldest first."""
        query = "select * from flow where namespace = ? and id = ? order by revision"
        return [_flow(row) for row in self.rows(query, namespace, flow_id)]

    def names(self) -> list[tuple[str, str]]:
        """Namespace and id of every flow that is not deleted, in the order of their last change."""
        return [(row[0], row[1]) for row in self.rows("select namespace, id from head where not deleted order by seq")]

    def flows(self, names: Iterable[tuple[str, str]]) -> Iterator[FlowRevision]:
        """The latest revision of each named flow, read as it is asked for."""
        return (_flow(row) for row in self.each(_LATEST, names))

    def sources(self, names: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, bytes]]:
        """Namespace, id and text of the named flows, without parsing anything."""
        return ((row[0], row[1], row[2]) for row in self.each(_SOURCE, names))

    def put_flow(
        self,
        namespace: str,
        flow_id: str,
        source: str,
        body: dict[str, Any],
        *,
        deleted: bool = False,
        draft: bool = False,
    ) -> FlowRevision:
        """Store a new revision, numbered after the highest one there ever was."""
        disabled = body.get("disabled") not in _OFF
        with self.change() as db:
            query = "select coalesce(max(revision), 0) + 1 from flow where namespace = ? and id = ?"
            revision = int(db.execute(query, (namespace, flow_id)).fetchone()[0])
            stored = FlowRevision(namespace, flow_id, revision, time.time(), disabled, deleted, draft, source, body)
            seq = db.execute("insert into flow values (null, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(stored)).lastrowid
            db.execute("insert or replace into head values (?, ?, ?, ?)", (namespace, flow_id, seq, deleted))
        return stored

    def drop_revisions(self, namespace: str, flow_id: str, revisions: Iterable[int]) -> None:
        """Forget revisions for good; the numbers of the others stay."""
        query = "delete from flow where namespace = ? and id = ? and revision = ?"
        with self.change() as db:
            db.executemany(query, [(namespace, flow_id, revision) for revision in revisions])


_OFF = (None, False, 0, "", "false", "False", "FALSE")


def _row(stored: FlowRevision) -> tuple[Any, ...]:
    return (
        *(stored.namespace, stored.id, stored.revision, stored.updated),
        *(stored.disabled, stored.deleted, stored.draft),
        *(stored.source.encode("utf-8", "surrogatepass"), json.dumps(stored.body)),
    )


def _flow(row: tuple[Any, ...]) -> FlowRevision:
    _, namespace, flow_id, revision, updated, disabled, deleted, draft, source, body = row
    text = source.decode("utf-8", "surrogatepass")
    state = (bool(disabled), bool(deleted), bool(draft))
    return FlowRevision(namespace, flow_id, revision, updated, *state, text, json.loads(body))
