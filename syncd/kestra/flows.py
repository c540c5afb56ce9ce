"""Reads and writes the flows of one server, one at a time or all at once; never through the calls that cut texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Any

from syncd.errors import KestraError, KestraMissing, KestraRejected, ObjectMoved
from syncd.flowtext import Identity, NotAFlow, Readings, identity
from syncd.kestra.archive import entries, packed
from syncd.kestra.dialect import Dialect
from syncd.kestra.naming import FLOW_ID, NAMESPACE
from syncd.kestra.refusal import plain
from syncd.kestra.transport import YAML, Call, Transport, path_of
from syncd.model import Key, Kind, Problem, Resource, Scope, Severity, Snapshot, blob_id, within

Loaders = Mapping[str, Callable[[], bytes]]
_NOWHERE: Loaders = MappingProxyType({})

PAGE = 500
"""Flows on one page of the listing; without `sort=`, which costs seconds on 1,000 flows (1.3.25 on H2)."""

_PAGES_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Listed:
    """What the listing says of one flow: its revision, and whether its text is a draft or unreadable ("" if not)."""

    revision: int | None
    draft: bool = False
    unreadable: str = ""


@dataclass(slots=True)
class Export:
    """What an export of flows held: flows by key, keys that came twice, and texts that are no flow."""

    flows: dict[Key, Resource] = field(default_factory=dict)
    twice: set[Key] = field(default_factory=set)
    strays: list[tuple[str, NotAFlow]] = field(default_factory=list)


class Flows:
    """
    The flows of one tenant.

    Args:
        transport: The way to the server.
        root: `/api/v1/main`, or what else stands before `/flows`.
        line: What the server can do.
        readings: Flows that were read before, wherever they were.
    """

    def __init__(self, transport: Transport, root: str, line: Dialect, readings: Readings) -> None:
        self._transport = transport
        self._root = root + "/flows"
        self._line = line
        self._readings = readings

    def snapshot(self, scope: Scope, pool: Executor, elsewhere: Loaders = _NOWHERE) -> Snapshot:
        """
        Every flow in scope: sources from one export (see there), cross-checked with the listing.

        Raises:
            KestraError: Either could not be read; nothing is known then.
        """
        listing = pool.submit(self.listing, scope)
        export = self.export(scope, elsewhere)
        listed, problems = listing.result()
        return _checked(export, listed, problems)

    def export(self, scope: Scope, elsewhere: Loaders = _NOWHERE) -> Export:
        """
        The sources of all flows in scope; the archive's entry names differ by version and are not used.

        Args:
            scope: Which.
            elsewhere: By blob id, where else the same bytes can be read; those are not kept in memory.
        """
        found, covers = Export(), _remembered(scope.covers)
        query = self._narrowed(scope)
        with self._transport.download(self._root + "/export/by-query", "the flows", query) as archive:
            for name, text in entries(archive.file, "the flows"):
                raw = blob_id(text)
                reading = self._readings.of(raw, text)
                if isinstance(reading.flow, NotAFlow):
                    found.strays.append((plain(name), reading.flow))
                elif covers(reading.flow.namespace):
                    key = Key(Kind.FLOW, reading.flow.namespace, reading.flow.id)
                    load = elsewhere.get(raw) or partial(bytes, text)
                    _add(found, Resource(key, reading.digest, raw, load=load))
        return found

    def listing(self, scope: Scope) -> tuple[Mapping[Key, Listed], tuple[Problem, ...]]:
        """
        Revision, draft and exception of all flows in scope, page by page.

        Raises:
            KestraError: Pages do not add up to the total, so something may be missing.
        """
        for _ in range(2):
            seen, total = self._pages(scope)
            if len(seen) == total:
                break
        else:
            raise KestraError(
                f"the flows: the server counts {total} but lists {len(seen)}", "run the command again in a moment"
            )
        covers = _remembered(scope.covers)
        inside = {name: listed for name, listed in seen.items() if covers(name[0])}
        odd = [name for name in inside if not _possible(*name)]
        return (
            {Key(Kind.FLOW, *name): listed for name, listed in inside.items() if name not in set(odd)},
            tuple(_impossible("/".join(name)) for name in odd),
        )

    def read(self, key: Key) -> Resource | None:
        """
        The flow as it is now, or `None` where there is none.

        Raises:
            ObjectMoved: It is a draft, or the server cannot read it.
        """
        path = self._path(key)
        try:
            document = self._transport.get(path, str(key), [("source", "true")]).document()
        except KestraMissing:
            return None
        listed = _listed(document)
        if listed.draft or listed.unreadable:
            raise ObjectMoved(f"{key} is now {'a draft' if listed.draft else 'unreadable'} on the server")
        return Resource.of(key, _source(document, key), revision=listed.revision)

    def create(self, key: Key, text: bytes) -> None:
        """`POST`, which refuses with `KestraExists` where the flow exists; the text alone says which flow that is."""
        if not is_text_of(key, text):
            raise KestraRejected(f"{key}: its text is that of {identity(text)}, so nothing was sent", "syncd validate")
        self._transport.send(Call("POST", self._root, str(key), body=text, media=YAML))

    def update(self, key: Key, text: bytes) -> None:
        """`PUT`; only for a flow that was just read: without one, servers up to early 2.0 may loop until they die."""
        self._transport.send(Call("PUT", self._path(key), str(key), body=text, media=YAML))

    def delete(self, key: Key) -> None:
        """Deletes this one flow."""
        self._transport.send(Call("DELETE", self._path(key), str(key)))

    def revisions(self, key: Key) -> tuple[Resource, ...]:
        """Older texts of a flow, newest first, without the current one."""
        try:
            documents = self._transport.get(self._path(key) + "/revisions", str(key)).documents()
        except KestraMissing:
            return ()
        newest = sorted(documents, key=lambda document: -(_listed(document).revision or 0))
        return tuple(
            Resource.of(key, _source(document, key), revision=_listed(document).revision)
            for document in newest[1:]
            if isinstance(document.get("source"), str) and not document.get("deleted")
        )

    def import_zip(self, texts: Iterable[bytes]) -> None:
        """Creates many at once, texts verbatim; which were refused, only reading back tells. See `zip_import_safe`."""
        data = packed((f"{number}.yml", text) for number, text in enumerate(texts))
        parts = (("fileUpload", "flows.zip", data),)
        self._transport.send(Call("POST", self._root + "/import", "the flows", parts=parts))

    def namespaces(self) -> tuple[str, ...]:
        """Namespaces that hold a flow."""
        names = self._transport.get(self._root + "/distinct-namespaces", "the namespaces").json()
        return tuple(sorted(name for name in names if isinstance(name, str) and NAMESPACE.fullmatch(name)))

    def _path(self, key: Key) -> str:
        return self._root + path_of(key.namespace, key.name)

    def _narrowed(self, scope: Scope) -> list[tuple[str, str]]:
        tops = {root for root in scope.roots if not any(within(root, top) for top in scope.roots if top != root)}
        if scope.everything or len(tops) != 1:
            return []
        return [("filters[namespace][PREFIX]" if self._line.filters else "namespace", tops.pop())]

    def _pages(self, scope: Scope) -> tuple[dict[tuple[str, str], Listed], int]:
        seen: dict[tuple[str, str], Listed] = {}
        total, read = 0, 0
        for page in range(1, _PAGES_LIMIT):
            query = [("page", str(page)), ("size", str(PAGE)), *self._narrowed(scope)]
            answer = self._transport.get(self._root + "/search", "the flows", query)
            results, total = answer.page()
            seen.update((_name(result), _listed(result)) for result in results)
            read += len(results)
            if not results or read >= total:
                break
        return seen, total


def is_text_of(key: Key, text: bytes) -> bool:
    """Whether this text is that of this flow and no other."""
    return identity(text) == Identity(key.name, key.namespace)


def _checked(export: Export, listed: Mapping[Key, Listed], problems: tuple[Problem, ...]) -> Snapshot:
    reasons = {(stray.namespace, stray.id): stray.reason for _, stray in export.strays}
    unknown = {key: _twice(key) for key in export.twice}
    odd = {key for key in export.flows if not _possible(key.namespace, key.name)}
    for key, entry in listed.items():
        if entry.draft:
            unknown[key] = _draft(key)
        elif entry.unreadable or (key.namespace, key.name) in reasons:
            unknown[key] = _unreadable(key, entry.unreadable or reasons[key.namespace, key.name])
        elif key not in export.flows:
            unknown[key] = _unexported(key)
    resources = {
        key: replace(flow, revision=listed[key].revision) if key in listed else flow
        for key, flow in export.flows.items()
        if key not in unknown and key not in odd
    }
    told = {_impossible(f"{key.namespace}/{key.name}") for key in odd}.difference(problems)
    return Snapshot(resources, unknown, problems=(*problems, *told, *unknown.values()))


def _add(found: Export, flow: Resource) -> None:
    if flow.key in found.flows:
        found.twice.add(flow.key)
    found.flows[flow.key] = flow


def _remembered(covers: Callable[[str], bool]) -> Callable[[str], bool]:
    answers: dict[str, bool] = {}

    def remembered(namespace: str) -> bool:
        if namespace not in answers:
            answers[namespace] = covers(namespace)
        return answers[namespace]

    return remembered


def _name(document: dict[str, Any]) -> tuple[str, str]:
    return str(document.get("namespace")), str(document.get("id"))


def _listed(document: dict[str, Any]) -> Listed:
    revision = document.get("revision")
    return Listed(
        revision if isinstance(revision, int) else None,
        document.get("draft") is True,
        plain(str(document.get("exception") or "")),
    )


def _source(document: dict[str, Any], key: Key) -> bytes:
    source = document.get("source")
    if not isinstance(source, str):
        raise KestraError(f"{key}: the server's answer holds no source", "check its version: syncd doctor")
    return source.encode("utf-8", "surrogatepass")


def _possible(namespace: str, name: str) -> bool:
    return bool(NAMESPACE.fullmatch(namespace) and FLOW_ID.fullmatch(name))


def _impossible(name: str) -> Problem:
    return Problem(
        "SYN020",
        f"the server names a flow {plain(name)!r}, which is not a possible name; it is left alone",
        severity=Severity.WARNING,
    )


def _draft(key: Key) -> Problem:
    return Problem(
        "SYN021",
        f"{key} is a draft on the server; neither it nor its copy in Git is touched",
        severity=Severity.WARNING,
        key=key,
        hint="publish or discard the draft in Kestra",
    )


def _unreadable(key: Key, why: str) -> Problem:
    hint = "repair or delete it in Kestra"
    return Problem("SYN022", f"{key} on the server cannot be read: {plain(why)}", key=key, hint=hint)


def _unexported(key: Key) -> Problem:
    hint = "run the command again; if it stays, look at the flow in Kestra"
    return Problem("SYN023", f"{key} is listed by the server, but its text is not exported", key=key, hint=hint)


def _twice(key: Key) -> Problem:
    return Problem("SYN024", f"{key} came twice in the server's export", key=key, hint="run the command again")
