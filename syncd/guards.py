"""
What may not be deleted: small filters that turn deletions of a plan into refusals and let everything else pass.

No other change is ever held back here; which deletions are wanted at all is decided in `plan`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from syncd.model import Change, Key, Kind, Problem, Snapshot, Verdict, within
from syncd.plan import Plan, Refusal

NAMESPACE_PERCENT = 30
"""Share of what the base holds in one namespace that a run may delete."""
NAMESPACE_FLOOR = 4
"""From this many deletions on, the share counts; fewer are an ordinary clean-up."""
RUN_TOTAL = 20
"""Deletions in one whole run."""


@dataclass(frozen=True, slots=True)
class MaxDeletes:
    """
    The limit that a user set in place of both built-in ones.

    Args:
        number: Deletions in the whole run, or percent of each namespace.
        percent: Whether `number` is a percentage.
    """

    number: int
    percent: bool = False

    @classmethod
    def parse(cls, text: str) -> MaxDeletes:
        """
        Reads `12` or `40%`.

        Raises:
            ValueError: It is neither.
        """
        digits = text.strip().removesuffix("%").strip()
        if not (digits.isascii() and digits.isdigit()):
            raise ValueError(f"{text!r} is neither a number of deletions such as 12 nor a percentage such as 40%")
        return cls(int(digits), text.strip().endswith("%"))

    def __str__(self) -> str:
        return f"{self.number}%" if self.percent else str(self.number)


@dataclass(frozen=True, slots=True)
class Guards:
    """
    The limits of a run.

    Args:
        protected: Namespaces, with their children, in which nothing is ever deleted.
        max_deletes: Replaces the limits per namespace and per run; `None` keeps them.
        allow_emptying: Whether a namespace may lose everything.
    """

    protected: tuple[str, ...] = ("system",)
    max_deletes: MaxDeletes | None = None
    allow_emptying: bool = False


def guard(plan: Plan, base: Snapshot, guards: Guards) -> Plan:
    """
    The same plan without the deletions that go too far; each is named in `Plan.refusals`.

    Args:
        plan: What would happen.
        base: What was last agreed on, which the shares are measured against.
        guards: The limits.
    """
    deletions = [change for change in plan.changes if change.verdict is Verdict.DELETE]
    refusals = list(_refusals(deletions, _held_by_base(base), guards))
    refused = {key: refusal for refusal in reversed(refusals) for key in refusal.keys}
    changes = tuple(_refuse(change, refused.get(change.key)) for change in plan.changes)
    return replace(plan, changes=changes, refusals=(*plan.refusals, *refusals))


def doubtful(side: Snapshot, guards: Guards) -> Snapshot:
    """The side, in which absence means nothing where a whole folder is gone: more likely a wrong place than a wish."""
    if guards.allow_emptying or not side.emptied:
        return side
    return replace(side, incomplete={**side.incomplete, **side.emptied})


def guard_emptied(plan: Plan, emptied: Mapping[tuple[Kind, str], Problem], *, prune: bool) -> Plan:
    """
    The same plan, in which what a folder took with it is a refused deletion; without `prune` it is unmanaged.

    Args:
        plan: Made of a doubtful source, so that these objects are blocked.
        emptied: The places whose folder is gone.
        prune: Whether they would have been deleted.
    """
    changes, refused = [], defaultdict(list)
    for change in plan.changes:
        problem = emptied.get((change.key.kind, change.key.namespace))
        if problem is None or change.verdict is not Verdict.BLOCKED or change.reason != problem.message:
            changes.append(change)
        elif change.target and prune:
            changes.append(change)
            refused[problem].append(change.key)
        elif change.target:
            changes.append(
                replace(change, verdict=Verdict.UNMANAGED, reason=f"{problem.message}; stays without --prune")
            )
    refusals = [
        Refusal(f"{_count(len(keys))}, because {problem.message}", problem.hint, tuple(keys))
        for problem, keys in refused.items()
    ]
    return replace(plan, changes=tuple(changes), refusals=(*plan.refusals, *refusals))


def _held_by_base(base: Snapshot) -> Mapping[str, int]:
    held: dict[str, int] = defaultdict(int)
    for key in base.resources:
        held[key.namespace] += 1
    return held


def _refuse(change: Change, refusal: Refusal | None) -> Change:
    if refusal is None or change.verdict is not Verdict.DELETE:
        return change
    return replace(change, verdict=Verdict.BLOCKED, reason=f"refused: {refusal.message}")


def _refusals(deletions: list[Change], held: Mapping[str, int], guards: Guards) -> Iterable[Refusal]:
    namespaces = _by_namespace(deletions)
    for namespace, keys in namespaces.items():
        yield from _refusals_in(namespace, keys, held[namespace], guards)
    if refusal := _refusal_of_run([key for keys in namespaces.values() for key in keys], guards):
        yield refusal


def _by_namespace(deletions: list[Change]) -> dict[str, list[Key]]:
    namespaces: dict[str, list[Key]] = defaultdict(list)
    for change in deletions:
        namespaces[change.key.namespace].append(change.key)
    return dict(sorted(namespaces.items()))


def _refusals_in(namespace: str, keys: list[Key], held: int, guards: Guards) -> Iterable[Refusal]:
    count = len(keys)
    if any(within(namespace, closed) for closed in guards.protected):
        yield Refusal(
            f"{_count(count)} in the protected namespace {namespace}",
            f"take {namespace} out of 'protected' in syncd.yaml to allow it, or restore what was deleted",
            tuple(keys),
        )
        return
    if count >= held and not guards.allow_emptying:
        yield Refusal(
            f"{_count(count)} would leave nothing of the {held} objects in {namespace}",
            "add --allow-emptying if that is meant",
            tuple(keys),
        )
    if refusal := _refusal_of_share(namespace, keys, held, guards):
        yield refusal


def _refusal_of_share(namespace: str, keys: list[Key], held: int, guards: Guards) -> Refusal | None:
    count = len(keys)
    if guards.allow_emptying and count >= held and guards.max_deletes is None:
        return None
    limit, floor = NAMESPACE_PERCENT, NAMESPACE_FLOOR
    if guards.max_deletes is not None:
        if not guards.max_deletes.percent:
            return None
        limit, floor = guards.max_deletes.number, 1
    if count < floor or count * 100 <= limit * held:
        return None
    return Refusal(
        f"{_count(count)} of the {held} objects in {namespace} is more than {limit} %",
        f"add --max-deletes {_ceil_percent(count, held)}% if that is meant",
        tuple(keys),
    )


def _refusal_of_run(keys: list[Key], guards: Guards) -> Refusal | None:
    limit = RUN_TOTAL
    if guards.max_deletes is not None:
        if guards.max_deletes.percent:
            return None
        limit = guards.max_deletes.number
    if len(keys) <= limit:
        return None
    return Refusal(
        f"{_count(len(keys))} in one run is more than {limit}",
        f"add --max-deletes {len(keys)} if that is meant",
        tuple(keys),
    )


def _count(count: int) -> str:
    return f"{count} deletion{'' if count == 1 else 's'}"


def _ceil_percent(count: int, held: int) -> int:
    return -(-count * 100 // held) if held else 100
