"""What source and target of a promotion last agreed on, read from Git; what follows from it is decided in `promote`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from syncd.errors import RepoError
from syncd.flowtext import differs_only_by_pause, identity
from syncd.flowtext.identity import Identity
from syncd.layout import Layout
from syncd.model import Key, Kind, Resource, Scope, Snapshot, digest
from syncd.promote import Promoted, Recipe, promoted, rewritten
from syncd.promotions.trail import Promotion, earlier
from syncd.repo import GitSide, Repository


@dataclass
class History:
    """
    What earlier promotions left behind, as the base of the next.

    Args:
        repository: Where.
        layout: Of the repository.
        recipe: Of the next promotion.
    """

    repository: Repository
    layout: Layout
    recipe: Recipe

    def base(self, rev: str) -> tuple[Snapshot, tuple[Scope, ...]]:
        """
        What source and target agreed on when they were last promoted, and the namespaces that this covers.

        An object was agreed on where the target of a promotion held exactly what its source would have become; for
        any other, the promotion before it counts. A promotion whose source is gone ends the look back.

        Raises:
            RepoError: The clone is shallow, so nothing can be said of earlier promotions.
        """
        if self.repository.is_shallow():
            raise RepoError(
                "this clone's history is cut off, so it cannot be said what was promoted before",
                "git fetch --unshallow; in GitHub Actions: actions/checkout with fetch-depth: 0",
            )
        agreed: dict[Key, Resource] = {}
        passed: list[tuple[Scope, frozenset[Key]]] = []
        for promotion in earlier(self.repository, rev, self.recipe.names):
            if not self.repository.sizes((promotion.source,)):
                passed.append((promotion.recipe.names.targets, frozenset()))
                break
            wanted, held = self._outcome(promotion)
            for key, resource in wanted.resources.items():
                if key not in agreed and _is_open(key, passed) and _agree(resource, held.resources.get(key)):
                    agreed[key] = resource
            unsettled = {*wanted.resources, *wanted.unknown, *held.resources, *held.unknown} - agreed.keys()
            passed.append((promotion.recipe.names.targets, frozenset(unsettled)))
            if not unsettled:
                break
        return Snapshot(agreed), tuple(scope for scope, _ in passed)

    def _outcome(self, promotion: Promotion) -> tuple[Snapshot, Snapshot]:
        """What a promotion's source would have become, and what its target then held."""
        names = promotion.recipe.names
        source = GitSide.at(self.repository, self.layout, promotion.source).snapshot(names.sources)
        target = GitSide.at(self.repository, self.layout, promotion.commit).snapshot(names.targets)
        return promoted(source, promotion.recipe, self.layout).snapshot, target

    def inferred(
        self, revs: tuple[str, str], source: Snapshot, wanted: Promoted, target: Snapshot, keys: Iterable[Key]
    ) -> Mapping[Key, Resource]:
        """
        The base of objects that no promotion covers, as far as Git's history shows it: folders once copied by hand.

        Args:
            revs: The commits that source and target are read from.
            source: What is promoted, under its own names.
            wanted: The same, as it is to be.
            target: What the target holds.
            keys: Objects on both sides that differ.
        """
        origins = {key: source.resources[wanted.origins[key]] for key in keys}
        before = self.repository.blobs_in_history(revs[0], [origin.path for origin in origins.values()])
        there = self.repository.blobs_in_history(revs[1], [target.resources[key].path for key in origins])
        known = {}
        for key, origin in origins.items():
            now, then = wanted.snapshot.resources[key], target.resources[key]
            if then.digest in {self._become(origin, data) for data in self._versions(before[origin.path])}:
                known[key] = then
            elif now.digest in {digest(key.kind, data) for data in self._versions(there[then.path])}:
                known[key] = now
        return known

    def _versions(self, blobs: Iterable[str]) -> Iterable[bytes]:
        return self.repository.read_blobs(blobs).values()

    def _become(self, origin: Resource, older: bytes) -> str:
        """Digest of what an older version of a promoted object would have become; "" where it was none."""
        if origin.key.kind is not Kind.FLOW:
            return digest(origin.key.kind, older)
        found = identity(older)
        if not isinstance(found, Identity) or found.namespace != origin.key.namespace:
            return ""
        return digest(Kind.FLOW, rewritten(older, found.namespace, self.recipe).text)


def _agree(wanted: Resource, held: Resource | None) -> bool:
    """Whether the target had taken this over, perhaps switched off there."""
    if held is None or held.digest == wanted.digest:
        return held is not None
    return wanted.key.kind is Kind.FLOW and differs_only_by_pause(wanted.load(), held.load())


def _is_open(key: Key, passed: Iterable[tuple[Scope, frozenset[Key]]]) -> bool:
    """Whether no newer promotion has settled that this object is on neither side."""
    return all(key in unsettled for scope, unsettled in passed if scope.covers(key.namespace))
