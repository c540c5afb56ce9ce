"""What Kestra checks of a parsed flow beyond its schema: ids used twice, labels, schedules, how tasks combine."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

from syncd.flowrules import cron
from syncd.flowschema import Line, Path, time_zones

# Since 1.0; 2.0 moved these actions elsewhere and accepts the names.
RESERVED = (
    "pause",
    "resume",
    "force-run",
    "change-status",
    "kill",
    "executions",
    "search",
    "source",
    "disable",
    "enable",
)
_LABEL_KEY = re.compile(r"[a-z][\w.-]*")
_LABEL_RULE = (
    "Invalid label key. A valid key contains only lowercase letters numbers hyphens (-) underscores (_) or periods (.) "
    "and must begin with a lowercase letter."
)
_READ_ONLY = "system.readOnly"
_NO = (None, False, 0, "false", "False", "FALSE")
_CORE = "io.kestra.plugin.core."
_CORE_PACKAGES = ("io.kestra.plugin.core.", "io.kestra.core.")
_STARTERS = {_CORE + "trigger.Schedule": "Schedule", _CORE + "trigger.Webhook": "Webhook"}
_TASK_LISTS = frozenset({"tasks", "errors", "finally", "then", "else", "defaults"})
_OFFSET = re.compile(r"(UTC|GMT)?[-+][0-9]{1,2}(:[0-9]{2})?|Z")


class Breach(NamedTuple):
    """A broken rule, and where."""

    path: Path
    message: str


Task: TypeAlias = dict[str, Any]


class _Parts(NamedTuple):
    """A flow taken apart once for all rules."""

    flow: dict[str, Any]
    line: Line
    tasks: list[tuple[Path, Task]]
    triggers: list[tuple[Path, Task]]


_Rule: TypeAlias = Callable[[_Parts], Iterator[Breach]]


def breaches(flow: dict[str, Any], line: Line) -> list[Breach]:
    """Every rule that a flow of sound schema breaks."""
    parts = _Parts(flow, line, list(tasks_of(flow)), _mappings(flow, "triggers"))
    return [breach for rule in _RULES for breach in rule(parts)]


def tasks_of(flow: dict[str, Any]) -> Iterator[tuple[Path, Task]]:
    """Every task with its path, those inside others included."""
    for name in ("tasks", "errors", "finally", "afterExecution"):
        yield from _below(flow.get(name), (name,))


def _below(tasks: Any, path: Path) -> Iterator[tuple[Path, Task]]:
    for index, task in enumerate(tasks if isinstance(tasks, list) else ()):
        if isinstance(task, dict) and isinstance(task.get("task"), dict):  # a branch of a Dag
            yield from _task(task["task"], (*path, index, "task"))
        elif isinstance(task, dict):
            yield from _task(task, (*path, index))


def _mappings(flow: dict[str, Any], name: str) -> list[tuple[Path, dict[str, Any]]]:
    return [((name, index), each) for index, each in enumerate(_listed(flow, name)) if isinstance(each, dict)]


def _listed(flow: dict[str, Any], name: str) -> list[Any]:
    listed = flow.get(name)
    return listed if isinstance(listed, list) else []


def _task(task: Task, path: Path) -> Iterator[tuple[Path, Task]]:
    yield path, task
    for name, inner in task.items():
        if name in _TASK_LISTS:
            yield from _below(inner, (*path, name))
    cases = task.get("cases")
    for name, tasks in (cases if isinstance(cases, dict) else {}).items():
        yield from _below(tasks, (*path, "cases", name))


def _reserved(parts: _Parts) -> Iterator[Breach]:
    flow_id = parts.flow.get("id")
    if parts.line == "1.3" and flow_id in RESERVED:
        reason = f"Flow id is a reserved keyword: {flow_id}. List of reserved keywords: {', '.join(RESERVED)}"
        yield Breach((), f"Invalid Flow: {reason}")


def _unique(parts: _Parts) -> Iterator[Breach]:
    yield from _twice(parts.tasks, "task id")
    yield from _twice(parts.triggers, "trigger id")
    yield from _twice(_mappings(parts.flow, "inputs"), "input")
    yield from _twice(_mappings(parts.flow, "outputs"), "output")


def _twice(found: list[tuple[Path, Task]], words: str) -> Iterator[Breach]:
    counted = Counter(str(each["id"]) for _, each in found if each.get("id") is not None)
    repeated = [name for name, count in counted.items() if count > 1]
    if repeated:
        yield Breach((), f"Invalid Flow: Duplicate {words} with name [{', '.join(repeated)}]")


def _labels(parts: _Parts) -> Iterator[Breach]:
    for index, (key, value) in enumerate(label_pairs(parts.flow.get("labels"))):
        if key.startswith("system.") and key != _READ_ONLY:
            reason = f"System labels can only be set by Kestra itself, offending label: {key}={value}"
            yield Breach((), f"Invalid Flow: {reason}")
        if not _LABEL_KEY.fullmatch(key):
            yield Breach(("labels", index, "key"), _LABEL_RULE)
        if value == "":
            yield Breach(("labels", index, "value"), "must not be empty")


def label_pairs(labels: Any) -> list[tuple[str, Any]]:
    """The labels of a flow, however they were written; those without a value are none."""
    if isinstance(labels, dict):
        return [(str(key), value) for key, value in labels.items() if value is not None]
    listed = [each for each in labels if isinstance(each, dict)] if isinstance(labels, list) else []
    return [(str(each.get("key")), each.get("value")) for each in listed]


def _schedules(parts: _Parts) -> Iterator[Breach]:
    for path, trigger in parts.triggers:
        name = str(trigger.get("type")).rpartition(".")[2]
        expression, zone = trigger.get("cron"), trigger.get("timezone")
        if name == "Schedule" and expression is not None:
            reason = cron.complaint(str(expression), seconds=trigger.get("withSeconds") not in _NO)
            if reason:
                yield Breach(path, f"invalid cron expression '{expression}': {reason}")
        if name in {"Schedule", "ScheduleOnDates"} and zone is not None:
            yield from _zone(str(zone), (*path, "timezone"))


def _zone(name: str, path: Path) -> Iterator[Breach]:
    if not _is_zone(name):
        yield Breach(path, f"timezone '({name})' is not a valid time-zone ID")


def _satisfiable(parts: _Parts) -> Iterator[Breach]:
    for path, trigger in parts.triggers:
        least = trigger.get("minSatisfied")
        if isinstance(least, int | float) and int(least) > len(_listed(trigger, "dependsOn")):
            yield Breach(path, "`minSatisfied` must be lower than or equal to the number of `dependsOn`")


def _started_without(parts: _Parts) -> Iterator[Breach]:
    """2.0 wants every required input that has no default from each schedule and webhook, disabled ones too."""
    needed = [
        str(each.get("id"))
        for _, each in _mappings(parts.flow, "inputs")
        if each.get("required") not in _NO[1:] and each.get("defaults") is None
    ]
    for _, trigger in parts.triggers if parts.line == "2.0" else ():
        kind = _STARTERS.get(str(trigger.get("type")))
        given = trigger.get("inputs")
        held = {name for name, value in given.items() if value is not None} if isinstance(given, dict) else set()
        missing = " | ".join(name for name in needed if name not in held)
        if kind and missing:
            reason = f"Missing inputs for {kind} Trigger '{trigger.get('id')}', missing inputs: '{missing}'"
            yield Breach((), f"Invalid Flow: {reason}")


def _is_zone(name: str) -> bool:
    return name in time_zones() or _OFFSET.fullmatch(name) is not None


def _composition(parts: _Parts) -> Iterator[Breach]:
    for path, task in parts.tasks:
        package, _, name = str(task.get("type")).rpartition(".")
        check = _COMPOSED.get(name)
        if check and package.startswith(_CORE_PACKAGES):
            yield from check(task, path)


def _needs_tasks(task: Task, path: Path) -> Iterator[Breach]:
    if not task.get("tasks"):
        yield Breach((*path, "tasks"), "The 'tasks' property cannot be empty")


def _switch(task: Task, path: Path) -> Iterator[Breach]:
    if not task.get("cases") and not task.get("defaults"):
        yield Breach(path, "No task defined, neither cases or default have any tasks")


def _dag(task: Task, path: Path) -> Iterator[Breach]:
    branches = [each for _, each in _mappings(task, "tasks") if isinstance(each.get("task"), dict)]
    wanted = {str(each["task"].get("id")): [str(name) for name in _listed(each, "dependsOn")] for each in branches}
    missing = [name for names in wanted.values() for name in names if name not in wanted]
    if missing:
        yield Breach(path, "Not existing task id in dependency: " + ", ".join(missing))
    cyclic = [name for name in wanted if name in _reachable(wanted, name)]
    if cyclic and not missing:
        yield Breach(path, "Cyclic dependency detected: " + ", ".join(cyclic))


def _reachable(wanted: dict[str, list[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(wanted[start])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += wanted.get(name, [])
    return found


def _working_directory(task: Task, path: Path) -> Iterator[Breach]:
    yield from _needs_tasks(task, path)
    for _, each in _mappings(task, "tasks"):
        if str(each.get("type")).startswith(_CORE + "flow.") and "tasks" in each:
            yield Breach(path, "Only runnable tasks are allowed as children of a WorkingDirectory task")
            return


def _template(_task: Task, path: Path) -> Iterator[Breach]:
    yield Breach(path, "Templates are disabled, please check your configuration")


_COMPOSED: dict[str, Callable[[Task, Path], Iterator[Breach]]] = {
    "Sequential": _needs_tasks,
    "Parallel": _needs_tasks,
    "AllowFailure": _needs_tasks,
    "WorkingDirectory": _working_directory,
    "Switch": _switch,
    "Dag": _dag,
    "Template": _template,
}


def _default_references(parts: _Parts) -> Iterator[Breach]:
    known = [each.get("ref") for _, each in _mappings(parts.flow, "pluginDefaults")]
    for path, task in (*parts.tasks, *parts.triggers):
        reference = task.get("pluginDefaultsRef")
        if reference is not None and reference not in known:
            message = f"No plugin-defaults exists for pluginDefaultsRef: '{reference}'"
            yield Breach((*path, "pluginDefaultsRef"), message)


def _recursion(parts: _Parts) -> Iterator[Breach]:
    own = (parts.flow.get("namespace"), parts.flow.get("id"))
    if own in subflows(parts.flow):
        yield Breach((), f"Invalid Flow: Recursive call to flow [{own[0]}.{own[1]}]")


def subflows(flow: dict[str, Any]) -> list[tuple[str, str]]:
    """Namespace and id of the flows that top-level tasks call by fixed names; the server looks no deeper."""
    calls = [
        (str(task.get("namespace")), str(task["flowId"]))
        for _, task in _mappings(flow, "tasks")
        if task.get("flowId") and str(task.get("type")).startswith("io.kestra.")
    ]
    return [call for call in calls if "{{" not in call[0] + call[1]]


_RULES: tuple[_Rule, ...] = (
    _reserved,
    _unique,
    _labels,
    _schedules,
    _satisfiable,
    _started_without,
    _composition,
    _default_references,
    _recursion,
)
