"""Asks a server what is wrong with flows, writing nothing, and turns its sentences into problems."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from typing import Any

from syncd.errors import KestraError
from syncd.kestra.dialect import Dialect
from syncd.kestra.refusal import plain
from syncd.kestra.transport import YAML, Call, Transport
from syncd.model import Problem, Resource, Severity

BATCH = 100
"""Flows in one request: 1.3.25 refuses more than 128 form fields."""

_PLACE = re.compile(r"line:? (\d+), column:? (\d+)")
_WHOLE = re.compile(r"YAML parsing error|at \[Source|Unrecognized field")
_MARKER = re.compile(rb"^---[ \t]*(#[^\n]*)?\r?$", re.MULTILINE)


class Validation:
    """
    `POST /flows/validate` of one tenant.

    Args:
        transport: The way to the server.
        root: `/api/v1/main`, or what else stands before `/flows`.
        line: What the server can do.
    """

    def __init__(self, transport: Transport, root: str, line: Dialect) -> None:
        self._transport = transport
        self._path = root + "/flows/validate"
        self._line = line

    def check(self, flows: Sequence[Resource], pool: Executor) -> tuple[Problem, ...]:
        """
        Everything the server has to say about these flows.

        Raises:
            KestraError: It did not answer for each of them.
        """
        size = BATCH if self._line.multipart_validation else 1
        batches = [flows[start : start + size] for start in range(0, len(flows), size)]
        found = pool.map(self._batch, batches)
        return tuple(problem for problems in found for problem in problems)

    def _batch(self, flows: Sequence[Resource]) -> list[Problem]:
        results = self._transport.repeat(self._call(flows)).documents()
        by_place = {_place(result): result for result in results}
        if not by_place.keys() >= set(range(len(flows))):
            raise KestraError(
                f"validation: the server answered for {len(by_place)} of {len(flows)} flows",
                "check its version: syncd doctor",
            )
        return [problem for place, flow in enumerate(flows) for problem in _problems(flow, by_place[place])]

    def _call(self, flows: Sequence[Resource]) -> Call:
        if self._line.multipart_validation:
            parts = tuple(("flows", f"{place}.yml", flow.load()) for place, flow in enumerate(flows))
            return Call("POST", self._path, "validation", parts=parts)
        return Call(
            "POST", self._path, f"validation of {flows[0].key}", body=_one_document(flows[0].load()), media=YAML
        )


def _one_document(text: bytes) -> bytes:
    """The text with its document marker as a comment: older servers cut there and call what precedes it a bad flow."""
    return _MARKER.sub(lambda found: b"#" + found[0][1:], text)


def _place(result: dict[str, Any]) -> int:
    name = str(result.get("filename") or "").removesuffix(".yml")
    return int(name) if name.isdecimal() else int(result.get("index") or 0)


def _problems(flow: Resource, result: dict[str, Any]) -> Iterator[Problem]:
    for sentence in _sentences(str(result.get("constraints") or "")):
        yield _problem("SYN040", flow, sentence, Severity.ERROR)
    for sentence in result.get("warnings") or ():
        yield _problem("SYN041", flow, str(sentence), Severity.WARNING)
    for path in result.get("deprecationPaths") or ():
        yield _problem("SYN042", flow, f"{path} is deprecated", Severity.WARNING)
    for sentence in result.get("infos") or ():
        yield _problem("SYN042", flow, str(sentence), Severity.NOTE)


def _sentences(constraints: str) -> list[str]:
    """One sentence a violation; a parser's message stays whole, since its lines belong together."""
    text = constraints.removeprefix("Validation error: ").strip()
    return [text] if text and _WHOLE.search(text) else [line for line in text.splitlines() if line.strip()]


def _problem(code: str, flow: Resource, sentence: str, severity: Severity) -> Problem:
    found = _PLACE.search(sentence)
    line, column = (int(found[1]), int(found[2])) if found else (None, None)
    message = f"{flow.key}: {plain(sentence).removeprefix(': ')}"
    return Problem(code, message, flow.path, line, column, severity, flow.key)
