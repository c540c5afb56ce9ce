"""Where objects go that the repository does not hold yet, and which of them no repository of this layout can hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from syncd.layout import FLOW_SUFFIXES, Layout
from syncd.model import Change, Key, Kind, Problem
from syncd.repo.content import Entry
from syncd.repo.names import folded, unfit_path, unfit_to_write


class Placing:
    """
    The way from an object to its file.

    Args:
        layout: Where things lie.
        entries: What lies there now.
    """

    def __init__(self, layout: Layout, entries: Sequence[Entry]) -> None:
        self._layout = layout
        self._entries = entries

    def path(self, change: Change) -> str:
        """Where the object lies, lay when both sides last agreed, or goes; "" where this layout has no place."""
        for seen in (change.target, change.base):
            if seen and seen.path:
                return seen.path
        return self.new_path(change.key)

    def new_path(self, key: Key) -> str:
        """Where a new object goes, a flow with the extension that its neighbours have; "" where nowhere."""
        suffix = self._suffixes.get(key.namespace) or self._suffixes.get("", FLOW_SUFFIXES[0])
        return self._layout.path_of(key.kind, key.namespace, key.name, suffix) or ""

    @cached_property
    def _suffixes(self) -> Mapping[str, str]:
        """The extension that most flows of a namespace have; under "" that of all."""
        counts: dict[str, Counter[str]] = {}
        for entry in self._entries:
            place = self._layout.locate(entry.path)
            if place and place.kind is Kind.FLOW:
                suffix = next(suffix for suffix in FLOW_SUFFIXES if entry.path.endswith(suffix))
                for namespace in (place.namespace, ""):
                    counts.setdefault(namespace, Counter())[suffix] += 1
        return {namespace: count.most_common(1)[0][0] for namespace, count in counts.items()}

    def refusals(self, writes: Iterable[Change]) -> tuple[Problem, ...]:
        """What of these writes cannot be held, because of its name or of a file that is in its place."""
        held = {folded(entry.path): entry.path for entry in self._entries}
        creates = [change for change in writes if change.write and not change.target]
        return tuple(problem for change in creates if (problem := self._refusal(change.key, self.path(change), held)))

    def _refusal(self, key: Key, path: str, held: dict[str, str]) -> Problem | None:
        """Why there is no room; `held` learns of each path that is taken."""
        if problem := unfit_to_write(key, path):
            return problem
        if other := held.get(folded(path)):
            message = f"{key}: {other} is there already and is something else"
            return Problem("SYN009", message, path, key=key, hint=f"rename '{other}'")
        held[folded(path)] = path
        return None

    def unseen(self, paths: Mapping[Key, str]) -> Mapping[Key, str]:
        """Those of these objects whose file is not there, and where it would go."""
        there = {entry.path for entry in self._entries}
        return {key: path for key, path in paths.items() if path and path not in there and not unfit_path(path)}
