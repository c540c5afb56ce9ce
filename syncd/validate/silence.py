"""Applies what users say of rules: severities in `syncd.yaml`, and `# syncd: ignore` comments on the line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from syncd.model import Problem, Severity

OFF = "off"
_COMMENT = re.compile(r"(?:#|//|--)\s*syncd:\s*ignore(?P<codes>(?:[\s,]+SYN\d{3})*)\s*\Z")
_CODE = re.compile(r"SYN\d{3}")


def graded(problems: Iterable[Problem], rules: Mapping[str, str]) -> Iterator[Problem]:
    """
    The problems with the severities that the settings give their rules; those that are off are left out.

    Args:
        problems: Any.
        rules: By code: `off`, `note`, `warning` or `error`.
    """
    for problem in problems:
        wanted = rules.get(problem.code)
        if wanted != OFF:
            yield replace(problem, severity=Severity(wanted)) if wanted else problem


def unsilenced(problems: Iterable[Problem], text: bytes) -> Iterator[Problem]:
    """The problems of one file without those whose line says `# syncd: ignore` or `# syncd: ignore SYN070`."""
    if b"syncd:" not in text:
        yield from problems
        return
    lines = text.decode(errors="replace").split("\n")
    for problem in problems:
        line = lines[problem.line - 1] if problem.line and problem.line <= len(lines) else ""
        comment = _COMMENT.search(line.rstrip())
        if not comment or (comment["codes"] and problem.code not in _CODE.findall(comment["codes"])):
            yield problem
