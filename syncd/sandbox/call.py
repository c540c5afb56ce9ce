"""One request as the routes see it: parameters, body, parts, and the sandbox it is for; sockets stay in `server`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from starlette.responses import Response

from syncd.sandbox.refusal import Dialect, Refused
from syncd.sandbox.store import Store

SENTENCE = "This is the syncd sandbox: it stores and validates flows but does not execute them."


class Part(NamedTuple):
    """One part of a multipart body."""

    name: str
    filename: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """
    A request whose login was accepted and whose body was read.

    Attributes:
        names: What the route's template captured: `ns`, `id`, `key`.
        query: Parameters in their order; a name may repeat.
        media_type: Of the body, without its parameters.
        parts: The parts of a multipart body.
    """

    store: Store
    dialect: Dialect
    base_url: str
    names: dict[str, str]
    query: list[tuple[str, str]]
    headers: dict[str, str]
    media_type: str
    body: bytes
    parts: list[Part] = field(default_factory=list)

    def get(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), default)

    def flag(self, name: str) -> bool:
        """Whether a query parameter says true."""
        return self.get(name).lower() == "true"

    def number(self, name: str, default: int) -> int:
        """
        A whole number from the query.

        Raises:
            Refused: If it is none.
        """
        value = self.get(name)
        if not value:
            return default
        try:
            return int(value)
        except ValueError:
            detail = f"Failed to convert argument [{name}] for value [{value}]"
            raise Refused("bad-request", detail) from None

    def text(self) -> str:
        """The body as text; bytes that are no UTF-8 become replacement characters, as on the server."""
        return self.body.decode("utf-8", "replace")

    def data(self) -> Any:
        """
        The body as JSON.

        Raises:
            Refused: If it is none.
        """
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Refused("invalid-request-body", f"Error decoding JSON: {error}") from None

    def part(self, name: str, kind: str) -> Part:
        """
        The named part of the multipart body.

        Raises:
            Refused: If it is missing.
        """
        for each in self.parts:
            if each.name == name:
                return each
        raise Refused("invalid-request-body", f"Required argument [{kind} {name}] not specified")


def reply(value: Any) -> Response:
    """A JSON answer."""
    return Response(encoded(value), media_type="application/json")


def encoded(value: Any) -> bytes:
    """JSON without blanks; half of a surrogate pair becomes a question mark."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def binary(data: bytes) -> Response:
    """An answer of plain bytes, typed as the server types every download."""
    return Response(data, media_type="application/octet-stream", headers={"Cache-Control": "no-cache"})


def done(status: int = 200) -> Response:
    """An answer without a body."""
    return Response(status_code=status)
