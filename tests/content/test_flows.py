"""Every flow of this repository: in the right folder, valid in Kestra's schemas, on types that exist."""

import json
import re
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from syncd.flowschema import Line, load
from syncd.schemas import LINES, document

from .content import FLOWS, ROOT, types_of

NAMES = [str(path.relative_to(ROOT / "flows")) for path in FLOWS]
EXPECTED = {
    "example/getting_started.yml",
    "company.team/hello-world.yml",
    "zoomcamp/postgres_taxi.yml",
    "zoomcamp/postgres_taxi_scheduled.yml",
    "zoomcamp/gcp_kv.yml",
    "zoomcamp/gcp_setup.yml",
    "zoomcamp/gcp_taxi.yml",
    "zoomcamp/gcp_taxi_scheduled.yml",
    "zoomcamp/discord_alert.yml",
}


def test_the_systems_of_the_course_are_all_here() -> None:
    assert set(NAMES) == EXPECTED


@pytest.mark.parametrize("path", FLOWS, ids=NAMES)
def test_a_flow_lies_in_the_folder_of_its_namespace_under_its_own_id(path: Path) -> None:
    flow = yaml.safe_load(path.read_text())

    assert (flow["namespace"], flow["id"]) == (path.parent.name, path.stem)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("path", FLOWS, ids=NAMES)
def test_a_flow_is_valid_in_the_schema_of_the_server(path: Path, line: Line) -> None:
    """1.3 knows the core, script and Postgres plugins, 2.0 the core types; other types are checked by name, below."""
    schema = document(line)
    flow = yaml.safe_load(path.read_text())
    if not types_of(flow) <= _types(schema):
        return

    errors = [
        f"{list(error.instance_path)}: {error.message}"
        for error in jsonschema_rs.validator_for(schema).iter_errors(flow)
    ]

    assert errors == []


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("path", FLOWS, ids=NAMES)
def test_no_flow_has_a_property_that_either_line_refuses(path: Path, line: Line) -> None:
    """Plugins that a schema does not hold are passed over here; what surrounds them is not."""
    assert load(line).findings(yaml.safe_load(path.read_text())) == []


def test_the_flows_of_1_3_that_the_schema_knows_are_most_of_them() -> None:
    """Guards the test above: it must not pass because nothing was checked."""
    known = _types(document("1.3"))

    checked = {
        name for name, path in zip(NAMES, FLOWS, strict=True) if types_of(yaml.safe_load(path.read_text())) <= known
    }

    assert EXPECTED - checked == {"zoomcamp/gcp_setup.yml", "zoomcamp/gcp_taxi.yml", "zoomcamp/discord_alert.yml"}


@pytest.mark.parametrize("path", FLOWS, ids=NAMES)
def test_every_type_is_documented_with_its_source(path: Path) -> None:
    page = (ROOT / "docs" / "plugins.md").read_text()
    rows = dict(re.findall(r"^\| `(\S+)` \| (.+?) \| \[.+\]\(https://kestra\.io/plugins/\S+\) \|$", page, re.MULTILINE))

    for type_name in types_of(yaml.safe_load(path.read_text())):
        assert f"`{path.stem}`" in rows[type_name]


@pytest.mark.parametrize("path", FLOWS, ids=NAMES)
def test_a_flow_avoids_what_servers_trip_over(path: Path) -> None:
    """`{#` opens a Pebble comment, `---` cuts the body of some calls, and 2.0 refuses `pluginDefaults`."""
    text = path.read_text()

    assert "{#" not in text
    assert "---" not in text
    assert "pluginDefaults" not in text


@pytest.mark.parametrize("path", FLOWS, ids=NAMES)
def test_scripts_run_as_plain_processes(path: Path) -> None:
    flow = yaml.safe_load(path.read_text())

    for task in flow["tasks"]:
        if ".scripts." in task["type"]:
            assert task["taskRunner"]["type"] == "io.kestra.plugin.core.runner.Process"


def _types(schema: object) -> set[str]:
    return set(re.findall(r'"(io\.kestra\.plugin\.[\w.]+)"', json.dumps(schema)))
