"""Follows what a flow names outside itself, as far as the repository can tell: flows, namespace files, keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from syncd.flowtext import Reference, Refers, identity, references
from syncd.flowtext.components import components
from syncd.flowtext.tree import Mapping as Node
from syncd.flowtext.tree import parse
from syncd.validate.document import Document
from syncd.validate.rules import Remark

_SETTERS = (".kv.Set", ".kv.Put")
_SETS_KEYS = re.compile(rb"\.kv\.(?:Set|Put)\b")
_FILLS = re.compile(rb"UploadFiles|SyncNamespaceFiles|NamespaceSync")
_WRITERS = (".namespace.UploadFiles", ".git.SyncNamespaceFiles", ".git.NamespaceSync")


@dataclass(frozen=True)
class Surroundings:
    """
    What else the repository holds.

    Args:
        flows: Every flow as (namespace, id).
        files: Names of the namespace files by namespace, for each namespace that the repository holds.
        keys: Names of the keys by namespace, for each namespace whose keys the repository holds.
        filled: Namespaces into which some flow uploads files, so that more may be there than Git holds.
    """

    flows: frozenset[tuple[str, str]] = frozenset()
    files: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    keys: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    filled: frozenset[str] = frozenset()

    @cached_property
    def namespaces(self) -> frozenset[str]:
        """Every namespace of which the repository holds something."""
        return frozenset({namespace for namespace, _ in self.flows}) | self.files.keys()


def remarks(document: Document, around: Surroundings) -> Iterator[Remark]:
    """Flows, files and keys that are named but not there. Of namespaces that Git does not hold, nothing is said."""
    for reference in document.references:
        namespace = reference.namespace or document.namespace
        if reference.dynamic or reference.name is None or namespace not in around.namespaces:
            continue
        if reference.kind is Refers.SUBFLOW:
            yield from _subflow(reference, namespace, around)
        elif reference.kind is Refers.FILE:
            yield from _file(reference, namespace, around)
        elif reference.kind is Refers.KV:
            yield from _key(reference, namespace, around)


def set_keys(text: bytes) -> Iterator[tuple[str, str]]:
    """The keys that a flow sets when it runs, as (namespace, key)."""
    for reference in references(text) if _SETS_KEYS.search(text) else ():
        if reference.kind is Refers.KV and reference.name and reference.owner.endswith(_SETTERS):
            yield reference.namespace or _own(text), reference.name


def filled_namespaces(text: bytes) -> Iterator[str]:
    """The namespaces that a flow puts files into when it runs."""
    root = parse(text) if _FILLS.search(text) else None
    for part in components(root) if isinstance(root, Node) else ():
        if part.type.endswith(_WRITERS):
            yield part.node.text("namespace") or _own(text)


def _own(text: bytes) -> str:
    found = identity(text)
    return found.namespace or ""


def _subflow(reference: Reference, namespace: str, around: Surroundings) -> Iterator[Remark]:
    if (namespace, reference.name) not in around.flows:
        message = f"the flow {namespace}/{reference.name} is not in the repository"
        yield Remark("SYN070", message, reference.line, reference.column, "add it, or correct the name")


def _file(reference: Reference, namespace: str, around: Surroundings) -> Iterator[Remark]:
    name = (reference.name or "").removeprefix("/").removeprefix("./")
    if namespace in around.filled or name in around.files.get(namespace, ()):
        return
    message = f"{namespace} has no file {name!r} in the repository"
    yield Remark("SYN071", message, reference.line, reference.column, "add it, or correct the path")


def _key(reference: Reference, namespace: str, around: Surroundings) -> Iterator[Remark]:
    """A key is looked up in the parents too, as Kestra does."""
    parts = namespace.split(".")
    chain = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    if namespace not in around.keys or reference.owner.endswith(_SETTERS):
        return
    if not any(reference.name in around.keys.get(each, ()) for each in chain):
        message = f"{namespace} has no key {reference.name!r} in the repository, and no flow sets it"
        yield Remark("SYN072", message, reference.line, reference.column, "add it to kv.yml, or correct the name")
