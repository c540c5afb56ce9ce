"""Every place that names another namespace, flow, key, secret or file is found, with the exact bytes of its value."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.flowtext import Reference, Refers, references, subflows
from tests.flowtext.texts import flow_like, odd_flow, plain_flow


def found(
    text: bytes, *, without: frozenset[Refers] = frozenset({Refers.OWN})
) -> list[tuple[str, str | None, str | None]]:
    return [(str(each.kind), each.namespace, each.name) for each in references(text) if each.kind not in without]


def flow(body: str) -> bytes:
    return f"id: f\nnamespace: own.ns\n{body}".encode()


def task(lines: str) -> bytes:
    return flow("tasks:\n  - id: t\n" + "".join(f"    {line}\n" for line in lines.splitlines()))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            "type: io.kestra.plugin.core.flow.Subflow\nnamespace: 'a.b' # note\nflowId: x\nrevision: 3",
            [("subflow", "a.b", "x"), ("revision", "a.b", "x")],
        ),
        ("type: io.kestra.plugin.core.flow.Subflow\nflowId: x", [("subflow", None, "x")]),
        (
            'type: io.kestra.plugin.core.flow.Subflow\nnamespace: "{{ flow.namespace }}"\nflowId: x',
            [("subflow", None, "x")],
        ),
        ("type: io.kestra.plugin.core.flow.ForEachItem\nnamespace: a\nflowId: '{{ x }}'", [("subflow", "a", None)]),
        ("type: io.kestra.core.tasks.flows.Flow\nnamespace: a\nflowId: x", [("subflow", "a", "x")]),
        ("type: io.kestra.plugin.core.kv.Get\nnamespace: a\nkey: K", [("kv", "a", "K")]),
        ("type: io.kestra.plugin.core.kv.Get\nkey: K", [("kv", None, "K")]),
        ("type: io.kestra.plugin.core.kv.PurgeKV\nnamespaces: [a, b.c]", [("kv", "a", None), ("kv", "b.c", None)]),
        ("type: io.kestra.plugin.core.namespace.UploadFiles\nnamespace: a", [("task", "a", None)]),
        ("type: io.kestra.plugin.core.execution.PurgeExecutions\nnamespace: a\nflowId: x", [("task", "a", "x")]),
        (
            "type: io.kestra.plugin.core.execution.Count\nnamespaces:\n  - a\nflows:\n  - namespace: b\n    flowId: x",
            [("task", "a", None), ("task", "b", "x")],
        ),
        (
            "type: io.kestra.plugin.scripts.python.Script\nnamespaceFiles:\n  enabled: true\n  namespaces:\n    - a.b",
            [("file", "a.b", None)],
        ),
        ("type: io.kestra.plugin.git.SyncFlows\ntargetNamespace: a.b", [("git", "a.b", None)]),
        ("type: io.kestra.plugin.kubernetes.PodCreate\nnamespace: default", []),
        ("type: io.kestra.plugin.core.flow.Subflow\nflowId: x\ninputs:\n  namespace: data", [("subflow", None, "x")]),
        (
            "type: io.kestra.plugin.core.http.Request\nuri: http://k:8080/api/v1/main/executions/webhook/a.b/hook/key",
            [("url", "a.b", "hook")],
        ),
        ("type: t.T\nmessage: \"{{ kv('K') }} {{ kv('L', 'a.b') }}\"", [("kv", None, "K"), ("kv", "a.b", "L")]),
        ("type: t.T\nmessage: \"{{ kv(key='K', namespace='a.b') }}\"", [("kv", "a.b", "K")]),
        ("type: t.T\nmessage: \"{{ secret('S', namespace='a.b') | upper }}\"", [("secret", "a.b", "S")]),
        ("type: t.T\nmessage: \"{{ read('q.sql', namespace='a.b') }}\"", [("file", "a.b", "q.sql")]),
        ("type: t.T\nmessage: \"{{ read(kv('K')) }}\"", [("kv", None, "K")]),
        ("type: t.T\nmessage: \"{{ render(read('a.sql')) }}\"", [("file", None, "a.sql")]),
        ("type: t.T\nfile: nsfile://a.b/dir/q.sql", [("file", "a.b", "dir/q.sql")]),
        ("type: t.T\nfile: nsfile:///dir/q.sql", [("file", None, "dir/q.sql")]),
        ("type: t.T\nmessage: \"{{ fileURI('x.sh') }}\"", [("file", None, "x.sh")]),
        ("type: t.T\nmessage: \"{# kv('K') #} {% raw %}{{ kv('L') }}{% endraw %}\"", []),
        ("type: t.T\nmessage: \"kv('K')\"", []),
    ],
)
def test_tasks(lines: str, expected: list[tuple[str, str | None, str | None]]) -> None:
    assert found(task(lines)) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("dependsOn:\n  - namespace: a.b\n    flowId: x", [("flow trigger", "a.b", "x")]),
        (
            (
                "preconditions:\n  id: p\n  flows:\n    - namespace: a\n      flowId: x\n"
                "  where:\n    - id: w\n      filters:\n"
                "        - field: NAMESPACE\n          type: EQUAL_TO\n          value: b.c\n"
                "        - field: NAMESPACE\n          type: IN\n          values: [d, e]\n"
                "        - field: FLOW_ID\n          type: EQUAL_TO\n          value: z"
            ),
            [("flow trigger", n, None if n != "a" else "x") for n in ("a", "b.c", "d", "e")],
        ),
        (
            (
                "conditions:\n  - type: io.kestra.plugin.core.condition.ExecutionFlow\n"
                "    namespace: a\n    flowId: x\n"
                "  - type: io.kestra.plugin.core.condition.MultipleCondition\n    id: m\n    conditions:\n      one:\n"
                "        type: io.kestra.plugin.core.condition.ExecutionNamespace\n        namespace: b"
            ),
            [("flow trigger", "a", "x"), ("flow trigger", "b", None)],
        ),
        (
            "when: \"{{ trigger.namespace == 'a.b' }}\"",
            [("literal", "a.b", None)],
        ),
    ],
)
def test_flow_triggers_of_both_lines(lines: str, expected: list[tuple[str, str | None, str | None]]) -> None:
    head = "tasks: []\ntriggers:\n  - id: t\n    type: io.kestra.plugin.core.trigger.Flow\n"
    assert found(flow(head + "".join(f"    {line}\n" for line in lines.splitlines()))) == expected


def test_an_expression_that_computes_the_namespace_is_marked_so() -> None:
    by_place = {
        each.place: each
        for each in references(
            task(
                "type: io.kestra.plugin.core.flow.Subflow\nnamespace: '{{ inputs.ns }}'\nflowId: x\n"
                "m: \"{{ kv('K', inputs.ns) }}\""
            )
        )
    }
    assert by_place["tasks[0].namespace"].dynamic
    assert by_place["tasks[0].m"].dynamic
    assert by_place["tasks[0].m"].name == "K"


STYLES = {
    "plain": "{}",
    "single": "'{}'",
    "double": '"{}"',
    "literal": "|\n      é🚀 first\n      {} end\n",
    "folded": ">-\n      one\n\n      {}\n      two\n",
    "list": "\n      - a\n      - x {}",
    "flow": '{{a: [1, "{}"]}}',
}


@settings(max_examples=300, deadline=None)
@given(
    style=st.sampled_from(sorted(STYLES)),
    quote=st.sampled_from("'\""),
    namespace=st.sampled_from(["company.team", "a", "a.b-c_d"]),
    call=st.sampled_from(
        ["kv({0}K{0}, {0}{1}{0})", "secret({0}S{0},namespace={0}{1}{0})", "read({0}é/p.q{0}, namespace = {0}{1}{0})"]
    ),
    crlf=st.booleans(),
    bom=st.booleans(),
)
def test_the_span_of_a_literal_is_exact_in_every_style_of_scalar(
    *, style: str, quote: str, namespace: str, call: str, crlf: bool, bom: bool
) -> None:
    expression = "x {{ " + call.format(quote, namespace) + " }} y"
    if style == "single":
        expression = expression.replace("'", "''")
    elif style in {"double", "flow"}:
        expression = expression.replace('"', '\\"')
    text = flow("x: é\ntasks:\n  - id: t\n    type: t.T\n    p: " + STYLES[style].format(expression) + "\n")
    text = text.replace(b"\n", b"\r\n") if crlf else text
    text = b"\xef\xbb\xbf" + text if bom else text
    (seen,) = [each for each in references(text) if each.kind is not Refers.OWN]
    assert text[seen.start : seen.end] == namespace.encode()
    assert (seen.namespace, seen.expression) == (namespace, True)
    assert text.split(b"\n")[seen.line - 1].decode().removeprefix("\ufeff")[seen.column - 1 :].startswith(namespace)
    moved = text[: seen.start] + b"other.place" + text[seen.end :]
    (again,) = [each for each in references(moved) if each.kind is not Refers.OWN]
    assert (again.namespace, again.name, again.place) == ("other.place", seen.name, seen.place)


@settings(max_examples=300, deadline=None)
@given(flow_like() | odd_flow() | st.binary(max_size=100))
def test_no_text_makes_it_raise_and_every_span_lies_inside(text: bytes) -> None:
    for each in references(text):
        assert 0 <= each.start <= each.end <= len(text)
        assert text[each.start : each.end].decode()


def test_the_own_namespace_comes_with_its_place() -> None:
    (own,) = references(b'id: a\nnamespace: "company.team" # here\ntasks: []\n')
    assert own == Reference(Refers.OWN, "company.team", None, 18, 30, 2, 13, "company.team", "namespace")


def test_subflows_are_told_with_their_namespaces_for_the_order_of_writing() -> None:
    text = task(
        "type: io.kestra.plugin.core.flow.Sequential\ntasks:\n"
        "  - {id: a, type: io.kestra.plugin.core.flow.Subflow, flowId: one}\n"
        "  - {id: b, type: io.kestra.plugin.core.flow.Subflow, flowId: two, namespace: x.y}\n"
        "  - {id: c, type: io.kestra.plugin.core.flow.Subflow, flowId: two, namespace: x.y}\n"
        "  - {id: d, type: io.kestra.plugin.core.flow.Subflow, flowId: no, namespace: '{{ x }}'}\n"
    )
    assert subflows(text) == (("own.ns", "one"), ("x.y", "two"))
    assert subflows(plain_flow()) == ()
