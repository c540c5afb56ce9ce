"""What complete servers answered is what the engines answer: every recorded call is sent again to an empty engine."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.replay import differences, recordings, send

from .conftest import GIVEN_URL
from .launch import VERSIONS, RunningEngine, start

pytestmark = pytest.mark.skipif(GIVEN_URL is not None, reason="recordings begin on an empty server; this one is given")
EXCEPTIONS = json.loads((Path(__file__).parent / "replay_exceptions.json").read_text())


@pytest.fixture(scope="module", params=VERSIONS)
def empty_engine(request: pytest.FixtureRequest) -> Iterator[RunningEngine]:
    running = start(request.param)
    yield running
    running.stop()


def test_every_recorded_answer_is_given_again_or_is_a_listed_exception(
    empty_engine: RunningEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = recordings(empty_engine.line)
    with empty_engine.client() as client:
        client.base_url = empty_engine.url
        found = {call.name: differences(call, send(client, call)) for call in recorded}
    decisive = {name: differing for name, (differing, _) in found.items() if differing}
    in_full = sum(1 for differing, wording in found.values() if not differing and not wording)
    with capsys.disabled():
        print(  # noqa: T201 - the tally is meant for the reader of the log
            f"\nKestra {empty_engine.version}: of {len(recorded)} recorded answers {in_full} agree in full, "
            f"{len(found) - len(decisive) - in_full} in all that a client decides on, {len(decisive)} are exceptions"
        )
    assert len(found) == len(recorded), "two recordings have one name"
    assert {name: decisive[name] for name in decisive if name not in EXCEPTIONS[empty_engine.line]} == {}
    assert sorted(EXCEPTIONS[empty_engine.line]) == sorted(decisive), "an exception is listed that is none any more"
