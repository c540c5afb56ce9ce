"""Reads what a server says when it refuses, in both of Kestra's formats, and names the error that it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from syncd.errors import (
    KestraDenied,
    KestraError,
    KestraExists,
    KestraMissing,
    KestraRejected,
    KestraUnavailable,
)

TEXT_LIMIT = 2000
"""Characters of a server's message that are kept."""

NOT_KESTRA = "check that the address is Kestra's own and that no login page lies in between: syncd doctor"
"""What to do about an answer that is no answer of Kestra's."""

_CREDENTIALS = "check SYNCD_USERNAME and SYNCD_PASSWORD, or SYNCD_TOKEN: syncd doctor"
_LATER = frozenset({408, 429, 500, 502, 503, 504})
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)", re.DOTALL)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_PREFIX = re.compile(r"\A(?:Invalid entity|Illegal argument|Not Found|Bad Request|Internal server error): ")


@dataclass(frozen=True, slots=True)
class Refusal:
    """
    Why a server refused.

    Args:
        reason: In its words, harmless to print; "" where it gave none.
        slug: Last part of a 2.x problem type, such as `entity-already-exists`; "" before.
    """

    reason: str
    slug: str = ""

    def says_exists(self, status: int) -> bool:
        """Whether the object is there already: 409 with its own problem type on 2.x, 422 with a sentence before."""
        if self.slug:
            return self.slug == "entity-already-exists"
        return status in {409, 422} and "id already exists" in self.reason


def read_refusal(content_type: str, body: bytes) -> Refusal:
    """What an error body says: `application/problem+json` on 2.x, HAL-like JSON before, or anything a proxy made up."""
    if "json" not in content_type:
        return Refusal("" if "html" in content_type else plain(body.decode("utf-8", "replace")))
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return Refusal(plain(body.decode("utf-8", "replace")))
    if not isinstance(document, dict):
        return Refusal("")
    slug = str(document.get("type") or "").rpartition("/")[2]
    return Refusal(plain("; ".join(_sentences(document))), slug)


def classify(status: int, media: str, refusal: Refusal) -> tuple[type[KestraError], str, str]:
    """The error that an unusable answer is, a reason in case the server gave none, and what to do about it."""
    by_status: dict[int, tuple[type[KestraError], str, str]] = {
        401: (KestraDenied, "the server does not accept these credentials", _CREDENTIALS),
        403: (KestraDenied, "this account may not do that", _CREDENTIALS),
        **dict.fromkeys(_LATER, (KestraUnavailable, "the server cannot answer now", "try again later")),
    }
    if status in by_status:
        return by_status[status]
    if "html" in media:
        return KestraError, "the answer is a web page, not Kestra's API", NOT_KESTRA
    if status < 400 or status >= 500:
        return KestraError, "the answer cannot be used", NOT_KESTRA
    if refusal.says_exists(status):
        return KestraExists, "it exists already", "run the command again to see what is there now"
    if status == 404:
        return KestraMissing, "it is not there", ""
    return KestraRejected, "the server refused it", ""


def plain(text: str) -> str:
    """The text without escape sequences and control characters, on one line for every line it had, cut to a limit."""
    text = _CONTROLS.sub("", _ESCAPES.sub("", text.replace("\r\n", "\n"))).strip()
    return text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + " …"


def _sentences(document: dict[str, Any]) -> Iterator[str]:
    main = next((document[name] for name in ("detail", "message", "title") if document.get(name)), None)
    if isinstance(main, str):
        main = _PREFIX.sub("", main).strip()
        yield main
    embedded = document.get("_embedded")
    errors = document.get("errors") or (embedded.get("errors") if isinstance(embedded, dict) else None)
    for error in errors if isinstance(errors, list) else ():
        detail = isinstance(error, dict) and (error.get("detail") or error.get("message"))
        if isinstance(detail, str) and detail.strip() not in str(main):
            yield detail.strip()
