"""The sandbox refuses what Kestra refuses, in its words, and accepts what it accepts."""

import pytest

from .conftest import LOG, Box, flow

SCHEDULE = "triggers:\n  - {id: t, type: io.kestra.plugin.core.trigger.Schedule, %s}\n"
SEQUENTIAL = "io.kestra.plugin.core.flow.Sequential"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id: a\nid: b\nnamespace: team\n", "Duplicate field 'id'"),
        ("id: a\nnamespace: team\ntasks: [\n", "expected the node content, but found '<stream end>'"),
        ("hello", "Cannot deserialize"),
        ("# nothing\n", "No content to map"),
        (flow(extra="colour: red\n"), 'Unrecognized field "colour" (class io.kestra.core.models.flows.FlowWithSource)'),
        (flow(extra="variables: {a: .inf}\n"), "Malformed numeric value '.inf'"),
        (flow(extra="disabled: perhaps\n"), "disabled must be true or false"),
        (flow("bad id"), 'id: must match "^[a-zA-Z0-9][a-zA-Z0-9._-]*"'),
        (flow("x" * 101), "id: size must be between 1 and 100"),
        (flow(namespace="Team"), 'namespace: must match "^[a-z0-9][a-z0-9._-]*"'),
        ("id: a\nnamespace: team\n", "tasks: must not be empty"),
        (f"id: a\nnamespace: team\ntasks: [{{id: l, type: {LOG}}}]\n", "message: must not be null"),
        (f"id: a\nnamespace: team\ntasks: [{{id: l, type: {LOG}, mesage: x}}]\n", 'Unrecognized field "mesage"'),
        ("id: a\nnamespace: team\ntasks: [{id: l, type: io.kestra.plugin.core.Nope}]\n", "Invalid type: io.kestra"),
        ("id: a\nnamespace: team\ntasks: [{id: l, type: io.kestra.plugin.nope.X}]\n", "Invalid type: io.kestra"),
        ("id: a\nnamespace: team\ntasks: [{id: l}]\n", "Invalid type: null"),
        (f"id: a\nnamespace: team\ntasks: [{{id: g, type: {SEQUENTIAL}}}]\n", "The 'tasks' property cannot be empty"),
        (flow(extra=f"errors: [{{id: log, type: {LOG}, message: x}}]\n"), "Duplicate task id with name [log]"),
        (flow(extra="inputs: [{id: a, type: STRING}, {id: a, type: INT}]\n"), "Duplicate input with name [a]"),
        (flow(extra="inputs: [{id: a, type: STRINGS}]\n"), "Invalid type: STRINGS"),
        (flow(extra="labels: {system.foo: x}\n"), "System labels can only be set by Kestra itself"),
        (flow(extra="labels: {Team: x}\n"), "Invalid label key"),
        (flow(extra=SCHEDULE % "cron: nonsense"), "Cron expression contains 1 parts but we expect one of [5]"),
        (flow(extra=SCHEDULE % "cron: '60 * * * *'"), "Value 60 not in range [0, 59]"),
        (flow(extra=SCHEDULE % "cron: '@daily', timezone: Mars/Base"), "is not a valid time-zone ID"),
    ],
)
def test_a_flow_is_refused_in_kestras_words(box: Box, text: str, reason: str) -> None:
    refused = box.post(text)
    assert refused.status_code == 422
    assert reason in (refused.json().get("message") or refused.json()["detail"])
    assert reason in box.validate(text)["constraints"]


@pytest.mark.parametrize(
    "text",
    [
        flow(extra="disabled: yes\n"),
        flow(extra="description: 5\n"),
        flow(extra="concurrency: {limit: '5'}\n"),
        flow(extra="retry: {type: constant, interval: PT5M}\n"),
        flow(extra="labels:\n  - {key: team, value: data}\n"),
        flow(extra=SCHEDULE % "cron: '0 0 * * MON-FRI'"),
        flow(extra=SCHEDULE % "cron: '0 0 0 * * *', withSeconds: true"),
        flow(message="'{{ inputs.x }}'"),
        flow(message="[a, b]"),
        flow() + "---\nid: [\n",
        "\ufeff" + flow(),
        flow().replace("\n", "\r\n"),
    ],
)
def test_a_flow_is_accepted_and_stored_to_the_byte(box: Box, text: str) -> None:
    assert "constraints" not in box.validate(text)
    assert box.post(text).status_code == 200
    stored = box.store.flow("team", "one")
    assert stored is not None
    assert stored.source == text


