"""`hello-world`'s script, in an environment of its own, against a server of our own."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Website
from .content import ROOT, flow

SCRIPTS = ROOT / "namespaces" / "company.team" / "files" / "scripts"


@pytest.fixture(scope="module")
def working_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working directory of the task after its `beforeCommands`, which install the requirements."""
    folder = tmp_path_factory.mktemp("task")
    (folder / "scripts").symlink_to(SCRIPTS)
    commands = flow("company.team/hello-world")["tasks"][0]["beforeCommands"]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(["/bin/sh", "-c", "\n".join(["set -e", *commands])], cwd=folder, env=environment, check=True)
    return folder


def run(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs the task's commands as Kestra's Process runner does."""
    commands = flow("company.team/hello-world")["tasks"][0]["commands"]
    script = "\n".join(["set -e", *commands])
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", **variables}
    return subprocess.run(
        ["/bin/sh", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_number_of_stars_is_handed_to_kestra(working_directory: Path, website: Website) -> None:
    website.pages["/repos/kestra-io/kestra"] = json.dumps({"stargazers_count": 26321, "name": "kestra"}).encode()

    done = run(working_directory, GITHUB_API_URL=website.url)

    assert done.stderr == ""
    (output,) = re.findall(r"^::(.*)::$", done.stdout, re.MULTILINE)
    assert json.loads(output) == {"outputs": {"gh_stars": 26321}}


def test_an_error_of_github_fails_the_task(working_directory: Path, website: Website) -> None:
    done = run(working_directory, GITHUB_API_URL=website.url)

    assert done.returncode != 0
    assert "404" in done.stderr


def test_the_flow_asks_the_public_address_unless_told_otherwise() -> None:
    text = flow("company.team/hello-world")

    assert text["variables"]["github_api_url"] == "https://api.github.com"
    assert "https://api.github.com" in (SCRIPTS / "api_example.py").read_text()


def test_the_task_downloads_nothing_but_its_requirements() -> None:
    """With `UV`, the default, plugin-script-python 1.9 downloads uv where it finds none, `dependencies` or not."""
    task = flow("company.team/hello-world")["tasks"][0]

    assert task["packageManager"] == "PIP"
    assert "dependencies" not in task


def test_the_output_is_logged_and_sent_under_the_name_that_the_script_gives_it() -> None:
    _, log, discord = flow("company.team/hello-world")["tasks"]

    for text in (log["message"], discord["body"]):
        assert "{{ outputs.github_stars.vars.gh_stars }}" in text


def test_discord_is_off_until_switched_on() -> None:
    """`secret()` throws for an unknown secret, so the task that needs it must be skipped, not failed."""
    discord = flow("company.team/hello-world")["tasks"][2]

    assert discord["runIf"] == "{{ kv('notify_discord', errorOnMissing=false) ?? false }}"
    assert "secret(" not in json.dumps({**flow("company.team/hello-world"), "tasks": [], "description": ""})
