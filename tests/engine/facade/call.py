"""One HTTP exchange as plain values, so that the routes know nothing of the web framework."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

YAML = "application/x-yaml"
JSON = "application/json"
BINARY = "application/octet-stream"


@dataclass(frozen=True)
class Part:
    """One part of a multipart form."""

    name: str
    filename: str
    data: bytes


@dataclass(frozen=True)
class Call:
    """A request that has passed the login; `path` is without the query string."""

    method: str
    path: str
    raw_query: str
    params: Mapping[str, str]
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes = b""
    parts: Sequence[Part] = ()

    @property
    def content_type(self) -> str:
        """The media type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as UTF-8; bytes that are no UTF-8 become U+FFFD, as in Java."""
        return self.body.decode("utf-8", "replace")

    @property
    def address(self) -> str:
        """Path and query string as the server repeats them in links."""
        path = quote(self.path, safe="/:@!$&'()*+,;=-._~")
        return f"{path}?{self.raw_query}" if self.raw_query else path

    def first(self, name: str, default: str = "") -> str:
        """The first query value of that name."""
        return next((value for key, value in self.query if key == name), default)

    def flag(self, name: str) -> bool:
        """Is the query value of that name `true`?"""
        return self.first(name) == "true"

    def number(self, name: str, default: int) -> int:
        """The query value of that name as an integer."""
        return int(self.first(name) or default)


@dataclass(frozen=True)
class Answer:
    """A response; without a content type there is no such header."""

    status: int = 200
    body: bytes = b""
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
