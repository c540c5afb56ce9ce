"""What happens to each object of a promotion: the table of `plan`, over one repository's source and target folders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from syncd.guards import Guards, guard
from syncd.layout import Layout
from syncd.model import Change, Key, Kind, Problem, Resource, Snapshot, Verdict, within
from syncd.plan import Plan, Policy, plan
from syncd.promote.recipe import Edit, Left, Recipe, Rewritten, mentions, rewritten


@dataclass(frozen=True, slots=True)
class Promoted:
    """
    A source as it would be in the target namespaces.

    Args:
        snapshot: The source of the decision: keys, paths and texts as they are to be.
        texts: What was rewritten and left in each.
        origins: Which object each came from.
    """

    snapshot: Snapshot
    texts: Mapping[Key, Rewritten] = field(default_factory=dict)
    origins: Mapping[Key, Key] = field(default_factory=dict)

    def edits(self, changes: Iterable[Change]) -> tuple[tuple[Change, Edit], ...]:
        """What was rewritten in the flows that these changes write."""
        return tuple((change, edit) for change in changes for edit in self.texts.get(change.key, Rewritten(b"")).edits)

    def left(self, changes: Iterable[Change]) -> tuple[tuple[Change, Left], ...]:
        """What was left alone in the flows that these changes write."""
        return tuple((change, left) for change in changes for left in self.texts.get(change.key, Rewritten(b"")).left)


def promoted(source: Snapshot, recipe: Recipe, layout: Layout) -> Promoted:
    """
    The source as it would be in the target namespaces; what is unknown there stays unknown here.

    Args:
        source: What is promoted; objects outside the recipe's namespaces are left out.
        recipe: What to do with each text.
        layout: Where the results go: the same place below the other namespace's folder.
    """
    texts: dict[Key, Rewritten] = {}
    resources: dict[Key, Resource] = {}
    origins: dict[Key, Key] = {}
    unknown = {new: problem for key, problem in source.unknown.items() if (new := _renamed(key, recipe))}
    for key, resource in sorted(source.resources.items()):
        new = _renamed(key, recipe)
        if new is None:
            continue
        if new in resources:
            unknown[new] = _twice(new, (origins[new], key))
            continue
        origins[new] = key
        texts[new] = text = _text(resource, recipe)
        resources[new] = Resource.of(new, text.text, path=_path(resource, new, layout))
    incomplete = {
        (kind, there): problem
        for (kind, namespace), problem in source.incomplete.items()
        if (there := recipe.names.to(namespace))
    }
    known = {key: resource for key, resource in resources.items() if key not in unknown}
    return Promoted(Snapshot(known, unknown, incomplete, source.problems), texts, origins)


def _renamed(key: Key, recipe: Recipe) -> Key | None:
    namespace = recipe.names.to(key.namespace)
    return replace(key, namespace=namespace) if namespace else None


def _text(resource: Resource, recipe: Recipe) -> Rewritten:
    data = resource.load()
    if resource.key.kind is Kind.FLOW:
        return rewritten(data, resource.key.namespace, recipe)
    return Rewritten(data, left=tuple(mentions(data, recipe.names)))


def _path(resource: Resource, key: Key, layout: Layout) -> str:
    """The same file name below the folder of the other namespace."""
    place = layout.locate(resource.path) if resource.path else None
    if place is None:
        return layout.path_of(key.kind, key.namespace, key.name) or ""
    return layout.path_of(key.kind, key.namespace, place.name, "") or ""


def _twice(key: Key, origins: tuple[Key, Key]) -> Problem:
    one, other = origins
    return Problem("SYN301", f"{one} and {other} would both become {key}", key=key, hint="change --map")


def decide(base: Snapshot, source: Promoted, target: Snapshot, policy: Policy, guards: Guards) -> Plan:
    """
    What the promotion does to each object of the target namespaces.

    Args:
        base: What the last promotions left there.
        source: What is promoted.
        target: What lies there now.
        policy: As for a push: the source is followed, and a flow that is switched off in the target stays so.
        guards: How much may be deleted.
    """
    placeless = {
        key: Problem("SYN302", f"{key}: the layout has no place for the namespace {key.namespace}", key=key)
        for key, resource in source.snapshot.resources.items()
        if not resource.path
    }
    guarded = guard(plan(base, source.snapshot, target, policy), base, guards).block(placeless)
    return replace(guarded, problems=(*guarded.problems, *placeless.values()))


def reason(change: Change, origins: Mapping[Key, Key], recipe: Recipe) -> str:
    """Why a change has its verdict, in the words of a promotion."""
    there = change.key.namespace
    origin = origins.get(change.key)
    here = origin.namespace if origin else _source_of(there, recipe)
    before, now, then = (side and side.digest for side in (change.base, change.source, change.target))
    at_source = "deleted" if now is None else "edited" if before else "new"
    at_target = "deleted" if then is None else "edited" if before else "added"
    words = {
        Verdict.CREATE: f"{at_source} in {here}",
        Verdict.UPDATE: f"{at_source} in {here}" if before else f"{here} wins",
        Verdict.DELETE: f"deleted in {here}",
        Verdict.DRIFT: f"{at_target} in {there}; stays",
        Verdict.PAUSED: f"switched off in {there}; stays off",
        Verdict.UNMANAGED: f"only in {there}; stays",
        Verdict.CONFLICT: f"{at_source if before else 'added'} in {here}, {at_target} in {there}; stays",
        Verdict.SETTLED: "both are equal",
    }
    return words.get(change.verdict, change.reason)


def _source_of(namespace: str, recipe: Recipe) -> str:
    backwards = sorted(((target, source) for source, target in recipe.names.pairs), key=lambda pair: -len(pair[0]))
    return next(
        (source + namespace[len(target) :] for target, source in backwards if within(namespace, target)), namespace
    )
