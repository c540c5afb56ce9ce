"""The SQL of `gcp_taxi`, parsed as BigQuery's. It is not run: there is no BigQuery without an account."""

import pytest
import sqlglot
from sqlglot import expressions

from . import taxi
from .content import flow
from .pebble import Context

KV = {"GCP_PROJECT_ID": "my-project", "GCP_DATASET": "zoomcamp", "GCP_BUCKET_NAME": "my-bucket", "GCP_LOCATION": "US"}


def statements(kind: str) -> dict[str, sqlglot.Expr]:
    """The statements of one taxi type by task id, without the type in front."""
    text = flow("zoomcamp/gcp_taxi")
    context = Context({"inputs": {"taxi": kind, "year": "2019", "month": "01"}, "vars": text["variables"]}, KV)
    (switch,) = [task for task in text["tasks"] if task["id"] == "load"]
    rendered = {task["id"].removeprefix(f"{kind}_"): context.render(task["sql"]) for task in switch["cases"][kind]}
    return {name: sqlglot.parse_one(sql, dialect="bigquery") for name, sql in rendered.items()}


@pytest.mark.parametrize("kind", ["yellow", "green"])
def test_the_month_goes_from_the_bucket_over_a_temporary_table_into_the_table_of_all_months(kind: str) -> None:
    parsed = statements(kind)

    assert list(parsed) == ["table", "external_table", "temporary_table", "merge"]
    assert [type(statement) for statement in parsed.values()] == [expressions.Create] * 3 + [expressions.Merge]
    tables = {
        name: [table.name for table in statement.find_all(expressions.Table)] for name, statement in parsed.items()
    }
    assert tables["external_table"] == [f"{kind}_tripdata_2019_01_ext"]
    assert set(tables["temporary_table"]) == {f"{kind}_tripdata_2019_01_tmp", f"{kind}_tripdata_2019_01_ext"}
    assert set(tables["merge"]) == {f"{kind}_tripdata", f"{kind}_tripdata_2019_01_tmp"}


@pytest.mark.parametrize("kind", ["yellow", "green"])
def test_the_columns_are_those_of_the_file_in_its_order(kind: str) -> None:
    parsed = statements(kind)

    def columns(name: str) -> list[str]:
        return [column.name for column in parsed[name].find_all(expressions.ColumnDef)]

    assert columns("external_table") == taxi.COLUMNS[kind]
    assert columns("table") == ["unique_row_id", "filename", *taxi.COLUMNS[kind]]
    insert = parsed["merge"].find(expressions.Insert)
    assert insert is not None
    assert [column.name for column in insert.this.expressions] == columns("table")
    assert [column.name for column in insert.expression.expressions] == columns("table")


@pytest.mark.parametrize("kind", ["yellow", "green"])
def test_a_merge_only_ever_adds_rows(kind: str) -> None:
    (when,) = statements(kind)["merge"].find_all(expressions.When)

    assert when.args["matched"] is False


def test_every_google_cloud_task_names_project_and_account() -> None:
    """Without `pluginDefaults`, which 2.0 refuses, each task has to say it."""
    text = flow("zoomcamp/gcp_taxi")
    tasks = [*text["tasks"], *text["tasks"][3]["cases"]["yellow"], *text["tasks"][3]["cases"]["green"]]

    for task in [*tasks, *flow("zoomcamp/gcp_setup")["tasks"]]:
        if ".gcp." in task["type"]:
            assert task["projectId"] == "{{ kv('GCP_PROJECT_ID') }}"
            assert task["serviceAccount"] == "{{ secret('GCP_SERVICE_ACCOUNT') }}"


def test_the_keys_that_are_read_are_the_ones_that_gcp_kv_stores() -> None:
    stored = {task["key"] for task in flow("zoomcamp/gcp_kv")["tasks"]}

    assert stored == set(KV)
