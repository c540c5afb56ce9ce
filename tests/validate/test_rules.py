"""The table of rules, the page about them and the code that uses them name the same codes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from syncd.cli.main import main
from syncd.validate import RULES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
CODE = re.compile(r'"(SYN\d{3})"')


def test_every_code_in_the_program_is_in_the_table() -> None:
    used = {code for path in (ROOT / "syncd").rglob("*.py") for code in CODE.findall(path.read_text(encoding="utf-8"))}
    assert used == set(RULES)


def test_the_page_explains_each_rule_under_its_code_and_in_the_order_of_codes() -> None:
    assert re.findall(r"^## (SYN\d{3})$", PAGE, re.MULTILINE) == sorted(RULES)


@pytest.mark.parametrize("code", sorted(RULES))
def test_the_page_opens_with_the_title_of_the_rule_and_its_severity(code: str) -> None:
    section = PAGE.split(f"## {code}\n\n")[1].split("\n\n")[0]
    assert section.startswith(f"**{RULES[code].title}** ")
    assert f"*{RULES[code].severity.value.capitalize()}" in section


HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: str(hook["id"]))
def test_a_hook_runs_a_command_that_exists(hook: dict[str, str]) -> None:
    program, *arguments = hook["entry"].split()
    assert program == "syncd"
    assert CliRunner().invoke(main, [*arguments, "--help"]).exit_code == 0


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("flows/company.team/a.yml", True),
        ("company.team/flows/sub/a.yaml", True),
        ("_flows/a.yml", True),
        (".github/workflows/ci.yml", False),
        ("docker-compose.yml", False),
        ("flows/company.team/README.md", False),
    ],
)
def test_the_first_hook_looks_at_flows_only(path: str, wanted: bool) -> None:
    assert bool(re.search(HOOKS[0]["files"], path)) is wanted
