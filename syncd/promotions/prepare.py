"""Looks at both ends of a promotion and says what it would do, as one value; nothing is written here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from syncd.errors import RepoError
from syncd.guards import Guards
from syncd.layout import Layout
from syncd.model import Key, Kind, Problem, Resource, Scope, Severity, Snapshot, Verdict
from syncd.plan import OnConflict, Plan, Policy
from syncd.promote import Known, Needs, Promoted, Recipe, decide, needs, promoted, unresolved
from syncd.promotions.history import History
from syncd.repo import GitSide, Repository
from syncd.report import INVALID, Report, exit_code

EVERYTHING = Scope(everything=True, excluded=())


@dataclass(frozen=True, slots=True)
class Wish:
    """
    A promotion as it was asked for.

    Args:
        recipe: Which namespaces, and how texts follow.
        source: The commit that is promoted.
        tip: The commit whose target folders are brought up to date.
        prune: Whether what was deleted at the source is deleted in the target.
        force: Whether the source wins over edits made in the target.
        strict: Whether a warning keeps everything from being written.
        guards: How much may be deleted.
    """

    recipe: Recipe
    source: str
    tip: str
    prune: bool = False
    force: bool = False
    strict: bool = False
    guards: Guards = field(default_factory=Guards)


@dataclass(frozen=True, slots=True)
class Prepared:
    """
    What a promotion would do.

    Args:
        wish: What was asked for.
        plan: What happens to each object of the target.
        wanted: The source as it is to be, with what was rewritten and what was left.
        needs: Keys and secrets that the target must have.
        problems: Everything worth telling, the plan's problems included.
    """

    wish: Wish
    plan: Plan
    wanted: Promoted
    needs: Needs
    problems: tuple[Problem, ...]

    @property
    def withheld(self) -> bool:
        """Whether nothing is to be written: something is invalid, or a warning counts."""
        grave = {Severity.ERROR, Severity.WARNING} if self.wish.strict else {Severity.ERROR}
        return any(problem.severity in grave for problem in self.problems)

    @property
    def exit_code(self) -> int:
        """As for a push, with 3 for whatever withholds."""
        return INVALID if self.withheld else exit_code([Report(self.plan)], self.plan.changes)


Server = Callable[[Scope, Sequence[Resource]], tuple[Iterable[Key], Iterable[Problem]]]
"""Asks a target server which objects it has in a scope, and what it says of these flows."""


def prepare(repository: Repository, layout: Layout, wish: Wish, server: Server | None = None) -> Prepared:
    """
    What the promotion would do.

    Args:
        repository: Where both ends lie.
        layout: Of the repository.
        wish: What is asked for.
        server: The server that the target is deployed to, if it is to be asked.

    Raises:
        RepoError: Nothing lies in the source namespaces, so that everything would seem to be deleted.
    """
    names = wish.recipe.names
    source = GitSide.at(repository, layout, wish.source).snapshot(names.sources)
    if not source.resources and not source.unknown:
        raise RepoError(
            f"nothing lies in {', '.join(names.sources.roots)} at {wish.source[:12]}",
            "check --from, --ref and the layout in syncd.yaml",
        )
    target = _without(GitSide.at(repository, layout, wish.tip).snapshot(names.targets), names.sources)
    wanted = promoted(source, wish.recipe, layout)
    plan = _plan(History(repository, layout, wish.recipe), wish, source, wanted, target)
    everything = GitSide.at(repository, layout, wish.tip).snapshot(EVERYTHING)
    return _checked(wish, plan, wanted, everything, server)


def _without(snapshot: Snapshot, scope: Scope) -> Snapshot:
    """The target, where the source lies below it, without the source."""
    held = {key: resource for key, resource in snapshot.resources.items() if not scope.covers(key.namespace)}
    return replace(snapshot, resources=held)


def _plan(history: History, wish: Wish, source: Snapshot, wanted: Promoted, target: Snapshot) -> Plan:
    policy = Policy(prune=wish.prune, force=wish.force, on_conflict=OnConflict.GIT if wish.force else OnConflict.FAIL)
    base, covered = history.base(wish.tip)
    plan = decide(base, wanted, target, policy, wish.guards)
    unclear = [
        change.key
        for change in plan.changes
        if change.verdict is Verdict.CONFLICT
        and change.base is None
        and change.source
        and change.target
        and not any(scope.covers(change.key.namespace) for scope in covered)
    ]
    if not unclear:
        return plan
    known = history.inferred((wish.source, wish.tip), source, wanted, target, unclear)
    return decide(replace(base, resources={**base.resources, **known}), wanted, target, policy, wish.guards)


def _checked(wish: Wish, plan: Plan, wanted: Promoted, there: Snapshot, server: Server | None) -> Prepared:
    written = {change.key: change.write for change in plan.writes if change.write and change.key.kind is Kind.FLOW}
    keys, said = server(wish.recipe.names.targets, tuple(written.values())) if server else ((), ())
    known = Known(
        frozenset({*there.resources, *wanted.snapshot.resources, *keys}),
        frozenset(key.namespace for key in {*there.resources, *wanted.snapshot.resources}),
    )
    problems = {*plan.problems, *unresolved(written, known), *_lookouts(plan, wanted), *said}
    flows = (resource for key, resource in wanted.snapshot.resources.items() if key.kind is Kind.FLOW)
    return Prepared(wish, plan, wanted, needs(flows), tuple(sorted(problems, key=lambda problem: problem.order)))


def _lookouts(plan: Plan, wanted: Promoted) -> Iterable[Problem]:
    """What was left in a flow, or rewritten in it, that somebody should look at."""
    for change, left in wanted.left(plan.writes):
        if left.matters:
            message = f"{change.key}: {left.text!r} was left, {left.reason}"
            yield Problem("SYN304", message, change.path, left.line, left.column, Severity.WARNING, change.key)
    for change, edit in wanted.edits(plan.writes):
        if edit.warning:
            message = f"{change.key}: {edit.place} is {edit.new} now; {edit.warning}"
            yield Problem("SYN305", message, change.path, edit.line, edit.column, Severity.NOTE, change.key)
