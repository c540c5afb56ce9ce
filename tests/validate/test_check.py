"""What is said of one flow: which rule, how grave, and on which line and column."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from syncd.schemas import document
from syncd.validate import RULES, Against, Source, Surroundings, check, surroundings
from tests.flowtext.texts import flow_like, odd_flow

LOG = "  - id: log\n    type: io.kestra.plugin.core.log.Log\n    message: hi\n"
HEAD = "id: f\nnamespace: company.team\n"


def said(text: str, against: Against | None = None, around: Surroundings | None = None) -> list[str]:
    found = check(Source("f.yml", text.encode()), against or Against(), around or Surroundings())
    return [f"{each.code} {each.severity} {each.line}:{each.column}" for each in found]


def flow(tasks: str = LOG, rest: str = "") -> str:
    return f"{HEAD}tasks:\n{tasks}{rest}"


def test_a_sound_flow_is_not_talked_about() -> None:
    assert said(flow()) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id: [\n\n", ["SYN001 error 1:6"]),
        ('id: a\nx: "never\ncloses\n', ["SYN001 error 2:4"]),
        ("- a\n", ["SYN002 error 1:None"]),
        (flow() + "---\n" + flow(), ["SYN003 error 7:1"]),
        (flow(LOG + "    message: ho\n"), ["SYN050 error 7:5"]),
        (flow(rest="? [a]\n: b\n"), ["SYN001 error 7:3", "SYN051 error 7:3"]),
        (flow(rest="colour: red\n"), ["SYN051 error 7:1"]),
        (flow(LOG.replace("message", "mesage")), ["SYN053 error 4:5", "SYN051 error 6:5"]),
        (flow(LOG.replace("log.Log", "log.Logg")), ["SYN052 error 5:11"]),
        (flow("  - id: x\n    type: io.kestra.plugin.core.log.Log\n"), ["SYN053 error 4:5"]),
        (flow(rest="disabled: perhaps\n"), ["SYN054 error 7:11"]),
        (flow(rest="concurrency:\n  limit: 0\n"), ["SYN055 error 8:10"]),
        (flow(LOG + LOG), ["SYN056 error 7:9"]),
        (flow(rest="inputs:\n  - id: a\n    type: STRING\n  - id: a\n    type: INT\n"), ["SYN056 error 10:9"]),
        (flow(rest="labels:\n  system.x: y\n"), ["SYN057 error 7:1"]),
        (flow(rest="labels:\n  A: y\n"), ["SYN057 error 8:3"]),
        (
            flow(rest="triggers:\n  - id: t\n    type: io.kestra.plugin.core.trigger.Schedule\n    cron: nonsense\n"),
            ["SYN058 error 10:5"],
        ),
        (flow(LOG.replace("core.log.Log", "acme.Thing")), ["SYN059 note 5:11"]),
        (flow(LOG.replace("io.kestra.plugin.core.log.Log", "com.acme.Thing")), ["SYN059 note 5:11"]),
        (flow("  - id: s\n    type: io.kestra.plugin.scripts.python.Scrpt\n"), ["SYN052 warning 5:11"]),
        (flow("  - id: s\n    type: io.kestra.plugin.gcp.bigquery.Query\n    sql: x\n"), []),
        (
            flow("  - id: s\n    type: io.kestra.plugin.scripts.python.Script\n    script: x\n    scrip: y\n"),
            ["SYN051 warning 7:5"],
        ),
        (
            flow("  - id: e\n    type: io.kestra.core.tasks.log.Log\n    message: x\n"),
            ["SYN060 warning 5:11", "SYN062 warning 5:11"],
        ),
        (f"id: search\nnamespace: a\ntasks:\n{LOG}", ["SYN064 warning 1:5"]),
        (
            f"id: 0123\nnamespace: a\ntasks:\n{LOG}",
            ["SYN082 warning 1:5"],
        ),
        (
            flow(rest="variables:\n  a: &a {k: v}\n  b: *a\n  c: {<<: *a}\n"),
            ["SYN081 warning 9:6", "SYN081 warning 10:7", "SYN081 warning 10:11"],
        ),
        (flow(LOG.replace("hi", '"{{ outputs.nope.value }}"')), ["SYN073 warning 6:26"]),
        (flow(LOG.replace("hi", "\"{{ outputs.log.value }} {{ outputs['log'].value }}\"")), []),
        (flow(LOG.replace("hi", "\"{{ outputs.nope.value ?? 'x' }}\"")), []),
        (flow(LOG.replace("hi", '"{{ inputs.nope }}"')), ["SYN074 warning 6:25"]),
        (flow(LOG.replace("hi", '"{{ inputs.a }}"'), "inputs:\n  - id: a\n    type: STRING\n"), []),
        (
            flow(LOG.replace("id: log", "id: my-task").replace("hi", '"{{ outputs.my-task.value }}"')),
            ["SYN075 warning 6:26"],
        ),
        (flow(LOG.replace("hi", "|\n      echo ${#list[@]}")), ["SYN076 warning 7:13"]),
        (flow(LOG.replace("hi", "|\n      {% raw %}echo ${#list[@]}{% endraw %}")), []),
        (flow(LOG.replace("hi", '"{# a note #} x"')), []),
        (flow(rest="variables:\n  db_password: hunter22\n"), ["SYN080 warning 8:16"]),
        (flow(rest="variables:\n  db_password: \"{{ secret('X') }}\"\n"), []),
        (flow(rest="variables:\n  x: ghp_" + "a" * 36 + "\n"), ["SYN080 warning 8:6"]),
        (flow(LOG.replace("hi", "|\n      one\n      psql postgres://me:hunter22@db/x")), ["SYN080 warning 8:12"]),
    ],
)
def test_each_rule_speaks_of_its_own_line(text: str, expected: list[str]) -> None:
    assert said(text) == expected


REMOVED = (
    "  - id: e\n    type: io.kestra.plugin.core.flow.EachSequential\n    value: '[1]'\n    tasks:\n"
    "      - id: l\n        type: io.kestra.plugin.core.log.Log\n        message: x\n"
)
DEPENDS = (
    "triggers:\n  - id: t\n    type: io.kestra.plugin.core.trigger.Flow\n"
    "    dependsOn:\n      - namespace: a\n        flowId: x\n"
)


def test_what_only_one_line_accepts_is_a_warning_until_the_target_is_known() -> None:
    both = said(flow(REMOVED))
    assert "SYN062 warning 5:11" in both
    assert not any("error" in each for each in both)
    assert any("error" in each for each in said(flow(REMOVED), Against("2.0")))
    assert not any("error" in each for each in said(flow(REMOVED), Against("1.3")))
    assert said(flow(rest=DEPENDS)) == ["SYN063 warning 10:5"]
    assert said(flow(rest=DEPENDS), Against("2.0")) == []


def test_a_schedule_that_2_0_would_not_start_is_told() -> None:
    schedule = "triggers:\n  - id: t\n    type: io.kestra.plugin.core.trigger.Schedule\n    cron: '@daily'\n"
    text = flow(rest="inputs:\n  - id: x\n    type: STRING\n" + schedule)
    assert said(text) == ["SYN062 warning 11:5"]
    assert said(text, Against("2.0")) == ["SYN057 error 11:5"]
    assert said(text + "    inputs: {x: y}\n") == []


def test_a_flow_that_both_lines_refuse_has_errors() -> None:
    assert "SYN051 error 11:5" in said(flow(REMOVED, "") + "    nope: 1\n")


def test_a_servers_own_schema_knows_every_type_it_has() -> None:
    own = Against.server("1.3", document("1.3"))
    text = flow("  - id: s\n    type: io.kestra.plugin.gcp.bigquery.Query\n    sql: x\n")
    assert said(text, own) == ["SYN052 error 5:11"]


def test_a_message_never_repeats_a_secret() -> None:
    text = flow(rest="variables:\n  password: hunter22\n  x: ghp_" + "a" * 36 + "\n")
    found = check(Source("f.yml", text.encode()), Against(), Surroundings())
    assert len(found) == 2
    assert not any("hunter22" in repr(each) or "aaaa" in repr(each) for each in found)


def test_a_comment_on_the_line_silences_one_rule_or_all() -> None:
    line = "variables:\n  db_password: hunter22 # syncd: ignore{}\n"
    assert said(flow(rest=line.format(""))) == []
    assert said(flow(rest=line.format(" SYN080"))) == []
    assert said(flow(rest=line.format(" SYN081, SYN080"))) == []
    assert said(flow(rest=line.format(" SYN081"))) == ["SYN080 warning 8:16"]


CALL = "  - id: c\n    type: io.kestra.plugin.core.flow.Subflow\n    namespace: {}\n    flowId: {}\n"
READ = LOG.replace("hi", "\"{{{{ read('{}') }}}}\"")


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        (CALL.format("company.team", "other"), []),
        (CALL.format("company.team", "nope"), ["SYN070 warning 6:16"]),
        (CALL.format("elsewhere", "nope"), []),
        (CALL.format('"{{ flow.namespace }}"', "nope"), ["SYN070 warning 6:17"]),
        (READ.format("q.sql"), []),
        (READ.format("nope.sql"), ["SYN071 warning 6:24"]),
        (LOG.replace("hi", "nsfile:///nope.sql"), ["SYN071 warning 6:24"]),
        (LOG.replace("hi", "\"{{ kv('KNOWN') }} {{ kv('SET') }} {{ kv('PARENT') }}\""), []),
        (LOG.replace("hi", "\"{{ kv('NOPE') }}\""), ["SYN072 warning 6:22"]),
    ],
)
def test_what_is_named_is_looked_for_in_the_repository(tasks: str, expected: list[str]) -> None:
    setter = "  - {id: s, type: io.kestra.plugin.core.kv.Set, key: SET, value: x}\n"
    around = surroundings(
        [Source("f.yml", flow(tasks).encode()), Source("o.yml", flow(setter).replace("id: f", "id: other").encode())],
        [("company.team", "q.sql")],
        {"company.team": ["KNOWN"], "company": ["PARENT"]},
    )
    assert said(flow(tasks), around=around) == expected


def test_where_a_flow_uploads_files_their_absence_in_git_means_nothing() -> None:
    writer = LOG + "  - {id: u, type: io.kestra.plugin.core.namespace.UploadFiles, namespace: company.team}\n"
    around = surroundings([Source("w.yml", flow(writer).encode())], [("company.team", "q.sql")], {})
    assert said(flow(READ.format("nope.sql")), around=around) == []


@settings(max_examples=200, deadline=None)
@given(flow_like() | odd_flow())
def test_every_problem_has_a_known_code_and_a_place_inside_the_text(text: bytes) -> None:
    for problem in check(Source("f.yml", text), Against(), Surroundings()):
        assert problem.code in RULES
        assert problem.message
        assert problem.line is None or 1 <= problem.line <= len(text.decode().splitlines()) + 1
