"""What a server says is wrong with flows, as problems."""

import httpx
import pytest

from syncd.errors import KestraError
from syncd.model import Key, Kind, Problem, Resource, Severity
from tests.kestra.doubles import LINES, Wire, answer, flow, kestra_of, recorded, reply, routed

VALIDATE = ("POST", "/flows/validate")


def check(response: object, *flows: Resource, version: str = "1.3.25") -> tuple[tuple[Problem, ...], Wire]:
    wire = Wire(routed({VALIDATE: response}, version))
    with kestra_of(wire) as kestra:
        return kestra.validate(flows), wire


def sent_flow(line: str, name: str) -> Resource:
    text = recorded(line, name)["request"]["body"].encode()
    return Resource.of(Key(Kind.FLOW, "contract.a", "x"), text, path="flows/contract.a/x.yml")


@pytest.mark.parametrize("line", LINES)
def test_recorded_multipart_results_go_back_to_their_flows(line: str) -> None:
    call = recorded(line, "validate multipart")
    rows = [{**row, "filename": f"{row['index']}.yml"} for row in call["response"]["json"]]
    flows = [
        Resource.of(Key(Kind.FLOW, "contract.a", f"v{number}"), part["text"].encode(), path=part["filename"])
        for number, part in enumerate(call["request"]["multipart"])
    ]
    problems, wire = check(reply(rows[::-1]), *flows, version=f"{line}.0")
    assert [(problem.path, problem.line, problem.column, problem.code) for problem in problems] == [
        ("b.yml", None, None, "SYN040"),
        ("c.yml", 1, 6, "SYN040"),
    ]
    assert 'Unrecognized field "colour"' in problems[0].message
    assert wire.requests[1].content.count(b'name="flows"') == 4


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize(
    ("name", "severity", "words"),
    [
        ("validate unknown type", Severity.ERROR, "Invalid type: io.example.Nope"),
        ("validate missing subflow", Severity.WARNING, "subflow 'not-there' not found"),
    ],
)
def test_recorded_findings_have_their_severity(line: str, name: str, severity: Severity, words: str) -> None:
    [problem], _ = check(answer(recorded(line, name)), sent_flow(line, name), version=f"{line}.0")
    assert problem.severity is severity
    assert words in problem.message
    assert problem.path == "flows/contract.a/x.yml"


def test_an_old_type_name_is_a_note_on_1_and_an_error_on_2() -> None:
    for line, severity in (("1.3", Severity.NOTE), ("2.0", Severity.ERROR)):
        name = "validate deprecated type"
        [problem], _ = check(answer(recorded(line, name)), sent_flow(line, name), version=f"{line}.0")
        assert problem.severity is severity
        assert "io.kestra.core.tasks.log.Log" in problem.message


def test_a_valid_flow_has_no_problem_and_an_outdated_revision_line_is_none() -> None:
    """`outdated` compares the text's `revision:` line, which does not count."""
    for name in ("validate valid yaml", "validate outdated revision"):
        assert check(answer(recorded("1.3", name)), sent_flow("1.3", name))[0] == ()


def test_several_violations_are_several_problems() -> None:
    row = {
        "index": 0,
        "constraints": "l.message: must not be null\n: Invalid Flow: Duplicate task id with name [log]\n",
    }
    problems, _ = check(reply([row]), flow())
    assert [problem.message for problem in problems] == [
        "flow a.b/one: l.message: must not be null",
        "flow a.b/one: Invalid Flow: Duplicate task id with name [log]",
    ]


def test_deprecated_paths_are_warnings() -> None:
    [problem], _ = check(reply([{"index": 0, "deprecationPaths": ["tasks[0].level"]}]), flow())
    assert (problem.severity, problem.message) == (Severity.WARNING, "flow a.b/one: tasks[0].level is deprecated")


def test_messages_from_the_server_are_harmless_to_print() -> None:
    [problem], _ = check(reply([{"index": 0, "constraints": "\x1b[2Jboom\x07"}]), flow())
    assert problem.message == "flow a.b/one: boom"


def fine(request: httpx.Request) -> httpx.Response:
    return reply([{"index": number} for number in range(request.content.count(b'name="flows"'))])


def test_a_hundred_flows_go_in_one_request() -> None:
    """1.3.25 refuses more than 128 form fields with a 500."""
    problems, wire = check(fine, *[flow(f"f{number}") for number in range(250)])
    assert problems == ()
    assert sorted(one.content.count(b'name="flows"') for one in wire.sent_to("POST", "/validate")) == [50, 100, 100]


def test_servers_before_1_2_get_one_document_at_a_time() -> None:
    texts = [b"# note\n---\nid: x\n", b"--- # start\r\nid: y\r\nt: |\n  ---\n"]
    flows = [Resource.of(Key(Kind.FLOW, "a.b", name), text) for name, text in zip("xy", texts, strict=True)]
    _, wire = check(lambda _: reply([{"index": 0}]), *flows, version="1.1.0")
    bodies = {request.content for request in wire.sent_to("POST", "/validate")}
    assert bodies == {b"# note\n#--\nid: x\n", b"#-- # start\r\nid: y\r\nt: |\n  ---\n"}
    assert {len(body) for body in bodies} == {len(text) for text in texts}, "lines and columns stay where they were"


@pytest.mark.parametrize("results", [[], [{"index": 1}], {"message": "?"}])
def test_an_answer_that_leaves_a_flow_out_is_not_a_clean_bill(results: object) -> None:
    with pytest.raises(KestraError):
        check(reply(results), flow())


def test_validating_is_repeated_while_the_server_is_busy() -> None:
    problems, wire = check([httpx.Response(503), reply([{"index": 0}])], flow())
    assert problems == ()
    assert len(wire.sent_to("POST", "/validate")) == 2


def test_nothing_to_validate_asks_nothing() -> None:
    problems, wire = check(reply([]))
    assert problems == ()
    assert wire.calls == []
