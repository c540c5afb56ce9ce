"""Guards hold back deletions, and nothing but deletions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.guards import Guards, MaxDeletes, guard
from syncd.model import Snapshot, Verdict
from syncd.plan import Plan, Policy, plan
from tests.core.values import files, side

PRUNING = Policy(prune=True)


def deleting(count: int, of: int, namespace: str = "company.team") -> tuple[Plan, Snapshot]:
    """A plan that deletes so many of the files that the base holds."""
    base = files(*(f"{number}.sql" for number in range(of)), namespace=namespace)
    source = files(*(f"{number}.sql" for number in range(count, of)), namespace=namespace)
    return plan(base, source, base, PRUNING), base


def deletions_left(count: int, of: int, guards: Guards, namespace: str = "company.team") -> int:
    """How many of them pass."""
    planned, base = deleting(count, of, namespace)
    return guard(planned, base, guards).summary[Verdict.DELETE]


@pytest.mark.parametrize(
    ("count", "of", "passes"),
    [
        pytest.param(3, 4, True, id="three deletions are a clean-up, whatever their share"),
        pytest.param(4, 13, False, id="four of thirteen is more than 30 %"),
        pytest.param(4, 14, True, id="four of fourteen is not"),
        pytest.param(1, 1, False, id="the only one is all of a namespace"),
        pytest.param(20, 100, True, id="twenty in a run"),
        pytest.param(21, 100, False, id="twenty-one in a run"),
    ],
)
def test_the_built_in_limits(count: int, of: int, *, passes: bool) -> None:
    assert deletions_left(count, of, Guards()) == (count if passes else 0)


@pytest.mark.parametrize(
    ("limit", "count", "of", "passes"),
    [
        ("0", 1, 10, False),
        ("25", 25, 30, True),
        ("25", 26, 40, False),
        ("50%", 5, 10, True),
        ("50%", 6, 10, False),
        ("10%", 2, 10, False),
        ("100%", 30, 40, True),
    ],
)
def test_max_deletes_replaces_both_limits(limit: str, count: int, of: int, *, passes: bool) -> None:
    assert deletions_left(count, of, Guards(max_deletes=MaxDeletes.parse(limit))) == (count if passes else 0)


def test_allow_emptying_lifts_the_rule_for_all_of_a_namespace_and_not_that_for_the_run() -> None:
    assert deletions_left(5, 5, Guards(allow_emptying=True)) == 5
    assert deletions_left(21, 21, Guards(allow_emptying=True)) == 0


def test_a_larger_limit_alone_does_not_empty_a_namespace() -> None:
    assert deletions_left(5, 5, Guards(max_deletes=MaxDeletes.parse("100%"))) == 0


@pytest.mark.parametrize("namespace", ["system", "system.flows", "company.shared"])
def test_in_protected_namespaces_nothing_is_deleted(namespace: str) -> None:
    guards = Guards(("system", "company.shared"), MaxDeletes(1000), allow_emptying=True)
    assert deletions_left(1, 10, guards, namespace) == 0


def test_a_refusal_names_the_number_the_limit_and_the_option_that_lifts_it() -> None:
    planned, base = deleting(4, 10)
    (refusal,) = guard(planned, base, Guards()).refusals
    assert "4 deletions of the 10 objects in company.team is more than 30 %" in refusal.message
    assert "--max-deletes 40%" in refusal.hint


def test_the_option_that_a_refusal_names_lifts_it() -> None:
    planned, base = deleting(21, 100)
    (refusal,) = guard(planned, base, Guards()).refusals
    limit = MaxDeletes.parse(refusal.hint.split()[2])
    assert guard(planned, base, Guards(max_deletes=limit)).refusals == ()


def test_everything_but_deletions_passes() -> None:
    base = files("old.sql")
    planned = plan(base, files("new.sql"), base, PRUNING)
    guarded = guard(planned, base, Guards())
    assert guarded.summary[Verdict.CREATE] == 1
    assert guarded.summary[Verdict.DELETE] == 0


def test_a_plan_without_deletions_is_left_as_it_is() -> None:
    planned = plan(side("A"), side("B"), side("A"), PRUNING)
    assert guard(planned, side("A"), Guards()) == planned


@pytest.mark.parametrize("text", ["", "-1", "half", "10 per cent", "1e3", "٣"])
def test_a_limit_is_a_number_or_a_percentage(text: str) -> None:
    with pytest.raises(ValueError, match="neither a number"):
        MaxDeletes.parse(text)


@given(st.integers(0, 40), st.integers(1, 60), st.integers(0, 50))
def test_never_more_deletions_than_the_limit(count: int, of: int, limit: int) -> None:
    guards = Guards(max_deletes=MaxDeletes(limit), allow_emptying=True)
    assert deletions_left(min(count, of), of, guards) <= limit
