"""Compare, write, read back: what somebody else does at any moment, and what the network does."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import KestraDenied, KestraExists, KestraMissing, KestraRejected, KestraUnavailable, ObjectMoved
from syncd.kestra.swap import swap
from syncd.model import Change, Key, Resource, Verdict
from tests.kestra.doubles import create, delete, flow, update

A, B, C = flow(message="a"), flow(message="b"), flow(message="c")


class Shelf:
    """A store in memory whose calls can be made to fail before or after they took effect."""

    def __init__(self, held: Resource | None = None) -> None:
        self.held = held
        self.log: list[str] = []
        self.before: list[Callable[[], None]] = []
        self.after: list[Callable[[], None]] = []
        self.deaf = False

    def read(self, _: Key) -> Resource | None:
        return self.held

    def create(self, key: Key, data: bytes) -> None:
        self._write("create", Resource.of(key, data))

    def update(self, key: Key, data: bytes) -> None:
        self._write("update", Resource.of(key, data))

    def delete(self, _: Key) -> None:
        self._write("delete", None)

    def _write(self, name: str, value: Resource | None) -> None:
        self.log.append(name)
        if self.before:
            self.before.pop(0)()
        if (self.held is None) == (name != "create"):
            raise KestraExists("exists") if name == "create" else KestraMissing("missing")
        if not self.deaf:
            self.held = value
        if self.after:
            self.after.pop(0)()


def fail(error: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


def put(shelf: Shelf, value: Resource | None) -> Callable[[], None]:
    def act() -> None:
        shelf.held = value

    return act


LOST = KestraUnavailable("no answer")
KEY_RACE = KestraUnavailable("Unique index or primary key violation", status=500)


def test_creates_updates_and_deletes() -> None:
    shelf = Shelf()
    assert swap(shelf, create(A), 3) == A
    assert swap(shelf, update(A, B), 3) == B
    assert swap(shelf, delete(B), 3) is None
    assert shelf.log == ["create", "update", "delete"]


@pytest.mark.parametrize(
    ("change", "held"), [(create(A), A), (update(A, B), B), (delete(A), None)], ids=["create", "update", "delete"]
)
def test_what_is_there_already_is_not_written_again(change: Change, held: Resource | None) -> None:
    shelf = Shelf(held)
    assert swap(shelf, change, 3) == held
    assert shelf.log == []


@pytest.mark.parametrize(
    ("change", "held"),
    [(create(A), C), (update(A, B), C), (update(A, B), None), (delete(A), C)],
    ids=["created", "edited", "deleted", "edited before deletion"],
)
def test_what_moved_since_the_plan_is_not_touched(change: Change, held: Resource | None) -> None:
    shelf = Shelf(held)
    with pytest.raises(ObjectMoved, match=r"flow a\.b/one changed during the run"):
        swap(shelf, change, 3)
    assert (shelf.log, shelf.held) == ([], held)


def test_exact_bytes_are_compared_not_only_what_counts() -> None:
    """A trailing newline makes no difference to the digest, but it is somebody's edit since the plan."""
    shelf = Shelf(Resource.of(A.key, A.load() + b"\n"))
    with pytest.raises(ObjectMoved):
        swap(shelf, update(A, B), 3)


def test_a_missing_object_is_never_updated() -> None:
    """Trap 0: a PUT of a missing flow can kill a server."""
    shelf = Shelf(None)
    with pytest.raises(ObjectMoved):
        swap(shelf, update(A, B), 3)
    assert "update" not in shelf.log


def test_someone_creating_the_same_meanwhile_is_fine() -> None:
    shelf = Shelf()
    shelf.before = [put(shelf, A)]
    assert swap(shelf, create(A), 3) == A


def test_someone_creating_another_meanwhile_is_a_move_and_theirs_stays() -> None:
    shelf = Shelf()
    shelf.before = [put(shelf, C)]
    with pytest.raises(ObjectMoved, match="changed while it was written"):
        swap(shelf, create(A), 3)
    assert shelf.held == C


def test_someone_deleting_before_us_is_a_deletion_done() -> None:
    shelf = Shelf(A)
    shelf.before = [put(shelf, None)]
    assert swap(shelf, delete(A), 3) is None


