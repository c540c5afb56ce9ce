"""One flow under examination: its text, its tree and its value side by side, and where each path of the value lies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from syncd.flowtext.components import Component, Leaf, components, leaves
from syncd.flowtext.references import Reference, references
from syncd.flowtext.tree import Mapping, Node, Sequence, plain_value

Path: TypeAlias = tuple[str | int, ...]
Place: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Document:
    """
    A text that is one flow.

    Args:
        text: Its bytes.
        root: Its tree.
        namespace: Its own namespace.
        id: Its id.
    """

    text: bytes
    root: Mapping
    namespace: str
    id: str

    @cached_property
    def value(self) -> dict[str, Any]:
        """The flow as Kestra's JSON reader sees it."""
        value: dict[str, Any] = plain_value(self.root)
        return {**value, "id": self.id, "namespace": self.namespace}

    @cached_property
    def components(self) -> tuple[Component, ...]:
        """Its tasks, triggers, conditions and whatever else has a type that is a class name."""
        return tuple(components(self.root))

    @cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        """Its scalar values."""
        return tuple(leaves(self.root))

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """What it names outside itself."""
        return references(self.text)

    def node(self, path: Path) -> Node | None:
        """The node at a path."""
        node, rest = self._walk(path)
        return None if rest else node

    def label(self, index: int) -> Place:
        """Line and column of a label, however labels are written."""
        labels = self.root.get("labels")
        if isinstance(labels, Mapping) and index < len(labels.items):
            return place(labels.items[index][0])
        return self.value_at(("labels", index))

    def trigger(self, name: str) -> Place:
        """Line and column of the trigger with this id."""
        triggers = self.root.get("triggers")
        listed = triggers.items if isinstance(triggers, Sequence) else []
        found = (item for item in listed if isinstance(item, Mapping) and item.text("id") == name)
        return place(next(found, triggers or self.root))

    def key_at(self, path: Path) -> Place:
        """Line and column of the key that a path ends in, or of the nearest thing around it."""
        parent, rest = self._walk(path[:-1])
        if not rest and path and isinstance(parent, Mapping):
            return next((place(key) for key, _ in parent.items if key.value == path[-1]), place(parent))
        return place(parent)

    def value_at(self, path: Path) -> Place:
        """Line and column of the value at a path, or of the nearest thing around it."""
        node, _ = self._walk(path)
        return place(node)

    def _walk(self, path: Path) -> tuple[Node, Path]:
        node: Node = self.root
        for depth, step in enumerate(path):
            child = _child(node, step)
            if child is None:
                return node, path[depth:]
            node = child
        return node, ()


def place(node: Node) -> Place:
    """Line and column of a node, 1-based."""
    return node.start.line + 1, node.start.column + 1


def _child(node: Node, step: str | int) -> Node | None:
    if isinstance(node, Mapping):
        return node.get(str(step))
    if isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
        return node.items[step]
    return None
