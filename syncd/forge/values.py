"""What is asked of a forge and what it answers, as values; how a forge is spoken to does not belong here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a check went; each forge has its own word for some of them."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """
    A pull request as it is to be.

    Args:
        head: The branch to merge.
        base: The branch to merge into.
        title: One line.
        body: Markdown.
    """

    head: str
    base: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Status:
    """
    A commit status as it is to be.

    Args:
        state: How it went.
        context: Which check this is; the same one is overwritten.
        description: One line; forges cut it at 140 characters.
        url: Where more is to be read, or "".
    """

    state: State
    context: str
    description: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """
    Something on a forge.

    Args:
        number: Of a pull request or issue as people see it; of a comment its id.
        url: Where people read it.
        created: Whether it was not there before.
    """

    number: int
    url: str
    created: bool = False


def marker(name: str) -> str:
    """The hidden first line that a comment or issue of this name is found by."""
    return f"<!-- syncd:{name} -->"


def marked(name: str, body: str) -> str:
    """A body with its marker."""
    return f"{marker(name)}\n{body}"


def is_marked(name: str, body: object) -> bool:
    """Whether this is the body of a comment or issue of this name."""
    return isinstance(body, str) and body.startswith(marker(name))
