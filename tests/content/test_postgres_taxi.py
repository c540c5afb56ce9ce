"""`postgres_taxi`, run task by task from its own text against a real PostgreSQL."""

import gzip
from pathlib import Path

import pytest

from . import taxi
from .conftest import Website
from .content import flow, types_of
from .driver import Driver
from .pebble import Context
from .postgres import Postgres

ROWS = {("2019", "01"): 300, ("2019", "02"): 250}


@pytest.fixture
def tables(database: Postgres) -> Postgres:
    """The database without tables of an earlier test."""
    database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    return database


def load(database: Postgres, website: Website, storage: Path, kind: str, year: str, month: str) -> None:
    """One execution of the flow for one month, from a published file to the table."""
    text = flow("zoomcamp/postgres_taxi")
    file = f"{kind}_tripdata_{year}-{month}.csv"
    csv = taxi.month(kind, int(year), int(month), ROWS[year, month])
    website.pages[f"/{kind}/{file}.gz"] = gzip.compress(csv)
    inputs = {"taxi": kind, "year": year, "month": month}
    context = Context({"inputs": inputs, "vars": text["variables"], "outputs": {}}, kv={"csv_base_url": website.url})
    Driver(database, context, storage).run(text["tasks"])


@pytest.mark.parametrize("kind", ["yellow", "green"])
def test_two_months_loaded_twice_give_each_trip_once(
    tables: Postgres, website: Website, tmp_path: Path, kind: str
) -> None:
    for _ in range(2):
        for year, month in ROWS:
            load(tables, website, tmp_path, kind, year, month)

    assert tables.execute(f"SELECT count(*), count(DISTINCT unique_row_id) FROM public.{kind}_tripdata") == "550|550"
    per_file = tables.execute(f"SELECT filename, count(*) FROM public.{kind}_tripdata GROUP BY 1 ORDER BY 1")
    assert per_file.splitlines() == [f"{kind}_tripdata_2019-01.csv|300", f"{kind}_tripdata_2019-02.csv|250"]


@pytest.mark.parametrize("kind", ["yellow", "green"])
def test_every_cell_arrives_with_its_type(tables: Postgres, website: Website, tmp_path: Path, kind: str) -> None:
    load(tables, website, tmp_path, kind, "2019", "01")

    pickup = "tpep_pickup_datetime" if kind == "yellow" else "lpep_pickup_datetime"
    columns = (
        f"to_char({pickup}, 'YYYY-MM-DD HH24:MI:SS'), passenger_count, VendorID, fare_amount, congestion_surcharge"
    )
    stored = tables.execute(f"SELECT {columns} FROM public.{kind}_tripdata ORDER BY {pickup} LIMIT 20").splitlines()

    header, *lines = taxi.month(kind, 2019, 1, 300).decode().splitlines()
    names = header.split(",")
    trips = [dict(zip(names, line.split(","), strict=True)) for line in lines[:20]]
    assert stored == [
        "|".join(
            [
                trip[pickup],
                trip["passenger_count"].removesuffix(".0"),
                trip["VendorID"],
                f"{float(trip['fare_amount']):g}",
                f"{float(trip['congestion_surcharge']):g}",
            ]
        )
        for trip in trips
    ]


def test_the_two_types_do_not_touch_each_other(tables: Postgres, website: Website, tmp_path: Path) -> None:
    load(tables, website, tmp_path, "yellow", "2019", "01")
    load(tables, website, tmp_path, "green", "2019", "02")

    assert tables.execute("SELECT count(*) FROM public.yellow_tripdata") == "300"
    assert tables.execute("SELECT count(*) FROM public.green_tripdata") == "250"


def test_no_file_is_left_behind(tables: Postgres, website: Website, tmp_path: Path) -> None:
    load(tables, website, tmp_path, "green", "2019", "01")

    assert list(tmp_path.iterdir()) == []


def test_a_file_that_a_server_has_unpacked_on_the_way_loads_too(
    tables: Postgres, website: Website, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gzip, "compress", lambda content: content)

    load(tables, website, tmp_path, "yellow", "2019", "02")

    assert tables.execute("SELECT count(*) FROM public.yellow_tripdata") == "250"


def test_the_scheduled_flow_asks_the_same_flow_for_the_month_of_its_date() -> None:
    scheduled = flow("zoomcamp/postgres_taxi_scheduled")
    (task,) = scheduled["tasks"]

    assert (task["namespace"], task["flowId"]) == ("zoomcamp", "postgres_taxi")
    assert set(task["inputs"]) == {given["id"] for given in flow("zoomcamp/postgres_taxi")["inputs"]}
    crons = {trigger["id"]: (trigger["cron"], trigger["inputs"]["taxi"]) for trigger in scheduled["triggers"]}
    assert crons == {"green_schedule": ("0 9 1 * *", "green"), "yellow_schedule": ("0 10 1 * *", "yellow")}


def test_statements_survive_the_simple_way_older_plugins_split_them() -> None:
    """Plugin versions before the SQL lexer cut at every semicolon that is not followed by a quote."""
    for task in [*flow("zoomcamp/postgres_taxi")["tasks"][-2]["cases"]["yellow"]]:
        for line in task.get("sql", "").splitlines():
            assert ";" not in line.rstrip(";")
            assert "--" not in line
    assert "io.kestra.plugin.jdbc.postgresql.CopyIn" in types_of(flow("zoomcamp/postgres_taxi"))
