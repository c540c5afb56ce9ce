"""In which order a plan is applied, and what has no room."""

from __future__ import annotations

from syncd.model import Change, Key, Kind, Resource, Snapshot, Verdict
from syncd.order import Steps, steps, without_room
from syncd.plan import Plan, Policy, plan
from tests.core.values import files

PRUNING = Policy(prune=True)


def flow(name: str, calls: str | None = None) -> Resource:
    """A flow that calls another one, or none."""
    task = f"  - id: call\n    type: io.kestra.plugin.core.flow.Subflow\n    namespace: a\n    flowId: {calls}\n"
    text = f"id: {name}\nnamespace: a\ntasks:\n{task if calls else '  - id: t'}"
    return Resource.of(Key(Kind.FLOW, "a", name), text.encode())


def steps_of(base: Snapshot, source: Snapshot) -> Steps:
    """The steps that bring the source to a target that still is what the base says."""
    return steps(plan(base, source, base, PRUNING))


def names(changes: tuple[Change, ...]) -> list[str]:
    return [change.key.name for change in changes]


def test_files_go_before_flows_and_deletions_last() -> None:
    base = Snapshot.of([flow("old"), *files("old.sql", namespace="a").resources.values()])
    source = Snapshot.of([flow("new"), *files("new.sql", namespace="a").resources.values()])
    todo = steps_of(base, source)
    assert [names(chain) for chain in todo.files] == [["new.sql"]]
    assert [names(group) for group in todo.flows] == [["new"]]
    assert names(todo.deletions) == ["old", "old.sql"]


def test_a_subflow_is_written_before_the_flow_that_calls_it() -> None:
    todo = steps_of(Snapshot(), Snapshot.of([flow("a-first", calls="m"), flow("m", calls="z-last"), flow("z-last")]))
    assert [names(group) for group in todo.flows] == [["z-last"], ["m"], ["a-first"]]


def test_flows_that_call_each_other_in_a_circle_are_written_all_the_same() -> None:
    todo = steps_of(Snapshot(), Snapshot.of([flow("x", calls="y"), flow("y", calls="x")]))
    assert sorted(name for group in todo.flows for name in names(group)) == ["x", "y"]


def test_the_file_in_a_folders_place_goes_just_before_what_needs_the_folder() -> None:
    todo = steps_of(files("data"), files("data/one.csv", "data/two.csv"))
    first, second = todo.files
    assert names(first) == ["data", "data/one.csv"]
    assert names(second) == ["data/two.csv"]
    assert todo.deletions == ()


def test_a_folder_is_emptied_just_before_the_file_that_takes_its_place() -> None:
    todo = steps_of(files("data/one.csv", "data/two.csv"), files("data"))
    assert [sorted(names(chain)) for chain in todo.files] == [["data", "data/one.csv", "data/two.csv"]]
    assert names(todo.files[0])[-1] == "data"


def refused(
    base: Snapshot, source: Snapshot, policy: Policy, *, can_swap: bool, can_nest: bool | None = None
) -> dict[Key, str]:
    planned: Plan = plan(base, source, base, policy)
    nests = can_swap if can_nest is None else can_nest
    problems = without_room(planned, base, can_swap=can_swap, can_nest=nests)
    return {key: problem.message for key, problem in problems.items()}


def test_a_server_that_keeps_files_and_folders_apart_is_not_asked_to_swap_them() -> None:
    problems = refused(files("data"), files("data/one.csv"), PRUNING, can_swap=False)
    assert [key.name for key in problems] == ["data/one.csv"]
    assert "keeps files and folders apart" in next(iter(problems.values()))


def test_a_server_may_let_a_file_take_a_folders_place_but_not_the_reverse() -> None:
    assert refused(files("data"), files("data/one.csv"), PRUNING, can_swap=True, can_nest=False)
    assert not refused(files("data/one.csv"), files("data"), PRUNING, can_swap=True, can_nest=False)


def test_without_prune_there_is_no_room_anywhere() -> None:
    assert refused(files("data"), files("data/one.csv"), Policy(), can_swap=True)
    assert not refused(files("data"), files("data/one.csv"), PRUNING, can_swap=True)


def test_neighbours_with_a_common_prefix_do_not_clash() -> None:
    assert not refused(files("data"), files("data", "data2/one.csv", "data.csv"), Policy(), can_swap=False)


def test_a_verdict_that_does_not_write_takes_no_step() -> None:
    change = Change(Key(Kind.FILE, "a", "x"), Verdict.CONFLICT, "edited on both sides")
    assert steps(Plan(Policy().direction, (change,))) == Steps((), (), ())
