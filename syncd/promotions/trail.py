"""What a promotion leaves in its commit message, and how earlier ones are found by it; nothing is decided here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from syncd.errors import ConfigError
from syncd.model import within
from syncd.promote import NamespaceMap, Recipe, Rewrite
from syncd.repo import Repository

NAMES, OPTIONS, SOURCE = "Syncd-Promote", "Syncd-Promote-Options", "Syncd-Promote-Source"
_TRAILER = re.compile(r"^(Syncd-Promote(?:-Options|-Source)?): (.+?)\s*$", re.MULTILINE)
_OFF = "triggers-off"
_LOOKED_BACK = 50


@dataclass(frozen=True, slots=True)
class Promotion:
    """
    One promotion that was committed.

    Args:
        commit: The commit that holds its result; after a squash merge, with whatever else was squashed.
        source: The commit that was promoted.
        recipe: How.
    """

    commit: str
    source: str
    recipe: Recipe


def trailers(recipe: Recipe, source: str) -> str:
    """The last paragraph of a promotion's commit message, by which it is found again."""
    options = f"rewrite={recipe.rewrite}{f' {_OFF}' if recipe.triggers_off else ''}"
    return f"{NAMES}: {recipe.names}\n{OPTIONS}: {options}\n{SOURCE}: {source}\n"


def parse(commit: str, message: str) -> Promotion | None:
    """The promotion that a commit message tells of, wherever in it a merge has put the trailers; else `None`."""
    found = dict(_TRAILER.findall(message))
    if not (found.get(NAMES) and found.get(SOURCE)):
        return None
    words = found.get(OPTIONS, "").split()
    rewrite = next((word.removeprefix("rewrite=") for word in words if word.startswith("rewrite=")), "")
    try:
        recipe = Recipe(NamespaceMap.parse(found[NAMES].split()), Rewrite(rewrite or Rewrite.SAFE), _OFF in words)
    except (ConfigError, ValueError):
        return None
    return Promotion(commit, found[SOURCE], recipe)


def earlier(repository: Repository, rev: str, names: NamespaceMap) -> Iterator[Promotion]:
    """The promotions to these target namespaces that a revision descends from, newest first."""
    for commit in repository.mentioning(f"{SOURCE}: ", rev, _LOOKED_BACK):
        promotion = parse(commit, repository.log(commit, 1)[0].body)
        if promotion and _overlap(promotion.recipe.names, names):
            yield promotion


def _overlap(one: NamespaceMap, other: NamespaceMap) -> bool:
    return any(within(a, b) or within(b, a) for _, a in one.pairs for _, b in other.pairs)
