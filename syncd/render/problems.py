"""
Problems as people, editors and pipelines read them: text, JSON, GitHub, GitLab, SARIF, JUnit.

Strings out, nothing printed. Every message may hold what a stranger wrote, so each format escapes in its own way.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby
from typing import Any
from xml.etree import ElementTree as ET

from syncd.model import Problem, Severity
from syncd.render.terminal import Paint, printable

_COLOURS = {Severity.ERROR: "bright_red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_GITHUB = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_GITLAB = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.NOTE: "info"}
_ESCAPES = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY_ESCAPES = {**_ESCAPES, ":": "%3A", ",": "%2C"}


@dataclass(frozen=True, slots=True)
class Findings:
    """
    The outcome of a validation.

    Args:
        problems: In the order to show them.
        checked: Files (or objects of the server) that were looked at, sound ones too.
        titles: What each rule finds, by its code.
        exit: The exit code.
        version: Of `syncd`, for formats that name their tool.
    """

    problems: tuple[Problem, ...]
    checked: tuple[str, ...]
    titles: Mapping[str, str] = field(default_factory=dict)
    exit: int = 0
    version: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each severity."""
        found = Counter(problem.severity for problem in self.problems)
        return {severity.value: found[severity] for severity in Severity}


def as_text(findings: Findings, paint: Paint) -> str:
    """One line a problem, by file, and a last line with the counts."""
    blocks = []
    for name, problems in groupby(findings.problems, key=_object):
        lines = [paint(printable(name), bold=True), *(_line(problem, paint) for problem in problems)]
        blocks.append("\n".join(lines))
    counts = ", ".join(_counted(number, word) for word, number in findings.counts.items() if number)
    total = _counted(len(findings.checked), "flow")
    blocks.append(f"{total} checked: {counts or paint('no problems', fg='green')}")
    return "\n\n".join(blocks)


def as_json(findings: Findings, paint: Paint | None = None) -> str:
    """One object: the problems, the counts, how many flows were checked, the exit code."""
    del paint
    return json.dumps(
        {
            "problems": [_data(problem) for problem in findings.problems],
            "summary": {**findings.counts, "checked": len(findings.checked)},
            "exit": findings.exit,
        },
        indent=2,
        ensure_ascii=False,
    )


def as_github(findings: Findings, paint: Paint | None = None) -> str:
    """Workflow commands, which GitHub shows at the line."""
    del paint
    return "\n".join(_annotation(problem) for problem in findings.problems)


def as_gitlab(findings: Findings, paint: Paint | None = None) -> str:
    """GitLab's code quality report."""
    del paint
    return json.dumps([_quality(problem) for problem in findings.problems], indent=2, ensure_ascii=False)


def as_sarif(findings: Findings, paint: Paint | None = None) -> str:
    """SARIF 2.1.0, for code scanning."""
    del paint
    codes = sorted({problem.code for problem in findings.problems})
    driver = {
        "name": "syncd",
        "version": findings.version,
        "rules": [
            {
                "id": code,
                "shortDescription": {"text": findings.titles.get(code, code)},
                "help": {"text": f"See {code} in docs/rules.md of syncd."},
            }
            for code in codes
        ],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, codes.index(problem.code)) for problem in findings.problems],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def as_junit(findings: Findings, paint: Paint | None = None) -> str:
    """JUnit XML: a test case for each file; errors fail it, warnings and notes are its output."""
    del paint
    by_file = {name: list(problems) for name, problems in groupby(findings.problems, key=_object)}
    names = sorted({*findings.checked, *by_file})
    failed = sum(any(_fails(problem) for problem in problems) for problems in by_file.values())
    suite = ET.Element("testsuite", name="syncd validate", tests=str(len(names)), failures=str(failed))
    for name in names:
        _case(suite, name, by_file.get(name, []))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


FORMATS: Mapping[str, Callable[[Findings, Paint], str]] = {
    "text": as_text,
    "json": as_json,
    "github": as_github,
    "gitlab": as_gitlab,
    "sarif": as_sarif,
    "junit": as_junit,
}
"""Every format by the name that `--format` takes."""


def _object(problem: Problem) -> str:
    return problem.path or (str(problem.key) if problem.key else "the server")


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _place(problem: Problem) -> str:
    return ":".join(str(part) for part in (problem.line, problem.column) if part) or "-"


def _line(problem: Problem, paint: Paint) -> str:
    severity = paint(f"{problem.severity.value:<7}", fg=_COLOURS[problem.severity])
    hint = f"\n{'':26}{printable(problem.hint)}" if problem.hint else ""
    return f"  {_place(problem):>7}  {severity} {problem.code}  {printable(problem.message)}{hint}"


def _data(problem: Problem) -> dict[str, Any]:
    key = problem.key
    return {
        "code": problem.code,
        "severity": problem.severity.value,
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "kind": key.kind.value if key else None,
        "namespace": key.namespace if key else None,
        "name": key.name if key else None,
        "message": problem.message,
        "hint": problem.hint,
    }


def _sentence(problem: Problem) -> str:
    return f"{problem.message}; {problem.hint}" if problem.hint else problem.message


def _escaped(text: str, escapes: Mapping[str, str]) -> str:
    return "".join(escapes.get(char, char) for char in text)


def _annotation(problem: Problem) -> str:
    properties = {"file": problem.path, "line": problem.line, "col": problem.column, "title": problem.code}
    shown = ",".join(f"{name}={_escaped(str(value), _PROPERTY_ESCAPES)}" for name, value in properties.items() if value)
    text = _escaped(_sentence(problem), _ESCAPES)
    return f"::{_GITHUB[problem.severity]} {shown}::{printable(text)}"


def _quality(problem: Problem) -> dict[str, Any]:
    identity = "\0".join((problem.code, _object(problem), problem.message))
    return {
        "description": _sentence(problem),
        "check_name": problem.code,
        "fingerprint": sha256(identity.encode(errors="replace")).hexdigest(),
        "severity": _GITLAB[problem.severity],
        "location": {"path": _object(problem), "lines": {"begin": problem.line or 1}},
    }


def _result(problem: Problem, rule: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": problem.severity.value,
        "message": {"text": _sentence(problem)},
    }
    if problem.path:
        region = {"startLine": problem.line, "startColumn": problem.column}
        place: dict[str, Any] = {"artifactLocation": {"uri": _uri(problem.path)}}
        if problem.line:
            place["region"] = {name: value for name, value in region.items() if value}
        result["locations"] = [{"physicalLocation": place}]
    return result


def _uri(path: str) -> str:
    from urllib.parse import quote

    return quote(path)


def _fails(problem: Problem) -> bool:
    return problem.severity is Severity.ERROR


def _case(suite: ET.Element, name: str, problems: Iterable[Problem]) -> None:
    case = ET.SubElement(suite, "testcase", name=printable(name), classname="syncd.validate")
    problems = list(problems)
    errors = [problem for problem in problems if _fails(problem)]
    if errors:
        failure = ET.SubElement(case, "failure", message=printable(_sentence(errors[0])), type=errors[0].code)
        failure.text = "\n".join(_entry(problem) for problem in errors)
    others = [_entry(problem) for problem in problems if not _fails(problem)]
    if others:
        ET.SubElement(case, "system-out").text = "\n".join(others)


def _entry(problem: Problem) -> str:
    return printable(f"{_place(problem)} {problem.severity.value} {problem.code} {_sentence(problem)}")
