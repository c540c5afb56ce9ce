"""The repository's first flow does on a real engine what it says."""

from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
GETTING_STARTED = ROOT / "flows/example/getting_started.yml"
YAML = {"content-type": "application/x-yaml"}


def test_getting_started_greets_the_world(client: httpx.Client) -> None:
    """The flow keeps its own namespace, so an earlier copy on a given server is replaced."""
    text = GETTING_STARTED.read_bytes()
    if client.get("/flows/example/getting_started").status_code == 200:
        stored = client.put("/flows/example/getting_started", content=text, headers=YAML)
    else:
        stored = client.post("/flows", content=text, headers=YAML)
    assert stored.status_code == 200, stored.text
    assert stored.json()["source"].encode() == text

    ended = client.post("/executions/example/getting_started", params={"wait": "true"}).json()
    assert ended["state"]["current"] == "SUCCESS"
    assert ended["flowRevision"] == stored.json()["revision"]
    read_back = client.get(f"/executions/{ended['id']}").json()
    assert read_back["state"]["current"] == "SUCCESS"
    messages = [entry["message"] for entry in client.get(f"/logs/{ended['id']}").json()]
    assert any("Hello World!" in message for message in messages), messages


def test_inputs_reach_the_tasks_and_have_their_defaults(client: httpx.Client, namespace: str) -> None:
    text = (
        f"id: greet\nnamespace: {namespace}\n"
        "inputs:\n  - {id: name, type: STRING}\n  - {id: mark, type: STRING, defaults: '?'}\n"
        "tasks:\n  - id: log\n    type: io.kestra.plugin.core.log.Log\n"
        "    message: 'Hello {{ inputs.name }}{{ inputs.mark }}'\n"
    )
    assert client.post("/flows", content=text, headers=YAML).status_code == 200
    ended = client.post(f"/executions/{namespace}/greet", params={"wait": "true"}, files={"name": (None, "Ada")}).json()
    assert ended["inputs"] == {"name": "Ada", "mark": "?"}
    assert "Hello Ada?" in [entry["message"] for entry in client.get(f"/logs/{ended['id']}").json()]
