"""A repository with a remote, a server and a forge, and Actions that run in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from syncd.sandbox import PASSWORD, USERNAME, RunningSandbox, running
from tests.actions.runner import Job, Runner, variables
from tests.forge.stand_in import TOKEN, StandIn, listening
from tests.promote.repositories import Repo, flow

TEAM = "company.team"
PATH = f"flows/{TEAM}/hello.yml"
SETTINGS = "environments:\n  prod:\n    share: origin\n    namespaces: [company.team]\n"


@dataclass
class Actions:
    """Everything that a workflow touches, and the shortest ways to look at it."""

    repo: Repo
    forge: StandIn
    server: RunningSandbox
    runner: Runner

    def pull_request(self, branch: str, *, number: int = 7, fork: bool = False, **more: Any) -> dict[str, Any]:
        """The event of a pull request from this branch."""
        head = {"sha": self.repo.git("rev-parse", branch), "repo": {"fork": fork}}
        base = {"sha": self.repo.git("rev-parse", "main")}
        request = {"number": number, "head": head, "base": base, **more}
        return {"action": "opened", "pull_request": request, "repository": {"default_branch": "main"}}

    def run(self, workflow: str, *, ref: str = "main", name: str = "push", **given: Any) -> dict[str, Job]:
        """A workflow on a branch of the remote."""
        self.runner.context["github"]["event_name"] = name
        event = given.pop("event", {"repository": {"default_branch": "main"}})
        return self.runner.run(workflow, ref=ref, event=event, **given)

    def branch(self, name: str, files: dict[str, str | None]) -> None:
        """A branch with these edits, pushed."""
        self.repo.git("switch", "-q", "-c", name)
        self.repo.commit(files)
        self.repo.git("push", "-q", "origin", name)
        self.repo.git("switch", "-q", "main")

    def merge(self, name: str) -> str:
        """Merges a branch as the forge would."""
        self.repo.git("merge", "-q", "--no-ff", "-m", f"Merge {name}", name)
        self.repo.git("push", "-q", "origin", "main")
        merge = self.repo.git("rev-parse", "HEAD")
        self.forge.merged[merge] = self.repo.git("rev-parse", name)
        return merge

    @property
    def api(self) -> httpx.Client:
        return httpx.Client(base_url=f"{self.server.url}/api/v1/main", auth=(USERNAME, PASSWORD))

    def deployed(self, name: str = "hello", namespace: str = TEAM) -> str | None:
        """The text of a flow on the server."""
        with self.api as api:
            answer = api.get(f"/flows/{namespace}/{name}", params={"source": "true"})
            return None if answer.status_code == 404 else str(answer.raise_for_status().json()["source"])

    def edit(self, text: str, name: str = "hello") -> None:
        """An edit in Kestra's own interface."""
        with self.api as api:
            media = {"content-type": "application/x-yaml"}
            api.put(f"/flows/{TEAM}/{name}", content=text, headers=media).raise_for_status()


@pytest.fixture
def actions(tmp_path: Path) -> Iterator[Actions]:
    repo = Repo(tmp_path / "repo")
    remote = tmp_path / "remote.git"
    repo.git("init", "-q", "--bare", "-b", "main", str(remote))
    repo.git("remote", "add", "origin", str(remote))
    repo.commit({"syncd.yaml": SETTINGS, PATH: flow("hello", TEAM)})
    repo.git("push", "-q", "origin", "main")
    with listening(StandIn()) as forge, running() as server:
        github = {"token": TOKEN, "server_url": "https://github.test", "repository": "acme/flows", "run_id": 1}
        known = {"KESTRA_SERVER": server.url, "KESTRA_USER": USERNAME, "KESTRA_ENVIRONMENT": "prod"}
        context = {"github": github, "vars": known, "secrets": {"password": PASSWORD}}
        runner = Runner(tmp_path, remote, context, variables(tmp_path, forge.url))
        yield Actions(repo, forge, server, runner)
