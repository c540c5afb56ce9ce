"""Creates many objects with few calls: looks once, writes each, reads all back; only absent ones are touched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from itertools import groupby
from typing import ParamSpec

from syncd.errors import KestraDenied, KestraError, KestraRejected
from syncd.kestra.dialect import Dialect
from syncd.kestra.files import Files
from syncd.kestra.flows import Flows, is_text_of
from syncd.kestra.inventory import FEW
from syncd.kestra.naming import stored_name
from syncd.model import Key, Resource, Scope

P = ParamSpec("P")

BATCH = 250
"""Flows in one archive: as many as a server stores in about three seconds (1.3.25 on H2)."""


def create_flows(flows: Flows, line: Dialect, wanted: Sequence[Resource], pool: Executor) -> Mapping[Key, Resource]:
    """
    Creates those of these flows that are absent.

    Where a zip import is safe, each archive is preceded by a new listing, because an import would overwrite; elsewhere
    `POST` refuses by itself.

    Returns:
        Those that the server holds afterwards, as read back; whatever is missing failed, for a reason that only a
        single write will tell.
    """
    scope = Scope(tuple(sorted({one.key.namespace for one in wanted})), children=False)
    if line.zip_import_safe:
        for start in range(0, len(wanted), BATCH):
            present, _ = flows.listing(scope)
            absent = [one for one in wanted[start : start + BATCH] if one.key not in present]
            _tolerated(flows.import_zip, [text for one in absent if is_text_of(one.key, text := one.load())])
    else:
        list(pool.map(lambda one: _tolerated(flows.create, one.key, one.load()), wanted))
    held = flows.export(scope, {one.raw: one.load for one in wanted}).flows
    return _matching((held[one.key] for one in wanted if one.key in held), wanted)


def create_files(files: Files, line: Dialect, wanted: Sequence[Resource], pool: Executor) -> Mapping[Key, Resource]:
    """Uploads those of these files that are absent, namespace by namespace; returns what `create_flows` does."""
    created: dict[Key, Resource] = {}
    ordered = sorted(wanted, key=lambda one: one.key)
    for namespace, group in groupby(ordered, key=lambda one: one.key.namespace):
        created.update(_created_in(files, line, namespace, list(group), pool))
    return created


def _created_in(
    files: Files, line: Dialect, namespace: str, wanted: list[Resource], pool: Executor
) -> Mapping[Key, Resource]:
    present = files.walk(namespace).files
    absent = [one for one in wanted if stored_name(one.key.name, line) not in present]
    list(pool.map(lambda one: _tolerated(files.create, one.key, one.load()), absent))
    return _matching(_read_back(files, line, namespace, [one.key for one in absent]), absent)


def _read_back(files: Files, line: Dialect, namespace: str, keys: list[Key]) -> Iterator[Resource]:
    if len(keys) <= FEW:
        yield from filter(None, map(files.read, keys))
        return
    by_name = {stored_name(key.name, line): key for key in keys}
    with files.export(namespace) as (contents, _):
        yield from (Resource.of(by_name[path], data) for path, data in contents if path in by_name)


def _tolerated(write: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    """A refusal of one object is found by its absence afterwards; what stops everything is not tolerated."""
    try:
        write(*args, **kwargs)
    except KestraRejected:
        return
    except KestraError as error:
        if error.status is None or isinstance(error, KestraDenied):
            raise


def _matching(held: Iterable[Resource], wanted: Iterable[Resource]) -> Mapping[Key, Resource]:
    digests = {one.key: one.digest for one in wanted}
    return {one.key: one for one in held if one.digest == digests[one.key]}
