"""Asks by name for what both sides had agreed on and a look did not find; what follows from it is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import replace

from syncd.errors import KestraRejected, ObjectMoved
from syncd.kestra.swap import Store
from syncd.model import Key, Kind, Problem, Snapshot


def asked_by_name(seen: Snapshot, expected: Iterable[Key], store: Callable[[Kind], Store], pool: Executor) -> Snapshot:
    """
    The same look, in which nothing is absent only because a listing lacks it.

    Args:
        seen: What listings and exports showed.
        expected: What both sides had agreed on, within the scope of the look.
        store: Where objects of a kind are read one at a time.
        pool: Where to read.

    Raises:
        KestraError: The server could not be asked.
    """
    absent = sorted(key for key in expected if _seems_gone(seen, key))
    there = pool.map(lambda key: _is_there(store(key.kind), key), absent)
    problems = {key: _unlisted(key) for key, found in zip(absent, there, strict=True) if found}
    return replace(seen, unknown={**seen.unknown, **problems}, problems=(*seen.problems, *problems.values()))


def _seems_gone(seen: Snapshot, key: Key) -> bool:
    return not (key in seen.resources or key in seen.unknown or (key.kind, key.namespace) in seen.incomplete)


def _is_there(store: Store, key: Key) -> bool:
    try:
        return store.read(key) is not None
    except (ObjectMoved, KestraRejected):  # a draft, or a refusal that does not say that there is none
        return True


def _unlisted(key: Key) -> Problem:
    code = "SYN023" if key.kind is Kind.FLOW else "SYN026"
    hint = "run the command again; if it stays, look at it in Kestra"
    return Problem(code, f"{key} is on the server, but its listing lacks it", key=key, hint=hint)
