"""
The decision: base, source and target in, a plan out.

One pure function per question and no handle on the world; what may not be deleted is settled in `guards`,
reading and writing in the sides.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256

from syncd.flowtext import differs_only_by_pause, is_disabled, with_pause, without_pause, without_revision
from syncd.model import Change, Key, Kind, Problem, Resource, Snapshot, Verdict


class Direction(StrEnum):
    """Which side is the source: `push` is Git → Kestra, `pull` is Kestra → Git."""

    PUSH = "push"
    PULL = "pull"

    @property
    def source(self) -> str:
        """The source's name, as users read it."""
        return "Git" if self is Direction.PUSH else "Kestra"

    @property
    def target(self) -> str:
        """The target's name, as users read it."""
        return "Kestra" if self is Direction.PUSH else "Git"


class OnConflict(StrEnum):
    """Which side wins where both were edited."""

    FAIL = "fail"
    GIT = "git"
    KESTRA = "kestra"


class Paused(StrEnum):
    """Whether a flow that was paused in the UI stays paused."""

    KEEP = "keep"
    OVERWRITE = "overwrite"


class OnInvalid(StrEnum):
    """Whether one invalid object holds back everything, or only itself."""

    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Policy:
    """
    What a run may do.

    Args:
        direction: Push or pull.
        prune: Whether what the source deleted is deleted at the target.
        heal: Whether drift on the server is put back (push only).
        force: Whether the source wins wherever it has something.
        on_conflict: Who wins where both sides were edited.
        paused: Whether a pause made in the UI survives.
    """

    direction: Direction = Direction.PUSH
    prune: bool = False
    heal: bool = False
    force: bool = False
    on_conflict: OnConflict = OnConflict.FAIL
    paused: Paused = Paused.KEEP

    @property
    def source_wins(self) -> bool:
        """Whether `on_conflict` names the source."""
        return self.on_conflict == (OnConflict.GIT if self.direction is Direction.PUSH else OnConflict.KESTRA)


