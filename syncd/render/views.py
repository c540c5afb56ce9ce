"""Everything about a run that is worth showing, as one value; how it looks belongs to `plans`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TypeVar

from syncd.model import Change, Problem, Verdict
from syncd.plan import Direction, Plan, Refusal
from syncd.report import Failure, Report, exit_code, merged

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class View:
    """
    Everything about a run that is worth showing.

    Args:
        environment: Its name.
        direction: `push`, `pull` or `both`.
        source: What Git's side was, as the user named it.
        source_commit: Its commit, where it is one.
        hash: Of the plan.
        rows: Each object that is not simply in step, with the direction that speaks of it.
        unchanged: How many are in step.
        problems: What could not be read or was refused.
        refusals: What the guards held back.
        outcome: What was done; `None` for `diff`, which does nothing.
        exit: The exit code.
    """

    environment: str
    direction: str
    source: str
    source_commit: str | None
    hash: str
    rows: tuple[tuple[Direction, Change], ...]
    unchanged: int
    problems: tuple[Problem, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    outcome: Outcome | None = None
    exit: int = 0

    @property
    def summary(self) -> dict[str, int]:
        """How many objects each verdict has, and how many are unchanged."""
        counts = Counter(change.verdict for _, change in self.rows)
        return {verdict.value: counts[verdict] for verdict in Verdict} | {"unchanged": self.unchanged}


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What a run did.

    Args:
        applied: How many objects were written.
        failed: Which could not be.
        commit: The commit that a pull made.
        dry_run: Whether it was not to write.
        withheld: Whether something invalid held everything back.
    """

    applied: int = 0
    failed: tuple[Failure, ...] = ()
    commit: str | None = None
    dry_run: bool = False
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """What a run was about; see `View` for the fields."""

    environment: str
    source: str
    source_commit: str | None = field(default=None)


def view_of_nothing(heading: Heading, direction: str, *, ran: bool) -> View:
    """What is left to show where an error came before the plan."""
    return View(
        heading.environment, direction, heading.source, None, "", (), 0, outcome=Outcome() if ran else None, exit=1
    )


def view_of_plan(heading: Heading, plan: Plan, code: int) -> View:
    """What `diff` shows."""
    rows = tuple((plan.direction, change) for change in plan.changes)
    return View(
        heading.environment, plan.direction.value, heading.source, heading.source_commit, plan.hash, rows,
        plan.unchanged, plan.problems, plan.refusals, None, code,
    )  # fmt: skip


def view_of_run(heading: Heading, reports: Iterable[Report]) -> View:
    """What `push`, `pull` and `sync` show: one report, or that of a push and that of the pull after it."""
    reports = tuple(reports)
    plans = [report.plan for report in reports]
    if len(reports) == 1:
        rows = [(plans[0].direction, change) for change in plans[0].changes]
        direction, digest = plans[0].direction.value, plans[0].hash
    else:
        rows = merged(*reports)
        direction, digest = "both", sha256("".join(plan.hash for plan in plans).encode()).hexdigest()
    outcome = Outcome(
        sum(len(report.applied) for report in reports),
        tuple(failure for report in reports for failure in report.failed),
        next((report.commit for report in reversed(reports) if report.commit), None),
        any(report.dry_run for report in reports),
        any(report.withheld for report in reports),
    )
    return View(
        heading.environment, direction, heading.source, heading.source_commit, digest, tuple(rows),
        _unchanged(reports, rows), _once(plan.problems for plan in plans), _once(plan.refusals for plan in plans),
        outcome, exit_code(reports, [change for _, change in rows]),
    )  # fmt: skip


def _unchanged(reports: Sequence[Report], rows: Iterable[tuple[Direction, Change]]) -> int:
    """How many objects no row speaks of; what a push has brought in step is not counted again by the pull after it."""
    if len(reports) == 1 or reports[-1].withheld:
        return reports[0].plan.unchanged
    last = reports[-1].plan
    spoken = {change.key for change in last.changes}
    brought = sum(
        direction is not last.direction and bool(change.source)
        for direction, change in rows
        if change.key not in spoken
    )
    return last.unchanged - brought


def _once(groups: Iterable[Iterable[_Item]]) -> tuple[_Item, ...]:
    return tuple(dict.fromkeys(item for group in groups for item in group))
