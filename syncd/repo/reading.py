"""From a listing to a snapshot: which object each file is, and what is wrong with those that are none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Final

from syncd.flowtext import NotAFlow, Reading, Readings
from syncd.layout import Layout, Place
from syncd.model import Key, Kind, Problem, Resource, Scope, Severity, Snapshot, blob_id
from syncd.repo.content import Content, Entry, Form
from syncd.repo.files import POINTER, Unreadable
from syncd.repo.names import collisions, namespace_above, unfit_id, unfit_namespace, unfit_path

FLOW_LIMIT: Final = 4 * 1024 * 1024  # bytes that are read of a flow's file; Kestra takes less than that

_FORM_RULES: Final = {
    Form.LINK: ("SYN006", "is, or lies behind, a symbolic link", "put the file itself there"),
    Form.MODULE: (
        "SYN006",
        "is another repository (a submodule); its files are not looked at",
        "name it in .kestraignore",
    ),
    Form.ABSENT: ("SYN008", "is left out by a sparse checkout", "git sparse-checkout add its folder"),
    Form.UNMERGED: ("SYN008", "has an unresolved merge conflict", "resolve it, then git add it"),
}


def take(
    content: Content,
    entries: Iterable[Entry],
    layout: Layout,
    scope: Scope,
    known: Mapping[str, Key],
    readings: Readings,
) -> Snapshot:
    """
    The snapshot of a listing.

    Args:
        content: Where the bytes come from.
        entries: What lies there, without what is ignored.
        layout: What each path stands for.
        scope: Which namespaces to read.
        known: What the base holds at each path.
        readings: Flows that were read before.

    Raises:
        RepoError: Git refused.
    """
    draft = _Draft(content, layout, scope, known, readings)
    draft.look_at(tuple(entries))
    return draft.snapshot()


class _Draft:
    """A snapshot in the making."""

    def __init__(
        self, content: Content, layout: Layout, scope: Scope, known: Mapping[str, Key], readings: Readings
    ) -> None:
        self.content = content
        self.load = content.load  # bound once: a look has tens of thousands of handles
        self.layout = layout
        self.covers = cache(scope.covers)
        self.roots = scope.roots
        self.known = known
        self.readings = readings
        self.found: dict[Key, list[Resource]] = defaultdict(list)
        self.unknown: dict[Key, Problem] = {}
        self.incomplete: dict[tuple[Kind, str], Problem] = {}
        self.emptied: dict[tuple[Kind, str], Problem] = {}
        self.problems: list[Problem] = []
        self.unnamed: list[tuple[Place, Problem]] = []

    def look_at(self, entries: tuple[Entry, ...]) -> None:
        self._missing_folders()
        flows, files = {}, {}
        places = {entry: place for entry in entries if (place := self._place(entry))}
        colliding = collisions(entry.path for entry in places)
        for entry, place in places.items():
            if problem := self._outside(entry, place, colliding):
                self._refuse(entry, place, problem)
            elif place.kind is Kind.FLOW:
                flows[entry] = place
            else:
                files[entry] = place
        self._flows(flows)
        self._files(files)
        self._name_the_unnamed()

    def snapshot(self) -> Snapshot:
        """What was found; an object in two files is unknown, with both named."""
        resources = {}
        for key, same in self.found.items():
            if len(same) == 1 and key not in self.unknown:
                resources[key] = same[0]
            for resource in same if len(same) > 1 else ():
                others = ", ".join(sorted(other.path for other in same if other is not resource))
                problem = Problem(
                    "SYN004", f"{key} is also in {others}", resource.path, key=key, hint="keep one of the files"
                )
                self.problems.append(problem)
                self.unknown[key] = problem
        problems = tuple(sorted(set(self.problems), key=lambda problem: problem.order))
        return Snapshot(resources, self.unknown, self.incomplete, problems, self.emptied)

    def _place(self, entry: Entry) -> Place | None:
        """What an entry in scope stands for; a link or repository in place of one of our folders is told of here."""
        place = self.layout.locate(entry.path)
        if place and place.namespace:
            return place if self.covers(place.namespace) else None
        if entry.form in {Form.LINK, Form.MODULE}:
            self._blocked_folder(entry)
            return None
        return place

    def _missing_folders(self) -> None:
        """A folder of the layout that is gone with everything in it is more likely a wrong place than a wish."""
        for kind, template in ((Kind.FLOW, self.layout.flows), (Kind.FILE, self.layout.files)):
            folder = template.split("{namespace}")[0].rstrip("/")
            emptied = {key.namespace for key in self.known.values() if key.kind is kind}
            if folder and emptied and not self.content.has_folder(folder):
                problem = Problem(
                    "SYN008",
                    f"{folder} is gone with everything in it",
                    folder,
                    severity=Severity.WARNING,
                    hint=f"check the revision; if it is meant, add --allow-emptying, or keep {folder}/.gitkeep",
                )
                self.problems.append(problem)
                self.emptied.update({(kind, namespace): problem for namespace in emptied})

    def _blocked_folder(self, entry: Entry) -> None:
        for kind, template in ((Kind.FLOW, self.layout.flows), (Kind.FILE, self.layout.files)):
            namespace = namespace_above(template, self.layout.namespace or "", entry.path)
            if namespace is None and kind is Kind.FLOW and (inside := self.layout.locate(f"{entry.path}/flow.yml")):
                namespace = inside.namespace
            if namespace is None or (namespace and not self.covers(namespace)):
                continue
            problem = _formal(entry)
            self.problems.append(problem)
            held = {key.namespace for key in self.known.values()} | set(self.roots)
            for name in (namespace,) if namespace else held:
                self.incomplete[kind, name] = problem

    def _outside(self, entry: Entry, place: Place, colliding: Mapping[str, Problem]) -> Problem | None:
        """What is wrong with a file before it is read."""
        if entry.form is not Form.FILE:
            return _formal(entry)
        if problem := unfit_path(entry.path) or colliding.get(entry.path):
            return problem
        return unfit_namespace(place.namespace, entry.path) if place.namespace else None

    def _refuse(self, entry: Entry, place: Place, problem: Problem) -> None:
        """Notes that something is there which cannot be said to be anything."""
        if entry.form in {Form.LINK, Form.MODULE} and place.namespace:
            self.incomplete[place.kind, place.namespace] = problem
        if entry.form is Form.MODULE:
            self.problems.append(problem)
        elif place.kind is Kind.FILE:
            self._block(Key(Kind.FILE, place.namespace, place.name), problem)
        elif key := self.known.get(entry.path):
            self._block(key, problem)
        else:
            self.unnamed.append((place, problem))

    def _block(self, key: Key, problem: Problem) -> None:
        named = replace(problem, key=key)
        self.unknown[key] = named
        self.problems.append(named)

    def _flows(self, places: Mapping[Entry, Place]) -> None:
        fresh = []
        for entry, place in places.items():
            if entry.blob and (reading := self.readings.find(entry.blob)):
                self._flow(entry, place, entry.blob, reading)
            else:
                fresh.append(entry)
        for entry, text in self.content.texts(fresh, FLOW_LIMIT):
            if isinstance(text, bytes):
                raw = blob_id(text)
                self._flow(entry, places[entry], raw, self.readings.of(raw, text))
            else:
                self._refuse(entry, places[entry], _unreadable(entry, text))

    def _flow(self, entry: Entry, place: Place, raw: str, reading: Reading) -> None:
        if isinstance(reading.flow, NotAFlow):
            self._not_a_flow(entry, place, reading.flow)
            return
        key = Key(Kind.FLOW, reading.flow.namespace, reading.flow.id)
        problem = _misplaced(entry, place, key, self.layout) or unfit_id(key.name, entry.path)
        if problem:
            self._misfit(entry, place, key, problem)
            return
        load = partial(self.load, entry.path, raw)
        self.found[key].append(Resource(key, reading.digest, raw, entry.path, load=load))

    def _misfit(self, entry: Entry, place: Place, key: Key, problem: Problem) -> None:
        """Blocks the flow that the text says, the one that its folder says, and the one that was there before."""
        placed = replace(key, namespace=place.namespace or key.namespace)
        meant = {key, placed, self.known.get(entry.path, key)}
        concerned = sorted(one for one in meant if self.covers(one.namespace))
        for one in concerned:
            self.unknown.setdefault(one, replace(problem, key=one))
        if concerned:
            self.problems.append(replace(problem, key=concerned[0]))

    def _not_a_flow(self, entry: Entry, place: Place, flow: NotAFlow) -> None:
        from syncd.validate import not_a_flow  # heavy, and only needed where something is broken

        problem = not_a_flow(entry.path, flow)
        before = self.known.get(entry.path)
        if flow.id and place.namespace:
            self._block(Key(Kind.FLOW, place.namespace, flow.id), problem)
            if before:
                self.unknown.setdefault(before, replace(problem, key=before))
        else:
            self._refuse(entry, place, problem)

    def _name_the_unnamed(self) -> None:
        """A file that cannot be read is guessed to be the flow of its name; which one it really is, nobody knows."""
        for place, problem in self.unnamed:
            if not place.namespace:
                self.problems.append(problem)
                continue
            stem = place.name.rpartition("/")[2].rpartition(".")[0]
            guess = Key(Kind.FLOW, place.namespace, stem)
            self.incomplete[Kind.FLOW, place.namespace] = problem
            if guess in self.found:
                self.problems.append(problem)
            else:
                self._block(guess, problem)

    def _files(self, places: Mapping[Entry, Place]) -> None:
        for entry, glance in self.content.glances(places):
            key = Key(Kind.FILE, places[entry].namespace, places[entry].name)
            if isinstance(glance, Unreadable):
                self._block(key, _unreadable(entry, glance))
            elif glance.head.startswith(POINTER):
                message = f"{entry.path}: a Git LFS pointer, not the file itself"
                self._block(key, Problem("SYN007", message, entry.path, hint="git lfs pull"))
            else:
                load = partial(self.load, entry.path, glance.raw)
                self.found[key].append(Resource(key, glance.raw, glance.raw, entry.path, load=load))


def _formal(entry: Entry) -> Problem:
    code, message, hint = _FORM_RULES[entry.form]
    severity = Severity.NOTE if entry.form is Form.MODULE else Severity.ERROR
    return Problem(code, f"{entry.path} {message}", entry.path, severity=severity, hint=hint)


def _unreadable(entry: Entry, why: Unreadable) -> Problem:
    return Problem("SYN008", f"{entry.path}: {why}", entry.path, hint="look at its permissions, or run again")


def _misplaced(entry: Entry, place: Place, key: Key, layout: Layout) -> Problem | None:
    if place.namespace == key.namespace:
        return None
    where = f"the folder of {place.namespace}" if place.namespace else "no folder of a namespace"
    to = layout.path_of(Kind.FLOW, key.namespace, key.name)
    hint = f"git mv '{entry.path}' '{to}', or change its namespace" if to else "change its namespace"
    return Problem("SYN005", f"{entry.path}: {key} lies in {where}", entry.path, hint=hint)
