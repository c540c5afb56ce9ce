"""Servers that misbehave on purpose, and the recorded answers of real ones."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from syncd.kestra import Address, Dialect, Kestra
from syncd.model import Change, Key, Kind, Resource, Verdict

RECORDINGS = Path(__file__).parents[1] / "contract"
LINES = ("1.3", "2.0")
UUID = "4BTaq2PnF9S85F8RYhn9No"
DATE = "Wed, 01 Jul 2026 12:00:00 GMT"
NOON = 1_782_907_200_000
"""Milliseconds of `DATE`."""

Handler = Callable[[httpx.Request], httpx.Response | None]


def recorded(line: str, name: str) -> dict[str, Any]:
    """One recorded call of a real server, by its name."""
    rows = (RECORDINGS / f"kestra-{line}.jsonl").read_text("utf-8").splitlines()
    return next(row for row in map(json.loads, rows) if row["name"] == name)


def answer(call: dict[str, Any]) -> httpx.Response:
    """The recorded answer as one of httpx."""
    response = call["response"]
    headers = {**response.get("headers", {}), "date": DATE}
    if response["content_type"]:
        headers["content-type"] = response["content_type"]
    if "json" in response:
        content = json.dumps(response["json"]).replace('"<epoch-ms>"', str(NOON - 60_000)).encode()
    elif "zip" in response:
        content = zipped({entry["name"]: entry["text"].encode() for entry in response["zip"]})
    else:
        content = response.get("text", "").encode()
    return httpx.Response(response["status"], headers=headers, content=content)


def replay(line: str, *names: str) -> list[httpx.Response]:
    """Recorded answers, in order."""
    return [answer(recorded(line, name)) for name in names]


def sent(call: dict[str, Any]) -> bytes:
    """The bytes that were sent in a recorded call."""
    if "body" in call["request"]:
        return call["request"]["body"].encode()
    part = call["request"]["multipart"][0]
    return base64.b64decode(part["base64"]) if "base64" in part else part["text"].encode()


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def configs(version: str = "1.3.25", uuid: str = UUID) -> httpx.Response:
    return reply({"version": version, "uuid": uuid, "edition": "OSS"})


def reply(document: Any, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=document, headers={"date": DATE, **headers})


def octets(data: bytes) -> httpx.Response:
    return httpx.Response(200, content=data, headers={"content-type": "application/octet-stream", "date": DATE})


@dataclass
class Wire(httpx.BaseTransport):
    """
    A network that can be watched and cut: every request is noted, then a handler may answer in place of the server.

    Args:
        handler: Answers or lets through (`None`), or raises what a broken network raises.
        server: What lies behind; without one, whatever no handler answers is a 404.
    """

    handler: Handler = lambda _: None
    server: httpx.BaseTransport | None = None
    requests: list[httpx.Request] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        response = self.handler(request)
        if response is None and self.server:
            response = self.server.handle_request(request)
        return response or httpx.Response(404, json={"message": "Not Found"})

    @property
    def calls(self) -> list[str]:
        """Method and path of every request, without the configuration's."""
        return [f"{one.method} {one.url.path}" for one in self.requests if not one.url.path.endswith("/configs")]

    def sent_to(self, method: str, end: str) -> list[httpx.Request]:
        return [one for one in self.requests if one.method == method and one.url.path.endswith(end)]


def routed(routes: dict[tuple[str, str], Any], version: str = "1.3.25") -> Handler:
    """Answers by method and end of the path; a list is used up one by one, its last answer stays."""

    def handle(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("/configs"):
            return configs(version)
        for (method, end), route in routes.items():
            if request.method == method and request.url.path.endswith(end):
                return _next(route, request)
        return None

    return handle


def _next(route: Any, request: httpx.Request) -> httpx.Response:
    if callable(route):
        return route(request)
    response = (route.pop(0) if len(route) > 1 else route[0]) if isinstance(route, list) else route
    if isinstance(response, Exception):
        raise response
    return httpx.Response(response.status_code, headers=response.headers, content=response.content)


def kestra_of(wire: httpx.BaseTransport, **options: Any) -> Kestra:
    cache = options.pop("cache", None)
    address = Address("http://kestra.test", username="admin@kestra.io", password="Admin1234", **options)
    return Kestra(address, transport=wire, cache=cache)


def flow(name: str = "one", namespace: str = "a.b", message: str = "hi") -> Resource:
    text = f"id: {name}\nnamespace: {namespace}\ntasks:\n  - id: log\n    type: io.kestra.plugin.core.log.Log\n"
    return Resource.of(Key(Kind.FLOW, namespace, name), f"{text}    message: {message}\n".encode())


def file(name: str = "x.txt", namespace: str = "a.b", data: bytes = b"x\n") -> Resource:
    return Resource.of(Key(Kind.FILE, namespace, name), data)


def create(resource: Resource) -> Change:
    return Change(resource.key, Verdict.CREATE, "new in Git", write=resource)


def update(target: Resource, write: Resource) -> Change:
    return Change(write.key, Verdict.UPDATE, "edited in Git", target=target, write=write)


def delete(target: Resource) -> Change:
    return Change(target.key, Verdict.DELETE, "deleted in Git", target=target)


def listed(*flows: Resource, **more: Any) -> httpx.Response:
    """A page of the flow listing."""
    results = [{"id": one.key.name, "namespace": one.key.namespace, "revision": 1, **more} for one in flows]
    return reply({"results": results, "total": len(results)})


def exported(*flows: Resource) -> httpx.Response:
    """An export of flows."""
    return octets(zipped({f"{number}.yml": one.load() for number, one in enumerate(flows)}))


def folder(*names: str, size: int = 1, modified: int = NOON - 60_000) -> httpx.Response:
    """A listing of one folder; a name that ends in a slash is a folder."""
    return reply(
        [
            {
                "type": "Directory" if name.endswith("/") else "File",
                "fileName": name.rstrip("/"),
                "size": size,
                "lastModifiedTime": modified,
            }
            for name in names
        ]
    )


def dialect(version: str) -> Dialect:
    return Dialect.of(version)


def keys(names: Iterable[str], namespace: str = "a.b", kind: Kind = Kind.FILE) -> list[Key]:
    return [Key(kind, namespace, name) for name in names]
