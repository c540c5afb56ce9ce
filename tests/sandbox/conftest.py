"""Sandboxes of both lines, spoken to through the application itself, without a socket."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from syncd.flowschema import LINES, Line
from syncd.sandbox import PASSWORD, USERNAME, Store, create_app

YAML = {"content-type": "application/x-yaml"}
LOG = "io.kestra.plugin.core.log.Log"


class InProcess(httpx.BaseTransport):
    """Hands requests to the application itself, from code that is not asynchronous."""

    def __init__(self, app: Starlette) -> None:
        self._asynchronous = httpx.ASGITransport(app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return asyncio.run(self._answer(request))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        chunks = list(request.stream) if isinstance(request.stream, httpx.SyncByteStream) else []

        async def stream() -> AsyncIterator[bytes]:
            for chunk in chunks:
                yield chunk

        asynchronous = httpx.Request(request.method, request.url, headers=request.headers, content=stream())
        answer = await self._asynchronous.handle_async_request(asynchronous)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())


@dataclass(frozen=True)
class Box:
    """A sandbox and a logged-in client of it."""

    line: Line
    store: Store
    client: httpx.Client

    def post(self, text: str, **params: str) -> httpx.Response:
        return self.client.post("/api/v1/main/flows", content=text.encode(), headers=YAML, params=params)

    def put(self, namespace: str, flow_id: str, text: str, **params: str) -> httpx.Response:
        url = f"/api/v1/main/flows/{namespace}/{flow_id}"
        return self.client.put(url, content=text.encode(), headers=YAML, params=params)

    def validate(self, text: str) -> dict[str, Any]:
        answer = self.client.post("/api/v1/main/flows/validate", content=text.encode(), headers=YAML)
        assert answer.status_code == 200
        found: list[dict[str, Any]] = answer.json()
        return found[0]


@pytest.fixture
def boxed() -> Iterator[Callable[..., Box]]:
    """Makes sandboxes; options go to the application."""
    stores: list[Store] = []

    def make(line: Line = "1.3", **options: Any) -> Box:
        stores.append(Store())
        app = create_app(stores[-1], dialect=line, username=USERNAME, password=PASSWORD, **options)
        login = (USERNAME, PASSWORD)
        return Box(line, stores[-1], httpx.Client(transport=InProcess(app), base_url="http://sandbox", auth=login))

    yield make
    for store in stores:
        store.close()


@pytest.fixture(params=LINES)
def box(request: pytest.FixtureRequest, boxed: Callable[..., Box]) -> Box:
    """A sandbox of each line."""
    return boxed(request.param)


@pytest.fixture
def old(boxed: Callable[..., Box]) -> Box:
    return boxed("1.3")


@pytest.fixture
def new(boxed: Callable[..., Box]) -> Box:
    return boxed("2.0")


def flow(flow_id: str = "one", namespace: str = "team", extra: str = "", message: str = "hi") -> str:
    """The text of a small valid flow."""
    return (
        f"id: {flow_id}\nnamespace: {namespace}\n{extra}tasks:\n  - id: log\n    type: {LOG}\n    message: {message}\n"
    )
