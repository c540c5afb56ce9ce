"""The sandbox as an ASGI application: login, limits, routing, errors; each route's work is done in its own module."""

from __future__ import annotations

import base64
import hmac
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, compile_path

from syncd.sandbox import files, flows, instance, manyflows, pairs
from syncd.sandbox.call import Call, Part
from syncd.sandbox.refusal import Dialect, Refused
from syncd.sandbox.store import Store

Answer: TypeAlias = Callable[[Call], Response]

BODY_LIMIT = 64 * 1024 * 1024
_PARTS_LIMIT = 10_000
_METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]
_API = "/api/v1/"
_TENANT = "main"
_FILES = "/namespaces/{ns}/files"
_PAIRS = "/namespaces/{ns}/kv"

_ROUTES: list[tuple[str, str, Answer]] = [
    ("GET", "/configs", instance.configs),
    ("GET", "/flows/search", flows.search),
    ("GET", "/flows/export/by-query", manyflows.export_by_query),
    ("POST", "/flows/export/by-ids", manyflows.export_by_ids),
    ("GET", "/flows/distinct-namespaces", manyflows.distinct_namespaces),
    ("POST", "/flows/validate", flows.validate),
    ("POST", "/flows/import", manyflows.import_flows),
    ("DELETE", "/flows/delete/by-ids", manyflows.delete_by_ids),
    ("POST", "/flows/disable/by-ids", manyflows.disable),
    ("POST", "/flows/enable/by-ids", manyflows.enable),
    ("POST", "/flows", flows.create),
    ("GET", "/flows/{ns}", flows.of_namespace),
    ("GET", "/flows/{ns}/{id}/revisions", flows.revisions),
    ("DELETE", "/flows/{ns}/{id}/revisions", flows.drop_revisions),
    ("GET", "/flows/{ns}/{id}", flows.read),
    ("PUT", "/flows/{ns}/{id}", flows.update),
    ("DELETE", "/flows/{ns}/{id}", flows.delete),
    ("GET", "/namespaces/search", instance.namespaces),
    ("GET", "/namespaces/{ns}", instance.namespace),
    ("GET", _FILES, files.read),
    ("POST", _FILES, files.upload),
    ("PUT", _FILES, files.move),
    ("DELETE", _FILES, files.delete),
    ("GET", _FILES + "/directory", files.directory),
    ("POST", _FILES + "/directory", files.make_directory),
    ("GET", _FILES + "/stats", files.stats),
    ("GET", _FILES + "/search", files.search),
    ("GET", _FILES + "/revisions", files.revisions),
    ("GET", _FILES + "/export", files.export),
    ("GET", "/kv", pairs.of_tenant),
    ("DELETE", _PAIRS, pairs.delete_many),
    ("GET", _PAIRS + "/inheritance", pairs.inherited),
    ("GET", _PAIRS + "/{key}", pairs.read),
    ("PUT", _PAIRS + "/{key}", pairs.write),
    ("DELETE", _PAIRS + "/{key}", pairs.delete),
    ("GET", "/namespaces/{ns}/secrets", instance.secrets),
    ("GET", "/dashboards", instance.dashboards),
    ("GET", "/plugins/schemas/{kind}", instance.schema),
    *((method, path, instance.execution) for method in _METHODS for path in ("/executions", "/executions/{rest:path}")),
]

_ONLY_1_3: list[tuple[str, str, Answer]] = [("GET", _PAIRS, pairs.of_namespace)]


def create_app(
    store: Store, *, dialect: Dialect, username: str, password: str, body_limit: int = BODY_LIMIT
) -> Starlette:
    """
    The sandbox over one store.

    Args:
        store: Its state; the caller closes it.
        dialect: The server line whose answers to give.
        username: Of the one account there is.
        password: Of that account.
        body_limit: The largest request body, in bytes; a larger one gets 413.
    """
    login = base64.b64encode(f"{username}:{password}".encode())
    sandbox = _Sandbox(store, dialect, b"Basic " + login, body_limit)
    return Starlette(routes=[Route("/{path:path}", sandbox.answer, methods=[*_METHODS, "HEAD", "OPTIONS"])])