def test_someone_deleting_what_is_updated_is_a_move() -> None:
    shelf = Shelf(A)
    shelf.before = [put(shelf, None)]
    with pytest.raises(ObjectMoved):
        swap(shelf, update(A, B), 3)


def test_someone_writing_right_after_us_is_a_move() -> None:
    shelf = Shelf(A)
    shelf.after = [put(shelf, C)]
    with pytest.raises(ObjectMoved, match="changed while it was written"):
        swap(shelf, update(A, B), 3)


def test_a_write_that_took_effect_without_an_answer_is_found_by_reading() -> None:
    shelf = Shelf(A)
    shelf.after = [fail(LOST)]
    assert swap(shelf, update(A, B), 3) == B
    assert shelf.log == ["update"]


@pytest.mark.parametrize("error", [LOST, KEY_RACE], ids=["no answer", "primary key"])
def test_a_write_that_did_not_take_effect_is_repeated_after_reading(error: Exception) -> None:
    shelf = Shelf(A)
    shelf.before = [fail(error), fail(error)]
    assert swap(shelf, update(A, B), 3) == B
    assert shelf.log == ["update"] * 3


def test_a_repeat_does_not_overwrite_what_came_between() -> None:
    shelf = Shelf(A)

    def lose_and_edit() -> None:
        shelf.held = C
        raise LOST

    shelf.before = [lose_and_edit]
    with pytest.raises(ObjectMoved):
        swap(shelf, update(A, B), 3)
    assert (shelf.log, shelf.held) == (["update"], C)


def test_a_server_that_stays_away_stops_everything() -> None:
    shelf = Shelf(A)
    shelf.before = [fail(LOST)] * 9
    with pytest.raises(KestraUnavailable):
        swap(shelf, update(A, B), 2)
    assert shelf.log == ["update"] * 3


def test_a_server_that_always_fails_on_one_object_fails_that_object_only() -> None:
    shelf = Shelf(A)
    shelf.before = [fail(KEY_RACE)] * 9
    with pytest.raises(KestraRejected, match=r"flow a\.b/one.*primary key"):
        swap(shelf, update(A, B), 2)


def test_a_refusal_is_passed_on_and_not_repeated() -> None:
    shelf = Shelf(A)
    shelf.before = [fail(KestraRejected("tasks: must not be empty"))]
    with pytest.raises(KestraRejected, match="must not be empty"):
        swap(shelf, update(A, B), 3)
    assert shelf.log == ["update"]


def test_denied_stops_at_once() -> None:
    shelf = Shelf(A)
    shelf.before = [fail(KestraDenied("403"))]
    with pytest.raises(KestraDenied):
        swap(shelf, update(A, B), 3)
    assert shelf.log == ["update"]


@pytest.mark.parametrize("change", [create(A), update(A, B), delete(A)], ids=["create", "update", "delete"])
def test_a_server_that_says_yes_and_does_nothing_is_not_believed(change: Change) -> None:
    shelf = Shelf(change.target)
    shelf.deaf = True
    with pytest.raises(KestraRejected, match="accepted the write but still holds"):
        swap(shelf, change, 3)


VALUES = st.sampled_from([None, A, B, C])
FAULTS = st.lists(st.sampled_from(["fine", "lost before", "lost after", "edited before", "edited after"]), max_size=4)


@given(target=VALUES, write=VALUES, held=VALUES, foreign=VALUES, faults=FAULTS)
def test_whatever_happens_nothing_unseen_is_overwritten(
    target: Resource | None, write: Resource | None, held: Resource | None, foreign: Resource | None, faults: list[str]
) -> None:
    shelf = Shelf(held)
    overwritten: list[Resource | None] = []
    original = shelf._write

    def watched(name: str, value: Resource | None) -> None:
        fault = faults.pop(0) if faults else "fine"
        if fault == "lost before":
            raise LOST
        shown = shelf.held
        original(name, value)
        overwritten.append(shown)
        if fault == "edited after":
            shelf.held = foreign
        if fault == "lost after":
            raise LOST

    shelf._write = watched  # type: ignore[method-assign]
    try:
        observed = swap(shelf, Change(A.key, Verdict.UPDATE, "", target=target, write=write), 3)
    except (ObjectMoved, KestraUnavailable, KestraRejected):
        pass
    else:
        assert observed == write == shelf.held
    assert all(one == target for one in overwritten)
