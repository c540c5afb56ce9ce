"""Promotions in Git: what earlier ones left behind, what the next would do, its commit and its branch."""

from syncd.promotions.branch import commit, keep_observed, move, observe, subject, tip_to_build_on
from syncd.promotions.history import History
from syncd.promotions.prepare import EVERYTHING, Prepared, Server, Wish, prepare
from syncd.promotions.trail import Promotion, earlier, parse, trailers

__all__ = [
    "EVERYTHING",
    "History",
    "Prepared",
    "Promotion",
    "Server",
    "Wish",
    "commit",
    "earlier",
    "keep_observed",
    "move",
    "observe",
    "parse",
    "prepare",
    "subject",
    "tip_to_build_on",
    "trailers",
]
