"""What goes wrong, and the two bodies that say so: HAL JSON up to 1.3, problem+json from 2.0. No routes here."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .call import JSON, Answer, Call
from .java import causes, java

PROBLEM_JSON = "application/problem+json"
_PROBLEMS = "https://kestra.io/docs/api-reference/problems/"


@dataclass(frozen=True)
class Kind:
    """One class of error: status and wording on either line, as recorded from 1.3.25 and 2.0.0."""

    hal_status: int
    hal_prefix: str
    status: int
    slug: str
    title: str


VALIDATION = Kind(422, "Invalid entity: ", 422, "validation-failed", "Validation failed")
ARGUMENT = Kind(422, "Illegal argument: ", 422, "invalid-argument", "Invalid argument")
BODY = Kind(422, "Invalid route params: ", 422, "invalid-request-body", "Invalid request body")
BAD_REQUEST = Kind(400, "Bad Request: ", 400, "bad-request", "Bad request")
NOT_FOUND = Kind(404, "Not Found: ", 404, "not-found", "Resource not found")
METHOD = Kind(405, "Method Not Allowed: ", 405, "method-not-allowed", "Method not allowed")
EXISTS = Kind(422, "Invalid entity: ", 409, "entity-already-exists", "Entity already exists")
CONFLICT = Kind(409, "Conflict: ", 409, "conflict", "Conflict")
EXPIRED = Kind(410, "Gone: ", 410, "resource-expired", "Resource expired")
MEDIA_TYPE = Kind(415, "Unsupported Media Type: ", 415, "unsupported-media-type", "Unsupported media type")
CONVERSION = Kind(422, "Internal server error: ", 422, "invalid-request-body", "Invalid request body")
INTERNAL = Kind(500, "Internal server error: ", 500, "internal-server-error", "Internal server error")


@dataclass(frozen=True)
class Violation:
    """One broken rule and the property that broke it."""

    message: str
    path: str
    pointer: str | None = None


class Refusal(Exception):
    """The server answers with an error; an empty detail is the bare name of the status."""

    def __init__(self, kind: Kind, detail: str = "", violations: Sequence[Violation] = ()) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.violations = tuple(violations)


def error_answer(refusal: Refusal, call: Call, line: int) -> Answer:
    """The refusal in the format of that line."""
    return _hal(refusal, call) if line == 1 else _problem(refusal, call)


def unauthenticated(call: Call, line: int) -> Answer:
    """401 for a missing or wrong login: without a body up to 1.3, a problem from 2.0."""
    headers = {"WWW-Authenticate": "Basic"}
    if line == 1:
        return Answer(401, headers=headers)
    text = "Authentication required"
    kind = Kind(401, "", 401, "unauthenticated", text)
    answer = _problem(Refusal(kind, text), call)
    return Answer(answer.status, answer.body, answer.content_type, headers)


def refusal_of(error: Any, line: int) -> Refusal:
    """What the server makes of a Java exception: broken rules first, then the first class that it knows."""
    chain = causes(error)
    broken = next((cause for cause in chain if isinstance(cause, java(_VIOLATIONS))), None)
    if broken is not None:
        return Refusal(VALIDATION, _message(broken), _violations(broken, line))
    for cause in chain:
        name = str(cause.getClass().getSimpleName())
        kind = next((kind for suffix, kind in _KINDS.items() if name.endswith(suffix)), None)
        if kind is not None:
            return Refusal(kind, _message(cause))
    return Refusal(INTERNAL, _message(chain[0]))


_VIOLATIONS = "jakarta.validation.ConstraintViolationException"
_NAMED_VIOLATIONS = "io.kestra.core.models.validations.KestraConstraintViolationException"
_KINDS = {
    "AlreadyExistsException": EXISTS,
    "ConflictException": CONFLICT,
    "ResourceExpiredException": EXPIRED,
    "NotFoundException": NOT_FOUND,
    "NoSuchElementException": NOT_FOUND,
    "NoSuchFileException": NOT_FOUND,
    "DeserializationException": VALIDATION,
    "FlowProcessingException": VALIDATION,
    "InvalidQueryFiltersException": ARGUMENT,
    "IllegalArgumentException": ARGUMENT,
    "URISyntaxException": ARGUMENT,
    "InvalidException": ARGUMENT,
}


def _message(error: Any) -> str:
    message = error.getMessage()
    return "" if message is None else str(message)


def _violations(error: Any, line: int) -> list[Violation]:
    found = [_violation(item) for item in error.getConstraintViolations()]
    if line > 1 and isinstance(error, java(_NAMED_VIOLATIONS)):
        found = [replace(violation, path=_named_path(violation, _message(error))) for violation in found]
    return sorted(found, key=lambda violation: (violation.path, violation.message))


def _named_path(violation: Violation, text: str) -> str:
    """The path with ids for indexes (`tasks[log]` for `tasks[0]`), as 2.0 writes it in the text of the error."""
    named = re.findall(rf"^(.*): {re.escape(violation.message)}$", text, re.MULTILINE)
    return str(named[0]) if len(named) == 1 else violation.path


def _violation(item: Any) -> Violation:
    path = item.getPropertyPath()
    return Violation(str(item.getMessage()), "" if path is None else str(path), _pointer(path))


def _pointer(path: Any) -> str | None:
    """The JSON pointer that 2.0 adds: each node's name before its index, `/tasks/id/0` for `tasks[0].id`."""
    steps = [step for node in path or () for step in (*_STEP.split(str(node.getName() or "")), _index(node))]
    return "".join(f"/{step}" for step in steps if step) or None


_STEP = re.compile(r"[.\[\]]")


def _index(node: Any) -> str:
    return "" if node.getIndex() is None else str(node.getIndex())


def _hal(refusal: Refusal, call: Call) -> Answer:
    links = {"self": {"href": call.address, "templated": False, **dict.fromkeys(_LINK_FIELDS)}}
    body = {**_hal_error(_hal_message(refusal), None), "_links": links}
    if refusal.violations:
        errors = [_hal_error(violation.message, violation.path) for violation in refusal.violations]
        body["_embedded"] = {"errors": errors}
    return Answer(refusal.kind.hal_status, json.dumps(body).encode(), JSON)


_LINK_FIELDS = ("profile", "deprecation", "title", "hreflang", "type", "name")


def _hal_error(message: str, path: str | None) -> dict[str, Any]:
    return {"message": message, "logref": None, "path": path, "_links": {}, "_embedded": {}}


def _hal_message(refusal: Refusal) -> str:
    prefix = refusal.kind.hal_prefix
    return prefix + refusal.detail if refusal.detail else prefix.removesuffix(": ")


def _problem(refusal: Refusal, call: Call) -> Answer:
    kind = refusal.kind
    body: dict[str, Any] = {"type": _PROBLEMS + kind.slug, "title": kind.title, "status": kind.status}
    body |= {"detail": refusal.detail or kind.title, "instance": call.path}
    if refusal.violations:
        body["errors"] = [_problem_error(violation) for violation in refusal.violations]
    return Answer(kind.status, json.dumps(body).encode(), PROBLEM_JSON)


def _problem_error(violation: Violation) -> dict[str, str]:
    fields = {"detail": violation.message, "pointer": violation.pointer, "path": violation.path}
    return {name: value for name, value in fields.items() if value}
