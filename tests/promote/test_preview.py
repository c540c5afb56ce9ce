"""A preview is a copy of what changed, and goes away exactly as it came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from syncd.cli.main import main
from syncd.model import Key, Kind, Resource, Snapshot
from syncd.promote import moving, preview
from syncd.sandbox import PASSWORD, USERNAME, RunningSandbox, running
from tests.promote.repositories import Repo, flow

TEAM = "company.team"
CALL = "  - {id: c, type: io.kestra.plugin.core.flow.Subflow, namespace: company.team, flowId: %s}\n"
READ = "  - {id: r, type: io.kestra.plugin.core.log.Log, message: \"{{ read('a.sql') }}\"}\n"
TRIGGER = 'triggers:\n  - id: t\n    type: io.kestra.plugin.core.trigger.Schedule\n    cron: "0 1 * * *"\n'


def held(**flows: str) -> Snapshot:
    return Snapshot.of(Resource.of(Key(Kind.FLOW, TEAM, name), text.encode()) for name, text in flows.items())


def test_changed_flows_move_with_everything_they_call() -> None:
    before = held(a=flow("a", TEAM, tasks=CALL % "b"), b=flow("b", TEAM, tasks=CALL % "c"), c=flow("c", TEAM), d="x")
    now = Snapshot({**before.resources, **held(a=flow("a", TEAM, "two", CALL % "b")).resources})
    assert {key.name for key in moving(before, now)} == {"a", "b", "c"}
    assert moving(now, now) == frozenset()


def test_a_changed_file_moves_the_flows_that_read_it() -> None:
    file = Key(Kind.FILE, TEAM, "a.sql")
    flows = held(reader=flow("reader", TEAM, tasks=READ), other=flow("other", TEAM)).resources
    before = Snapshot({**flows, file: Resource.of(file, b"1")})
    now = Snapshot({**flows, file: Resource.of(file, b"2")})
    assert {key.name for key in moving(before, now)} == {"reader"}


def test_in_a_preview_calls_follow_only_what_moves_and_triggers_are_off() -> None:
    now = held(a=flow("a", TEAM, tasks=CALL % "b" + CALL % "stays" + TRIGGER), b=flow("b", TEAM))
    result = preview(now, now.resources, "pr-1")
    text = result.snapshot.resources[Key(Kind.FLOW, "pr-1.company.team", "a")].load().decode()
    assert "namespace: pr-1.company.team, flowId: b" in text
    assert "namespace: company.team, flowId: stays" in text
    assert "disabled: true" in text


@pytest.fixture(scope="module")
def server() -> Iterator[RunningSandbox]:
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def repo(tmp_path: Path, server: RunningSandbox) -> Repo:
    made = Repo(tmp_path / "repo")
    settings = f"environments:\n  dev:\n    url: {server.url}\n    username: {USERNAME}\n    share: origin\n"
    made.commit(
        {
            "syncd.yaml": settings,
            f"flows/{TEAM}/changed.yml": flow("changed", TEAM, tasks=READ + TRIGGER),
            f"flows/{TEAM}/same.yml": flow("same", TEAM),
            f"namespaces/{TEAM}/files/a.sql": "select 1\n",
        }
    )
    made.git("init", "-q", "--bare", str(tmp_path / "remote.git"))
    made.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    made.git("push", "-q", "origin", "main")
    made.git("switch", "-q", "-c", "feature")
    made.commit({f"flows/{TEAM}/changed.yml": flow("changed", TEAM, "two", READ + TRIGGER)})
    return made


def run(repo: Repo, *arguments: str) -> Result:
    variables = {"SYNCD_PASSWORD": PASSWORD, "CI": "1"}
    return CliRunner().invoke(main, ["preview", *arguments, "--repo", str(repo.root)], env=variables)


def flows(server: RunningSandbox, prefix: str) -> dict[str, str]:
    with httpx.Client(base_url=f"{server.url}/api/v1/main", auth=(USERNAME, PASSWORD)) as client:
        found: list[dict[str, Any]] = client.get("/flows/search", params={"size": 100}).json()["results"]
        names = [(item["namespace"], item["id"]) for item in found if item["namespace"].startswith(f"{prefix}.")]
        return {
            f"{namespace}/{name}": client.get(f"/flows/{namespace}/{name}", params={"source": "true"}).json()["source"]
            for namespace, name in names
        }


def edit(server: RunningSandbox, namespace: str, name: str, text: str) -> None:
    with httpx.Client(base_url=f"{server.url}/api/v1/main", auth=(USERNAME, PASSWORD)) as client:
        client.put(
            f"/flows/{namespace}/{name}", content=text, headers={"content-type": "application/x-yaml"}
        ).raise_for_status()


def test_a_preview_comes_is_updated_and_goes(repo: Repo, server: RunningSandbox) -> None:
    assert run(repo, "up", "--prefix", "pr-1").exit_code == 0
    assert list(flows(server, "pr-1")) == ["pr-1.company.team/changed"]
    assert "disabled: true" in flows(server, "pr-1")["pr-1.company.team/changed"]

    repo.commit({f"flows/{TEAM}/same.yml": flow("same", TEAM, "three"), f"flows/{TEAM}/changed.yml": None})
    assert run(repo, "up", "--prefix", "pr-1").exit_code == 0
    assert list(flows(server, "pr-1")) == ["pr-1.company.team/same"]

    result = run(repo, "down", "--prefix", "pr-1")
    assert result.exit_code == 0, result.output
    assert flows(server, "pr-1") == {}
    assert "refs/syncd/preview-pr-1" not in repo.git("for-each-ref")
    assert "preview-pr-1" not in repo.git("ls-remote", "origin")
    assert run(repo, "down", "--prefix", "pr-1").exit_code == 0


def test_another_clone_takes_a_preview_down(repo: Repo, server: RunningSandbox, tmp_path: Path) -> None:
    run(repo, "up", "--prefix", "pr-2")
    repo.git("push", "-q", "origin", "feature")
    other = tmp_path / "other"
    repo.git("clone", "-q", "--branch", "feature", str(tmp_path / "remote.git"), str(other))
    repo.root = other
    listed = json.loads(run(repo, "list", "--format", "json").stdout)
    assert [(shown["prefix"], shown["objects"], shown["server"]) for shown in listed] == [("pr-2", 2, server.url)]
    assert run(repo, "down", "--prefix", "pr-2").exit_code == 0
    assert flows(server, "pr-2") == {}
    assert json.loads(run(repo, "list", "--format", "json").stdout) == []


def test_what_somebody_else_made_below_the_prefix_stays(repo: Repo, server: RunningSandbox) -> None:
    run(repo, "up", "--prefix", "pr-3")
    with httpx.Client(base_url=f"{server.url}/api/v1/main", auth=(USERNAME, PASSWORD)) as client:
        text = flow("own", "pr-3.company.team")
        client.post("/flows", content=text, headers={"content-type": "application/x-yaml"}).raise_for_status()
    assert run(repo, "down", "--prefix", "pr-3").exit_code == 0
    assert list(flows(server, "pr-3")) == ["pr-3.company.team/own"]


def test_what_was_edited_on_the_server_goes_only_with_force(repo: Repo, server: RunningSandbox) -> None:
    run(repo, "up", "--prefix", "pr-4")
    edit(server, "pr-4.company.team", "changed", flow("changed", "pr-4.company.team", "tried something"))
    assert run(repo, "down", "--prefix", "pr-4").exit_code == 4
    assert list(flows(server, "pr-4")) == ["pr-4.company.team/changed"]
    assert run(repo, "down", "--prefix", "pr-4", "--force").exit_code == 0
    assert flows(server, "pr-4") == {}
    assert "refs/syncd/rescue/preview-pr-4" in repo.git("for-each-ref")


def test_a_dry_run_creates_nothing(repo: Repo, server: RunningSandbox) -> None:
    result = run(repo, "up", "--prefix", "pr-5", "--dry-run")
    assert "create" in result.stdout
    assert flows(server, "pr-5") == {}
    assert "preview-pr-5" not in repo.git("for-each-ref")


def test_a_prefix_must_be_a_namespace_segment(repo: Repo) -> None:
    result = run(repo, "up", "--prefix", "pr/6")
    assert result.exit_code == 1
    assert "'pr/6' cannot be a prefix" in result.stderr
