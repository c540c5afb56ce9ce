"""docs/tutorial.md, command by command, in a fresh clone against the sandbox. GitHub, make and Docker are stand-ins."""

import json
import os
import re
import socket
import subprocess
import sys
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from .content import ROOT

TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text()
BLOCKS = re.findall(r"^```console\n(.*?)^```$", TUTORIAL, re.MULTILINE | re.DOTALL)
COMMANDS = [line.removeprefix("$ ") for block in BLOCKS for line in block.splitlines()]
CONTENT = ["flows", "namespaces", "docker-compose.yml", ".env.example", ".gitignore"]
# `make setup` gives an environment whose `activate` puts this test's own `syncd` on the path.
MAKE = """#!/bin/sh
mkdir -p .venv/bin
echo 'PATH="{scripts}:$PATH"' > .venv/bin/activate
"""
DOCKER = """#!/bin/sh
test -f .env
echo "$@" >> "{log}"
"""


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a sandbox that runs as a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = int(free.getsockname()[1])
    command = [sys.executable, "-m", "syncd", "sandbox", "--port", str(number)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        assert str(number).encode() in process.stdout.readline()
        yield number
        process.terminate()


@pytest.fixture
def github(tmp_path: Path) -> Path:
    """A bare repository with this work tree's content: the fork of the tutorial."""
    work = tmp_path / "work"
    work.mkdir()
    subprocess.run(["cp", "-R", *(str(ROOT / name) for name in CONTENT), str(work)], check=True)
    for command in ("init --quiet --initial-branch=main", "add --all", "commit --quiet --message=Start"):
        subprocess.run(["git", *command.split()], cwd=work, env=environment(tmp_path), check=True)
    subprocess.run(["git", "clone", "--quiet", "--bare", work, tmp_path / "fork.git"], check=True)
    return tmp_path / "fork.git"


def environment(home: Path) -> dict[str, str]:
    """Variables of a user of the tutorial: a name for commits, and no setting of this machine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SYNCD_", "KESTRA", "GIT_"))}
    names = {
        f"GIT_{role}_{part}": f"{role.lower()}@example.com"
        for role in ("AUTHOR", "COMMITTER")
        for part in ("NAME", "EMAIL")
    }
    return {**kept, **names, "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", "NO_PROXY": "127.0.0.1,localhost"}


def stand_in(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(script)
    (folder / name).chmod(0o755)


def follow(tmp_path: Path, github: Path, port: int) -> str:
    """Runs all commands in one shell, in order, and gives what they print."""
    programs = tmp_path / "programs"
    stand_in(programs, "make", MAKE.format(scripts=Path(sys.executable).parent))
    stand_in(programs, "docker", DOCKER.format(log=tmp_path / "docker.log"))
    instead = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{github}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/you/kestra-flows.git",
    }
    home = environment(tmp_path) | instead
    home["PATH"] = f"{programs}:{home['PATH']}"
    script = "\n".join(["set -eu", *COMMANDS]).replace("localhost:8080", f"127.0.0.1:{port}")
    done = subprocess.run(
        ["/bin/sh", "-c", script], cwd=tmp_path, env=home, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def stored(port: int, flow: str) -> str:
    """The text that the sandbox holds for a flow, given as namespace/id."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/main/flows/{flow}?source=true")
    request.add_header("Authorization", "Basic " + b64encode(b"admin@kestra.io:Admin1234").decode())
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(json.load(answer)["source"])


def test_every_command_works_and_the_edit_of_the_ui_ends_up_as_a_commit(
    tmp_path: Path, github: Path, port: int
) -> None:
    printed = follow(tmp_path, github, port)

    clone = tmp_path / "kestra-flows"
    commit = subprocess.run(
        ["git", "show", "--format=%s", "--name-only"], cwd=clone, capture_output=True, text=True, check=True
    )
    assert commit.stdout.split("\n") == ["Greet from the UI", "", "flows/example/getting_started.yml", ""]
    text = (clone / "flows" / "example" / "getting_started.yml").read_text()
    assert "message: Hello from the UI!" in text
    assert text.endswith("description: Says hello.\n")
    for path in (clone / "flows").rglob("*.yml"):
        assert stored(port, f"{path.parent.name}/{path.stem}") == path.read_text()
    assert printed.rstrip().endswith("12 unchanged")


def test_the_services_that_the_tutorial_starts_exist() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    started = [word for line in COMMANDS if line.startswith("docker compose up") for word in line.split()[3:]]

    for service in (word for word in started if not word.startswith("--")):
        assert f"\n  {service}:\n" in compose


def test_every_link_of_the_guides_leads_to_a_file() -> None:
    for guide in ("tutorial", "scheduling", "plugins"):
        links = re.findall(r"\]\(((?!http)[^)]+)\)", (ROOT / "docs" / f"{guide}.md").read_text())
        assert all((ROOT / "docs" / link).is_file() for link in links)


def test_nothing_of_the_page_is_left_out() -> None:
    """Guards the first test: every block of commands is of the kind that it reads."""
    assert len(COMMANDS) > 15
    assert "```sh" not in TUTORIAL
    assert all(line.startswith("$ ") for block in BLOCKS for line in block.splitlines())
