"""The workflows pass both linters, are pinned, ask for little, and keep values out of shell text."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.actions.runner import ACTION, ROOT, WORKFLOWS, read

NAMES = sorted(path.stem for path in WORKFLOWS.glob("*.yml"))
PINNED = re.compile(r"uses: (?:[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+(?:\.\d+)+|\$/\.github/actions/syncd)$")
INPUTS = {"server", "apiToken", "user", "password", "tenant", "directory", "namespace"}


def steps(data: dict[str, Any]) -> list[dict[str, Any]]:
    jobs = data["jobs"].values() if "jobs" in data else [data["runs"]]
    return [step for job in jobs for step in job["steps"]]


def _actionlint() -> str | None:
    folders = [*os.environ["PATH"].split(os.pathsep), str(ROOT / ".venv" / "tools"), str(Path(sys.prefix) / "bin")]
    return shutil.which("actionlint", path=os.pathsep.join(folders))


def test_actionlint_finds_nothing() -> None:
    actionlint = _actionlint()
    if actionlint is None:
        pytest.skip("actionlint cannot be found: go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12")
    done = subprocess.run([actionlint, "-no-color"], cwd=ROOT, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_zizmor_finds_nothing() -> None:
    zizmor = Path(sys.prefix) / "bin" / "zizmor"
    command = [str(zizmor), "--offline", "--no-progress", "--quiet", "--format=json", ".github"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


@pytest.mark.parametrize("path", [*WORKFLOWS.glob("*.yml"), ACTION / "action.yml"], ids=lambda path: path.stem)
def test_every_action_is_pinned_to_a_commit_with_its_version(path: Path) -> None:
    used = [line.strip("- ").strip() for line in path.read_text(encoding="utf-8").splitlines() if " uses: " in line]
    assert used
    assert [line for line in used if not PINNED.match(line)] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_asks_for_nothing_and_its_jobs_for_little(name: str) -> None:
    data = read(name)
    assert data["permissions"] == {}
    for job in data["jobs"].values():
        assert job["permissions"].get("contents") in {"read", "write"}
        assert job["timeout-minutes"] <= 90
    assert "concurrency" in data


@pytest.mark.parametrize("name", [*NAMES, "action"])
def test_no_shell_text_holds_an_expression(name: str) -> None:
    data = read(name) if name != "action" else yaml.safe_load((ACTION / "action.yml").read_text(encoding="utf-8"))
    shells = [step["run"] for step in steps(data) if "run" in step]
    assert shells
    assert [shell for shell in shells if "${{" in shell or "\n" in shell] == []


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"ci"}))
def test_a_workflow_can_be_called_with_the_names_that_kestra_users_know(name: str) -> None:
    data = read(name)
    triggers = data[True]
    call = triggers["workflow_call"]
    known = {*call["inputs"], *call.get("secrets", {})}
    if name == "promote":
        assert {"directory", "from", "to", "forgeToken"} <= known
    else:
        assert known >= INPUTS
    assert len(triggers) > 1, "this repository uses it too"


@pytest.mark.parametrize("name", NAMES)
def test_a_checkout_keeps_no_credentials(name: str) -> None:
    checkouts = [step for step in steps(read(name)) if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_the_actions_shell_hands_on_exit_codes_and_arguments(tmp_path: Path) -> None:
    syncd = tmp_path / "syncd"
    syncd.write_text('#!/bin/sh\nprintf "[%s]" "$@"\nexit 4\n')
    syncd.chmod(0o755)
    output = tmp_path / "output"

    def run(**variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "GITHUB_OUTPUT": str(output), **variables}
        return subprocess.run(
            ["bash", str(ACTION / "run.sh")], check=False, env=environment, capture_output=True, text=True
        )

    command = "push\n--message=two words; $(touch nothing)\n\n  \n"
    refused = run(COMMAND=command)
    assert (refused.returncode, refused.stdout) == (4, "[push][--message=two words; $(touch nothing)]")
    assert run(COMMAND=command, ACCEPT="3 4").returncode == 0
    assert output.read_text() == "exit-code=4\nexit-code=4\n"
    masked = run(COMMAND="x", SYNCD_FORGE_TOKEN="t0ken", GITHUB_SERVER_URL="https://github.test", STDOUT="/dev/null")
    assert masked.stdout == "::add-mask::eC1hY2Nlc3MtdG9rZW46dDBrZW4=\n"
