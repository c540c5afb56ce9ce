"""What is called valid offline is what the engines accept, over mutations of flows; each difference has a reason."""

import json
import re
import uuid
from functools import cache
from typing import Any

import httpx
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.flowschema import LINES, Line
from syncd.flowtext import Identity, identity
from syncd.model import Severity
from syncd.schemas import document
from syncd.validate import Against, Source, Surroundings, check

from .flowtexts import FlowText, flow_texts
from .install import HERE
from .launch import RunningEngine

EXCEPTIONS: list[dict[str, str]] = json.loads((HERE / "validate_exceptions.json").read_text())
YAML = {"content-type": "application/x-yaml"}
CORE = "io.kestra.plugin.core."
HEAD = "id: f\nnamespace: engine.v{}\n"


def line_of(engine: RunningEngine) -> Line:
    return "1.3" if engine.line == LINES[0] else "2.0"


@cache
def engines_own(line: Line) -> Against:
    """The packaged schema as the server's own: the engines have no plugins, so that nothing is taken on trust."""
    return Against.server(line, document(line))


def errors(text: bytes, line: Line) -> list[str]:
    found = check(Source("flow.yml", text), engines_own(line), Surroundings())
    return [f"{each.code} {each.message}" for each in found if each.severity is Severity.ERROR]


def refusal(client: httpx.Client, text: bytes) -> str:
    """Why the engine does not take a flow; empty if it does. Nothing stays behind."""
    answer = client.post("/flows", content=text, headers=YAML)
    if answer.status_code != 200:
        return answer.text[:300] or str(answer.status_code)
    flow = answer.json()
    client.delete(f"/flows/{flow['namespace']}/{flow['id']}")
    return ""


def agree(client: httpx.Client, engine: RunningEngine, text: bytes) -> None:
    line = line_of(engine)
    ours, theirs = errors(text, line), refusal(client, text)
    if bool(ours) != bool(theirs) and not any(covers(each, ours, theirs) for each in listed(line)):
        pytest.fail(f"Kestra {line}\n{text.decode()}\nours: {ours}\ntheirs: {theirs}")


def listed(line: Line) -> list[dict[str, str]]:
    """The disagreements that are known of a line."""
    return [each for each in EXCEPTIONS if each.get("line", line) == line]


def covers(exception: dict[str, str], ours: list[str], theirs: str) -> bool:
    """Whether a disagreement is one that is listed with its reason."""
    said = exception.get("ours")
    if said:
        return bool(ours) and all(re.search(said, each) for each in ours)
    return bool(theirs) and re.search(exception["theirs"], theirs) is not None


def test_every_listed_disagreement_is_still_one(client: httpx.Client, engine: RunningEngine) -> None:
    line = line_of(engine)
    for exception in listed(line):
        text = (HEAD.format(uuid.uuid4().hex[:12]) + exception["text"]).encode()
        ours, theirs = errors(text, line), refusal(client, text)
        assert bool(ours) != bool(theirs), exception["name"]
        assert covers(exception, ours, theirs), (exception["name"], ours, theirs)
        assert exception["reason"]


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(flow=flow_texts())
def test_odd_writings_are_judged_alike(client: httpx.Client, engine: RunningEngine, flow: FlowText) -> None:
    agree(client, engine, flow.text.encode())


def base() -> dict[str, Any]:
    """A flow with something of everything."""
    return {
        "id": "mutated",
        "namespace": f"engine.m{uuid.uuid4().hex[:12]}",
        "description": "d",
        "labels": {"team": "data"},
        "inputs": [{"id": "x", "type": "STRING", "defaults": "d"}, {"id": "n", "type": "INT", "required": False}],
        "variables": {"a": 1, "b": {"c": [1, 2]}},
        "concurrency": {"limit": 2, "behavior": "QUEUE"},
        "tasks": [
            {"id": "log", "type": CORE + "log.Log", "message": "hi", "timeout": "PT5M"},
            {
                "id": "if",
                "type": CORE + "flow.If",
                "condition": "{{ true }}",
                "then": [{"id": "inner", "type": CORE + "debug.Return", "format": "x"}],
            },
            {
                "id": "get",
                "type": CORE + "http.Request",
                "uri": "http://localhost",
                "method": "GET",
                "headers": {"a": "b"},
                "retry": {"type": "constant", "interval": "PT1S", "maxAttempts": 2},
            },
            {"id": "call", "type": CORE + "flow.Subflow", "namespace": "a.b", "flowId": "other", "wait": True},
        ],
        "triggers": [{"id": "s", "type": CORE + "trigger.Schedule", "cron": "0 9 * * *", "timezone": "Europe/Berlin"}],
        "outputs": [{"id": "o", "type": "STRING", "value": "x"}],
    }


_VALUES = st.sampled_from(
    [None, "", "text", "0", "-1", "true", "PT1H", "P", "{{ x }}", 0, -1, 7, 1.5, True, False, [], ["a"], {}, {"a": "b"}]
)
_NAMES = st.sampled_from(["nope", "id", "type", "disabled", "description", "timeout", "Message", "tasks", "retry"])


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place below a value."""
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, each in items for found in [(*path, key), *paths(each, (*path, key))]]


def holder(value: Any, path: tuple[Any, ...]) -> Any:
    """What holds the place that a path ends in."""
    for step in path[:-1]:
        value = value[step]
    return value


@st.composite
def mutations(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A flow with one value changed, taken away, put in twice, or added; and what was done."""
    flow = base()
    path = draw(st.sampled_from([each for each in paths(flow) if each[0] not in {"namespace", "variables"}]))
    kept = holder(flow, path)
    act = draw(st.sampled_from(["replace", "remove", "twice", "add"]))
    if act == "replace":
        kept[path[-1]] = draw(_VALUES)
    elif act == "remove":
        del kept[path[-1]]
    elif act == "twice" and isinstance(kept, list):
        kept.append(kept[path[-1]])
    elif isinstance(kept, dict):
        kept.setdefault(draw(_NAMES), draw(_VALUES))
    return f"{act} {'.'.join(map(str, path))}", flow


@settings(max_examples=600, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(mutation=mutations())
def test_mutations_are_judged_alike(
    client: httpx.Client, engine: RunningEngine, mutation: tuple[str, dict[str, Any]]
) -> None:
    _, flow = mutation
    agree(client, engine, yaml.dump(flow, Dumper=_Plain, sort_keys=False, allow_unicode=True).encode())


class _Plain(yaml.SafeDumper):
    """Writes values out where they are there twice: Kestra follows no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


@pytest.mark.parametrize(
    "spelled",
    [
        "0123",
        "08",
        "0x1F",
        "0b11",
        "1_000",
        "1e3",
        "1e10",
        "1.50",
        "5.",
        "yes",
        "off",
        "y",
        "2026-01-02",
        "!!str 7",
        "&a x",
    ],
)
def test_a_flow_has_the_id_that_the_engine_gives_it(client: httpx.Client, namespace: str, spelled: str) -> None:
    text = f"id: {spelled}\nnamespace: {namespace}\ntasks: [{{id: t, type: {CORE}log.Log, message: x}}]\n".encode()
    saved = client.post("/flows", content=text, headers=YAML).json()
    assert identity(text) == Identity(saved["id"], namespace)
