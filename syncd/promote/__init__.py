"""From one namespace to another inside Git: what a promotion writes, what it rewrites, and what it leaves alone."""

from syncd.promote.checks import Known, Needs, needs, unresolved
from syncd.promote.decision import Promoted, decide, promoted, reason
from syncd.promote.mapping import NamespaceMap
from syncd.promote.preview import moving, preview
from syncd.promote.recipe import Edit, Left, Recipe, Rewrite, Rewritten, rewritten
from syncd.promote.triggers import with_triggers_off

__all__ = [
    "Edit",
    "Known",
    "Left",
    "NamespaceMap",
    "Needs",
    "Promoted",
    "Recipe",
    "Rewrite",
    "Rewritten",
    "decide",
    "moving",
    "needs",
    "preview",
    "promoted",
    "reason",
    "rewritten",
    "unresolved",
    "with_triggers_off",
]
