"""Work that is spread over processes gives what it gives in one."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from syncd.cli.spread import WORTH_IT, spread


def halves(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Each number with its half, and the process that took it."""
    return [(number // 2, os.getpid()) for number in numbers]


@pytest.mark.parametrize("count", [0, 1, WORTH_IT - 1, WORTH_IT, WORTH_IT * 3 + 1])
def test_the_order_and_the_results_are_those_of_one_process(count: int) -> None:
    assert [half for half, _ in spread(halves, range(count))] == [number // 2 for number in range(count)]


def test_little_work_stays_here() -> None:
    assert {process for _, process in spread(halves, range(WORTH_IT - 1))} == {os.getpid()}
