"""A side of the sync that lives in memory: the smallest thing that keeps the contract, for tests of what is above."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from syncd.errors import ObjectMoved
from syncd.model import Change, Key, Kind, Problem, Resource, Scope, Snapshot

NOTHING: Final[Mapping[Key, Resource]] = MappingProxyType({})


class MemorySide:
    """
    Objects by key.

    Args:
        resources: What it holds at first.
        can_swap: Whether a file may take a folder's place, and the reverse.

    Attributes:
        unknown: Objects that cannot be read, with why.
        incomplete: Namespaces in which more may exist, with why.
        refused: Objects that it would not take, with why.
        writes: How often something was written.
    """

    workers = 1

    def __init__(self, resources: Iterable[Resource] = (), *, can_swap: bool = True) -> None:
        self.resources = {resource.key: resource for resource in resources}
        self.can_swap = self.can_nest = can_swap
        self.unknown: dict[Key, Problem] = {}
        self.incomplete: dict[tuple[Kind, str], Problem] = {}
        self.refused: dict[Key, Problem] = {}
        self.writes = 0

    def put(self, key: Key, data: bytes | None, path: str = "") -> None:
        """Somebody else's edit: these bytes, or nothing."""
        if data is None:
            self.resources.pop(key, None)
        else:
            self.resources[key] = Resource.of(key, data, path=path)

    def holds(self) -> dict[Key, bytes]:
        """The bytes of everything."""
        return {key: resource.load() for key, resource in self.resources.items()}

    def snapshot(self, scope: Scope) -> Snapshot:
        """What lies in scope and is not unknown."""
        unknown = {key: problem for key, problem in self.unknown.items() if scope.covers(key.namespace)}
        incomplete = {place: problem for place, problem in self.incomplete.items() if scope.covers(place[1])}
        seen = {key: one for key, one in self.resources.items() if scope.covers(key.namespace) and key not in unknown}
        return Snapshot(seen, unknown, incomplete, tuple({*unknown.values(), *incomplete.values()}))

    def apply(self, change: Change) -> Resource | None:
        """Compare and swap, as `syncd.sync.Side` has it."""
        found = self.resources.get(change.key)
        if (found.raw if found else None) != (change.target.raw if change.target else None):
            raise ObjectMoved(f"{change.key} is not what was seen")
        path = next((seen.path for seen in (change.target, change.write) if seen and seen.path), "")
        self.put(change.key, change.write.load() if change.write else None, path)
        self.writes += 1
        return self.resources.get(change.key)

    def refusals(self, writes: Sequence[Change]) -> tuple[Problem, ...]:
        """Those of `refused` that are to be written."""
        return tuple(self.refused[change.key] for change in writes if change.key in self.refused)

    def create_many(self, flows: Sequence[Resource]) -> Mapping[Key, Resource]:  # noqa: ARG002 - every side is asked
        """Nothing: one at a time will do."""
        return NOTHING