@dataclass(frozen=True, slots=True)
class _Sandbox:
    store: Store
    dialect: Dialect
    login: bytes
    body_limit: int

    async def answer(self, request: Request) -> Response:
        try:
            body = await self._body(request)
            return await self._dispatch(request, body)
        except Refused as refusal:
            return refusal.response(request, self.dialect)

    async def _body(self, request: Request) -> bytes:
        announced = request.headers.get("content-length", "")
        body = bytearray()
        if not (announced.isdigit() and int(announced) > self.body_limit):
            async for chunk in request.stream():
                body += chunk
                if len(body) > self.body_limit:
                    break
            else:
                return bytes(body)
        raise Refused("payload-too-large", f"The request body exceeds {self.body_limit} bytes")

    async def _dispatch(self, request: Request, body: bytes) -> Response:
        path = request.url.path
        if path == "/ping":
            return instance.ping(self._call(request, {}, body, []))
        if not path.startswith(_API):
            raise Refused("not-found")
        public = path.endswith("/configs")
        if not public and not hmac.compare_digest(request.headers.get("authorization", "").encode(), self.login):
            raise Refused("unauthenticated")
        answer, names = self._route(request.method, path)
        parts = await _parts(request, body)
        return answer(self._call(request, names, body, parts))

    def _route(self, method: str, path: str) -> tuple[Answer, dict[str, str]]:
        root = _below_tenant(path)
        allowed = []
        for own, pattern, answer in _TABLES[self.dialect]:
            if match := pattern.match(root):
                if own == method:
                    return answer, match.groupdict()
                allowed.append(own)
        if not allowed:
            raise Refused("not-found")
        methods = ", ".join(dict.fromkeys(allowed))
        detail = f"Method [{method}] not allowed for URI [{path}]. Allowed methods: [{methods}]"
        raise Refused("method-not-allowed", detail)

    def _call(self, request: Request, names: dict[str, str], body: bytes, parts: list[Part]) -> Call:
        return Call(
            store=self.store,
            dialect=self.dialect,
            base_url=str(request.base_url),
            names=names,
            query=request.query_params.multi_items(),
            headers=dict(request.headers),
            media_type=_media_type(request),
            body=body,
            parts=parts,
        )


def _below_tenant(path: str) -> str:
    """The path behind the tenant, which may be left out; any other tenant than `main` is refused, as on OSS."""
    first, _, rest = path.removeprefix(_API).partition("/")
    if first == _TENANT:
        return f"/{rest}"
    if first in _ROOTS:
        return f"/{first}/{rest}" if rest else f"/{first}"
    if rest.partition("/")[0] in _ROOTS:
        raise Refused("bad-request", "Tenant must be 'main' for OSS version")
    raise Refused("not-found")


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _parts(request: Request, body: bytes) -> list[Part]:
    if _media_type(request) != "multipart/form-data":
        return []

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(request.headers, stream(), max_files=_PARTS_LIMIT, max_fields=_PARTS_LIMIT)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise Refused("invalid-request-body", f"Malformed multipart body: {error}") from None
    try:
        uploads = [(name, each) for name, each in form.multi_items() if isinstance(each, UploadFile)]
        return [Part(name, each.filename or "", await each.read()) for name, each in uploads]
    finally:
        await form.close()


_ROOTS = frozenset(path.split("/")[1] for _, path, _ in _ROUTES)
_COMPILED = [(method, compile_path(path)[0], answer) for method, path, answer in _ROUTES]
_TABLES = {
    "1.3": [*((method, compile_path(path)[0], answer) for method, path, answer in _ONLY_1_3), *_COMPILED],
    "2.0": _COMPILED,
}
