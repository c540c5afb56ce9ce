"""Both error formats, as real servers sent them, become one kind of error."""

import json

import pytest

from syncd.errors import KestraDenied, KestraError, KestraExists, KestraMissing, KestraRejected, KestraUnavailable
from syncd.kestra.refusal import TEXT_LIMIT, classify, plain, read_refusal
from tests.kestra.doubles import LINES, recorded

KINDS: dict[str, type[KestraError]] = {
    "search anonymous": KestraDenied,
    "search wrong password": KestraDenied,
    "unknown route": KestraMissing,
    "unknown tenant": KestraRejected,
    "flow get missing": KestraMissing,
    "flow create again same": KestraExists,
    "flow create again different": KestraExists,
    "flow update missing": KestraMissing,
    "flow update other id": KestraRejected,
    "flow update other namespace": KestraRejected,
    "flow invalid yaml": KestraRejected,
    "flow empty body": KestraRejected,
    "flow no tasks": KestraRejected,
    "flow unknown property": KestraRejected,
    "flow unknown type": KestraRejected,
    "flow duplicate key": KestraRejected,
    "flow duplicate task id": KestraRejected,
    "flow bad cron": KestraRejected,
    "search size 0": KestraRejected,
    "search unknown filter": KestraRejected,
    "export by ids one unknown": KestraMissing,
    "flow delete again": KestraMissing,
    "files get missing": KestraMissing,
    "file upload traversal": KestraRejected,
    "file upload dot segments": KestraRejected,
    "files directory missing": KestraMissing,
    "kv get missing": KestraMissing,
    "import zip failOnError": KestraRejected,
}


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("name", sorted(KINDS))
def test_recorded_refusals_become_the_error_they_are(line: str, name: str) -> None:
    response = recorded(line, name)["response"]
    body = response.get("json")
    refusal = read_refusal(response["content_type"], json.dumps(body).encode() if body else b"")
    kind, fallback, _ = classify(response["status"], response["content_type"], refusal)
    assert kind is KINDS[name]
    assert refusal.reason or fallback


@pytest.mark.parametrize("line", LINES)
def test_the_reason_is_the_engines_own_sentence(line: str) -> None:
    response = recorded(line, "flow missing task property")["response"]
    reason = read_refusal(response["content_type"], json.dumps(response["json"]).encode()).reason
    assert reason == {"1.3": "l.message: must not be null", "2.0": "tasks[l].message: must not be null"}[line]


def test_an_upload_over_a_folder_is_refused_and_not_an_existing_flow() -> None:
    response = recorded("2.0", "file upload over directory")["response"]
    refusal = read_refusal(response["content_type"], json.dumps(response["json"]).encode())
    assert classify(409, response["content_type"], refusal)[0] is KestraRejected


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_answers_that_say_to_come_back_later(status: int) -> None:
    assert classify(status, "text/html", read_refusal("text/html", b"<h1>busy</h1>"))[0] is KestraUnavailable


def test_a_web_page_is_recognised_and_its_markup_not_shown() -> None:
    refusal = read_refusal("text/html", b"<html>sign in</html>")
    kind, reason, hint = classify(404, "text/html; charset=utf-8", refusal)
    assert (kind, refusal.reason) == (KestraError, "")
    assert "web page" in reason
    assert "syncd doctor" in hint


@pytest.mark.parametrize(
    "body",
    [b"", b"not json", b"[]", b'"x"', b"{}", b'{"_embedded": []}', b'{"errors": {"a": 1}}', b"\xff", b"[" * 9000],
)
def test_no_body_breaks_the_reader(body: bytes) -> None:
    assert isinstance(read_refusal("application/json", body).reason, str)


def test_escape_sequences_and_controls_do_not_reach_the_terminal() -> None:
    assert plain("a\x1b[31mred\x1b[0m\x1b]0;title\x07\x00b\u202ec\r\nd") == "aredbc\nd"


def test_endless_messages_are_cut() -> None:
    assert len(plain("x" * 100_000)) == TEXT_LIMIT + 2