@dataclass(frozen=True, slots=True)
class Refusal:
    """
    Deletions that a guard held back.

    Args:
        message: Names the number and the limit.
        hint: The option that lifts it.
        keys: What was not deleted.
    """

    message: str
    hint: str
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What a run would do: a value that can be printed, counted, hashed, stored and compared.

    Args:
        direction: Push or pull.
        changes: Every object that is not simply in step, sorted by key.
        unchanged: How many are in step.
        problems: What could not be read, or was refused.
        refusals: What the guards held back.
    """

    direction: Direction
    changes: tuple[Change, ...] = ()
    unchanged: int = 0
    problems: tuple[Problem, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    @property
    def writes(self) -> tuple[Change, ...]:
        """The changes that would touch the target."""
        return tuple(change for change in self.changes if change.verdict.writes)

    @property
    def summary(self) -> dict[str, int]:
        """How many objects each verdict has, in the order of the enumeration, and `unchanged`."""
        counts = Counter(change.verdict for change in self.changes)
        return {verdict.value: counts[verdict] for verdict in Verdict} | {"unchanged": self.unchanged}

    @property
    def hash(self) -> str:
        """SHA-256 over the direction and, for each change, its key, verdict and the exact bytes on every side."""
        rows = [
            [*_words(change.key), change.verdict, *(side and side.raw for side in _sides(change))]
            for change in self.changes
        ]
        return sha256(json.dumps([self.direction, rows]).encode()).hexdigest()

    def only(self, key: Key) -> Plan:
        """The same plan for one object; nothing else is changed, and nothing else is said."""
        changes = tuple(change for change in self.changes if change.key == key)
        problems = tuple(problem for problem in self.problems if problem.key == key)
        return replace(self, changes=changes, problems=problems)

    def block(self, problems: Mapping[Key, Problem]) -> Plan:
        """The same plan without these writes, and without deletions in their namespaces."""
        blocked = {change.key for change in self.writes if change.key in problems}
        uncertain = {key.namespace: problems[key] for key in sorted(blocked)}
        changes = tuple(
            _blocked(change, problems[change.key])
            if change.key in blocked
            else _held(change, uncertain.get(change.key.namespace))
            for change in self.changes
        )
        return replace(self, changes=changes)

    def hold_moves(self) -> Plan:
        """The same plan without deletions of flows that are to move to a namespace where they cannot be written."""
        stuck = {change.key.name: change.key for change in self.changes if _cannot_arrive(change)}
        changes = tuple(_held_back(change, stuck.get(change.key.name)) for change in self.changes)
        return replace(self, changes=changes)


def _cannot_arrive(change: Change) -> bool:
    new = change.target is None and change.base is None
    return new and change.verdict is Verdict.BLOCKED and change.key.kind is Kind.FLOW


def _held_back(change: Change, stuck: Key | None) -> Change:
    if stuck is None or change.verdict is not Verdict.DELETE or change.key.kind is not Kind.FLOW:
        return change
    return replace(
        change, verdict=Verdict.BLOCKED, reason=f"not deleted, because {stuck} cannot be written", write=None
    )


def _words(key: Key) -> tuple[str, str, str]:
    return (key.kind.value, key.namespace, key.name)


def _sides(change: Change) -> tuple[Resource | None, ...]:
    return (change.base, change.source, change.target, change.write)


def _blocked(change: Change, problem: Problem) -> Change:
    return replace(change, verdict=Verdict.BLOCKED, reason=problem.message, write=None)


def _held(change: Change, problem: Problem | None) -> Change:
    if problem is None or change.verdict is not Verdict.DELETE:
        return change
    reason = f"not deleted, because this namespace is not fully known: {problem.message}"
    return replace(change, verdict=Verdict.BLOCKED, reason=reason, write=None)


def plan(base: Snapshot, source: Snapshot, target: Snapshot, policy: Policy) -> Plan:
    """
    What has to happen so that the target holds what the source holds.

    Args:
        base: What both last agreed on. Empty means nothing is known, so nothing is updated or deleted.
        source: The side that is followed.
        target: The side that is written.
        policy: What the run may do.
    """
    keys = {*base.resources, *source.resources, *target.resources, *source.unknown, *target.unknown}
    uncertain = dict([*_uncertain(target), *_uncertain(source)])
    changes = []
    unchanged = 0
    for key in sorted(keys, key=_words):
        held = (base.resources.get(key), source.resources.get(key), target.resources.get(key))
        row = _Row(key, (source, target), policy, *held, uncertain.get(key.namespace))
        change = row.change()
        if change is not None:
            changes.append(change)
        elif row.source is not None:
            unchanged += 1
    problems = sorted({*source.problems, *target.problems}, key=lambda problem: problem.order)
    return Plan(policy.direction, tuple(changes), unchanged, tuple(problems))


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the decision table, with everything that its cells say."""

    key: Key
    sides: tuple[Snapshot, Snapshot]
    policy: Policy
    base: Resource | None
    source: Resource | None
    target: Resource | None
    uncertain: Problem | None

    def change(self) -> Change | None:
        """The verdict, or `None` where all three agree or there is nothing to say."""
        if problem := self._unknown():
            known = self.source or self.base or self.key in self.sides[0].unknown
            return self._verdict(Verdict.BLOCKED if known else Verdict.UNMANAGED, problem.message)
        if _same(self.source, self.target):
            return None if _same(self.base, self.source) else self._settled()
        pause = self._pause()
        if isinstance(pause, Change):
            return pause
        return self._decide(pause)

    def _decide(self, source: Resource | None) -> Change:
        """The cascade. `source` is what the source holds, with or without a pause made in the UI."""
        words = self.policy.direction
        if self.policy.force and source is not None:
            return self._write(source, f"{words.source} wins (--force)")
        if _same(self.base, source):
            return self._moved_at_target(source)
        if source is None and _same(self.base, self.target):
            return self._delete(f"deleted in {words.source}")
        if source is not None and self._target_stands():
            return self._write(source, f"{'edited' if self.target else 'new'} in {words.source}")
        return self._conflict(source)

    def _target_stands(self) -> bool:
        """Whether the target still is what was agreed on; a pause in the UI is no edit."""
        if _same(self.base, self.target):
            return True
        if self.policy.direction is Direction.PULL or self.key.kind is not Kind.FLOW:
            return False
        return bool(self.base and self.target and differs_only_by_pause(self.base.load(), self.target.load()))

    def _moved_at_target(self, source: Resource | None) -> Change:
        words = self.policy.direction
        if source is None:
            return self._verdict(Verdict.UNMANAGED, f"only in {words.target}")
        what = f"{'edited' if self.target else 'deleted'} in {words.target}"
        if self.policy.heal and self.policy.direction is Direction.PUSH:
            return self._write(source, f"{what}; put back")
        return self._verdict(Verdict.DRIFT, what)

    def _conflict(self, source: Resource | None) -> Change:
        words = self.policy.direction
        here = ("edited" if self.base else "added") if source else "deleted"
        there = ("edited" if self.base else "added") if self.target else "deleted"
        reason = f"{here} in {words.source}, {there} in {words.target}"
        if not self.policy.source_wins:
            return self._verdict(Verdict.CONFLICT, reason)
        if source is not None:
            return self._write(source, f"{reason}; {words.source} wins")
        if self.policy.prune:
            return self._delete(f"{reason}; {words.source} wins")
        return self._verdict(Verdict.CONFLICT, f"{reason}; only --prune lets the deletion win")

    def _delete(self, reason: str) -> Change:
        if not self.policy.prune:
            return self._verdict(Verdict.UNMANAGED, f"{reason}; stays without --prune")
        return _held(self._verdict(Verdict.DELETE, reason), self.uncertain)

    def _write(self, source: Resource, reason: str) -> Change:
        verdict = Verdict.UPDATE if self.target else Verdict.CREATE
        if self.policy.direction is Direction.PULL:
            return replace(self._verdict(verdict, reason), write=_unnumbered(source))
        write = self._still_paused(source)
        if write is not source:
            reason += "; stays paused"
        return replace(self._verdict(verdict, reason), write=write)

    def _still_paused(self, source: Resource) -> Resource:
        """What a push writes over a flow that is paused on the server and was not paused by Git."""
        if self.policy.paused is Paused.OVERWRITE:
            return source
        if self.key.kind is not Kind.FLOW or self.target is None or not is_disabled(self.target.load()):
            return source
        text = source.load()
        if is_disabled(text) or (self.base is not None and is_disabled(self.base.load())):
            return source
        return Resource.of(self.key, with_pause(text), path=source.path)

    def _pause(self) -> Change | Resource | None:
        """The verdict on a flow that differs only by a pause; else the source, as far as it may be carried over."""
        git, kestra = (
            (self.source, self.target) if self.policy.direction is Direction.PUSH else (self.target, self.source)
        )
        if self.key.kind is not Kind.FLOW or kestra is None or self.source is None:
            return self.source
        if git is not None and differs_only_by_pause(git.load(), kestra.load()):
            if self.policy.paused is Paused.KEEP:
                return self._verdict(Verdict.PAUSED, "paused in Kestra; stays paused")
            return self._write(self.source, "paused in Kestra; --paused overwrite")
        if self.policy.direction is Direction.PULL and self.policy.paused is Paused.KEEP:
            return self._without_pause(kestra, self.base or git)
        return self.source

    def _without_pause(self, kestra: Resource, known: Resource | None) -> Resource:
        """What a pull carries into Git of a flow that was edited and paused: the edit."""
        text = kestra.load()
        if known is None or not is_disabled(text) or is_disabled(known.load()):
            return kestra
        return Resource.of(self.key, without_pause(text, known.load()), path=kestra.path, revision=kestra.revision)

    def _settled(self) -> Change:
        return self._verdict(Verdict.SETTLED, "both sides are equal" if self.source else "gone on both sides")

    def _verdict(self, verdict: Verdict, reason: str) -> Change:
        return Change(self.key, verdict, reason, self.base, self.source, self.target)

    def _unknown(self) -> Problem | None:
        """Why this object cannot be judged: a side could not read it, or could not tell that it is absent."""
        source, target = self.sides
        if problem := source.unknown.get(self.key) or target.unknown.get(self.key):
            return problem
        place = (self.key.kind, self.key.namespace)
        if self.source is None and self.base is not None and place in source.incomplete:
            return source.incomplete[place]
        if self.target is None and (self.base or self.source) is not None and place in target.incomplete:
            return target.incomplete[place]
        return None


def _unnumbered(flow: Resource) -> Resource:
    """What a pull writes into Git: the server's text without its `revision:` line."""
    if flow.key.kind is not Kind.FLOW:
        return flow
    text = flow.load()
    plain = without_revision(text)
    return flow if plain == text else Resource.of(flow.key, plain, path=flow.path, revision=flow.revision)


def _same(one: Resource | None, other: Resource | None) -> bool:
    return (one and one.digest) == (other and other.digest)


def _uncertain(side: Snapshot) -> Iterator[tuple[str, Problem]]:
    """The namespaces in which nothing may be deleted, each with a problem that makes it so."""
    yield from ((namespace, problem) for (_, namespace), problem in side.incomplete.items())
    yield from ((key.namespace, problem) for key, problem in side.unknown.items())


def agreed(changes: Iterable[Change], direction: Direction) -> dict[Key, Resource | None]:
    """
    What the base may hold without any write: settled objects, and flows that differ only by a kept pause.

    Always Git's bytes, because those are the ones that the repository keeps anyway.
    """
    settled = {}
    for change in changes:
        if change.verdict in {Verdict.SETTLED, Verdict.PAUSED}:
            settled[change.key] = change.source if direction is Direction.PUSH else change.target
    return settled
