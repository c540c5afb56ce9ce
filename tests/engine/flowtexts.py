"""Generated flow texts to compare servers with: valid flows, flows with one thing wrong, odd ways of writing them."""

import copy
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml
from hypothesis import strategies as st

Flow: TypeAlias = dict[str, Any]
_CORE = "io.kestra.plugin.core."


@dataclass(frozen=True)
class FlowText:
    """A text, and in which of the odd ways it is written."""

    writing: str
    text: str


_words = st.sampled_from(["hi", "é — 🚀", "a: b", "{{ inputs.x }}", "---", "yes", "1", "multi\nline\n"])
_log = st.builds(lambda message: {"type": _CORE + "log.Log", "message": message}, _words)
_return = st.builds(lambda text: {"type": _CORE + "debug.Return", "format": text}, _words)
_leaf = st.one_of(_log, _return)
_schedule = st.sampled_from(["0 9 1 * *", "*/5 * * * *", "@daily", "nonsense", "61 * * * *"])
_ids = st.sampled_from(["plain", "With.Dots_and-dashes", "9", "a" * 60, "bad id", "-x", "ü", "a/b", ""])
_namespaces = st.sampled_from(["team", "a.b.c", "with_under-score", "9", "Upper", ".dot", "sp ace"])


@st.composite
def _tasks(draw: st.DrawFn) -> list[Flow]:
    leaves = draw(st.lists(_leaf, min_size=1, max_size=3))
    tasks = [{"id": f"t{index}", **leaf} for index, leaf in enumerate(leaves)]
    if draw(st.booleans()):
        return [{"id": "group", "type": _CORE + "flow.Sequential", "tasks": tasks}]
    return tasks


@st.composite
def _flows(draw: st.DrawFn) -> Flow:
    flow: Flow = {"id": draw(_ids), "namespace": draw(_namespaces)}
    optional: dict[str, st.SearchStrategy[Any]] = {
        "description": _words,
        "labels": st.sampled_from([{"team": "data"}, [{"key": "team", "value": "data"}]]),
        "variables": st.dictionaries(st.sampled_from(["x", "y"]), _words),
        "inputs": st.just([{"id": "x", "type": "STRING", "defaults": "d"}]),
        "disabled": st.booleans(),
        "triggers": _schedule.map(lambda cron: [{"id": "s", "type": _CORE + "trigger.Schedule", "cron": cron}]),
    }
    for name, values in optional.items():
        if draw(st.integers(0, 3)) == 0:
            flow[name] = draw(values)
    return {**flow, "tasks": draw(_tasks())}


def _misspell(flow: Flow) -> None:
    flow["tasks"][0]["mesage"] = "hi"


def _unknown(flow: Flow) -> None:
    flow["colour"] = "red"


def _unknown_type(flow: Flow) -> None:
    flow["tasks"][0]["type"] = "io.example.Nope"


def _no_type(flow: Flow) -> None:
    del flow["tasks"][0]["type"]


def _no_task_id(flow: Flow) -> None:
    del flow["tasks"][0]["id"]


def _no_tasks(flow: Flow) -> None:
    del flow["tasks"]


def _empty_tasks(flow: Flow) -> None:
    flow["tasks"] = []


def _tasks_as_text(flow: Flow) -> None:
    flow["tasks"] = "none"


def _twice(flow: Flow) -> None:
    flow["tasks"].append(copy.deepcopy(flow["tasks"][0]))


def _disabled_as_text(flow: Flow) -> None:
    flow["disabled"] = "perhaps"


def _old_type(flow: Flow) -> None:
    flow["tasks"][0] = {"id": "old", "type": "io.kestra.core.tasks.log.Log", "message": "hi"}


def _nothing(_flow: Flow) -> None:
    return


_mutations: st.SearchStrategy[Callable[[Flow], None]] = st.sampled_from(
    [
        *[_nothing] * 6,
        *(_misspell, _unknown, _unknown_type, _no_type, _no_task_id, _no_tasks, _empty_tasks),
        *(_tasks_as_text, _twice, _disabled_as_text, _old_type),
    ]
)

_SECOND = "---\nid: second\nnamespace: team\ntasks:\n  - {id: t, type: io.kestra.plugin.core.log.Log, message: x}\n"


def _with_alias(text: str) -> str:
    return text if "description:" in text or "variables:" in text else text + "description: &d x\nvariables: {y: *d}\n"


_writings: dict[str, Callable[[str], str]] = {
    "plain": str,
    "byte order mark": lambda text: "\ufeff" + text,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "document start": lambda text: "---\n" + text,
    "two documents": lambda text: text + _SECOND,
    "no final newline": lambda text: text.rstrip("\n"),
    "blank lines at the end": lambda text: text + "\n\n\n",
    "comment": lambda text: "# comment — 🎉\n" + text,
    "revision": lambda text: text + "revision: 77\n",
    "alias": _with_alias,
    "key twice": lambda text: text + "id: again\n",
    "broken": lambda text: text + "broken: [\n",
    "tab": lambda text: text + "\tdescription: tab\n",
}
WRITINGS = tuple(_writings)
_written = st.one_of(st.just("plain"), st.sampled_from(WRITINGS))


@st.composite
def flow_texts(draw: st.DrawFn) -> FlowText:
    """A text whose flow no server has seen before: its namespace ends in a new word."""
    flow = draw(_flows())
    draw(_mutations)(flow)
    flow["namespace"] = _unique(flow["namespace"])
    text = yaml.safe_dump(flow, sort_keys=False, allow_unicode=True)
    writing = draw(_written)
    return FlowText(writing, _writings[writing](text))


def _unique(namespace: str) -> str:
    return f"{namespace}.n{uuid.uuid4().hex[:12]}"
