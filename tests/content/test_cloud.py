"""The files of the cloud guide, checked by the tools that will read them."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from .content import ROOT

CLOUD = ROOT / "docs" / "cloud"


def needed(tool: str, package: str) -> str:
    """The path of a tool. Without it the test is skipped and says how to get it."""
    path = shutil.which(tool)
    if path is None:
        pytest.skip(f"{tool} is not here: apt-get install {package}")
    return str(path)


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    """The program it starts is not installed here, so one that exists stands in for it."""
    unit = (CLOUD / "syncd.service").read_text()
    copy = tmp_path / "syncd.service"
    copy.write_text(unit.replace("/opt/syncd/bin/syncd", "/bin/true"))

    done = run(needed("systemd-analyze", "systemd"), "verify", "--man=no", copy)

    assert "syncd.service" not in done.stdout + done.stderr
    assert "ExecStart=/opt/syncd/bin/syncd watch" in unit


def test_cloud_init_accepts_the_user_data() -> None:
    done = run(needed("cloud-init", "cloud-init"), "schema", "--config-file", CLOUD / "cloud-init.yml")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Valid" in done.stdout


def test_the_setup_script_is_a_program_that_the_shell_can_read() -> None:
    script = CLOUD / "setup.sh"

    assert os.access(script, os.X_OK)
    assert run("sh", "-n", script).returncode == 0


def test_the_files_of_the_guide_fit_together() -> None:
    """The unit runs as the user and in the folder that the others make; setup.sh finds the host name it replaces."""
    unit, user_data, setup = ((CLOUD / name).read_text() for name in ("syncd.service", "cloud-init.yml", "setup.sh"))
    (user,) = re.findall(r"^User=(\w+)$", unit, re.MULTILINE)
    (folder,) = re.findall(r"^WorkingDirectory=(.+)$", unit, re.MULTILINE)

    assert f"name: {user}" in user_data
    assert f"repository={folder}" in setup
    assert "/etc/syncd/environment" in unit
    assert "/etc/syncd/environment" in setup
    assert "kestra.example.com" in (CLOUD / "Caddyfile").read_text()
    assert "deploy_key" in unit


def test_every_link_of_the_guide_leads_to_a_file() -> None:
    links = re.findall(r"\]\(((?!http)[^)]+)\)", (ROOT / "docs" / "cloud.md").read_text())

    assert links
    assert all((ROOT / "docs" / link).is_file() for link in links)
