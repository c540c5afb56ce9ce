"""The line that a server's sentence is about, and what it repeats."""

from __future__ import annotations

import pytest

from syncd.model import Key, Kind, Problem, Severity
from syncd.validate import located, merged

KEY = Key(Kind.FLOW, "company.team", "f")
TEXT = b"""id: f
namespace: company.team
tasks:
  - id: say
    type: io.kestra.plugin.core.log.Log
    colour: red
  - id: call
    type: io.kestra.core.tasks.flows.Subflow
    namespace: a
    flowId: nobody
  - id: say
    type: io.example.Nope
triggers:
  - id: t
    type: io.kestra.plugin.core.trigger.Schedule
    cron: nonsense
labels:
  a: b
"""


def said(message: str, line: int | None = None) -> Problem:
    return Problem("SYN040", message, "f.yml", line, None, Severity.ERROR, KEY)


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ('Unrecognized field "colour" (class x.Log), not marked as ignorable (3 known)', (6, 5)),
        ("Invalid type: io.example.Nope", (12, 11)),
        ("io.kestra.core.tasks.flows.Subflow is replaced by io.kestra.plugin.core.flow.Subflow", (8, 11)),
        ("Invalid Flow: Duplicate task id with name [say]", (11, 9)),
        ("The subflow 'nobody' not found in namespace 'a'.", (10, 13)),
        ("flow company.team/f: tasks[0].message: must not be null", (4, 5)),
        ("flow company.team/f: tasks[call].flowId: must not be null", (10, 13)),
        ("call.flowId: must not be blank", (10, 13)),
        ("triggers[0]: invalid cron expression 'nonsense': it has 1 part", (14, 5)),
        ("triggers[7]: far away", None),
        ("tasks[0].type is deprecated", (5, 11)),
        ('Unrecognized field "id" is there more than once', None),
        ("something else altogether", None),
    ],
)
def test_a_sentence_is_traced_to_its_place(message: str, place: tuple[int, int] | None) -> None:
    found = located(said(message), TEXT)
    assert ((found.line, found.column) if found.line else None) == place


def test_a_place_that_the_server_named_is_kept() -> None:
    assert located(said("Invalid type: io.example.Nope", line=3), TEXT).line == 3


def test_the_servers_echo_of_an_offline_error_is_dropped_and_everything_else_kept() -> None:
    ours = Problem("SYN051", "no such property", "f.yml", 6, 5, Severity.ERROR, KEY)
    other = Problem("SYN040", "tasks: must not be empty", "g.yml", None, None, Severity.ERROR)
    warning = Problem("SYN041", "no such subflow", "f.yml", None, None, Severity.WARNING, KEY)
    merge = merged([ours], [said("colour", 6), said("no line"), said("another", 16), other, warning])
    assert [each.message for each in merge] == [
        "no such subflow",
        "no such property",
        "another",
        "tasks: must not be empty",
    ]


@pytest.mark.parametrize("text", [b"", b"id: [", b"- a\n", b"\xff"])
def test_a_text_that_is_no_mapping_gives_no_place(text: bytes) -> None:
    assert located(said("Invalid type: x.Y"), text).line is None
