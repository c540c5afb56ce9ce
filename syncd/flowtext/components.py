"""Finds the typed parts of a flow (tasks, triggers, conditions, runners) and where in the document each node lies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from syncd.flowtext.tree import Mapping, Node, Scalar, Sequence

CORE = ("io.kestra.plugin.core.", "io.kestra.core.")
"""Packages of the types that every server has, under their names since 0.17 and before."""


@dataclass(frozen=True, slots=True)
class Component:
    """A mapping with a `type` that is a Java class name, and its path, such as `tasks[0].tasks[1]`."""

    path: str
    type: str
    node: Mapping

    @property
    def is_core(self) -> bool:
        """Whether the type belongs to the server itself."""
        return self.type.startswith(CORE)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar, its path, and the type of the component it belongs to ("" for the flow itself)."""

    path: str
    owner: str
    scalar: Scalar


def components(root: Node) -> Iterator[Component]:
    """Every typed part, outer ones first."""
    for path, node in nodes(root):
        if isinstance(node, Mapping) and (type_ := node.text("type")) and "." in type_:
            yield Component(path, type_, node)


def nodes(root: Node) -> Iterator[tuple[str, Node]]:
    """Every node with its path, parents first."""
    stack: list[tuple[str, Node]] = [("", root)]
    while stack:
        path, node = stack.pop()
        yield path, node
        stack.extend(reversed(children(path, node)))


def leaves(root: Node) -> Iterator[Leaf]:
    """Every scalar value in the order of the text."""
    stack: list[tuple[str, str, Node]] = [("", "", root)]
    while stack:
        path, owner, node = stack.pop()
        if isinstance(node, Scalar):
            yield Leaf(path, owner, node)
            continue
        if isinstance(node, Mapping) and (type_ := node.text("type")) and "." in type_:
            owner = type_
        stack.extend((where, owner, child) for where, child in reversed(children(path, node)))


def children(path: str, node: Node) -> list[tuple[str, Node]]:
    """The nodes directly below this one, with their paths."""
    if isinstance(node, Sequence):
        return [(f"{path}[{index}]", item) for index, item in enumerate(node.items)]
    if isinstance(node, Mapping):
        return [(f"{path}.{key.value}" if path else key.value, value) for key, value in node.items]
    return []
