"""Problems in every format, each held against a golden file; hostile text stays text."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from syncd.model import Key, Kind, Problem, Severity
from syncd.render.problems import FORMATS, Findings
from syncd.render.terminal import Paint
from syncd.validate import RULES

GOLDEN = Path(__file__).parent / "golden"
HELLO = Key(Kind.FLOW, "company.team", "hello")
PROBLEMS = (
    Problem("SYN052", "tasks[0]: no such type: x", "flows/company.team/hello.yml", 7, 11, Severity.ERROR, HELLO),
    Problem(
        "SYN080",
        "`variables.password` holds a secret as plain text",
        "flows/company.team/hello.yml",
        12,
        13,
        Severity.WARNING,
        HELLO,
        "use {{ secret('NAME') }}",
    ),
    Problem("SYN059", "a.b.C: 100% unknown,\nreally", "flows/company.team/ünï, x.yml", 3, None, Severity.NOTE),
    Problem(
        "SYN022", "flow company.team/gone on the server cannot be read", key=Key(Kind.FLOW, "company.team", "gone")
    ),
)
FINDINGS = Findings(
    PROBLEMS,
    ("flows/company.team/hello.yml", "flows/company.team/sound.yml", "flows/company.team/ünï, x.yml"),
    {code: rule.title for code, rule in RULES.items()},
    3,
    "1.2.3",
)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_the_output_is_what_the_golden_file_says(name: str) -> None:
    assert FORMATS[name](FINDINGS, Paint()) + "\n" == (GOLDEN / f"problems.{name}").read_text(encoding="utf-8")


def test_colour_is_only_added_around_the_text() -> None:
    import re

    coloured = FORMATS["text"](FINDINGS, Paint(True))
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == FORMATS["text"](FINDINGS, Paint())


HOSTILE = Problem(
    "SYN051",
    "x\x1b[31m::error::\r\n</failure><script>&\u202e",
    "flows/a\nb,c:d%.yml",
    1,
    1,
    key=Key(Kind.FLOW, "a", "b"),
)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_strangers_text_starts_no_command_and_no_escape_sequence(name: str) -> None:
    shown = FORMATS[name](Findings((HOSTILE,), ()), Paint())
    assert "\x1b" not in shown
    assert "\u202e" not in shown or name in {"json", "gitlab", "sarif"}
    if name == "github":
        assert len(shown.splitlines()) == 1
        assert "file=flows/a%0Ab%2Cc%3Ad%25.yml" in shown
    elif name == "junit":
        assert ET.fromstring(shown).find(".//script") is None  # noqa: S314 - our own output
    elif name in {"json", "gitlab", "sarif"}:
        assert json.loads(shown)


def test_nothing_wrong_is_said_in_every_format() -> None:
    empty = Findings((), ("a.yml",))
    assert "1 flow checked: no problems" in FORMATS["text"](empty, Paint())
    assert json.loads(FORMATS["json"](empty, Paint()))["problems"] == []
    assert json.loads(FORMATS["gitlab"](empty, Paint())) == []
    assert json.loads(FORMATS["sarif"](empty, Paint()))["runs"][0]["results"] == []
    assert FORMATS["github"](empty, Paint()) == ""
    suite = ET.fromstring(FORMATS["junit"](empty, Paint())).find("testsuite")  # noqa: S314 - our own output
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")


def test_a_gitlab_fingerprint_stays_when_only_the_line_moves() -> None:
    from dataclasses import replace

    moved = Findings((replace(PROBLEMS[0], line=99),), ())
    before = json.loads(FORMATS["gitlab"](Findings((PROBLEMS[0],), ()), Paint()))
    assert json.loads(FORMATS["gitlab"](moved, Paint()))[0]["fingerprint"] == before[0]["fingerprint"]
