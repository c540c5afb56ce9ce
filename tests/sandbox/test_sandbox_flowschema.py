"""A finding names the exact property; known types, aliases and what 2.0 removed can be listed."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd import flowrules
from syncd.flowschema import LINES, Finding, Line, is_plugin, load
from syncd.sandbox.document import parse

from .conftest import LOG, flow

_KEYS = (
    *("id", "type", "tasks", "task", "dependsOn", "cases", "triggers", "labels", "inputs", "namespace", "flowId"),
    *("pluginDefaults", "pluginDefaultsRef", "ref", "cron", "timezone", "withSeconds", "minSatisfied", "key", "value"),
)
FLOWS = Path(__file__).parents[2] / "flows"


def findings(text: str, line: Line = "1.3") -> list[Finding]:
    return load(line).findings(parse(text))


@pytest.mark.parametrize(
    ("extra", "path", "kind"),
    [
        ("colour: red\n", ("colour",), "unknown-property"),
        ("concurrency: {limit: many}\n", ("concurrency", "limit"), "wrong-type"),
        ("concurrency: {limit: 0}\n", ("concurrency", "limit"), "out-of-bounds"),
        ("concurrency: {}\n", ("concurrency", "limit"), "missing"),
        ("inputs:\n  - {id: a, type: INT, nope: 1}\n", ("inputs", 0, "nope"), "unknown-property"),
        ("retry: {type: constant, interval: soon}\n", ("retry", "interval"), "wrong-type"),
        ("retry: {type: nope}\n", ("retry", "type"), "unknown-type"),
        ("labels: 5\n", ("labels",), "wrong-type"),
        ("variables: [1]\n", ("variables",), "wrong-type"),
    ],
)
@pytest.mark.parametrize("line", LINES)
def test_a_finding_names_the_property_and_not_the_branch(
    extra: str, path: tuple[str | int, ...], kind: str, line: Line
) -> None:
    assert [(each.path, each.kind) for each in findings(flow(extra=extra), line)] == [(path, kind)]


def test_tasks_inside_tasks_are_followed_into_branches_and_cases() -> None:
    inner = f"{{id: l, type: {LOG}, mesage: x}}"
    switch = f"{{id: s, type: io.kestra.plugin.core.flow.Switch, value: a, cases: {{yes: [{inner}]}}}}"
    dag = f"{{id: d, type: io.kestra.plugin.core.flow.Dag, tasks: [{{task: {inner}}}]}}"
    found = findings(f"id: a\nnamespace: b\ntasks: [{switch}, {dag}]\n")
    assert [each.path for each in found if each.kind == "unknown-property"] == [
        ("tasks", 0, "cases", "yes", 0, "mesage"),
        ("tasks", 1, "tasks", 0, "task", "mesage"),
    ]
    assert {each.owner for each in found} == {LOG}


@given(st.sampled_from(sorted(load("1.3").types["io.kestra.plugin.core.http.Request"].properties - {"type", "id"})))
def test_every_misspelled_property_is_found(name: str) -> None:
    text = f"id: a\nnamespace: b\ntasks: [{{id: r, type: io.kestra.plugin.core.http.Request, uri: x, {name}z: 1}}]\n"
    assert [each.path for each in findings(text)] == [("tasks", 0, f"{name}z")]


def test_every_flow_of_this_repository_is_valid_on_1_3() -> None:
    texts = {path: path.read_text("utf-8") for path in FLOWS.rglob("*.yml")}
    assert texts
    assert {path.name: findings(text) for path, text in texts.items() if findings(text)} == {}


def test_types_tell_their_properties_aliases_and_age() -> None:
    types = load("1.3").types
    assert types["io.kestra.core.tasks.log.Log"] is types[LOG]
    assert types[LOG].required >= {"id", "type", "message"}
    assert types["io.kestra.plugin.core.debug.Echo"].deprecated
    assert load("1.3").aliases["io.kestra.core.tasks.log.Log"] == LOG
    assert "io.kestra.plugin.scripts.python.Commands" in types


def test_what_2_0_removed_is_the_difference_of_the_lines() -> None:
    removed = load("1.3").types.keys() - load("2.0").types.keys()
    assert {"io.kestra.plugin.core.flow.ForEach", "io.kestra.core.tasks.log.Log"} <= removed
    assert LOG not in removed
    assert "pluginDefaults" in load("1.3").root.properties - load("2.0").root.properties


@pytest.mark.parametrize(
    ("name", "trusted"),
    [
        ("io.kestra.plugin.gcp.bigquery.Query", True),
        ("io.kestra.plugin.jdbc.duckdb.Query", True),
        ("io.kestra.plugin.jdbc.postgresql.Nope", False),
        ("io.kestra.plugin.core.Nope", False),
        ("io.kestra.plugin.core.log.Nope", False),
        ("io.kestra.plugin.nope.X", False),
        ("io.kestra.plugin.gcp.bigquery.query", False),
        ("io.example.Nope", False),
    ],
)
def test_only_catalogue_plugins_outside_the_schema_are_taken_on_trust(name: str, trusted: bool) -> None:
    assert load("1.3").accepts_unseen(name) == trusted
    assert not trusted or is_plugin(name)


def test_a_thousand_flows_of_4_kb_are_checked_in_well_under_three_seconds() -> None:
    """Parsing included, in processor time."""
    task = f"  - id: l%d\n    type: {LOG}\n    message: {'x' * 50}\n"
    text = "id: a\nnamespace: b\ntasks:\n" + "".join(task % number for number in range(36))
    assert len(text) > 4000
    assert findings(text) == []
    start = time.process_time()
    assert not any(findings(text) for _ in range(1000))
    assert time.process_time() - start < 3


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 9) | st.sampled_from(["", "x", LOG, "io.kestra.plugin.core.flow.Dag"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    max_leaves=25,
)


@given(st.dictionaries(st.sampled_from(_KEYS), _json), st.sampled_from(LINES))
def test_no_shape_of_flow_breaks_the_checks(value: dict[str, object], line: Line) -> None:
    found = [each.path for each in load(line).findings(value)]
    broken = [each.path for each in flowrules.breaches(value, line)]
    assert all(isinstance(path, tuple) for path in [*found, *broken])
