"""What the sandbox refuses, in each line's words: HAL on 1.3, problem+json on 2.0; the routes decide what to refuse."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from syncd.flowschema import Line

Dialect: TypeAlias = Line


class _Reason(NamedTuple):
    status: int
    legacy: str
    title: str


_REASONS = {
    "bad-request": _Reason(400, "Bad Request", "Bad request"),
    "conflict": _Reason(409, "Conflict", "Conflict"),
    "entity-already-exists": _Reason(409, "Conflict", "Entity already exists"),
    "internal-server-error": _Reason(500, "Internal server error", "Internal server error"),
    "invalid-argument": _Reason(422, "Illegal argument", "Invalid argument"),
    "invalid-request-body": _Reason(422, "Invalid route params", "Invalid request body"),
    "method-not-allowed": _Reason(405, "Method Not Allowed", "Method not allowed"),
    "not-found": _Reason(404, "Not Found", "Resource not found"),
    "not-implemented": _Reason(501, "Not Implemented", "Not implemented"),
    "payload-too-large": _Reason(413, "Request Entity Too Large", "Payload too large"),
    "resource-expired": _Reason(410, "Gone", "Resource expired"),
    "unauthenticated": _Reason(401, "Unauthorized", "Authentication required"),
    "unsupported-media-type": _Reason(415, "Unsupported Media Type", "Unsupported media type"),
    "validation-failed": _Reason(422, "Invalid entity", "Validation failed"),
}


@dataclass(frozen=True, slots=True)
class Violation:
    """
    One broken rule of one object.

    Attributes:
        path: Where, as the dialect's error list spells it: `tasks[0].message` on 1.3, `tasks[log].message` on 2.0.
        message: What is wrong there.
    """

    path: str
    message: str


class Refused(Exception):
    """
    An answer other than success.

    Args:
        slug: The last part of the problem type's URI on 2.0; it decides status and title on both lines.
        detail: The reason; empty when the server gives none.
        violations: The broken rules, where the server lists them.
        status: Another status than the slug's, where a recording shows one.
    """

    def __init__(
        self, slug: str, detail: str = "", violations: tuple[Violation, ...] = (), *, status: int | None = None
    ) -> None:
        super().__init__(detail or _REASONS[slug].title)
        self.slug, self.detail, self.violations = slug, detail, violations
        self.status = status or _REASONS[slug].status

    def response(self, request: Request, dialect: Dialect) -> Response:
        """The answer in the words of `dialect`; 1.3 answers a failed login with an empty body."""
        headers = {"WWW-Authenticate": "Basic"} if self.slug == "unauthenticated" else None
        if dialect == "1.3" and self.slug == "unauthenticated":
            return Response(status_code=self.status, headers=headers)
        body = self._hal(request) if dialect == "1.3" else self._problem(request)
        media_type = "application/json" if dialect == "1.3" else "application/problem+json"
        content = json.dumps(body, ensure_ascii=False).encode(errors="replace")
        return Response(content, self.status, headers, media_type)

    def _hal(self, request: Request) -> dict[str, Any]:
        prefix = _REASONS[self.slug].legacy
        errors: list[dict[str, Any]] = [
            {"message": each.message, "logref": None, "path": each.path, "_links": {}, "_embedded": {}}
            for each in self.violations
        ]
        return {
            "message": f"{prefix}: {self.detail}" if self.detail else prefix,
            "logref": None,
            "path": None,
            "_links": {"self": _link(request)},
            "_embedded": {"errors": errors} if errors else {},
        }

    def _problem(self, request: Request) -> dict[str, Any]:
        title = _REASONS[self.slug].title
        body: dict[str, Any] = {
            "type": f"https://kestra.io/docs/api-reference/problems/{self.slug}",
            "title": title,
            "status": self.status,
            "detail": self.detail or title,
            "instance": request.url.path,
        }
        if self.violations:
            body["errors"] = [_error(each) for each in self.violations]
        return body


def _link(request: Request) -> dict[str, Any]:
    query = request.scope["query_string"].decode("latin-1")
    href = f"{request.url.path}?{query}" if query else request.url.path
    absent = ("profile", "deprecation", "title", "hreflang", "type", "name")
    return {"href": href, "templated": False, **dict.fromkeys(absent)}


def _error(violation: Violation) -> dict[str, str]:
    if not violation.path:
        return {"detail": violation.message}
    pointer = "/" + violation.path.replace(".", "/").replace("[", "/").replace("]", "")
    return {"detail": violation.message, "pointer": pointer, "path": violation.path}
