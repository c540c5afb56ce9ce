"""The script that starts a backfill, against a server that only listens. Real schedulers are asked in tests/engine."""

import base64
import json
import os
import subprocess
import sys

import pytest

from .conftest import Website
from .content import ROOT

SCRIPT = ROOT / "namespaces" / "zoomcamp" / "files" / "scripts" / "backfill.py"


def run(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "KESTRA_URL": url,
        "KESTRA_USERNAME": "admin@kestra.io",
        "KESTRA_PASSWORD": "Admin1234",
    }
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("version", "path"), [("1.3.25", "/api/v1/main/triggers"), ("2.0.0", "/api/v1/main/triggers/backfill/create")]
)
def test_a_year_is_asked_for_with_its_last_month(website: Website, version: str, path: str) -> None:
    website.pages = {"/api/v1/configs": json.dumps({"version": version}).encode(), path: b"{}"}

    done = run(website.url, "postgres_taxi_scheduled", "green_schedule", "2019-01", "2019-12")

    assert (done.returncode, done.stderr) == (0, "")
    method, called, body = website.requests[-1]
    assert (method, called) == ("PUT", path)
    assert json.loads(body) == {
        "namespace": "zoomcamp",
        "flowId": "postgres_taxi_scheduled",
        "triggerId": "green_schedule",
        "backfill": {
            "start": "2019-01-01T00:00:00+00:00",
            "end": "2020-01-01T00:00:00+00:00",
            "inputs": {},
            "labels": [],
        },
    }
    assert website.authorizations[-1] == "Basic " + base64.b64encode(b"admin@kestra.io:Admin1234").decode()


def test_a_refusal_is_shown_with_its_address_and_status(website: Website) -> None:
    website.pages = {"/api/v1/configs": b'{"version": "1.3.25"}'}

    done = run(website.url, "nope", "green_schedule", "2019-01", "2019-01")

    assert done.returncode == 1
    assert "/api/v1/main/triggers answered 404" in done.stderr
    assert "Admin1234" not in done.stderr


def test_a_range_that_runs_backwards_is_refused_before_any_call(website: Website) -> None:
    done = run(website.url, "postgres_taxi_scheduled", "green_schedule", "2019-02", "2019-01")

    assert done.returncode == 2
    assert website.requests == []


def test_a_server_that_is_away_is_named() -> None:
    done = run("http://127.0.0.1:1", "postgres_taxi_scheduled", "green_schedule", "2019-01", "2019-01")

    assert done.returncode == 1
    assert "http://127.0.0.1:1/api/v1 cannot be reached" in done.stderr
