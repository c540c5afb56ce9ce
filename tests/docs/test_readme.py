"""What the README shows is what the program prints, and every command is in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click import Context, Option
from click.testing import CliRunner

from syncd.cli.main import COMMANDS, main
from syncd.sandbox import running
from tests.cli.conftest import flow_text, make_place

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def exchanges() -> list[tuple[str, str]]:
    """Each command of the first console block, with what it prints."""
    match = re.search(r"```console\n(.*?)```", README, re.DOTALL)
    assert match is not None
    parts = re.split(r"^\$ syncd (.*)\n", match[1], flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def test_the_first_exchange_is_what_the_program_prints(tmp_path: Path) -> None:
    with running(dialect="1.3") as server:
        place = make_place(tmp_path / "repository", server.url, tmp_path / "cache")
        place.write("syncd.yaml", "environments: {dev: {}}\n")
        for name in ("billing", "hello", "report"):
            place.flow(name)
        place.commit()
        place.syncd("push")
        for name in ("billing", "hello"):
            place.flow(name, "edited in Git")
        for name in ("billing", "report"):
            place.ui.edit(flow_text(name, "edited in Kestra"), name)
        place.write("namespaces/company.team/files/scripts/query.sql", "select 1\n")
        for arguments, printed in exchanges():
            code = 4 if arguments.startswith("push") else 0
            assert place.syncd(*arguments.split(), code=code).stdout == printed
        place.ui.client.close()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_stands_in_the_readme_and_has_help(name: str) -> None:
    assert f"syncd {name}" in README
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert "Usage: " in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_help(name: str) -> None:
    command = main.get_command(Context(main), name)
    assert command is not None
    options = [param for param in command.params if isinstance(param, Option)]
    silent = [option.name for option in options if not option.help]
    assert silent == []


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!http)([^)#]+)\)", README))))
def test_every_page_that_the_readme_names_is_there(link: str) -> None:
    assert (Path(__file__).parents[2] / link).is_file()
