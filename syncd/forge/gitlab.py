"""GitLab's REST API (v4), where a pull request is a merge request; how requests travel is `client`."""

from __future__ import annotations

from typing import Any

from syncd.errors import ForgeError
from syncd.forge.client import Client, segment
from syncd.forge.values import Entry, PullRequest, State, Status, is_marked, marked

_STATES = {State.PENDING: "running", State.SUCCESS: "success", State.FAILURE: "failed"}


class GitLab:
    """
    One project on GitLab.

    Args:
        client: Knows the address.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.root = f"/projects/{segment(client.address.project)}"

    def pull_request(self, wanted: PullRequest) -> Entry:
        """See `Forge.pull_request`."""
        what = f"merge request {wanted.head} → {wanted.base}"
        text = {"title": wanted.title, "description": wanted.body}
        if there := self.open_pull_request(wanted.head, wanted.base):
            self.client.send("PUT", f"{self.root}/merge_requests/{there.number}", what, **text)
            return there
        branches = {"source_branch": wanted.head, "target_branch": wanted.base}
        return _entry(self.client.send("POST", f"{self.root}/merge_requests", what, **branches, **text), created=True)

    def open_pull_request(self, head: str, base: str) -> Entry | None:
        """See `Forge.open_pull_request`. A branch of the same name in a fork does not count."""
        branches = {"source_branch": head, "target_branch": base}
        what = f"merge requests of {head}"
        for found in self.client.get_all(f"{self.root}/merge_requests", what, state="opened", **branches):
            if found.get("source_project_id") == found.get("target_project_id"):
                return _entry(found)
        return None

    def comment(self, number: int, name: str, body: str) -> Entry:
        """See `Forge.comment`."""
        what, notes = f"comment {name} on !{number}", f"{self.root}/merge_requests/{number}/notes"
        text = marked(name, body)
        for found in self.client.get_all(notes, what):
            if is_marked(name, found.get("body")):
                self.client.send("PUT", f"{notes}/{found['id']}", what, body=text)
                return Entry(found["id"], "")
        return Entry(self.client.send("POST", notes, what, body=text)["id"], "", created=True)

    def status(self, commit: str, status: Status) -> None:
        """See `Forge.status`. Saying the same again is refused by GitLab, and is no error here."""
        try:
            self.client.send(
                "POST",
                f"{self.root}/statuses/{segment(commit)}",
                f"status {status.context} of {commit[:12]}",
                state=_STATES[status.state],
                name=status.context,
                description=status.description,
                **({"target_url": status.url} if status.url else {}),
            )
        except ForgeError as error:
            if "Cannot transition status" not in str(error):
                raise

    def described(self, commit: str, context: str) -> str | None:
        """See `Forge.described`."""
        commits = f"{self.root}/repository/commits"
        merged = self.client.get_all(f"{commits}/{segment(commit)}/merge_requests", "merged merge requests")
        for candidate in (commit, *(found["sha"] for found in merged if found.get("sha"))):
            path = f"{commits}/{segment(candidate)}/statuses"
            for found in self.client.get_all(path, f"statuses of {candidate[:12]}", name=context):
                return str(found.get("description") or "")
        return None

    def issue(self, name: str, title: str, body: str) -> Entry:
        """See `Forge.issue`."""
        text = {"title": title, "description": marked(name, body)}
        if there := self._open_issue(name):
            self.client.send("PUT", f"{self.root}/issues/{there.number}", f"issue {name}", **text)
            return there
        return _entry(self.client.send("POST", f"{self.root}/issues", f"issue {name}", **text), created=True)

    def close_issue(self, name: str, body: str) -> Entry | None:
        """See `Forge.close_issue`."""
        there = self._open_issue(name)
        if there:
            path, text = f"{self.root}/issues/{there.number}", marked(name, body)
            self.client.send("PUT", path, f"issue {name}", state_event="close", description=text)
        return there

    def _open_issue(self, name: str) -> Entry | None:
        for found in self.client.get_all(f"{self.root}/issues", f"issue {name}", state="opened"):
            if is_marked(name, found.get("description")):
                return _entry(found)
        return None


def _entry(found: dict[str, Any], *, created: bool = False) -> Entry:
    return Entry(found["iid"], found.get("web_url", ""), created)
