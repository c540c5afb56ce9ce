"""The flows of the course do on the engines what they are there for, as far as core types go."""

import gzip
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from .launch import RunningEngine

ROOT = Path(__file__).resolve().parents[2]
ZOOMCAMP = ROOT / "flows" / "zoomcamp"
BACKFILL = ROOT / "namespaces" / "zoomcamp" / "files" / "scripts" / "backfill.py"
YAML = {"content-type": "application/x-yaml"}
PATIENCE_SECONDS = 90.0


@pytest.fixture
def published() -> Iterator[tuple[str, list[str]]]:
    """A server that has every month of every taxi type, and the paths it was asked for."""
    asked: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = gzip.compress(b"VendorID\n1\n")
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Silence."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def text_of(flow: str, namespace: str) -> str:
    """A flow of the namespace zoomcamp, moved to another one."""
    return (ZOOMCAMP / f"{flow}.yml").read_text().replace("namespace: zoomcamp", f"namespace: {namespace}")


def core_only(node: Any) -> Any:
    """A flow in which each task of a plugin only shows what it would have been given."""
    if isinstance(node, list):
        return [core_only(item) for item in node]
    if not isinstance(node, dict):
        return node
    if str(node.get("type", "io.kestra.plugin.core")).startswith(("io.kestra.plugin.core", "SELECT")):
        return {name: core_only(value) for name, value in node.items()}
    shown = node["url"] + "\n" + node.get("sql", "")
    return {"id": node["id"], "type": "io.kestra.plugin.core.log.Log", "message": shown}


def store(client: httpx.Client, text: str) -> dict[str, Any]:
    answer = client.post("/flows", content=text, headers=YAML)
    assert answer.status_code == 200, answer.text
    stored: dict[str, Any] = answer.json()
    return stored


def load_flow(namespace: str, base_url: str) -> str:
    """`postgres_taxi` with core tasks in the place of scripts and SQL."""
    loaded = yaml.safe_load(text_of("postgres_taxi", namespace))
    flow = core_only({**loaded, "tasks": [task for task in loaded["tasks"] if task["id"] != "extract"]})
    for task in flow["tasks"][-2]["cases"]["yellow"] + flow["tasks"][-2]["cases"]["green"]:
        assert task["type"] == "io.kestra.plugin.core.log.Log"
    flow["variables"]["csv_base_url"] = base_url
    return str(yaml.safe_dump(flow, allow_unicode=True))


def test_gcp_kv_stores_what_it_is_given(client: httpx.Client, namespace: str) -> None:
    text = text_of("gcp_kv", namespace)
    assert store(client, text)["source"] == text

    inputs = {"project_id": (None, "my-own"), "bucket_name": (None, "my-own-zoomcamp")}
    ended = client.post(f"/executions/{namespace}/gcp_kv", params={"wait": "true"}, files=inputs).json()

    assert ended["state"]["current"] == "SUCCESS"
    keys = ("GCP_PROJECT_ID", "GCP_LOCATION", "GCP_BUCKET_NAME", "GCP_DATASET")
    values = [client.get(f"/namespaces/{namespace}/kv/{key}").json()["value"] for key in keys]
    assert values == ["my-own", "US", "my-own-zoomcamp", "zoomcamp"]


def test_a_load_goes_through_the_tasks_of_its_taxi_type_and_ends_with_the_purge_of_its_files(
    client: httpx.Client, namespace: str, published: tuple[str, list[str]]
) -> None:
    store(client, load_flow(namespace, published[0]))

    inputs = {"taxi": (None, "green"), "year": (None, "2020"), "month": (None, "07")}
    ended = client.post(f"/executions/{namespace}/postgres_taxi", params={"wait": "true"}, files=inputs).json()

    runs = client.get(f"/executions/{ended['id']}").json()["taskRunList"]
    assert ended["state"]["current"] == "SUCCESS"
    assert [run["taskId"] for run in runs] == [
        "label",
        "download",
        "load",
        "green_tables",
        "green_copy",
        "green_merge",
        "purge_files",
    ]
    assert published[1] == ["/green/green_tripdata_2020-07.csv.gz"]
    shown = [
        entry["message"] for entry in client.get(f"/logs/{ended['id']}").json() if entry["taskId"] == "green_merge"
    ]
    assert any(text.startswith("jdbc:postgresql://postgres_zoomcamp:5432/postgres-zoomcamp\n") for text in shown)
    assert any("filename = 'green_tripdata_2020-07.csv'" in text for text in shown)


def test_a_backfill_loads_each_month_of_its_range(
    engine: RunningEngine, client: httpx.Client, namespace: str, published: tuple[str, list[str]]
) -> None:
    store(client, load_flow(namespace, published[0]))
    store(client, text_of("postgres_taxi_scheduled", namespace))
    _wait(lambda: client.get(f"/triggers/{namespace}/postgres_taxi_scheduled").json()["total"] == 2)

    login = {"KESTRA_URL": engine.url, "KESTRA_USERNAME": engine.username, "KESTRA_PASSWORD": engine.password}
    command = [sys.executable, str(BACKFILL), "postgres_taxi_scheduled", "green_schedule", "2019-01", "2019-03"]
    subprocess.run([*command, "--namespace", namespace], env={**os.environ, **login}, check=True)

    query = {"namespace": namespace, "flowId": "postgres_taxi_scheduled", "size": "100"}
    _wait(lambda: _states(client, query) == ["SUCCESS"] * 3)
    assert published[1] == [f"/green/green_tripdata_2019-0{month}.csv.gz" for month in (1, 2, 3)]


def _states(client: httpx.Client, query: dict[str, str]) -> list[str]:
    results = client.get("/executions", params=query).json()["results"]
    return [run["state"]["current"] for run in results]


def _wait(is_done: Any) -> None:
    """The scheduler works on its own time and offers no event to wait for."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_done():
        assert time.monotonic() < deadline, f"not done after {PATIENCE_SECONDS:.0f} s"
        time.sleep(0.5)
