"""The repository's own flows and files on a real engine that has core tasks only."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from .launch import RunningEngine

ROOT = Path(__file__).resolve().parents[2]
CORE_ONLY = {"getting_started", "gcp_kv"}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The flows and files as a repository of their own."""
    for folder in ("flows", "namespaces"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def pushed(copy: Path, engine: RunningEngine) -> tuple[int, dict[str, Any]]:
    """What `syncd push --on-invalid skip` ended with and printed; what an engine without plugins refuses is skipped."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SYNCD_", "KESTRA"))}
    login = {"SYNCD_URL": engine.url, "SYNCD_USERNAME": engine.username, "SYNCD_PASSWORD": engine.password}
    command = [sys.executable, "-m", "syncd", "push", "--on-invalid", "skip", "--force", "--format", "json"]
    done = subprocess.run(command, cwd=copy, env={**kept, **login}, capture_output=True, check=False)
    return done.returncode, json.loads(done.stdout)


def test_everything_that_needs_no_plugin_arrives_and_getting_started_runs(
    copy: Path, engine: RunningEngine, client: httpx.Client
) -> None:
    code, report = pushed(copy, engine)
    verdicts = {item["name"]: item["verdict"] for item in report["items"]}
    refused = {name for name, verdict in verdicts.items() if verdict == "blocked"}
    assert code == 3
    assert report["failed"] == []
    assert refused
    assert not refused & CORE_ONLY
    for problem in report["problems"]:
        assert problem["severity"] != "error" or "type" in problem["message"].lower()
    stored = client.get("/flows/example/getting_started", params={"source": "true"}).json()["source"]
    assert stored == (copy / "flows/example/getting_started.yml").read_text(encoding="utf-8")
    ended = client.post("/executions/example/getting_started", params={"wait": "true"}).json()
    assert ended["state"]["current"] == "SUCCESS"
    assert pushed(copy, engine)[1]["applied"] == 0
