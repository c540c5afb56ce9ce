"""Every property of every core type, given every kind of value: the sandbox and the engine give the same verdict."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest
import yaml

from syncd.flowschema import FlowType, Line, load
from syncd.sandbox.refusal import Refused
from syncd.sandbox.verdict import judge
from syncd.schemas import document

from .launch import RunningEngine

LOG = {"id": "inner", "type": "io.kestra.plugin.core.log.Log", "message": "x"}
VALUES: tuple[Any, ...] = ("x", 5, True, ["a"], {"a": "b"}, None, "", -1, 1.5, [5], [{"a": 1}])
NEEDED: dict[str, Any] = {
    "checkFrequency": {"interval": "PT5S"},
    "conditions": ["{{ true }}"],
    "cron": "0 0 * * *",
    "dates": ["2026-01-01T00:00:00Z"],
    "interval": "PT5M",
    "namespace": "a.b",
    "tasks": [LOG],
    "then": [LOG],
    "values": {"a": "b"},
    "variables": {"a": "b"},
}
TASKS = {"defaults", "else", "errors", "finally", "onPause", "tasks", "then"}
BATCH = 100
# What may differ, and why.
EXCEPTIONS = {
    "no task": "the engines read a bare word in the place of a task as no task at all; the sandbox calls it a mistake",
    "ForEach.concurrencyLimit": "the engine reads empty text as no value and asks for one, which no schema says",
    "Loop.concurrencyLimit": "as for ForEach",
    "Toggle.enabled": "as for ForEach",
    "Schedule.lateMaximumDelay": "2.0 refuses a negative delay, which no schema says",
}


class Case(NamedTuple):
    type_name: str
    property: str
    value: Any
    text: str


def slots(line: Line) -> dict[str, str]:
    """The types that a flow lists as tasks or as triggers, plugins aside."""
    flow = document(line)["definitions"]["io.kestra.core.models.flows.Flow"]["properties"]
    named = {name: [branch["$ref"] for branch in flow[name]["items"]["anyOf"]] for name in ("tasks", "triggers")}
    found = {reference.rpartition("/")[2]: name for name, references in named.items() for reference in references}
    return {name: slot for name, slot in found.items() if ".plugin.core." in name}


def cases(line: Line) -> Iterator[Case]:
    for name, slot in slots(line).items():
        known = load(line).types[name]
        whole = {"id": "o", "type": name, **{key: NEEDED.get(key, "x") for key in known.required - {"id", "type"}}}
        yield from _cases(known, whole, slot)


def _cases(known: FlowType, whole: dict[str, Any], slot: str) -> Iterator[Case]:
    yield Case(known.name, "zzz", 1, _flow(slot, {**whole, "zzz": 1}))
    for name in sorted(known.required):
        yield Case(known.name, name, "left out", _flow(slot, {key: whole[key] for key in whole if key != name}))
    for name in sorted(known.properties - {"type"}):
        for value in VALUES:
            yield Case(known.name, name, value, _flow(slot, {**whole, name: value}))


def _flow(slot: str, part: dict[str, Any]) -> str:
    flow = {"id": "f", "namespace": "schema.agreement", "tasks": [{**LOG, "id": "first"}]}
    return yaml.safe_dump({**flow, slot: [part]}, sort_keys=False)


def verdicts(client: httpx.Client, texts: list[str]) -> list[bool]:
    """Whether an engine accepts each text."""
    found: list[bool] = []
    for start in range(0, len(texts), BATCH):
        parts = [("flows", (f"{index}.yml", text.encode())) for index, text in enumerate(texts[start : start + BATCH])]
        found += ["constraints" not in each for each in client.post("/flows/validate", files=parts).json()]
    return found


def accepts(text: str, line: Line) -> bool:
    try:
        return not judge(text, line).violations
    except Refused:
        return False


def excepted(case: Case) -> bool:
    if case.property in TASKS:
        return not isinstance(case.value, dict)
    return f"{case.type_name.rpartition('.')[2]}.{case.property}" in EXCEPTIONS


def test_sandbox_and_engine_agree_on_every_property_of_every_core_type(
    engine: RunningEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    line: Line = "1.3" if engine.line == "1.3" else "2.0"
    tried = list(cases(line))
    with engine.client() as client:
        theirs = verdicts(client, [case.text for case in tried])
    differing = [case for case, valid in zip(tried, theirs, strict=True) if accepts(case.text, line) != valid]
    unlisted = [case for case in differing if not excepted(case)]
    with capsys.disabled():
        agreed, listed = len(tried) - len(differing), len(differing) - len(unlisted)
        print(f"\nKestra {engine.version}: {agreed} of {len(tried)} verdicts agree, {listed} are listed")  # noqa: T201
    assert [(case.type_name, case.property, json.dumps(case.value)) for case in unlisted] == []
