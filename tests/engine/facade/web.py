"""The HTTP side: a request becomes a `Call`, the login is checked, an `Answer` or `Refusal` becomes the response."""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import replace

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .call import Answer, Call, Part
from .engine import TENANT, Engine
from .errors import BAD_REQUEST, METHOD, NOT_FOUND, Refusal, error_answer, refusal_of, unauthenticated
from .java import JavaError
from .routes import Routes

USERNAME, PASSWORD = "admin@kestra.io", "Admin1234"
_LOGIN = "Basic " + base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_OPEN = {"/ping", "/api/v1/configs"}
_NO_TENANT = ("configs", "plugins")


def application(engine: Engine) -> Starlette:
    """The facade as an ASGI application."""
    routes = Routes(engine.line)

    async def endpoint(request: Request) -> Response:
        call = await _read(request)
        return _response(await run_in_threadpool(_answer, engine, routes, call))

    handler: Callable[[Request], Awaitable[Response]] = endpoint
    return Starlette(routes=[Route("/{path:path}", handler, methods=_METHODS)])


def _answer(engine: Engine, routes: Routes, call: Call) -> Answer:
    if call.path not in _OPEN and call.headers.get("authorization") != _LOGIN:
        return unauthenticated(call, engine.line)
    try:
        return _dispatch(engine, routes, call)
    except Refusal as refusal:
        return error_answer(refusal, call, engine.line)
    except JavaError as error:
        return error_answer(refusal_of(error, engine.line), call, engine.line)


def _dispatch(engine: Engine, routes: Routes, call: Call) -> Answer:
    match = routes.match(_with_tenant(call.path))
    if match is None:
        raise Refusal(NOT_FOUND)
    if call.method not in match.handlers:
        allowed = ", ".join(sorted(match.handlers))
        raise Refusal(METHOD, f"Method [{call.method}] not allowed for URI [{call.path}]. Allowed methods: [{allowed}]")
    return match.handlers[call.method](engine, replace(call, params=match.params))


def _with_tenant(path: str) -> str:
    """The path with the tenant, which servers still accept without one.

    Raises:
        Refusal: another tenant than the only one of the open-source edition.
    """
    head, prefix, rest = path.partition("/api/v1/")
    first, _, below = rest.partition("/")
    if not prefix or head or first in (TENANT, *_NO_TENANT):
        return path
    if first in _TOP_LEVEL:
        return f"/api/v1/{TENANT}/{rest}"
    if below:
        raise Refusal(BAD_REQUEST, f"Tenant must be '{TENANT}' for OSS version")
    return path


_TOP_LEVEL = {"flows", "namespaces", "executions", "kv", "logs", "triggers", "dashboards"}


async def _read(request: Request) -> Call:
    multipart = request.headers.get("content-type", "").startswith("multipart/")
    return Call(
        request.method,
        request.url.path,
        request.url.query,
        params={},
        query=request.query_params.multi_items(),
        headers=dict(request.headers),
        body=b"" if multipart else await request.body(),
        parts=await _parts(request) if multipart else (),
    )


async def _parts(request: Request) -> list[Part]:
    form = await request.form()
    return [await _part(name, value) for name, value in form.multi_items()]


async def _part(name: str, value: UploadFile | str) -> Part:
    if isinstance(value, str):
        return Part(name, "", value.encode())
    return Part(name, value.filename or "", await value.read())


def _response(answer: Answer) -> Response:
    headers = {**answer.headers, **({"content-type": answer.content_type} if answer.content_type else {})}
    return Response(answer.body, answer.status, headers)
