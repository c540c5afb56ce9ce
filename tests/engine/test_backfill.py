"""A schedule that is told to catch up runs once for each date in the past, and each run knows its date."""

import time
from collections.abc import Callable
from typing import Any

import httpx

from .launch import RunningEngine

YAML = {"content-type": "application/x-yaml"}
PATIENCE_SECONDS = 90.0
FLOW = """\
id: monthly
namespace: {namespace}
tasks:
  - id: log
    type: io.kestra.plugin.core.log.Log
    message: "Month {{{{ trigger.date | date('yyyy-MM') }}}}"
triggers:
  - id: schedule
    type: io.kestra.plugin.core.trigger.Schedule
    cron: "0 9 1 * *"
"""


def eventually(read: Callable[[], Any], is_done: Callable[[Any], bool]) -> Any:
    """Reads until it is done; the scheduler works on its own time and offers no event to wait for."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_done(value := read()):
        assert time.monotonic() < deadline, f"not done after {PATIENCE_SECONDS:.0f} s: {value}"
        time.sleep(0.5)
    return value


def test_a_backfill_over_three_months_runs_once_for_each_month(
    engine: RunningEngine, client: httpx.Client, namespace: str
) -> None:
    created = client.post("/flows", content=FLOW.format(namespace=namespace), headers=YAML)
    assert created.status_code == 200, created.text
    eventually(lambda: client.get(f"/triggers/{namespace}/monthly").json(), lambda page: page["total"] == 1)

    trigger = {"namespace": namespace, "flowId": "monthly", "triggerId": "schedule"}
    span = {"start": "2026-01-01T00:00:00Z", "end": "2026-03-31T00:00:00Z", "inputs": {}, "labels": []}
    path = "/triggers" if engine.line == "1.3" else "/triggers/backfill/create"
    answer = client.put(path, json={**trigger, "backfill": span})
    assert answer.status_code == 200, answer.text

    page = eventually(
        lambda: client.get("/executions", params={"namespace": namespace, "flowId": "monthly", "size": 100}).json(),
        lambda page: sum(run["state"]["current"] == "SUCCESS" for run in page["results"]) >= 3,
    )
    dates = sorted(run["trigger"]["variables"]["date"] for run in page["results"])
    assert [date[:10] for date in dates] == ["2026-01-01", "2026-02-01", "2026-03-01"]
    logged = [client.get(f"/logs/{run['id']}").json() for run in page["results"]]
    messages = {entry["message"] for entries in logged for entry in entries}
    assert {"Month 2026-01", "Month 2026-02", "Month 2026-03"} <= messages
