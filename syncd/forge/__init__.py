"""GitHub, GitLab and Gitea behind one door: pull requests, comments, statuses, issues; their texts come from above."""

from __future__ import annotations

from typing import Protocol

import httpx

from syncd.forge.address import Address, Product, address
from syncd.forge.client import Client
from syncd.forge.github import Gitea, GitHub
from syncd.forge.gitlab import GitLab
from syncd.forge.values import Entry, PullRequest, State, Status, marker

__all__ = ["Address", "Entry", "Forge", "Product", "PullRequest", "State", "Status", "address", "connect", "marker"]


class Forge(Protocol):
    """One project on a forge. Every method raises ForgeError, or ForgeDenied where the token may not do it."""

    def pull_request(self, wanted: PullRequest) -> Entry:
        """Opens a pull request, or brings the open one of these two branches up to date."""

    def open_pull_request(self, head: str, base: str) -> Entry | None:
        """The open pull request of these two branches."""

    def comment(self, number: int, name: str, body: str) -> Entry:
        """Writes the one comment of this name on a pull request: edits it where it is there already."""

    def status(self, commit: str, status: Status) -> None:
        """Says how it went, beside a commit."""

    def described(self, commit: str, context: str) -> str | None:
        """The newest description under this context, of the commit or of the head that was merged by it."""

    def issue(self, name: str, title: str, body: str) -> Entry:
        """Opens the one issue of this name, or brings it up to date."""

    def close_issue(self, name: str, body: str) -> Entry | None:
        """Closes the issue of this name with this last text; `None` where none is open."""


def connect(address: Address, transport: httpx.BaseTransport | None = None) -> Forge:
    """
    The forge at an address. Nothing is sent yet.

    Args:
        address: Where it is, and the token.
        transport: In place of the network.
    """
    client = Client(address, transport)
    if address.product is Product.GITLAB:
        return GitLab(client)
    return GitHub(client) if address.product is Product.GITHUB else Gitea(client)
