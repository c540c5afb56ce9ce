"""The sandbox is bounded, guarded by a login, and never pretends to execute anything."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import uvicorn

from syncd.sandbox import PASSWORD, USERNAME, serve
from syncd.sandbox.call import SENTENCE

from .conftest import LOG, Box, flow


def test_a_wrong_password_gets_401_in_the_lines_own_form(box: Box) -> None:
    answer = box.client.get("/api/v1/main/flows/search", auth=(USERNAME, "Wrong1234"))
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Basic")
    assert (answer.content == b"") == (box.line == "1.3")


def test_a_body_over_the_limit_gets_413_and_nothing_is_stored(boxed: Callable[..., Box]) -> None:
    box = boxed("2.0", body_limit=1000)
    answer = box.post(flow(message="x" * 1000))
    assert (answer.status_code, answer.json()["title"]) == (413, "Payload too large")
    assert box.store.names() == []


def test_a_body_over_the_limit_is_not_believed_to_be_shorter(boxed: Callable[..., Box]) -> None:
    """Without a Content-Length the bytes are counted as they come."""
    box = boxed("1.3", body_limit=1000)
    chunks = (b"x" * 400 for _ in range(4))
    answer = box.client.post("/api/v1/main/flows", content=chunks, headers={"content-type": "application/x-yaml"})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b"no boundary in here"),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken header\r\n\r\n"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\ny\r\n--x--\r\n',
        ),
    ],
)
def test_a_bad_multipart_gets_422_in_the_lines_own_form(box: Box, content_type: str, body: bytes) -> None:
    url = "/api/v1/main/namespaces/team/files?path=/a.txt"
    answer = box.client.post(url, content=body, headers={"content-type": content_type})
    expected = "application/json" if box.line == "1.3" else "application/problem+json"
    assert (answer.status_code, answer.headers["content-type"]) == (422, expected)
    assert box.store.entries("team") == []


def test_more_than_128_parts_are_refused_as_the_real_server_does(box: Box) -> None:
    parts = [("flows", (f"{number}.yml", flow().encode())) for number in range(129)]
    answer = box.client.post("/api/v1/main/flows/validate", files=parts)
    assert answer.status_code == 500
    assert "Number of form fields exceeds configured limit of [128]" in answer.text


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_a_deeply_nested_text_is_refused_and_not_followed(box: Box, opening: str) -> None:
    assert box.validate(opening * 5000)["constraints"].startswith("Validation error: Illegal Flow source")


def test_tasks_may_be_nested_as_deeply_as_the_parser_allows(box: Box) -> None:
    nested = f"{{id: leaf, type: {LOG}, message: x}}"
    for number in range(45):
        nested = f"{{id: g{number}, type: io.kestra.plugin.core.flow.Sequential, tasks: [{nested}]}}"
    assert "constraints" not in box.validate(f"id: a\nnamespace: team\ntasks: [{nested}]\n")


def test_a_zip_that_holds_too_much_is_not_unpacked(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import zipfile

    monkeypatch.setattr("syncd.sandbox.archive.UNPACKED_LIMIT", 1000)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big.yml", b"0" * 100_000)
    upload = {"fileContent": ("bomb.zip", buffer.getvalue())}
    assert box.client.post("/api/v1/main/namespaces/team/files?path=/x", files=upload).status_code == 413
    imported = {"fileUpload": ("bomb.zip", buffer.getvalue())}
    assert box.client.post("/api/v1/main/flows/import", files=imported).status_code == 413


@pytest.mark.parametrize("path", ["/executions/team/one", "/executions", "/executions/search"])
def test_executions_answer_501_with_one_sentence(box: Box, path: str) -> None:
    answer = box.client.post("/api/v1/main" + path)
    assert answer.status_code == 501
    assert SENTENCE in answer.text


def test_configs_say_that_nothing_is_executed(box: Box) -> None:
    told = box.client.get("/api/v1/configs").json()
    assert (told["sandbox"], told["notice"]) == (True, SENTENCE)


def test_the_first_log_line_says_that_nothing_is_executed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uvicorn, "run", lambda *_args, **_options: logging.getLogger("uvicorn").info("serving"))
    with caplog.at_level(logging.INFO):
        serve("127.0.0.1", 8080, tmp_path, "1.3", USERNAME, PASSWORD)
    assert caplog.messages[0].startswith(SENTENCE)
    assert PASSWORD not in caplog.text
