"""Which flows a preview takes along, and what they become; where it is put is decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from syncd.flowtext import subflows
from syncd.flowtext.references import Refers, references
from syncd.layout import Layout
from syncd.model import Key, Kind, Resource, Snapshot
from syncd.promote.decision import Promoted, promoted
from syncd.promote.mapping import NamespaceMap
from syncd.promote.recipe import Recipe, Rewrite


def moving(before: Snapshot, now: Snapshot) -> frozenset[Key]:
    """
    The flows that a preview needs: those that changed, those that read a file that changed, and all that they call.

    Args:
        before: What the pull request is to be merged into.
        now: What it would be afterwards.
    """
    changed = {key for key, resource in now.resources.items() if resource != before.resources.get(key)}
    found = {key for key in changed if key.kind is Kind.FLOW}
    files = changed - found
    if files:
        found |= {key for key, flow in _flows(now) if not files.isdisjoint(_read(key, flow))}
    waiting = sorted(found)
    while waiting:
        called = {Key(Kind.FLOW, *call) for call in subflows(now.resources[waiting.pop()].load())}
        new = (called & now.resources.keys()) - found
        found |= new
        waiting.extend(new)
    return frozenset(found)


def preview(now: Snapshot, flows: Iterable[Key], prefix: str) -> Promoted:
    """
    These flows below a prefix, with their triggers off, and the namespace files that they have beside them.

    Only calls among them follow; keys, secrets and files that name a namespace still mean the real one.

    Args:
        now: Where they are taken from.
        flows: Those to take; none gives an empty preview.
        prefix: First segment of the new namespaces.
    """
    flows = frozenset(flows)
    namespaces = {key.namespace for key in flows}
    if not namespaces:
        return Promoted(Snapshot())
    kept = {
        key: resource
        for key, resource in now.resources.items()
        if key in flows or (key.kind is Kind.FILE and key.namespace in namespaces)
    }
    names = NamespaceMap.of((namespace, f"{prefix}.{namespace}") for namespace in namespaces)
    moved = frozenset((key.namespace, key.name) for key in flows)
    recipe = Recipe(names, Rewrite.CALLS, triggers_off=True, moving=moved)
    problems = tuple(problem for problem in now.problems if problem.key and problem.key.namespace in namespaces)
    return promoted(Snapshot(kept, now.unknown, now.incomplete, problems), recipe, Layout())


def _flows(snapshot: Snapshot) -> Iterator[tuple[Key, Resource]]:
    return ((key, resource) for key, resource in snapshot.resources.items() if key.kind is Kind.FLOW)


def _read(key: Key, flow: Resource) -> Iterator[Key]:
    for reference in references(flow.load()):
        if reference.kind is Refers.FILE and reference.name:
            yield Key(Kind.FILE, reference.namespace or key.namespace, reference.name.lstrip("/"))
