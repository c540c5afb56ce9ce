"""The decision table, row by row, then over every combination, then over random worlds."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model import Change, Key, Kind, Problem, Resource, Snapshot, Verdict
from syncd.plan import Direction, OnConflict, Paused, Plan, Policy, agreed, plan
from tests.core.values import FLOW, KEY, held, side, unreadable

PUSH, PULL = Policy(), Policy(Direction.PULL)
PRUNING = Policy(prune=True)
CONTENTS = (None, "A", "B", "C")


def verdict(base: str | None, source: str | None, target: str | None, policy: Policy = PRUNING) -> Verdict | None:
    """What the table says about one object."""
    changes = plan(side(base), side(source), side(target), policy).changes
    return changes[0].verdict if changes else None


@pytest.mark.parametrize(
    ("base", "source", "target", "expected"),
    [
        pytest.param("A", "A", "A", None, id="nothing happened"),
        pytest.param("A", "B", "A", Verdict.UPDATE, id="edited at the source"),
        pytest.param(None, "A", None, Verdict.CREATE, id="new at the source"),
        pytest.param("A", None, "A", Verdict.DELETE, id="deleted at the source"),
        pytest.param("A", "A", "B", Verdict.DRIFT, id="edited at the target"),
        pytest.param("A", "A", None, Verdict.DRIFT, id="deleted at the target"),
        pytest.param(None, None, "A", Verdict.UNMANAGED, id="exists only at the target"),
        pytest.param("A", "B", "C", Verdict.CONFLICT, id="edited on both, differently"),
        pytest.param(None, "A", "B", Verdict.CONFLICT, id="added on both, differently"),
        pytest.param("A", None, "B", Verdict.CONFLICT, id="deleted here, edited there"),
        pytest.param("A", "B", None, Verdict.CONFLICT, id="edited here, deleted there"),
        pytest.param("A", "B", "B", Verdict.SETTLED, id="same edit on both sides"),
        pytest.param(None, "A", "A", Verdict.SETTLED, id="added identically on both"),
        pytest.param("A", None, None, Verdict.SETTLED, id="gone on both"),
        pytest.param(None, None, None, None, id="never there"),
    ],
)
def test_each_row_of_the_table(
    base: str | None, source: str | None, target: str | None, expected: Verdict | None
) -> None:
    assert verdict(base, source, target) == expected


def by_the_five_questions(base: str | None, source: str | None, target: str | None) -> Verdict | None:
    """The table once more, as the shortest cascade that has the same rows."""
    if source == target:
        return None if base == source else Verdict.SETTLED
    if source == base:
        return Verdict.DRIFT if source else Verdict.UNMANAGED
    if target != base:
        return Verdict.CONFLICT
    if source is None:
        return Verdict.DELETE
    return Verdict.UPDATE if target else Verdict.CREATE


@pytest.mark.parametrize(("base", "source", "target"), list(product(CONTENTS, repeat=3)))
def test_all_64_combinations_of_four_values(base: str | None, source: str | None, target: str | None) -> None:
    assert verdict(base, source, target) == by_the_five_questions(base, source, target)


MIRROR = {
    Verdict.DRIFT: {Verdict.UPDATE, Verdict.CREATE, Verdict.DELETE},
    Verdict.UNMANAGED: {Verdict.CREATE},
    Verdict.CONFLICT: {Verdict.CONFLICT},
    Verdict.SETTLED: {Verdict.SETTLED},
    None: {None},
}


@pytest.mark.parametrize(("base", "git", "kestra"), list(product(CONTENTS, repeat=3)))
def test_what_a_push_calls_drift_a_pull_calls_a_write_and_the_reverse(
    base: str | None, git: str | None, kestra: str | None
) -> None:
    push = verdict(base, git, kestra)
    pull = verdict(base, kestra, git, replace(PULL, prune=True))
    if push in MIRROR:
        assert pull in MIRROR[push]
    else:
        assert push in MIRROR[pull]


@pytest.mark.parametrize(("source", "target"), list(product(CONTENTS, repeat=2)))
def test_with_no_base_nothing_is_updated_or_deleted(source: str | None, target: str | None) -> None:
    assert verdict(None, source, target) not in {Verdict.UPDATE, Verdict.DELETE}


@pytest.mark.parametrize(("base", "target"), list(product(CONTENTS, repeat=2)))
def test_force_never_touches_what_the_source_does_not_have(base: str | None, target: str | None) -> None:
    forced = verdict(base, None, target, Policy(force=True))
    assert forced is None or not forced.writes


@pytest.mark.parametrize(("base", "source", "target"), list(product(CONTENTS, ("A", "B", "C"), CONTENTS)))
def test_force_lets_the_source_win_wherever_it_has_something(base: str | None, source: str, target: str | None) -> None:
    (change,) = plan(side(base), side(source), side(target), Policy(force=True)).changes or (None,)
    assert source == target if change is None or change.verdict is Verdict.SETTLED else change.write == held(source)


def test_without_prune_a_deletion_is_only_reported() -> None:
    (change,) = plan(side("A"), side(None), side("A"), PUSH).changes
    assert change.verdict is Verdict.UNMANAGED
    assert "--prune" in change.reason


@pytest.mark.parametrize(("base", "source", "target"), list(product(CONTENTS, repeat=3)))
def test_healing_restores_exactly_the_drift(base: str | None, source: str | None, target: str | None) -> None:
    plain = plan(side(base), side(source), side(target), PRUNING)
    healing = plan(side(base), side(source), side(target), replace(PRUNING, heal=True))
    for before, after in zip(plain.changes, healing.changes, strict=True):
        if before.verdict is Verdict.DRIFT:
            assert after.write == held(source)
        else:
            assert after == before


def test_healing_is_for_pushes_and_leaves_a_pull_alone() -> None:
    assert verdict("A", "A", "B", replace(PULL, heal=True)) is Verdict.DRIFT


@pytest.mark.parametrize("policy", [PRUNING, replace(PRUNING, force=True), replace(PRUNING, heal=True)])
@pytest.mark.parametrize(("base", "other"), list(product(CONTENTS, repeat=2)))
def test_what_a_side_could_not_read_is_neither_written_nor_deleted(
    base: str | None, other: str | None, policy: Policy
) -> None:
    for source, target in ((unreadable(), side(other)), (side(other), unreadable())):
        for change in plan(side(base), source, target, policy).changes:
            assert not change.verdict.writes


def test_an_unknown_object_holds_back_the_deletions_of_its_namespace_and_of_no_other() -> None:
    broken = Key(Kind.FLOW, "company.team", "broken")
    elsewhere = Key(Kind.FILE, "company.other", "old.sql")
    base = Snapshot.of([Resource.of(KEY, b"A"), Resource.of(elsewhere, b"A")])
    changes = {change.key: change.verdict for change in plan(base, unreadable(broken), base, PRUNING).changes}
    assert changes[KEY] is Verdict.BLOCKED
    assert changes[elsewhere] is Verdict.DELETE


@pytest.mark.parametrize("incomplete", ["source", "target"])
def test_in_a_namespace_that_was_not_fully_seen_absence_means_nothing(incomplete: str) -> None:
    problem = Problem("SYN008", "the listing broke off")
    blind = Snapshot(incomplete={(KEY.kind, KEY.namespace): problem}, problems=(problem,))
    source, target = (blind, side("A")) if incomplete == "source" else (side("A"), blind)
    (change,) = plan(side("A"), source, target, replace(PRUNING, heal=True)).changes
    assert change.verdict is Verdict.BLOCKED


def test_a_draft_that_only_the_server_has_is_unmanaged_for_a_push() -> None:
    (change,) = plan(side(None), side(None), unreadable(), PRUNING).changes
    assert change.verdict is Verdict.UNMANAGED


@pytest.mark.parametrize(
    ("direction", "winner", "written"),
    [
        (Direction.PUSH, OnConflict.GIT, True),
        (Direction.PUSH, OnConflict.KESTRA, False),
        (Direction.PULL, OnConflict.KESTRA, True),
        (Direction.PULL, OnConflict.GIT, False),
        (Direction.PUSH, OnConflict.FAIL, False),
    ],
)
def test_a_conflict_is_written_only_by_the_direction_whose_source_wins(
    direction: Direction, winner: OnConflict, *, written: bool
) -> None:
    (change,) = plan(side("A"), side("B"), side("C"), Policy(direction, on_conflict=winner)).changes
    assert change.verdict is (Verdict.UPDATE if written else Verdict.CONFLICT)


def test_a_winning_deletion_still_needs_prune() -> None:
    wins = Policy(on_conflict=OnConflict.GIT)
    assert verdict("A", None, "B", wins) is Verdict.CONFLICT
    assert verdict("A", None, "B", replace(wins, prune=True)) is Verdict.DELETE


TEXT = "id: hello\nnamespace: company.team\ntasks: []\n"
EDITED = TEXT + "description: edited\n"


def flow_change(base: str | None, source: str, target: str, policy: Policy = PUSH) -> Change:
    """The one change of a flow with these texts."""
    (change,) = plan(side(base, FLOW), side(source, FLOW), side(target, FLOW), policy).changes
    return change


@pytest.mark.parametrize("base", [TEXT, None], ids=["agreed before", "first contact"])
def test_a_flow_paused_in_the_ui_is_reported_and_never_silently_undone(base: str | None) -> None:
    for policy in (PUSH, replace(PUSH, force=True), replace(PUSH, heal=True)):
        assert flow_change(base, TEXT, TEXT + "\ndisabled: true", policy).verdict is Verdict.PAUSED


def test_an_edit_in_git_of_a_paused_flow_keeps_the_pause_and_the_base_keeps_gits_text() -> None:
    change = flow_change(TEXT, EDITED, TEXT + "\ndisabled: true")
    assert change.verdict is Verdict.UPDATE
    assert change.write is not None
    assert change.write.load() == (EDITED + "\ndisabled: true").encode()
    assert change.source is not None
    assert change.source.load() == EDITED.encode()


def test_overwriting_a_pause_writes_gits_text() -> None:
    change = flow_change(TEXT, TEXT, TEXT + "\ndisabled: true", replace(PUSH, paused=Paused.OVERWRITE))
    assert change.verdict is Verdict.UPDATE
    assert change.write is not None
    assert change.write.load() == TEXT.encode()


def test_a_pull_does_not_carry_a_kept_pause_into_git_but_the_edit_beside_it() -> None:
    assert flow_change(TEXT, TEXT + "\ndisabled: true", TEXT, PULL).verdict is Verdict.PAUSED
    change = flow_change(TEXT, EDITED + "\ndisabled: true", TEXT, PULL)
    assert change.write is not None
    assert change.write.load() == EDITED.encode()


def test_a_resumed_flow_is_in_step() -> None:
    assert plan(*(side(text, FLOW) for text in (TEXT, TEXT, TEXT + "\ndisabled: false\n")), PUSH).changes == ()


def test_a_pull_writes_the_servers_text_without_its_revision_line() -> None:
    change = flow_change(TEXT, f"revision: 7\n{EDITED}", TEXT, PULL)
    assert change.write is not None
    assert change.write.load() == EDITED.encode()


def test_the_base_may_hold_settled_objects_and_gits_text_of_paused_ones() -> None:
    settled = plan(side("A"), side("B"), side("B"), PUSH).changes
    assert agreed(settled, Direction.PUSH) == {KEY: held("B")}
    paused = [flow_change(None, TEXT, TEXT + "\ndisabled: true")]
    assert agreed(paused, Direction.PUSH) == {FLOW: held(TEXT, FLOW)}


def test_the_hash_changes_with_any_byte_on_any_side_and_with_nothing_else() -> None:
    one = plan(side("A"), side("B"), side("A"), PUSH)
    assert one.hash == plan(side("A"), side("B"), side("A"), PUSH).hash
    others = [plan(side("A"), side("C"), side("A"), PUSH), plan(side("A"), side("B"), side("C"), PUSH)]
    assert one.hash not in {other.hash for other in others}


def test_blocking_a_write_holds_back_the_deletions_beside_it() -> None:
    new = Key(Kind.FLOW, KEY.namespace, "new")
    source = Snapshot.of([Resource.of(new, b"A")])
    planned = plan(side("A"), source, side("A"), PRUNING)
    blocked = planned.block({new: Problem("SYN012", "refused", key=new)})
    assert [change.verdict for change in blocked.changes] == [Verdict.BLOCKED, Verdict.BLOCKED]


WORLD = st.dictionaries(
    st.sampled_from([Key(Kind.FILE, "a", "x"), Key(Kind.FILE, "a", "y"), Key(Kind.FILE, "b", "x")]),
    st.sampled_from("ABC"),
)


def snapshot(world: dict[Key, str]) -> Snapshot:
    """The side that holds exactly this."""
    return Snapshot.of(Resource.of(key, content.encode()) for key, content in world.items())


def apply(planned: Plan, target: dict[Key, str], base: dict[Key, str]) -> tuple[dict[Key, str], dict[Key, str]]:
    """Target and base after a plan."""
    target, base = dict(target), dict(base)
    moved: dict[Key, Resource | None] = dict(agreed(planned.changes, planned.direction))
    for change in planned.writes:
        target.pop(change.key, None)
        if change.write:
            target[change.key] = change.write.load().decode()
        moved[change.key] = change.write
    for key, resource in moved.items():
        base.pop(key, None)
        if resource:
            base[key] = resource.load().decode()
    return target, base


@given(WORLD, WORLD, WORLD)
def test_push_then_pull_converges_everywhere_but_in_conflicts(
    base: dict[Key, str], git: dict[Key, str], kestra: dict[Key, str]
) -> None:
    pushing = plan(snapshot(base), snapshot(git), snapshot(kestra), PRUNING)
    kestra, base = apply(pushing, kestra, base)
    pulling = plan(snapshot(base), snapshot(kestra), snapshot(git), replace(PULL, prune=True))
    git, base = apply(pulling, git, base)
    left = plan(snapshot(base), snapshot(git), snapshot(kestra), PRUNING)
    assert {change.verdict for change in left.changes} <= {Verdict.CONFLICT}
    conflicts = {change.key for change in left.changes}
    assert {key: git[key] for key in git if key not in conflicts} == {
        key: kestra[key] for key in kestra if key not in conflicts
    }


@given(WORLD, WORLD, WORLD)
def test_a_second_run_writes_nothing(base: dict[Key, str], git: dict[Key, str], kestra: dict[Key, str]) -> None:
    kestra, base = apply(plan(snapshot(base), snapshot(git), snapshot(kestra), PRUNING), kestra, base)
    assert plan(snapshot(base), snapshot(git), snapshot(kestra), PRUNING).writes == ()


@given(WORLD, WORLD, WORLD)
def test_a_crash_before_the_base_is_saved_heals(
    base: dict[Key, str], git: dict[Key, str], kestra: dict[Key, str]
) -> None:
    written, moved = apply(plan(snapshot(base), snapshot(git), snapshot(kestra), PRUNING), kestra, base)
    again = plan(snapshot(base), snapshot(git), snapshot(written), PRUNING)
    assert again.writes == ()
    assert apply(again, written, base)[1] == moved
