"""What real servers answered to 180 calls is what the sandbox answers, line by line."""

from collections.abc import Iterator

import httpx
import pytest

from syncd.flowschema import LINES, Line
from syncd.sandbox import running

from .replay import Recorded, differences, recordings, send

# Where the sandbox may differ in something a client could decide on, and why.
EXCEPTIONS = {
    "configs": "says that it is a sandbox, and that it has neither AI nor a concurrency view",
    "configs anonymous": "the same answer as with a login",
}


@pytest.fixture(scope="module", params=LINES)
def replayed(request: pytest.FixtureRequest) -> Iterator[tuple[Line, list[tuple[Recorded, list[str], list[str]]]]]:
    """Every recorded call of a line, sent in order to an empty sandbox, with the differences in its answer."""
    line: Line = request.param
    with running(dialect=line) as sandbox, httpx.Client(base_url=sandbox.url) as client:
        yield line, [(call, *differences(call, send(client, call))) for call in recordings(line)]


def test_every_answer_agrees_in_all_that_a_client_decides_on(
    replayed: tuple[Line, list[tuple[Recorded, list[str], list[str]]]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Status, content type and every field but prose; the tally is printed whatever the verbosity."""
    line, answers = replayed
    in_full = sum(not decisive and not prose for _, decisive, prose in answers)
    in_decisive = sum(not decisive and bool(prose) for _, decisive, prose in answers)
    excepted = [call.name for call, decisive, _ in answers if decisive]
    with capsys.disabled():
        print(  # noqa: T201 - the tally is for the reader of the log
            f"\nsandbox {line}: of {len(answers)} recorded answers {in_full} agree in full, {in_decisive} in all that "
            f"a client decides on, {len(excepted)} are listed exceptions"
        )
    unlisted = {call.name: found for call, found, _ in answers if found and call.name not in EXCEPTIONS}
    assert unlisted == {}
    assert in_full + in_decisive + len(excepted) == len(answers) == 180


def test_no_exception_is_listed_that_is_none(
    replayed: tuple[Line, list[tuple[Recorded, list[str], list[str]]]],
) -> None:
    _, answers = replayed
    assert set(EXCEPTIONS) == {call.name for call, decisive, _ in answers if decisive}


def test_status_and_content_type_have_no_exception_at_all(
    replayed: tuple[Line, list[tuple[Recorded, list[str], list[str]]]],
) -> None:
    _, answers = replayed
    wrong = [found for _, decisive, _ in answers for found in decisive if found.startswith(("status", "content type"))]
    assert wrong == []
