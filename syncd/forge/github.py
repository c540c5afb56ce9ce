"""GitHub's REST API, and Gitea's where it differs; how requests travel is `client`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from syncd.errors import ForgeMissing
from syncd.forge.client import Client, segment
from syncd.forge.values import Entry, PullRequest, Status, is_marked, marked

_DESCRIPTION = 140


class GitHub:
    """
    One repository on GitHub (API version 2022-11-28).

    Args:
        client: Knows the address.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.root = "/repos/" + "/".join(segment(part) for part in client.address.project.split("/"))

    def pull_request(self, wanted: PullRequest) -> Entry:
        """See `Forge.pull_request`."""
        what = f"pull request {wanted.head} → {wanted.base}"
        text = {"title": wanted.title, "body": wanted.body}
        if there := self.open_pull_request(wanted.head, wanted.base):
            self.client.send("PATCH", f"{self.root}/pulls/{there.number}", what, **text)
            return there
        new = self.client.send("POST", f"{self.root}/pulls", what, head=wanted.head, base=wanted.base, **text)
        return _entry(new, created=True)

    def open_pull_request(self, head: str, base: str) -> Entry | None:
        """See `Forge.open_pull_request`. A branch of the same name in a fork does not count."""
        for found in self._open_pull_requests(head, base):
            its_head, its_base = found.get("head") or {}, found.get("base") or {}
            if (its_head.get("ref"), its_base.get("ref")) == (head, base) and self._is_own(its_head):
                return _entry(found)
        return None

    def _open_pull_requests(self, head: str, base: str) -> Iterator[dict[str, Any]]:
        owner = self.client.address.project.partition("/")[0]
        what = f"pull requests of {head}"
        return self.client.get_all(f"{self.root}/pulls", what, state="open", head=f"{owner}:{head}", base=base)

    def _is_own(self, head: dict[str, Any]) -> bool:
        name = (head.get("repo") or {}).get("full_name", "")
        return bool(name.lower() == self.client.address.project.lower())

    def comment(self, number: int, name: str, body: str) -> Entry:
        """See `Forge.comment`."""
        what, text = f"comment {name} on #{number}", marked(name, body)
        for found in self.client.get_all(f"{self.root}/issues/{number}/comments", what):
            if is_marked(name, found.get("body")):
                self.client.send("PATCH", f"{self.root}/issues/comments/{found['id']}", what, body=text)
                return Entry(found["id"], found.get("html_url", ""))
        new = self.client.send("POST", f"{self.root}/issues/{number}/comments", what, body=text)
        return Entry(new["id"], new.get("html_url", ""), created=True)

    def status(self, commit: str, status: Status) -> None:
        """See `Forge.status`."""
        self.client.send(
            "POST",
            f"{self.root}/statuses/{segment(commit)}",
            f"status {status.context} of {commit[:12]}",
            state=status.state.value,
            context=status.context,
            description=status.description[:_DESCRIPTION],
            **({"target_url": status.url} if status.url else {}),
        )

    def described(self, commit: str, context: str) -> str | None:
        """See `Forge.described`."""
        for candidate in (commit, *self._heads_merged_by(commit)):
            path = f"{self.root}/commits/{segment(candidate)}/statuses"
            for found in self.client.get_all(path, f"statuses of {candidate[:12]}"):
                if found.get("context") == context:
                    return str(found.get("description") or "")
        return None

    def _heads_merged_by(self, commit: str) -> Iterator[str]:
        for found in self.client.get_all(f"{self.root}/commits/{segment(commit)}/pulls", "merged pull requests"):
            if head := (found.get("head") or {}).get("sha"):
                yield head

    def issue(self, name: str, title: str, body: str) -> Entry:
        """See `Forge.issue`."""
        text = {"title": title, "body": marked(name, body)}
        if there := self._open_issue(name):
            self.client.send("PATCH", f"{self.root}/issues/{there.number}", f"issue {name}", **text)
            return there
        return _entry(self.client.send("POST", f"{self.root}/issues", f"issue {name}", **text), created=True)

    def close_issue(self, name: str, body: str) -> Entry | None:
        """See `Forge.close_issue`."""
        there = self._open_issue(name)
        if there:
            path, text = f"{self.root}/issues/{there.number}", marked(name, body)
            self.client.send("PATCH", path, f"issue {name}", state="closed", body=text)
        return there

    def _open_issue(self, name: str) -> Entry | None:
        for found in self.client.get_all(f"{self.root}/issues", f"issue {name}", state="open"):
            if found.get("pull_request") is None and is_marked(name, found.get("body")):
                return _entry(found)
        return None


class Gitea(GitHub):
    """One repository on Gitea 1.20 or newer, or Forgejo, which cannot filter pull requests by branch."""

    def _open_pull_requests(self, head: str, base: str) -> Iterator[dict[str, Any]]:
        del base
        return self.client.get_all(f"{self.root}/pulls", f"pull requests of {head}", state="open")

    def _heads_merged_by(self, commit: str) -> Iterator[str]:
        try:
            found = self.client.send("GET", f"{self.root}/commits/{segment(commit)}/pull", "merged pull request")
        except ForgeMissing:
            return
        if head := (found.get("head") or {}).get("sha"):
            yield head


def _entry(found: dict[str, Any], *, created: bool = False) -> Entry:
    return Entry(found["number"], found.get("html_url", ""), created)
