"""References follow the namespace by spans of bytes; everything else stays, and is listed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.flowtext import Identity, identity
from syncd.flowtext.tree import Mapping, parse, plain_value
from syncd.promote import NamespaceMap, Recipe, Rewrite, rewritten
from tests.flowtext.texts import flow_like, odd_flow

EVERYTHING = Path(__file__).with_name("everything.yml").read_bytes()
NAMES = NamespaceMap.parse(["company.team.dev=company.team.prod"])
DEV, PROD = b"company.team.dev", b"company.team.prod"


def changed_lines(before: bytes, after: bytes) -> list[int]:
    pairs = zip(before.splitlines(), after.splitlines(), strict=True)
    return [number for number, (old, new) in enumerate(pairs, 1) if old != new]


def test_every_place_that_surely_means_the_namespace_is_rewritten() -> None:
    result = rewritten(EVERYTHING, "company.team.dev", Recipe(NAMES))

    assert [edit.place for edit in result.edits] == [
        "inputs[0].defaults",
        "variables.k",
        "tasks[0].namespace",
        "tasks[3].namespaceFiles.namespaces[0]",
        "tasks[3].commands[0]",
        "tasks[6].namespace",
        "triggers[0].preconditions.flows[0].namespace",
        "triggers[0].preconditions.where[0].filters[0].value",
        "triggers[0].preconditions.where[0].filters[1].value",
    ]
    assert changed_lines(EVERYTHING, result.text) == [3, *(edit.line for edit in result.edits)]
    assert identity(result.text) == Identity("load", "company.team.prod")


def test_what_is_left_alone_is_listed_with_the_reason() -> None:
    result = rewritten(EVERYTHING, "company.team.dev", Recipe(NAMES))

    assert [(left.line, left.reason, left.matters) for left in result.left] == [
        (1, "text, a comment or a script", False),
        (4, "text, a comment or a script", False),
        (18, "a pinned revision: numbers differ between namespaces", True),
        (25, "subflow: computed when the flow runs", False),
        (34, "text, a comment or a script", False),
        (38, "git: only --rewrite all follows it", True),
        (41, "url: only --rewrite all follows it", True),
    ]


def test_rewriting_everything_also_follows_git_tasks_and_addresses() -> None:
    result = rewritten(EVERYTHING, "company.team.dev", Recipe(NAMES, Rewrite.ALL))

    assert b"targetNamespace: company.team.prod\n" in result.text
    assert b"executions/webhook/company.team.prod/load/key" in result.text
    assert [left.reason for left in result.left if left.matters] == [
        "a pinned revision: numbers differ between namespaces"
    ]


def test_rewriting_nothing_changes_the_flows_own_namespace_and_lists_the_rest() -> None:
    result = rewritten(EVERYTHING, "company.team.dev", Recipe(NAMES, Rewrite.NONE))

    assert changed_lines(EVERYTHING, result.text) == [3]
    assert result.edits == ()
    assert sum("--rewrite none" in left.reason for left in result.left) == 11


def test_a_purge_that_now_runs_in_the_new_namespace_is_pointed_out() -> None:
    result = rewritten(EVERYTHING, "company.team.dev", Recipe(NAMES))
    assert [edit.place for edit in result.edits if edit.warning] == ["tasks[6].namespace"]


def test_previews_move_only_calls_of_flows_that_move_along() -> None:
    text = (
        b"id: a\nnamespace: n\ntasks:\n"
        b"  - {id: x, type: io.kestra.plugin.core.flow.Subflow, namespace: n, flowId: moves}\n"
        b"  - {id: y, type: io.kestra.plugin.core.flow.Subflow, namespace: n, flowId: stays}\n"
    )
    recipe = Recipe(NamespaceMap.parse(["n=pr.n"]), Rewrite.CALLS, moving=frozenset({("n", "moves")}))
    result = rewritten(text, "n", recipe)
    assert b"namespace: pr.n, flowId: moves" in result.text
    assert b"namespace: n, flowId: stays" in result.text


def test_quoting_comments_and_line_ends_stay() -> None:
    text = b'id: a\r\nnamespace:   "company.team.dev"   # ours\r\ntasks: []\r\n\r\n'
    assert rewritten(text, "company.team.dev", Recipe(NAMES)).text == text.replace(DEV, PROD)


def test_a_quoted_literal_outside_of_conditions_is_left() -> None:
    text = (
        b"id: a\nnamespace: company.team.dev\ntasks:\n  - id: log\n    type: io.kestra.plugin.core.log.Log\n"
        b"    runIf: \"{{ flow.namespace == 'company.team.dev' }}\"\n"
        b"    message: \"{{ 'company.team.dev' }} is done\"\n"
    )
    result = rewritten(text, "company.team.dev", Recipe(NAMES))
    assert [edit.place for edit in result.edits] == ["tasks[0].runIf"]
    assert b"message: \"{{ 'company.team.dev' }} is done\"" in result.text
    assert [(left.line, left.matters) for left in result.left] == [(7, True)]


@pytest.mark.parametrize("rewrite", list(Rewrite))
def test_a_round_trip_gives_back_every_byte_of_what_was_not_left(rewrite: Rewrite) -> None:
    there = rewritten(EVERYTHING, "company.team.dev", Recipe(NAMES, rewrite)).text
    back = NamespaceMap.parse(["company.team.prod=company.team.dev"])
    assert rewritten(there, "company.team.prod", Recipe(back, rewrite)).text == EVERYTHING


WORDS = st.sampled_from(
    [b"company.team.dev", b"company.team.dev2", b"company.team", b"company.team.dev.x", b"# company.team.dev", b"x"]
)


@given(st.lists(WORDS, max_size=8), st.sampled_from([b"\n", b"\r\n"]), st.sampled_from([b"", b'"', b"'"]))
def test_nothing_inside_a_script_changes_and_every_mention_is_listed(
    words: list[bytes], end: bytes, quote: bytes
) -> None:
    script = end.join(b"        echo " + word for word in words)
    head = [b"id: a", b"namespace: " + quote + DEV + quote, b"tasks:", b"  - id: s", b"    type: x.Shell"]
    text = end.join([*head, b"    script: |", script, b""])
    result = rewritten(text, "company.team.dev", Recipe(NAMES, Rewrite.ALL))
    assert result.text == text.replace(DEV, PROD, 1)
    mentioned = [word for word in words if word.lstrip(b"# ") in {DEV, DEV + b".x"}]
    assert len(result.left) == len(mentioned)


@given(st.one_of(flow_like(), odd_flow()), st.sampled_from(list(Rewrite)), st.booleans())
def test_any_flow_stays_the_same_flow_in_the_other_namespace_and_comes_back(
    text: bytes, rewrite: Rewrite, triggers_off: bool
) -> None:
    found = identity(text)
    if not isinstance(found, Identity) or not re.fullmatch(r"(?!null$)[a-z0-9][a-z0-9._-]*", found.namespace):
        return
    there = NamespaceMap.of([(found.namespace, "zz.elsewhere")])
    result = rewritten(text, found.namespace, Recipe(there, rewrite, triggers_off))
    assert identity(result.text) == Identity(found.id, "zz.elsewhere")
    if triggers_off or b"zz.elsewhere" in text:
        return
    back = NamespaceMap.of([("zz.elsewhere", found.namespace)])
    returned = rewritten(result.text, "zz.elsewhere", Recipe(back, rewrite)).text
    assert identity(returned) == found
    assert _without_namespace(returned) == _without_namespace(text)


def _without_namespace(text: bytes) -> dict[str, object]:
    root = parse(text)
    assert isinstance(root, Mapping)
    return {key: value for key, value in plain_value(root).items() if key != "namespace"}
