"""
What a run is handed and asked: the two sides, what they last agreed on, and what it may do.

Protocols and values; whoever has the methods is a side. Nothing is decided or done here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from syncd.guards import Guards
from syncd.model import Change, Key, Problem, Resource, Scope, Snapshot
from syncd.plan import Direction, OnInvalid, Plan, Policy


class Side(Protocol):
    """One side of a sync: a repository, a server, or memory."""

    def snapshot(self, scope: Scope) -> Snapshot:
        """Everything within the scope. An error is raised, never answered with less than there is."""

    def apply(self, change: Change) -> Resource | None:
        """
        Makes the object what `change.write` says, if it still is what `change.target` says.

        Returns:
            What was read back; `None` after a deletion.

        Raises:
            ObjectMoved: It is no longer what the plan saw. Nothing was written.
            KestraRejected: The server refused this object.
        """


class Target(Side, Protocol):
    """A side that can be asked, before the first write, what it would not take."""

    @property
    def workers(self) -> int:
        """How many objects may be written at a time."""

    @property
    def can_swap(self) -> bool:
        """Whether a file may take a folder's place."""

    @property
    def can_nest(self) -> bool:
        """Whether a folder may take a file's place."""

    def refusals(self, writes: Sequence[Change]) -> tuple[Problem, ...]:
        """What this side could not hold, whatever its text. Each problem names its key."""

    def create_many(self, resources: Sequence[Resource]) -> Mapping[Key, Resource]:
        """Creates many objects at once where that is safe; returns those that were read back as they should be."""


class Base(Protocol):
    """What both sides last agreed on, and the bytes rescued from being overwritten."""

    snapshot: Snapshot

    def infer(self, git: Snapshot, kestra: Snapshot, keys: Sequence[Key]) -> Mapping[Key, Resource]:
        """For objects without a base that differ: which version both had, as far as either history shows it."""

    def rescue(self, side: str, lost: Sequence[tuple[Resource, str]]) -> None:
        """Keeps these bytes of `git` or `kestra`, with the reason they are lost; without it nothing is overwritten."""

    def save(self, agreed: Mapping[Key, Resource | None], message: str) -> str | None:
        """Moves the base; returns its commit."""


@dataclass(frozen=True, slots=True)
class Request:
    """
    What a run is asked to do.

    Args:
        policy: What it may do.
        guards: How much it may delete.
        on_invalid: Whether one invalid object holds back everything.
        validate: Whether the server is asked to validate what a push would write.
        dry_run: Whether to stop before the first write.
        expected: Hash of a reviewed plan; anything else is refused.
        only: The one object that the run is about; `None` for all.
    """

    policy: Policy = field(default_factory=Policy)
    guards: Guards = field(default_factory=Guards)
    on_invalid: OnInvalid = OnInvalid.FAIL
    validate: bool = True
    dry_run: bool = False
    expected: str = ""
    only: Key | None = None


@dataclass(frozen=True, slots=True)
class World:
    """
    The outside, handed in.

    Args:
        git: The repository.
        kestra: The server.
        base: What they last agreed on.
        scope: Where to look.
        ignored: Which of the server's objects the repository's ignore rules leave out.
        place: Where in the repository a new object of the server would lie; "" where nowhere.
        validate: What the server says of the flows that a push would write.
        beside: Whether Git's side is a branch that has yet to be merged, so that the base is not about it.
        finish: Called with a message after the writes of a pull; commits them and returns the commit.
        confirm: Shown the plan before the first write; raises where the user says no.
        stopping: Asked between two objects; true ends the run after what is in hand.
        progress: Told of each object that was written, and of how many there are.
    """

    git: Target
    kestra: Target
    base: Base
    scope: Scope
    ignored: Callable[[Iterable[Key]], frozenset[Key]] = lambda _keys: frozenset()
    place: Callable[[Key], str] = lambda _key: ""
    validate: Callable[[Sequence[Change]], tuple[Problem, ...]] = lambda _writes: ()
    beside: bool = False
    finish: Callable[[str], str | None] = lambda _message: None
    confirm: Callable[[Plan], None] = lambda _plan: None
    stopping: Callable[[], bool] = lambda: False
    progress: Callable[[Change, int], None] = lambda _change, _total: None

    def target(self, direction: Direction) -> Target:
        """The side that is written."""
        return self.kestra if direction is Direction.PUSH else self.git


@dataclass(frozen=True, slots=True)
class Look:
    """
    Both sides, as they were at one moment.

    Args:
        git: What the repository holds.
        kestra: What the server holds.
    """

    git: Snapshot
    kestra: Snapshot

    def towards(self, direction: Direction) -> tuple[Snapshot, Snapshot]:
        """Source and target."""
        return (self.git, self.kestra) if direction is Direction.PUSH else (self.kestra, self.git)
