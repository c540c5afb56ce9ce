"""A user at a terminal: a Git repository, the `syncd` command as a process, and the server looked at from outside."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from .launch import RunningEngine

YAML = {"content-type": "application/x-yaml"}
_LOG_FLOW = """\
# {comment}
id: {flow}
namespace: {namespace}

tasks:
  - id: log
    type: io.kestra.plugin.core.log.Log
    message: {message}
"""


@dataclass(frozen=True)
class Outcome:
    """How one command ended, and the object that it printed."""

    exit: int
    report: dict[str, Any]
    stderr: str

    @property
    def verdicts(self) -> dict[str, str]:
        """The verdict on each object that was not already in step, by name."""
        return {item["name"]: item["verdict"] for item in self.report["items"]}


class Workspace:
    """One namespace, in a repository on one side and on a server on the other."""

    def __init__(self, root: Path, engine: RunningEngine, client: httpx.Client, namespace: str) -> None:
        self.root = root
        self.namespace = namespace
        self._engine = engine
        self._client = client
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("config", "user.name", "Ada")
        self.git("config", "user.email", "ada@example.com")

    def git(self, *arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=self.root, check=True, capture_output=True, text=True).stdout

    def commit(self) -> None:
        """Commits all there is."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "state")

    def syncd(self, *arguments: str) -> Outcome:
        """Runs the command for this namespace and reads what it printed."""
        command = [sys.executable, "-m", "syncd", *arguments, "--namespace", self.namespace, "--format", "json"]
        done = subprocess.run(command, cwd=self.root, env=self._environment(), capture_output=True, check=False)
        return Outcome(done.returncode, json.loads(done.stdout or b"{}"), done.stderr.decode())

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SYNCD_", "KESTRA"))}
        login = {"SYNCD_USERNAME": self._engine.username, "SYNCD_PASSWORD": self._engine.password}
        return {**kept, "SYNCD_URL": self._engine.url, **login}

    def text(self, flow: str, message: str = "hi", comment: str = "über 🎉") -> bytes:
        """A flow of this namespace."""
        return _LOG_FLOW.format(flow=flow, namespace=self.namespace, message=message, comment=comment).encode()

    def flow_path(self, flow: str) -> Path:
        return self.root / "flows" / self.namespace / f"{flow}.yml"

    def file_path(self, name: str) -> Path:
        return self.root / "namespaces" / self.namespace / "files" / name

    def write(self, path: Path, data: bytes) -> None:
        """Writes a file of the repository."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def stored(self, flow: str) -> tuple[bytes, int] | None:
        """The text and revision of a flow on the server."""
        answer = self._client.get(f"/flows/{self.namespace}/{flow}", params={"source": "true"})
        if answer.status_code == 404:
            return None
        return answer.json()["source"].encode(), answer.json()["revision"]

    def edit_on_server(self, flow: str, text: bytes) -> None:
        """What a user does in the editor of the UI."""
        self._client.put(f"/flows/{self.namespace}/{flow}", content=text, headers=YAML).raise_for_status()

    def pause_on_server(self, flow: str) -> None:
        """What the switch in the UI does."""
        ids = [{"namespace": self.namespace, "id": flow}]
        self._client.post("/flows/disable/by-ids", json=ids).raise_for_status()

    def stored_file(self, name: str) -> bytes | None:
        """The bytes of a namespace file on the server."""
        answer = self._client.get(f"/namespaces/{self.namespace}/files", params={"path": f"/{name}"})
        return None if answer.status_code == 404 else answer.content

    def file_revisions(self, name: str) -> int:
        """How often a namespace file was stored."""
        answer = self._client.get(f"/namespaces/{self.namespace}/files/revisions", params={"path": f"/{name}"})
        return len(answer.json())