@pytest.mark.parametrize(
    "type_name",
    ["io.kestra.plugin.gcp.gcs.Upload", "io.kestra.plugin.discord.DiscordExecution", "io.kestra.plugin.dbt.cli.DbtCLI"],
)
def test_a_plugin_of_the_catalogue_is_taken_on_trust(box: Box, type_name: str) -> None:
    """The one listed exception: a core-only server calls these invalid; a newcomer's server has the plugins."""
    text = f"id: a\nnamespace: team\ntasks: [{{id: l, type: {type_name}, anything: [1]}}]\n"
    assert "constraints" not in box.validate(text)


def test_the_plugins_of_the_1_3_schema_are_checked_to_the_property(old: Box) -> None:
    script = "id: a\nnamespace: team\ntasks: [{id: l, type: io.kestra.plugin.scripts.python.Script, %s}]\n"
    assert "constraints" not in old.validate(script % "script: 'print(1)'")
    assert 'Unrecognized field "scripts"' in old.validate(script % "scripts: 'print(1)'")["constraints"]


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ("pluginDefaults: [{type: a, values: {b: c}}]\n", 'Unrecognized field "pluginDefaults"'),
        ("taskDefaults: [{type: a, values: {b: c}}]\n", 'Unrecognized field "taskDefaults"'),
        ("listeners: []\n", 'Unrecognized field "listeners"'),
        (SCHEDULE % "cron: '@daily', conditions: []", 'Unrecognized field "conditions"'),
        (SCHEDULE.replace("Schedule", "Flow") % "preconditions: {id: p}", 'Unrecognized field "preconditions"'),
        ("errors: [{id: e, type: io.kestra.plugin.core.flow.ForEach, values: '[1]', tasks: []}]\n", "Invalid type"),
        ("errors: [{id: e, type: io.kestra.core.tasks.log.Log, message: x}]\n", "Invalid type"),
    ],
)
def test_what_2_0_removed_is_refused_there_only(new: Box, extra: str, reason: str) -> None:
    assert reason in new.validate(flow(extra=extra))["constraints"]


def test_reserved_ids_are_refused_on_1_3_only(old: Box, new: Box) -> None:
    assert "reserved keyword: search" in old.post(flow("search")).json()["message"]
    assert new.post(flow("search")).status_code == 200


def test_an_older_type_name_works_on_1_3_and_is_told_in_infos(old: Box) -> None:
    text = "id: a\nnamespace: team\ntasks: [{id: l, type: io.kestra.core.tasks.log.Log, message: x}]\n"
    report = old.validate(text)
    assert report["infos"] == ["io.kestra.core.tasks.log.Log is replaced by io.kestra.plugin.core.log.Log"]
    assert "constraints" not in report


def test_deprecated_types_and_properties_are_told_by_path(old: Box) -> None:
    echo = "{id: l, type: io.kestra.plugin.core.debug.Echo, format: x}"
    text = f"id: a\nnamespace: team\ntaskDefaults: []\ntasks: [{echo}]\n"
    assert old.validate(text)["deprecationPaths"] == ["taskDefaults", "tasks[0]"]


def test_a_missing_subflow_is_a_warning_until_it_is_there(box: Box) -> None:
    subflow = "{id: c, type: io.kestra.plugin.core.flow.Subflow, namespace: team, flowId: one}"
    call = f"id: a\nnamespace: team\ntasks: [{subflow}]\n"
    assert box.validate(call)["warnings"] == ["The subflow 'one' not found in namespace 'team'."]
    box.post(flow())
    assert box.validate(call)["warnings"] == []


def test_an_update_must_keep_id_and_namespace(box: Box) -> None:
    box.post(flow())
    for text in (flow("two"), flow(namespace="other")):
        assert box.put("team", "one", text).status_code == 422


def test_violations_are_spelled_by_index_on_1_3_and_by_id_on_2_0(old: Box, new: Box) -> None:
    text = f"id: a\nnamespace: team\ntasks: [{{id: l, type: {LOG}}}]\n"
    assert old.post(text).json()["_embedded"]["errors"][0]["path"] == "tasks[0].message"
    assert new.post(text).json()["errors"][0]["path"] == "tasks[l].message"
