"""`syncd promote dev prod`: what was agreed with one instance is pushed to another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from syncd.cli.main import main
from syncd.sandbox import PASSWORD, USERNAME, RunningSandbox, running
from tests.promote.repositories import Repo, flow

TEAM = "company.team"
PATH = f"flows/{TEAM}/hello.yml"


@dataclass
class Instances:
    """A repository with two servers."""

    repo: Repo
    dev: RunningSandbox
    prod: RunningSandbox

    def syncd(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        variables = {"SYNCD_PASSWORD": PASSWORD, "CI": "1"}
        command = [*arguments, "--repo", str(self.repo.root), "--format", "json"]
        result = CliRunner().invoke(main, command, env=variables)
        return result.exit_code, json.loads(result.stdout)

    def text(self, server: RunningSandbox, name: str = "hello") -> str | None:
        with httpx.Client(auth=(USERNAME, PASSWORD)) as client:
            answer = client.get(f"{server.url}/api/v1/main/flows/{TEAM}/{name}", params={"source": "true"})
            return None if answer.status_code == 404 else str(answer.json()["source"])

    def edit(self, server: RunningSandbox, text: str) -> None:
        with httpx.Client(auth=(USERNAME, PASSWORD), headers={"content-type": "application/x-yaml"}) as client:
            client.put(f"{server.url}/api/v1/main/flows/{TEAM}/hello", content=text).raise_for_status()


@pytest.fixture
def instances(tmp_path: Path) -> Iterator[Instances]:
    repo = Repo(tmp_path / "repo")
    with running() as dev, running() as prod:
        settings = "environments:\n" + "".join(
            f"  {name}:\n    url: {server.url}\n    username: {USERNAME}\n"
            for name, server in (("dev", dev), ("prod", prod))
        )
        repo.commit({"syncd.yaml": settings, PATH: flow("hello", TEAM)})
        yield Instances(repo, dev, prod)


def test_exactly_what_dev_agreed_to_arrives_and_nothing_newer(instances: Instances) -> None:
    source = instances.repo.git("rev-parse", "HEAD")
    instances.syncd("push", "--env", "dev")
    instances.repo.commit({PATH: flow("hello", TEAM, "newer"), f"flows/{TEAM}/new.yml": flow("new", TEAM)})

    code, told = instances.syncd("promote", "dev", "prod")

    assert (code, told["environment"], told["source"], told["applied"]) == (0, "prod", "dev as agreed", 1)
    assert instances.text(instances.prod) == flow("hello", TEAM)
    assert instances.text(instances.prod, "new") is None
    message = instances.repo.git("log", "-1", "--format=%B", "refs/syncd/prod")
    assert f"Syncd-Source: {source}" in message
    assert instances.syncd("promote", "dev", "prod")[1]["applied"] == 0


def test_an_edit_on_prod_is_a_conflict_and_stays(instances: Instances) -> None:
    instances.syncd("push", "--env", "dev")
    instances.syncd("promote", "dev", "prod")
    instances.edit(instances.prod, flow("hello", TEAM, "hotfix"))
    instances.repo.commit({PATH: flow("hello", TEAM, "two")})
    instances.syncd("push", "--env", "dev")

    code, told = instances.syncd("promote", "dev", "prod")

    assert code == 4
    assert [item["verdict"] for item in told["items"]] == ["conflict"]
    assert instances.text(instances.prod) == flow("hello", TEAM, "hotfix")


def test_a_dry_run_changes_nothing(instances: Instances) -> None:
    instances.syncd("push", "--env", "dev")
    code, told = instances.syncd("promote", "dev", "prod", "--dry-run")
    assert (code, told["summary"]["create"], told["applied"]) == (0, 1, 0)
    assert instances.text(instances.prod) is None
    assert "refs/syncd/prod" not in instances.repo.git("for-each-ref")


def test_nothing_agreed_means_nothing_to_promote(instances: Instances) -> None:
    code, told = instances.syncd("promote", "dev", "prod")
    assert code == 1
    assert "nothing was agreed on yet with dev" in told["error"]["message"]
    assert "cannot be promoted to itself" in instances.syncd("promote", "dev", "dev")[1]["error"]["message"]


def test_a_promotion_from_a_server_takes_what_the_server_holds(instances: Instances) -> None:
    instances.syncd("push", "--env", "dev")
    instances.edit(instances.dev, flow("hello", TEAM, "only on the server"))
    code, told = instances.syncd("promote", "--from", TEAM, "--to", "company.live", "--from-server", "dev")
    assert (code, told["source"], told["summary"]["create"]) == (0, "dev", 1)
    shown = instances.repo.show(told["branch"], "flows/company.live/hello.yml")
    assert shown == flow("hello", "company.live", "only on the server")
    assert told["source_commit"] == instances.repo.git("rev-parse", "refs/syncd/observed/dev")


def test_the_target_server_says_what_it_would_refuse(instances: Instances) -> None:
    bad = "id: bad\nnamespace: company.team\ntasks:\n  - id: x\n"
    instances.repo.commit({f"flows/{TEAM}/bad.yml": bad})
    arguments = ("promote", "--from", TEAM, "--to", "company.live", "--check-env", "prod")
    code, told = instances.syncd(*arguments)
    assert code == 3
    assert any(problem["path"] == "flows/company.live/bad.yml" for problem in told["problems"])
    assert told["commit"] is None
