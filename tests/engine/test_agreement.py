"""The sandbox and the engines agree on what is valid, on what makes a revision, and on every byte that is stored."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings

from syncd.sandbox import PASSWORD, USERNAME, Dialect, running

from .flowtexts import FlowText, flow_texts
from .install import HERE
from .launch import RunningEngine

EXCEPTIONS: dict[str, dict[str, str]] = json.loads((HERE / "agreement_exceptions.json").read_text())
YAML = {"content-type": "application/x-yaml"}


@pytest.fixture(scope="session")
def pair(engine: RunningEngine) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Clients of an engine and of a sandbox that speaks its dialect."""
    dialect: Dialect = "1.3" if engine.line == "1.3" else "2.0"
    with engine.client() as real, running(dialect=dialect) as sandbox:
        login = (USERNAME, PASSWORD)
        with httpx.Client(base_url=f"{sandbox.url}/api/v1/main", auth=login, timeout=30) as double:
            yield real, double


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(flow=flow_texts())
def test_sandbox_and_engine_treat_a_flow_alike(pair: tuple[httpx.Client, httpx.Client], flow: FlowText) -> None:
    real, double = pair
    ours, theirs = behaviour(double, flow), behaviour(real, flow)
    for excepted in EXCEPTIONS.get(flow.writing, {}):
        del ours[excepted], theirs[excepted]
    assert ours == theirs


def behaviour(client: httpx.Client, flow: FlowText) -> dict[str, Any]:
    """What a client can observe while it validates, creates, repeats, changes and reads a flow."""
    text = flow.text.encode()
    verdict = client.post("/flows/validate", files=[("flows", ("flow.yml", text))]).json()[0]
    created = client.post("/flows", content=text, headers=YAML)
    seen: dict[str, Any] = {"valid": "constraints" not in verdict, "warnings": len(verdict.get("warnings", []))}
    seen["created"] = created.status_code
    if created.status_code == 200:
        seen |= _life(client, created.json(), text)
    return seen


def _life(client: httpx.Client, flow: dict[str, Any], text: bytes) -> dict[str, Any]:
    path = f"/flows/{flow['namespace']}/{flow['id']}"
    repeated = client.put(path, content=text, headers=YAML)
    changed = client.put(path, content=b"# changed\n" + text, headers=YAML)
    stored = client.get(path, params={"source": "true"}).json()
    return {
        "identity": (flow["namespace"], flow["id"]),
        "disabled": stored["disabled"],
        "repeated": (repeated.status_code, repeated.json().get("revision")),
        "changed": (changed.status_code, changed.json().get("revision")),
        "verbatim": stored["source"].encode() in (text, b"# changed\n" + text),
        "source": stored["source"],
    }
