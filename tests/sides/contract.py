"""
What every side of a sync keeps, whatever it is: memory, a work tree, a branch, the sandbox, a real server.

A test module that imports these functions and has a fixture `subject` runs them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from syncd.errors import ObjectMoved
from syncd.model import Key, Kind, Resource, Scope, digest
from syncd.sides import Side
from tests.repositories import change

TEXTS = {
    "plain": "id: {id}\nnamespace: {namespace}\ntasks:\n  - id: log\n    type: io.kestra.plugin.core.log.Log\n"
    "    message: hi\n",
    "comments and odd space": "# why\nid:   {id}  # that is me\nnamespace: {namespace}\n\ntasks:\n"
    "- {{id: log, type: io.kestra.plugin.core.log.Log, message: 'h\u00e9'}}\n",
    "no final newline": "namespace: {namespace}\nid: {id}\ntasks:\n  - id: log\n"
    "    type: io.kestra.plugin.core.log.Log\n    message: hi",
}
BYTES = {"text": b"print(1)\n", "crlf": b"a\r\nb\r\n", "binary": bytes(range(256)), "unfinished": b"no newline"}


@dataclass(frozen=True, slots=True)
class Subject:
    """
    A side under test.

    Args:
        side: The side.
        namespace: A namespace that nothing else uses.
        settle: Makes what was applied visible to the next snapshot, as a run does at its end.
    """

    side: Side
    namespace: str
    settle: Callable[[], object] = lambda: None

    @property
    def scope(self) -> Scope:
        return Scope((self.namespace,))

    def flow(self, name: str = "hello", text: str = "plain", below: str = "") -> Resource:
        """A flow that every Kestra takes."""
        namespace = self.namespace + below
        data = TEXTS[text].format(id=name, namespace=namespace).encode()
        return Resource.of(Key(Kind.FLOW, namespace, name), data)

    def file(self, name: str = "scripts/etl.py", data: bytes = b"print(1)\n") -> Resource:
        """A namespace file."""
        return Resource.of(Key(Kind.FILE, self.namespace, name), data)

    def held(self) -> dict[Key, Resource]:
        """What the side holds in the namespace."""
        return dict(self.side.snapshot(self.scope).resources)

    def write(self, resource: Resource) -> Resource | None:
        """Makes the side hold this, whatever it held."""
        return self._change(resource.key, resource.load())

    def delete(self, key: Key) -> Resource | None:
        """Makes the side not hold this."""
        return self._change(key, None)

    def _change(self, key: Key, data: bytes | None) -> Resource | None:
        observed = self.side.apply(change(key, data, self.held().get(key)))
        self.settle()
        return observed


def other(resource: Resource) -> Resource:
    """Another version of the same object."""
    data = resource.load()
    later = data.replace(b"hi", b"changed") if resource.key.kind is Kind.FLOW else data + b"changed\n"
    return Resource.of(resource.key, later)


def objects(subject: Subject) -> list[Resource]:
    return [subject.flow(), subject.file()]


def test_a_namespace_that_nobody_wrote_to_holds_nothing_and_hides_nothing(subject: Subject) -> None:
    snapshot = subject.side.snapshot(subject.scope)
    assert not snapshot.resources
    assert not snapshot.uncertain


def test_what_was_created_is_there_byte_for_byte(subject: Subject) -> None:
    for created in objects(subject):
        observed = subject.write(created)
        assert observed
        assert (observed.key, observed.digest, observed.load()) == (created.key, created.digest, created.load())
    assert {key: one.load() for key, one in subject.held().items()} == {one.key: one.load() for one in objects(subject)}


def test_an_update_replaces_and_a_delete_removes_only_its_object(subject: Subject) -> None:
    for first in objects(subject):
        subject.write(first)
    for first in objects(subject):
        subject.write(other(first))
        assert subject.held()[first.key].load() == other(first).load()
    for first in objects(subject):
        assert subject.delete(first.key) is None
        assert first.key not in subject.held()


def test_a_create_never_overwrites(subject: Subject) -> None:
    for there in objects(subject):
        subject.write(there)
        with pytest.raises(ObjectMoved):
            subject.side.apply(change(there.key, other(there).load(), None))
        subject.settle()
        assert subject.held()[there.key].load() == there.load()


@pytest.mark.parametrize("delete", [True, False])
def test_what_was_changed_by_somebody_else_is_left_alone(subject: Subject, delete: bool) -> None:
    for there in objects(subject):
        subject.write(other(there))
        with pytest.raises(ObjectMoved):
            subject.side.apply(change(there.key, None if delete else there.load() + b"\n# mine\n", there))
        subject.settle()
        assert subject.held()[there.key].load() == other(there).load()


def test_what_was_deleted_by_somebody_else_is_not_put_back(subject: Subject) -> None:
    for gone in objects(subject):
        with pytest.raises(ObjectMoved):
            subject.side.apply(change(gone.key, other(gone).load(), gone))
        subject.settle()
        assert gone.key not in subject.held()


@pytest.mark.parametrize("text", TEXTS)
def test_the_text_of_a_flow_is_never_rewritten(subject: Subject, text: str) -> None:
    flow = subject.flow(text=text)
    subject.write(flow)
    held = subject.held()[flow.key]
    assert held.load() == flow.load()
    assert held.digest == digest(Kind.FLOW, flow.load())


@pytest.mark.parametrize("name", BYTES)
def test_files_are_kept_byte_for_byte(subject: Subject, name: str) -> None:
    file = subject.file(data=BYTES[name])
    subject.write(file)
    assert subject.held()[file.key].load() == BYTES[name]
    assert subject.held()[file.key].raw == file.raw


def test_files_may_lie_at_any_depth_and_beside_each_other(subject: Subject) -> None:
    names = ["top.txt", "a/b/c/d.txt", "a/b.txt", "a/b2/with-dash_and.dots.txt"]
    for name in names:
        subject.write(subject.file(name, name.encode()))
    assert {key.name: one.load() for key, one in subject.held().items()} == {name: name.encode() for name in names}


def test_children_are_in_scope_and_namesakes_are_not(subject: Subject) -> None:
    child, namesake = subject.flow(below=".child"), subject.flow(below="2")
    for flow in (child, namesake):
        subject.side.apply(change(flow.key, flow.load(), None))
    subject.settle()
    assert list(subject.held()) == [child.key]
    alone = Scope((subject.namespace,), children=False)
    assert not subject.side.snapshot(alone).resources
