"""
Gather, plan, apply: one look at both sides, one decision, and its effects.

The sides and the base are handed in; no library for Git or HTTP is known here, and nothing is decided here that
`plan` and `guards` can decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from syncd.application import Application
from syncd.errors import PlanMoved
from syncd.guards import doubtful, guard, guard_emptied
from syncd.model import Key, Problem, Severity, Snapshot
from syncd.order import without_room
from syncd.plan import Direction, OnInvalid, Plan, plan
from syncd.report import Report
from syncd.sides import Look, Request, World


def gather(world: World) -> Look:
    """Looks at both sides at once: the one waits for a disk, the other for a network."""
    with ThreadPoolExecutor(1) as pool:
        kestra = pool.submit(world.kestra.snapshot, world.scope)
        git = world.git.snapshot(world.scope)
        return Look(git, _without(kestra.result(), world.ignored))


def _without(side: Snapshot, ignored: Callable[[Iterable[Key]], frozenset[Key]]) -> Snapshot:
    """The snapshot without what an ignore rule puts out of scope: neither written nor deleted, here or there."""
    out = ignored((*side.resources, *side.unknown))
    if not out:
        return side
    return replace(
        side,
        resources={key: resource for key, resource in side.resources.items() if key not in out},
        unknown={key: problem for key, problem in side.unknown.items() if key not in out},
        problems=tuple(problem for problem in side.problems if problem.key not in out),
    )


def decide(world: World, look: Look, request: Request) -> Plan:
    """The plan of this run, with everything blocked that must not or cannot be written."""
    return _possible(world, look, request).hold_moves()


def _possible(world: World, look: Look, request: Request) -> Plan:
    source, target = (doubtful(side, request.guards) for side in look.towards(request.policy.direction))
    base = _of_branch(world.base.snapshot, look.git) if world.beside else world.base.snapshot
    first = plan(base, source, target, request.policy)
    if unclear := _without_base(first):
        known = {**base.resources, **world.base.infer(look.git, look.kestra, unclear)}
        first = plan(replace(base, resources=known), source, target, request.policy)
    if request.only is not None:
        first = first.only(request.only)
    guarded = guard(first, base, request.guards)
    if not request.guards.allow_emptying:
        guarded = guard_emptied(guarded, source.emptied, prune=request.policy.prune)
    side = world.target(request.policy.direction)
    cramped = without_room(guarded, target, can_swap=side.can_swap, can_nest=side.can_nest)
    guarded = _blocked(guarded, cramped.values())
    guarded = _blocked(guarded, side.refusals(guarded.writes))
    if request.policy.direction is Direction.PULL:
        return _placed(guarded, world.place)
    if not request.validate:
        return guarded
    return _blocked(guarded, world.validate(guarded.writes))


def _placed(plan: Plan, place: Callable[[Key], str]) -> Plan:
    """The same plan, which says of each object that is new to Git where it is to lie."""
    changes = tuple(
        replace(change, write=replace(change.write, path=place(change.key)))
        if change.write and not change.path
        else change
        for change in plan.changes
    )
    return replace(plan, changes=changes)


def _of_branch(base: Snapshot, git: Snapshot) -> Snapshot:
    """What of the base still holds on a branch that has gone on; for the rest, histories say who moved."""
    held = {
        key: resource
        for key, resource in base.resources.items()
        if (here := git.resources.get(key)) and here.digest == resource.digest
    }
    return replace(base, resources=held)


def _without_base(plan: Plan) -> list[Key]:
    """Objects that both sides hold differently and no base explains."""
    return [change.key for change in plan.changes if change.base is None and change.source and change.target]


def _blocked(plan: Plan, problems: Iterable[Problem]) -> Plan:
    problems = tuple(problems)
    errors = {problem.key: problem for problem in problems if problem.key and problem.severity is Severity.ERROR}
    known = tuple(sorted({*plan.problems, *problems}, key=lambda problem: problem.order))
    return replace(plan.block(errors), problems=known)


def invalid(plan: Plan, look: Look) -> bool:
    """Whether anything that Git holds, or that would be written, is invalid. What only Kestra holds does not count."""
    elsewhere = {problem for problem in look.kestra.problems if problem not in look.git.problems}
    return any(problem.severity is Severity.ERROR and problem not in elsewhere for problem in plan.problems)


def run(world: World, request: Request, look: Look | None = None) -> Report:
    """
    One direction of a sync, from the look to the report.

    Args:
        world: The sides and the base.
        request: What to do.
        look: Both sides, where they were just looked at.

    Raises:
        PlanMoved: The plan is not the one that was reviewed.
        Interrupted: `world.stopping` said so; what was written until then is in the base.
        KestraError: The server is gone, refuses the credentials, or is another one.
    """
    look = look or gather(world)
    decided = decide(world, look, request)
    check_reviewed(decided, request.expected)
    withheld = request.on_invalid is OnInvalid.FAIL and invalid(decided, look)
    if request.dry_run or withheld:
        return Report(decided, withheld=withheld, dry_run=request.dry_run)
    if decided.writes:
        world.confirm(decided)
    return Application(world, decided).report()


def check_reviewed(plan: Plan, expected: str) -> None:
    """
    Holds a plan against the hash of the one that was reviewed; "" is none.

    Raises:
        PlanMoved: They differ.
    """
    if expected and plan.hash != expected:
        raise PlanMoved(
            "the reviewed plan no longer fits: Git or Kestra has moved since it was made, so nothing was written",
            "run 'syncd diff --out FILE' again and review the new plan",
        )


def run_both(world: World, push: Request, pull: Request) -> tuple[Report, Report]:
    """
    Push, then pull: what Git changed goes first, what is left of the server's edits comes back.

    Args:
        world: The sides and the base.
        push: The first half.
        pull: The second half; not taken when the first wrote nothing because something is invalid.
    """
    look = gather(world)
    pushed = run(world, push, look)
    if pushed.withheld:
        return pushed, Report(Plan(Direction.PULL), withheld=True, dry_run=pull.dry_run)
    return pushed, run(world, pull, look if not pushed.applied else None)
