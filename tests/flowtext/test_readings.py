"""What a flow said is remembered by blob id, handed on to the next run, and never more than a memory."""

import json
from typing import Any

import pytest

from syncd import __version__
from syncd.flowtext import Identity, NotAFlow, Readings
from syncd.model import Kind, blob_id, digest

TEXT = b"id: hello\nnamespace: company.team\ntasks: []\n"
RAW = blob_id(TEXT)
BROKEN = b"id: ["


def handed_over(readings: Readings) -> Readings:
    """What the next run knows."""
    following = Readings()
    following.recall(json.loads(json.dumps(readings.handed_on())))
    return following


def test_a_reading_is_the_digest_and_the_identity_of_the_text() -> None:
    reading = Readings().of(RAW, TEXT)
    assert (reading.digest, reading.flow) == (digest(Kind.FLOW, TEXT), Identity("hello", "company.team"))


def test_the_next_run_knows_what_this_one_read_and_has_nothing_new_to_hand_on() -> None:
    readings = Readings()
    reading = readings.of(RAW, TEXT)
    following = handed_over(readings)
    assert following.find(RAW) == reading
    assert following.handed_on() is None


def test_what_is_no_flow_is_read_again_by_the_next_run_which_has_to_say_why() -> None:
    readings = Readings()
    assert isinstance(readings.of(blob_id(BROKEN), BROKEN).flow, NotAFlow)
    assert handed_over(readings).find(blob_id(BROKEN)) is None


@pytest.mark.parametrize(
    "junk",
    [
        *(None, 1, [], {}),
        {"version": "another", "flows": {RAW: ["0" * 40, "other", "a.b"]}},
        *({"version": __version__, "flows": flows} for flows in (1, [1], {RAW: 1})),
    ],
)
def test_a_damaged_memory_or_one_of_another_version_is_none(junk: Any) -> None:
    readings = Readings()
    readings.recall(junk)
    assert readings.find(RAW) is None
    assert readings.of(RAW, TEXT).flow == Identity("hello", "company.team")


def test_more_than_the_limit_is_only_handed_on_if_it_was_of_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.flowtext.readings._UNUSED", 1)
    readings = Readings()
    readings.of("0" * 40, TEXT.replace(b"hello", b"old"))
    following = handed_over(readings)
    following.of(RAW, TEXT)
    last = handed_over(following)
    assert (last.find(RAW) is None, last.find("0" * 40)) == (False, None)
