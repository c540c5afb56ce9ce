"""Texts that look like flows, made by Hypothesis: everything that a reader of lines could take for something else."""

from __future__ import annotations

from hypothesis import strategies as st

IDS = [
    "hello",
    "0x1F",
    "01_hello",
    "a.b-c",
    "123",
    "0123",
    "1e3",
    "1_000",
    "true",
    "null",
    "~",
    "2026-01-02",
    "on",
    "é",
    "x y",
]
SPELLINGS = [
    "{}",
    "{}",
    '"{}"',
    "'{}'",
    "{} # note",
    "{}  ",
    '"{}" # "quoted"',
    "!!str {}",
    "&a {}",
    "{}\n  more",
    ">-\n  {}",
]
HARMLESS = [
    "# id: comment",
    "",
    "  ",
    'description: |\n  id: inside\n  namespace: inside\n\n  it\'s "text"',
    "documentation: >\n  tasks: folded\n",
    'quoted: "two\nid: quoted\n  lines"',
    "single: 'two\nnamespace: quoted\nlines'",
    "listed: [a,\nid: b\n]",
    "braces: {a: b,\nid: c}",
    "plain: plain\n  id of another\n  line",
    "apostrophe: it's",
    'spoken: say "hi"',
    "labels:\n  id: nested\n  namespace: nested",
    "inputs:\n- id: listed\n- namespace",
    "variables: &v {k: v}",
    "other: *v",
    "? complex\n: value",
    "? [listed, key]\n: value",
    "keys: {[a]: b, {c: d}: e}",
    "'namespace ' : quoted.key",
    "spaced : key",
    "key:\ttab",
    "on: yes",
    "emoji: 🚀",
    "separator: a\u2028b",
    "disabled: false",
    "disabled: false # note",
    "disabled: true",
    "revision: 7",
    "z: !!binary aGk=",
    "<<: *v",
]
HOSTILE = [
    'broken: "unclosed',
    "open: [unclosed",
    "colons: plain\n  id: continued",
    "? id\n: explicit",
    '"id": quoted-key',
    "id:no-space",
    "namespace:",
    "tasks: 1",
    "---",
    "...",
    "%YAML 1.1",
    "- item",
    "-",
    "-x: y",
    "\tid: tab",
    "a: b: c",
    "line: a\u2028id: odd",
    "nel: a\x85id: b",
    "cr: a\rid: b",
    "@bad: x",
    "plain text",
    "plain\nid: text",
    "{id: a, namespace: b, tasks: []}",
]
TASKS = [
    "tasks:\n  - id: log\n    type: t\n",
    "tasks:\n- id: log\n  type: t",
    "tasks: []",
    "tasks:\n  - {id: a, x: [1,\n2]}",
]


NAMES = st.sampled_from(["company.team", "a", "null", "1.5"])


@st.composite
def flow_like(draw: st.DrawFn) -> bytes:
    """The usual lines among unusual ones, one of the three sometimes missing."""
    parts = _lines(draw) + draw(st.lists(st.sampled_from(HOSTILE), max_size=2))
    drop = draw(st.integers(min_value=0, max_value=9))
    if drop < 3:
        parts.pop(drop)
    return _text(draw, parts, ["", "\n", "\n\n", "\n---\nid: second\n", " "])


@st.composite
def odd_flow(draw: st.DrawFn) -> bytes:
    """Nearly always a flow, however odd it looks."""
    return _text(draw, _lines(draw), ["", "\n", "\n\n", " "])


def _lines(draw: st.DrawFn) -> list[str]:
    spelled = st.sampled_from(SPELLINGS)
    return [
        "id: " + draw(spelled).format(draw(st.sampled_from(IDS))),
        "namespace: " + draw(spelled).format(draw(NAMES)),
        draw(st.sampled_from(TASKS)),
        *draw(st.lists(st.sampled_from(HARMLESS), max_size=4, unique_by=lambda line: line.split(":")[0])),
    ]


def _text(draw: st.DrawFn, parts: list[str], ends: list[str]) -> bytes:
    text = draw(st.sampled_from(["\n", "\n\n", "\n# c\n"])).join(draw(st.permutations(parts)))
    text += draw(st.sampled_from(ends))
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return (draw(st.sampled_from(["", "", "", "\ufeff"])) + text).encode()


def plain_flow(extra: str = "", *, flow_id: str = "hello", namespace: str = "company.team") -> bytes:
    """A small valid flow with more lines at its end."""
    return (
        f"id: {flow_id}\nnamespace: {namespace}\n\ntasks:\n  - id: log\n"
        f"    type: io.kestra.plugin.core.log.Log\n    message: hi\n{extra}"
    ).encode()
