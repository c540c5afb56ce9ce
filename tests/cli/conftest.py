"""A repository, a server and the command line between them, as a user has them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from syncd.cli.main import main
from syncd.sandbox import running

USERNAME, PASSWORD = "admin@kestra.io", "Admin1234"


def flow_text(name: str = "hello", message: str = "Hello!", namespace: str = "company.team") -> str:
    """A small valid flow."""
    return (
        f"id: {name}\nnamespace: {namespace}\n\ntasks:\n"
        f"  - id: say\n    type: io.kestra.plugin.core.log.Log\n    message: {message}\n"
    )


@dataclass
class Ui:
    """What a person does in Kestra's own interface: plain API calls."""

    url: str
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=f"{self.url}/api/v1/main", auth=(USERNAME, PASSWORD))

    def create(self, text: str, *, draft: bool = False) -> None:
        self._sent("POST", "/flows", content=text.encode(), params={"draft": draft} if draft else None)

    def edit(self, text: str, name: str = "hello", namespace: str = "company.team", *, draft: bool = False) -> None:
        params = {"draft": draft} if draft else None
        self._sent("PUT", f"/flows/{namespace}/{name}", content=text.encode(), params=params)

    def delete(self, name: str = "hello", namespace: str = "company.team") -> None:
        self.client.delete(f"/flows/{namespace}/{name}").raise_for_status()

    def pause(self, name: str = "hello", namespace: str = "company.team") -> None:
        self.client.post("/flows/disable/by-ids", json=[{"namespace": namespace, "id": name}]).raise_for_status()

    def flow(self, name: str = "hello", namespace: str = "company.team") -> dict[str, Any] | None:
        answer = self.client.get(f"/flows/{namespace}/{name}", params={"source": "true"})
        return None if answer.status_code == 404 else dict(answer.raise_for_status().json())

    def text(self, name: str = "hello", namespace: str = "company.team") -> str | None:
        flow = self.flow(name, namespace)
        return None if flow is None else str(flow["source"])

    def revision(self, name: str = "hello", namespace: str = "company.team") -> int:
        flow = self.flow(name, namespace)
        assert flow is not None
        return int(flow["revision"])

    def upload(self, path: str, data: bytes, namespace: str = "company.team") -> None:
        answer = self.client.post(
            f"/namespaces/{namespace}/files", params={"path": f"/{path}"}, files={"fileContent": ("data", data)}
        )
        answer.raise_for_status()

    def remove(self, path: str, namespace: str = "company.team") -> None:
        self.client.delete(f"/namespaces/{namespace}/files", params={"path": f"/{path}"}).raise_for_status()

    def file(self, path: str, namespace: str = "company.team") -> bytes | None:
        answer = self.client.get(f"/namespaces/{namespace}/files", params={"path": f"/{path}"})
        return None if answer.status_code == 404 else answer.raise_for_status().content

    def file_revisions(self, path: str, namespace: str = "company.team") -> int:
        answer = self.client.get(f"/namespaces/{namespace}/files/revisions", params={"path": f"/{path}"})
        return len(answer.raise_for_status().json())

    def _sent(self, method: str, path: str, **request: Any) -> None:
        headers = {"Content-Type": "application/x-yaml"}
        answer = self.client.request(method, path, headers=headers, **request)
        assert answer.status_code == 200, answer.text


@dataclass
class Place:
    """A Git repository in a temporary folder, a server, and `syncd` between them."""

    root: Path
    ui: Ui
    variables: dict[str, str]

    def git(self, *arguments: str) -> str:
        answer = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, text=True, check=True)
        return answer.stdout.strip()

    def write(self, path: str, content: str | bytes) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return target

    def flow(self, name: str = "hello", message: str = "Hello!", namespace: str = "company.team") -> Path:
        return self.write(f"flows/{namespace}/{name}.yml", flow_text(name, message, namespace))

    def commit(self, message: str = "work") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def syncd(self, *arguments: str, code: int = 0, **variables: str) -> Result:
        result = CliRunner().invoke(main, arguments, env={**self.variables, **variables}, catch_exceptions=False)
        assert result.exit_code == code, f"exit {result.exit_code}\n{result.stdout}\n{result.stderr}"
        return result

    def json(self, *arguments: str, code: int = 0, **variables: str) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self.syncd(*arguments, "--format", "json", code=code, **variables).stdout)
        assert data["exit"] == code
        return data

    def verdicts(self, *arguments: str, code: int = 0) -> dict[str, str]:
        return {item["name"]: item["verdict"] for item in self.json(*arguments, code=code)["items"]}


@pytest.fixture(params=["1.3", "2.0"])
def server(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A sandbox in each dialect."""
    with running(dialect=request.param) as sandbox:
        yield sandbox


def make_place(root: Path, url: str, cache: Path) -> Place:
    """An empty repository with one commit, and the variables that point `syncd` at this server."""
    root.mkdir()
    variables = {
        "SYNCD_URL": url,
        "SYNCD_USERNAME": USERNAME,
        "SYNCD_PASSWORD": PASSWORD,
        "SYNCD_REPO": str(root),
        "SYNCD_CACHE_DIR": str(cache),
    }
    place = Place(root, Ui(url), variables)
    place.git("init", "--quiet", "--initial-branch", "main")
    place.git("config", "user.name", "Ada Lovelace")
    place.git("config", "user.email", "ada@example.com")
    place.commit("first")
    return place


@pytest.fixture
def place(tmp_path: Path, server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """An empty repository beside an empty server."""
    for name in list(os.environ):
        if name.startswith(("SYNCD_", "KESTRA_", "KESTRACTL_")):
            monkeypatch.delenv(name)
    yield (made := make_place(tmp_path / "repository", server.url, tmp_path / "cache"))
    made.ui.client.close()


@pytest.fixture
def agreed(place: Place) -> Place:
    """One flow and one file that both sides have agreed on."""
    place.flow()
    place.write("namespaces/company.team/files/scripts/query.sql", "select 1\n")
    place.commit("a flow and a file")
    place.syncd("push")
    return place
