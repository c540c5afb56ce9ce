"""
What a run did, as a value, and which exit code that is.

How it is shown belongs to `render`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from syncd.model import Change, Key, Problem, Severity, Verdict
from syncd.plan import Direction, Plan

DONE, ERROR, DIFFERENT, INVALID, CONFLICT, PARTLY, REFUSED = range(7)
_GRAVEST_FIRST = (ERROR, REFUSED, INVALID, PARTLY, CONFLICT, DIFFERENT, DONE)


def gravest(codes: frozenset[int] | set[int]) -> int:
    """The exit code that matters most; no code at all is 0."""
    return next((code for code in _GRAVEST_FIRST if code in codes), DONE)


@dataclass(frozen=True, slots=True)
class Failure:
    """
    One object that could not be written.

    Args:
        key: The object.
        error: What went wrong, without secrets.
    """

    key: Key
    error: str


@dataclass(frozen=True, slots=True)
class Report:
    """
    The outcome of one direction of a run.

    Args:
        plan: What was planned; an object that moved meanwhile stands in it as a conflict.
        applied: What was written, or would have been in a dry run: nothing.
        failed: What could not be written.
        commit: The commit that a pull made, or `None`.
        base: The commit that the base ref points at afterwards, or `None` where there is none.
        withheld: Whether nothing was written because something is invalid (`on_invalid: fail`).
        dry_run: Whether nothing was to be written anyway.
    """

    plan: Plan
    applied: tuple[Key, ...] = ()
    failed: tuple[Failure, ...] = ()
    commit: str | None = None
    base: str | None = None
    withheld: bool = False
    dry_run: bool = False

    @property
    def exit_code(self) -> int:
        """0 where all that was left alone is drift, paused or unmanaged; else the gravest code that applies."""
        return exit_code([self], self.plan.changes)


def exit_code(reports: Iterable[Report], changes: Iterable[Change]) -> int:
    """
    The exit code of a run.

    Args:
        reports: Of one direction, or of both.
        changes: What is left to say of each object after all of them.
    """
    codes = set()
    refused: set[Key] = set()
    for report in reports:
        refused |= {key for refusal in report.plan.refusals for key in refusal.keys}
        if report.withheld or any(_in_git(problem) for problem in report.plan.problems):
            codes.add(INVALID)
        if report.failed:
            codes.add(PARTLY)
    if refused:
        codes.add(REFUSED)
    for change in changes:
        if change.verdict is Verdict.BLOCKED and change.key not in refused:
            codes.add(INVALID)
        if change.verdict is Verdict.CONFLICT:
            codes.add(CONFLICT)
    return gravest(codes)


def _in_git(problem: Problem) -> bool:
    """Whether this is an error of a file; what the server alone has may be unreadable without anybody's harm."""
    return problem.severity is Severity.ERROR and bool(problem.path)


def merged(push: Report, pull: Report) -> list[tuple[Direction, Change]]:
    """
    What a sync did with each object: the half that writes it, else the half that has something to say.

    What one direction calls drift or unmanaged is an update or a create of the other.
    """
    rows: dict[Key, tuple[Direction, Change]] = {}
    for change in pull.plan.changes:
        rows[change.key] = (Direction.PULL, change)
    for change in push.plan.changes:
        there = rows.get(change.key)
        if (
            there is None
            or change.verdict.writes
            or not (there[1].verdict.writes or there[1].verdict is Verdict.BLOCKED)
        ):
            rows[change.key] = (Direction.PUSH, change)
    return [rows[key] for key in sorted(rows)]


def headline(direction: Direction, written: Iterable[Change]) -> str:
    """
    The message of a commit that records these writes: a line that counts them, then one for each.

    Args:
        direction: Push or pull.
        written: What was written.
    """
    written = sorted(written, key=lambda change: change.key)
    past = {Verdict.CREATE: "created", Verdict.UPDATE: "updated", Verdict.DELETE: "deleted"}
    counts = Counter(past[change.verdict] for change in written)
    if not written:
        return f"{direction}: agreed without a write"
    listing = "\n".join(f"{past[change.verdict]} {change.key}" for change in written)
    return f"{direction}: {', '.join(f'{count} {word}' for word, count in counts.items())}\n\n{listing}"


IN_STEP = frozenset({Verdict.UNMANAGED, Verdict.SETTLED})


def difference_code(plan: Plan) -> int:
    """The exit code of `diff --exit-code`: 2 for anything that is not in step, except what is unmanaged."""
    if any(change.verdict not in IN_STEP for change in plan.changes):
        return DIFFERENT
    return DONE
