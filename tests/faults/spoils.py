"""What can become of an answer on its way: one small function for each way to spoil it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.faults.relay import Answer, Asked, CutError, SilenceError, Spoil

LOGIN = b"<!doctype html><html><body><form action='/login'>Please log in</form></body></html>"


def cut(_asked: Asked) -> Answer:
    """The connection is reset before the server sees the request."""
    raise CutError


def done_then_cut(asked: Asked) -> Answer:
    """The server does it, and the connection is reset before it can say so."""
    asked.relayed()
    raise CutError


def silent(_asked: Asked) -> Answer:
    """Nothing comes back, ever."""
    raise SilenceError


def done_then_silent(asked: Asked) -> Answer:
    """The server does it, and never says so."""
    asked.relayed()
    raise SilenceError


def status(
    code: int, body: bytes = b'{"message": "spoiled"}', media: str = "application/json", **headers: str
) -> Spoil:
    """An answer with this status; the server never sees the request."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _asked: Answer(code, body, media, named)


def html(code: int = 200) -> Spoil:
    """A web page instead of an answer."""
    return status(code, LOGIN, "text/html; charset=utf-8")


def done_then(spoil: Spoil) -> Spoil:
    """The server does it; the answer is another one."""

    def spoiled(asked: Asked) -> Answer:
        asked.relayed()
        return spoil(asked)

    return spoiled


def body(change: Callable[[bytes], bytes]) -> Spoil:
    """The server's answer with another body."""
    return lambda asked: replace(answer := asked.relayed(), body=change(answer.body))


def halved(asked: Asked) -> Answer:
    """The first half of the answer, as if it were all of it."""
    answer = asked.relayed()
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def torn(asked: Asked) -> Answer:
    """The first half of an answer that says how long it is."""
    answer = asked.relayed()
    return replace(answer, body=answer.body[: len(answer.body) // 2], headers={"content-length": str(len(answer.body))})


def emptied(asked: Asked) -> Answer:
    """The right status, without a body."""
    return replace(asked.relayed(), body=b"")


def mistyped(asked: Asked) -> Answer:
    """The right body, called plain text."""
    return replace(asked.relayed(), media="text/plain")


def document(change: Callable[[Any], Any]) -> Spoil:
    """The server's JSON, changed."""
    return body(lambda data: json.dumps(change(json.loads(data))).encode())


def unzipped(data: bytes) -> dict[str, bytes]:
    """What an archive holds."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


def zipped(files: dict[str, bytes]) -> bytes:
    """An archive of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def archive(change: Callable[[dict[str, bytes]], dict[str, bytes]]) -> Spoil:
    """The server's archive, changed."""
    return body(lambda data: zipped(change(unzipped(data))))


def without(*words: str) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    """The files whose name or content names none of these."""
    return lambda files: {
        name: data
        for name, data in files.items()
        if not any(word in name or f"id: {word}\n".encode() in data for word in words)
    }


def unlisted(*names: str, counted: bool) -> Spoil:
    """A listing of flows that lacks these, and counts them or not."""

    def change(page: Any) -> Any:
        left = [one for one in page["results"] if one["id"] not in names]
        return {**page, "results": left, "total": page["total"] if counted else len(left)}

    return document(change)
