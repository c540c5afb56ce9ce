"""The stage itself: without any fault each verb does what it is for."""

from __future__ import annotations

import pytest

from tests.faults.conftest import Staging
from tests.faults.stage import GOALS, IN_GIT, ON_SERVER, VERBS


@pytest.mark.parametrize("dialect", ["1.3", "2.0"])
@pytest.mark.parametrize("verb", VERBS)
def test_without_a_fault_each_verb_reaches_its_goal_and_rests(staged: Staging, verb: str, dialect: str) -> None:
    stage = staged(dialect)
    before = stage.now()
    assert (before.git, before.server) == (IN_GIT, ON_SERVER)
    assert stage.run(verb).exit_code == 0
    stage.check(verb, before)
    assert stage.now().server == GOALS[verb].server
    stage.converges(verb)
