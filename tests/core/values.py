"""Small values for the tests of the pure core: one object, contents A, B and C, and snapshots of them."""

from __future__ import annotations

from syncd.model import Key, Kind, Problem, Resource, Snapshot

KEY = Key(Kind.FILE, "company.team", "query.sql")
FLOW = Key(Kind.FLOW, "company.team", "hello")


def held(content: str | None, key: Key = KEY) -> Resource | None:
    """The object with this content; `None` is absent."""
    return None if content is None else Resource.of(key, content.encode(), path=f"somewhere/{key.name}")


def side(content: str | None, key: Key = KEY) -> Snapshot:
    """A side that holds just this."""
    resource = held(content, key)
    return Snapshot.of([resource] if resource else [])


def unreadable(key: Key = KEY) -> Snapshot:
    """A side that could not read the object."""
    problem = Problem("SYN001", f"{key} cannot be read", key=key)
    return Snapshot(unknown={key: problem}, problems=(problem,))


def files(*names: str, namespace: str = "company.team", content: str = "A") -> Snapshot:
    """A side that holds these files."""
    return Snapshot.of(Resource.of(Key(Kind.FILE, namespace, name), content.encode()) for name in names)
