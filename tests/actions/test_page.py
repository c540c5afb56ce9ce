"""Every command on the page about pipelines exists, with every option that is shown."""

from __future__ import annotations

import re
import shlex

import click
import pytest
import yaml

from syncd.cli.main import main
from tests.actions.runner import ROOT, WORKFLOWS

PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"^ *- (?:\S+ && )?(syncd (?!ci outputs)[^|>\n]+)", PAGE, re.MULTILINE)))


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_and_its_options_exist(line: str) -> None:
    words = shlex.split(line)[1:]
    command: click.Command = main
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), words.pop(0))
        assert found is not None, line
        command = found
    known = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    assert {word for word in words if word.startswith("--")} <= known


def test_the_examples_are_yaml() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert [type(yaml.safe_load(block)) for block in blocks] == [dict, list, dict]


def test_every_workflow_is_explained_and_its_file_is_there() -> None:
    linked = set(re.findall(r"\.\./\.github/workflows/(\w+)\.yml", PAGE))
    assert linked == {path.stem for path in WORKFLOWS.glob("*.yml")} - {"ci"}
