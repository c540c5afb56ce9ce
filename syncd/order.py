"""
In which order a plan is applied: files, then flows with the called before their callers, then deletions.

Also what has to make room first, and what cannot. Nothing is applied here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from syncd.flowtext import subflows
from syncd.model import Change, Key, Kind, Problem, Snapshot, Verdict
from syncd.plan import Plan


@dataclass(frozen=True, slots=True)
class Steps:
    """
    The writes of a plan, in order.

    Args:
        files: File writes; a deletion that makes room stands just before its create.
        flows: Groups of flows; within a group the order does not matter, and a group calls only earlier ones.
        deletions: What goes last.
    """

    files: tuple[tuple[Change, ...], ...]
    flows: tuple[tuple[Change, ...], ...]
    deletions: tuple[Change, ...]


def steps(plan: Plan) -> Steps:
    """The writes of this plan, in the order in which they may happen."""
    files = [change for change in plan.writes if change.key.kind is not Kind.FLOW]
    flows = [change for change in plan.writes if change.key.kind is Kind.FLOW]
    room = _room(files)
    making_room = {change.key for changes in room.values() for change in changes}
    writes = [change for change in files if change.verdict is not Verdict.DELETE]
    deletions = [change for change in flows if change.verdict is Verdict.DELETE]
    deletions += [change for change in files if change.verdict is Verdict.DELETE and change.key not in making_room]
    return Steps(
        tuple((*room.pop(change.key, ()), change) for change in writes),
        _called_first([change for change in flows if change.verdict is not Verdict.DELETE]),
        tuple(deletions),
    )


def _called_first(flows: list[Change]) -> tuple[tuple[Change, ...], ...]:
    """Flows in groups, subflows before their callers; flows that call each other in a circle form the last group."""
    by_key = {change.key: change for change in flows}
    sorter: TopologicalSorter[Key] = TopologicalSorter()
    for change in flows:
        called = subflows(change.write.load()) if change.write else ()
        keys = {Key(Kind.FLOW, namespace, name) for namespace, name in called}
        sorter.add(change.key, *sorted(keys & by_key.keys() - {change.key}))
    groups = []
    try:
        sorter.prepare()
    except CycleError:
        return (tuple(flows),)
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        groups.append(tuple(by_key[key] for key in ready))
        sorter.done(*ready)
    return tuple(groups)


def _room(files: Iterable[Change]) -> dict[Key, list[Change]]:
    """For each file to be created: the deletions that turn a file above it, or a folder of its name, out of the way."""
    changes = {change.key: change for change in files}
    tree = _Tree(changes)
    room: dict[Key, list[Change]] = defaultdict(list)
    for change in sorted(changes.values(), key=lambda change: change.key):
        if change.verdict is not Verdict.DELETE:
            continue
        for key in tree.clashing(change.key):
            if changes[key].verdict is Verdict.CREATE:
                room[key].append(change)
                break
    return room


class _Tree:
    """Files by their folders, to find those that cannot exist beside another one."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = {key for key in keys if key.kind is Kind.FILE}
        self._below: dict[tuple[str, str], list[Key]] = defaultdict(list)
        for key in sorted(self._keys):
            for folder in _folders(key.name):
                self._below[key.namespace, folder].append(key)

    def clashing(self, key: Key) -> Iterator[Key]:
        """The files at this one's folders' names, and those below its own name."""
        parents = (Key(key.kind, key.namespace, folder) for folder in _folders(key.name))
        yield from (parent for parent in parents if parent in self._keys)
        yield from self._below.get((key.namespace, key.name), ())


def _folders(name: str) -> Iterator[str]:
    """`a/b/c` lies in `a` and in `a/b`."""
    parts = name.split("/")
    yield from ("/".join(parts[:depth]) for depth in range(1, len(parts)))


def without_room(plan: Plan, target: Snapshot, *, can_swap: bool, can_nest: bool) -> dict[Key, Problem]:
    """
    The creates that have no room at the target: a file stands where a folder is needed, or the reverse.

    Args:
        plan: What would happen.
        target: What is there now.
        can_swap: Whether a file may take a folder's place there at all (not on Kestra 1.3 with local storage).
        can_nest: Whether a folder may take a file's place (not on 2.0 either).
    """
    held = _Tree(target.resources)
    leaving = {change.key for change in plan.changes if change.verdict is Verdict.DELETE}
    problems = {}
    for change in plan.changes:
        if change.verdict is not Verdict.CREATE or change.key.kind is not Kind.FILE:
            continue
        for other in held.clashing(change.key):
            able = can_nest if change.key.name.startswith(f"{other.name}/") else can_swap
            if able and other in leaving:
                continue
            problems[change.key] = _no_room(change, other, able=able)
            break
    return problems


def _no_room(change: Change, other: Key, *, able: bool) -> Problem:
    why = "is still there" if able else "cannot make room on this server, which keeps files and folders apart"
    hint = "delete it and add --prune" if able else "give the new file another name, or delete the old one by hand"
    return Problem("SYN015", f"{change.key}: {other.name} {why}", path=change.path, key=change.key, hint=hint)
