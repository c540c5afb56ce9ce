"""State is bounded in memory, quick, and survives a kill at any moment."""

import base64
import http.client
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.sandbox import PASSWORD, USERNAME, Store, running
from syncd.sandbox.verdict import judge

from .conftest import LOG, Box, flow

LOGIN = {"Authorization": "Basic " + base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()}
SERVE = (
    "import sys, pathlib; from syncd.sandbox import running\n"
    "with running(data=pathlib.Path(sys.argv[1])) as box:\n"
    "    print(box.url, flush=True)\n"
    "    sys.stdin.read()\n"
)


def large(flow_id: str) -> str:
    """A flow of about 4 KB."""
    tasks = "".join(f"  - id: l{number}\n    type: {LOG}\n    message: {'x' * 50}\n" for number in range(36))
    return f"id: {flow_id}\nnamespace: team\ntasks:\n{tasks}"


def test_a_killed_server_keeps_every_answered_write_and_nothing_half_written(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdin is not None
    port = int(child.stdout.readline().rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {**LOGIN, "Content-Type": "application/x-yaml"}
    for number in range(50):
        connection.request("POST", "/api/v1/main/flows", large(f"f{number}"), headers)
        assert connection.getresponse().read()
    connection.request("POST", "/api/v1/main/flows", large("last"), headers)
    os.kill(child.pid, signal.SIGKILL)  # the last answer may or may not have been sent
    child.wait()
    connection.close()
    child.stdin.close()
    child.stdout.close()
    store = Store(tmp_path)
    kept = {flow_id: source.decode() for _, flow_id, source in store.sources(store.names())}
    store.close()
    assert {f"f{number}" for number in range(50)} <= kept.keys() <= {f"f{number}" for number in range(50)} | {"last"}
    assert all(text == large(flow_id) for flow_id, text in kept.items())


def test_the_identity_of_the_server_is_kept_with_its_data(tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        store = Store(tmp_path)
        seen.append(store.instance)
        store.close()
    assert seen[0] == seen[1]
    other = Store()
    assert other.instance != seen[0]
    other.close()


def _fail_halfway(store: Store) -> None:
    with store.change():
        store.put_flow("team", "one", "text", {"tasks": []})
        store.put_flow("team", "two", "text", {"tasks": object()})


def test_a_failed_change_leaves_nothing_behind() -> None:
    store = Store()
    with pytest.raises(TypeError):
        _fail_halfway(store)
    assert store.names() == []
    store.close()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["put", "same", "delete", "disable"]), max_size=12))
def test_revisions_count_up_whatever_is_done_to_a_flow(steps: list[str]) -> None:
    with running() as sandbox:
        connection = http.client.HTTPConnection(sandbox.url.removeprefix("http://"))
        for number, step in enumerate(steps):
            _do(connection, step, number)
        connection.close()
        found = [each.revision for each in sandbox.store.revisions("team", "one")]
    assert found == list(range(1, len(found) + 1))


def _do(connection: http.client.HTTPConnection, step: str, number: int) -> None:
    text = flow(message="same" if step == "same" else f"m{number}")
    calls = {
        "put": [("POST", "/flows", text), ("PUT", "/flows/team/one", text)],
        "same": [("POST", "/flows", text), ("PUT", "/flows/team/one", text)],
        "delete": [("DELETE", "/flows/team/one", None)],
        "disable": [("POST", "/flows/disable/by-ids", json.dumps([{"namespace": "team", "id": "one"}]))],
    }
    for method, path, body in calls[step]:
        media = "application/json" if "by-ids" in path else "application/x-yaml"
        connection.request(method, "/api/v1/main" + path, body, {**LOGIN, "Content-Type": media})
        assert connection.getresponse().read() is not None


def test_500_writes_take_less_than_a_second_of_work() -> None:
    """Counted in processor time, so that a busy machine does not matter; routing and sockets come on top."""
    store = Store()
    start = time.process_time()
    for number in range(200):
        verdict = judge(flow(f"f{number}"), "1.3")
        store.put_flow("team", f"f{number}", flow(f"f{number}"), verdict.flow)
    assert time.process_time() - start < 200 / 500
    store.close()


def test_ten_thousand_flows_fit_in_300_mib_and_are_exported_in_3_seconds(old: Box) -> None:
    body = {"tasks": [{"id": f"l{number}", "type": LOG, "message": "x" * 50} for number in range(36)]}
    before = _resident()
    with old.store.change():
        for number in range(10_000):
            old.store.put_flow("team", f"f{number}", large(f"f{number}"), body)
    assert _resident() - before < 300 * 2**20
    start = time.process_time()
    answer = old.client.get("/api/v1/main/flows/export/by-query")
    assert time.process_time() - start < 3
    with zipfile.ZipFile(BytesIO(answer.content)) as archive:
        assert len(archive.namelist()) == 10_000


def _resident() -> int:
    """Bytes of memory that this process really holds."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
