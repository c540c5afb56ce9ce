"""How a recorded call is sent again and its answer compared; which server answers is the caller's choice."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

RECORDINGS = Path(__file__).parent
LOGIN = ("admin@kestra.io", "Admin1234")
PREFIX = "/api/v1/main"
_MASK = re.compile(r"<(?:time|uuid|hash|epoch-ms|storage)>")
# What no client decides on: prose, links, and values that belong to one server instance.
UNDECISIVE_KEYS = frozenset(
    {
        "message",
        "detail",
        "pointer",
        "exception",
        "_links",
        "uuid",
        "url",
        "commitId",
        "commitDate",
        "preview",
        "constraints",
    }
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recorded call and the answer of the real server."""

    name: str
    request: dict[str, Any]
    response: dict[str, Any]


def recordings(line: str) -> list[Recorded]:
    """The calls of one server line, in their order."""
    rows = (RECORDINGS / f"kestra-{line}.jsonl").read_text("utf-8").splitlines()
    return [Recorded(**json.loads(row)) for row in rows]


def send(client: httpx.Client, recorded: Recorded) -> httpx.Response:
    """The same call, to another server."""
    request = recorded.request
    auth = ("admin@kestra.io", "Wrong1234") if "wrong password" in recorded.name else LOGIN
    options: dict[str, Any] = {"params": request.get("query"), "headers": request.get("headers")}
    if "multipart" in request:
        options["files"] = [(part["part"], (part["filename"], _bytes_of(part))) for part in request["multipart"]]
    elif "body" in request:
        options["content"] = request["body"].encode()
    path = request["path"].replace("{P}", PREFIX)
    return client.request(request["method"], path, auth=None if "anonymous" in recorded.name else auth, **options)


def _bytes_of(part: dict[str, Any]) -> bytes:
    return base64.b64decode(part["base64"]) if "base64" in part else part["text"].encode()


def differences(recorded: Recorded, answer: httpx.Response) -> tuple[list[str], list[str]]:
    """What differs: first what a client could decide on, then the rest."""
    expected = recorded.response
    found: list[str] = []
    content_type = answer.headers.get("content-type", "").partition(";")[0]
    if answer.status_code != expected["status"]:
        found.append(f"status {answer.status_code} instead of {expected['status']}")
    if content_type != expected["content_type"]:
        found.append(f"content type {content_type!r} instead of {expected['content_type']!r}")
    for header, value in expected.get("headers", {}).items():
        if answer.headers.get(header) != value:
            found.append(f"header {header}: {answer.headers.get(header)!r} instead of {value!r}")
    return _bodies(expected, answer, found)


def _bodies(expected: dict[str, Any], answer: httpx.Response, found: list[str]) -> tuple[list[str], list[str]]:
    if "json" in expected:
        try:
            prose: list[str] = []
            _compare(expected["json"], answer.json(), "", found, prose)
        except ValueError:
            return [*found, "the body is no JSON"], []
        return found, prose
    if "zip" in expected:
        actual = _unzipped(answer.content)
        wanted = [(each["name"], each["text"]) for each in expected["zip"]]
        return ([*found, f"zip {_names(actual)} instead of {_names(wanted)}"] if actual != wanted else found), []
    if "sha1" in expected and hashlib.sha1(answer.content).hexdigest() != expected["sha1"]:  # noqa: S324 - as recorded
        return [*found, "other bytes"], []
    wanted_text = "" if expected.get("empty") else expected.get("text")
    if wanted_text is not None and answer.text != wanted_text:
        return [*found, f"body {answer.text!r} instead of {wanted_text!r}"], []
    return found, []


def _unzipped(data: bytes) -> list[tuple[str, str]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(name, archive.read(name).decode("utf-8", "backslashreplace")) for name in archive.namelist()]


def _names(entries: list[tuple[str, str]]) -> list[str]:
    return [name for name, _ in entries]


def _compare(wanted: Any, actual: Any, path: str, found: list[str], prose: list[str]) -> None:
    if isinstance(wanted, dict) and isinstance(actual, dict):
        for key in sorted(wanted.keys() | actual.keys()):
            _compare_member(wanted, actual, key, path, found, prose)
    elif isinstance(wanted, list) and isinstance(actual, list) and len(wanted) == len(actual):
        for index, (one, other) in enumerate(zip(wanted, actual, strict=True)):
            _compare(one, other, f"{path}[{index}]", found, prose)
    elif isinstance(wanted, str) and _MASK.search(wanted):
        pattern = ".*".join(re.escape(part) for part in _MASK.split(wanted))
        if not re.fullmatch(pattern, str(actual), re.DOTALL):
            found.append(f"{path}: {actual!r} instead of {wanted!r}")
    elif wanted != actual or type(wanted) is not type(actual):
        found.append(f"{path}: {actual!r} instead of {wanted!r}")


def _compare_member(
    wanted: dict[str, Any], actual: dict[str, Any], key: str, path: str, found: list[str], prose: list[str]
) -> None:
    where = f"{path}.{key}"
    target = prose if key in UNDECISIVE_KEYS else found
    if key not in actual:
        found.append(f"{where}: missing")
    elif key not in wanted:
        target.append(f"{where}: {actual[key]!r} is not in the recording")
    else:
        _compare(wanted[key], actual[key], where, target, prose)
