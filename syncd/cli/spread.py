"""Spreads pure work over all processors by forking, so that nothing has to be packed on the way there."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

WORTH_IT = 200
"""Fewer items are done before a second process has started."""
_inherited: dict[str, Any] = {}


def spread(work: Callable[[Sequence[_Item]], list[_Result]], items: Sequence[_Item]) -> list[_Result]:
    """
    `work(items)`, in as many parts as there are processors, in the same order.

    Args:
        work: Pure; what it returns is packed on the way back.
        items: What to work on. Few of them, or a process that cannot be forked safely, are worked on here.
    """
    parts = os.cpu_count() or 1
    forkable = "fork" in multiprocessing.get_all_start_methods() and threading.active_count() == 1
    if len(items) < WORTH_IT or parts < 2 or not forkable:
        return work(items)
    size = -(-len(items) // parts)
    _inherited["part"] = lambda start: work(items[start : start + size])
    try:
        with ProcessPoolExecutor(parts, multiprocessing.get_context("fork")) as pool:
            return [result for part in pool.map(_part, range(0, len(items), size)) for result in part]
    finally:
        _inherited.clear()


def _part(start: int) -> list[Any]:
    found: list[Any] = _inherited["part"](start)
    return found
