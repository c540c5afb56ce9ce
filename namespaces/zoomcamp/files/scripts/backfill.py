"""Run a scheduled flow once for every month of a range, as "Backfill executions" in Kestra's UI does.

    python backfill.py postgres_taxi_scheduled green_schedule 2019-01 2019-12

Needs nothing but Python. Where Kestra is: KESTRA_URL (http://localhost:8080), KESTRA_TENANT (main),
KESTRA_USERNAME and KESTRA_PASSWORD. Speaks to Kestra 1.x and 2.x.
"""

import argparse
import base64
import json
import os
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any

ROOT = os.environ.get("KESTRA_URL", "http://localhost:8080").rstrip("/") + "/api/v1"
TENANT = os.environ.get("KESTRA_TENANT", "main")


def call(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """The JSON that Kestra answers. Raises urllib.error.HTTPError for any status above 299."""
    login = f"{os.environ.get('KESTRA_USERNAME', '')}:{os.environ.get('KESTRA_PASSWORD', '')}"
    headers = {
        "Authorization": "Basic " + base64.b64encode(login.encode()).decode(),
        "Content-Type": "application/json",
    }
    data = None if body is None else json.dumps(body).encode()

    request = urllib.request.Request(ROOT + path, data=data, method=method, headers=headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.load(answer)


def month(text: str) -> datetime:
    """The first moment of a month written as 2019-01."""
    return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)


def month_after(start: datetime) -> datetime:
    """The first moment of the next month: the end of a backfill that includes this one."""
    years, months = divmod(start.month, 12)
    return start.replace(year=start.year + years, month=months + 1)


def backfill(namespace: str, flow: str, trigger: str, first: datetime, last: datetime) -> None:
    """Asks Kestra for one execution for each date of the schedule from `first` to the end of the month `last`."""
    span = {"start": first.isoformat(), "end": month_after(last).isoformat(), "inputs": {}, "labels": []}
    body = {"namespace": namespace, "flowId": flow, "triggerId": trigger, "backfill": span}
    version = str(call("GET", "/configs").get("version", "1"))
    path = f"/{TENANT}/triggers" if version.startswith(("0.", "1")) else f"/{TENANT}/triggers/backfill/create"
    call("PUT", path, body)


def main() -> int:
    """Parses the command line, starts the backfill, says what went wrong if anything did."""
    parser = argparse.ArgumentParser(description="Run a scheduled flow once for every month of a range.")
    parser.add_argument("flow", help="for example postgres_taxi_scheduled")
    parser.add_argument("trigger", help="for example green_schedule")
    parser.add_argument("first", type=month, help="first month, as in 2019-01")
    parser.add_argument("last", type=month, help="last month, included")
    parser.add_argument("--namespace", default="zoomcamp")
    options = parser.parse_args()
    if options.last < options.first:
        parser.error("the last month is before the first")
    try:
        backfill(options.namespace, options.flow, options.trigger, options.first, options.last)
    except urllib.error.HTTPError as error:
        print(f"{error.url} answered {error.code}: {error.read().decode(errors='replace')[:500]}", file=sys.stderr)
        return 1
    except urllib.error.URLError as error:
        print(f"{ROOT} cannot be reached: {error.reason}. Set KESTRA_URL.", file=sys.stderr)
        return 1
    print(f"Started. Watch it under Flows > {options.flow} > Executions.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
