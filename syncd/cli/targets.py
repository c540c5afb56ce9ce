"""The repository, the server and the base refs, as the shell wants them: bound to one run; nothing is opened here."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from syncd.cli.console import note
from syncd.errors import KestraDenied, KestraUnavailable
from syncd.kestra import Kestra
from syncd.model import Change, Key, Kind, Problem, Resource, Scope, Severity, Snapshot
from syncd.repo import Repository
from syncd.state import Base, BaseRef, Lost, RescueRef, ServerIdentity, infer

_MISSING_SUBFLOW = re.compile(r"subflow '([^']+)' not found in namespace '([^']+)'")
"""What `/flows/validate` of 1.3 and 2.0 warns of; saving such a flow is allowed."""
WORKERS = 4
"""Connections at a time; measured on 1.3.25, more gain nothing."""


@dataclass
class KestraTarget:
    """
    The server, as the shell wants a side that can be written.

    Attributes:
        server: Its client.
        workers: How many objects are written at a time.
        can_nest: Never: where a file was, local storage takes no folder (1.3.31 loses it, 2.0.0 answers 409).
    """

    server: Kestra
    workers: int = WORKERS
    can_nest: bool = False

    @property
    def can_swap(self) -> bool:
        """Whether a file may take a folder's place."""
        return self.server.about().line.swaps_file_and_folder

    def snapshot(self, scope: Scope) -> Snapshot:
        """See `Kestra.snapshot`."""
        return self.server.snapshot(scope)

    def apply(self, change: Change) -> Resource | None:
        """See `Kestra.apply`."""
        return self.server.apply(change)

    def refusals(self, writes: Sequence[Change]) -> tuple[Problem, ...]:
        """The names that this server cannot hold."""
        paths = {change.key: change.write.path for change in writes if change.write is not None}
        names = self.server.unholdable(paths)
        return tuple(replace(problem, path=problem.path or paths[key]) for key, problem in names.items())

    def validate(self, writes: Sequence[Change]) -> tuple[Problem, ...]:
        """What the server says of the flows that are to be written."""
        flows = {change.key: change.write for change in writes if change.write and change.key.kind is Kind.FLOW}
        said = self.server.validate(tuple(flows.values())) if flows else ()
        return tuple(problem for problem in said if not _will_be_there(problem, flows))

    def create_many(self, resources: Sequence[Resource]) -> Mapping[Key, Resource]:
        """See `Kestra.create_many`."""
        return self.server.create_many(resources)


def _will_be_there(problem: Problem, written: Container[Key]) -> bool:
    """Whether the server only misses a subflow that this very run is about to create."""
    missing = _MISSING_SUBFLOW.search(problem.message)
    return problem.severity is Severity.WARNING and bool(missing and Key(Kind.FLOW, missing[2], missing[1]) in written)


@dataclass
class Agreement:
    """
    The base ref and the rescue ref of one environment, bound to this run.

    Attributes:
        snapshot: What is agreed on within the scope of the run.
        beside: Whether Git's side is a branch that has yet to be merged: until then nothing new is agreed on.
    """

    repository: Repository
    base_ref: BaseRef
    rescue_ref: RescueRef
    server: Kestra
    identity: ServerIdentity
    scope: Scope
    loaded: Base
    released: tuple[Key, ...]
    source_commit: str | None
    snapshot: Snapshot = field(default_factory=Snapshot)
    beside: bool = False

    def infer(self, git: Snapshot, kestra: Snapshot, keys: Sequence[Key]) -> Mapping[Key, Resource]:
        """See `syncd.state.infer`."""
        return infer(self.repository, self.source_commit, git, kestra, keys, self.server.revisions)

    def rescue(self, side: str, lost: Sequence[tuple[Resource, str]]) -> None:
        """See `RescueRef.keep`."""
        self.rescue_ref.keep([Lost(resource, side, reason) for resource, reason in lost])
        if warning := self.rescue_ref.share():
            note(f"what was rescued is kept here, but not shared: {warning}")

    def save(self, agreed: Mapping[Key, Resource | None], message: str) -> str | None:
        """
        See `BaseRef.save`. What was saved is the base of whatever follows in this run.

        Raises:
            KestraReplaced: It was another server that took the writes, so nothing is agreed on with this one.
        """
        with suppress(KestraUnavailable, KestraDenied):  # what was read back from it before is agreed on
            self.server.check_identity()
        if self.beside:
            return self.loaded.commit
        commit = self.base_ref.save(
            self.loaded,
            agreed,
            server=self.identity,
            source_commit=self.source_commit,
            scope=self.scope,
            released=self.released,
            message=message,
        )
        held = {**self.snapshot.resources, **{key: resource for key, resource in agreed.items() if resource}}
        gone = {key for key, resource in agreed.items() if resource is None}
        self.snapshot = replace(self.snapshot, resources={key: held[key] for key in held if key not in gone})
        if commit:
            self.loaded = replace(self.loaded, commit=commit, snapshot=self.snapshot, void="")
        return commit or self.loaded.commit
