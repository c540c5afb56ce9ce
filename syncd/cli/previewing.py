"""Wires a preview together: changed flows on one side, a server on the other, and a ref that knows what was created."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from syncd.cli.console import progress
from syncd.cli.options import Options
from syncd.cli.targets import Agreement, KestraTarget
from syncd.cli.world import choose, connect, find
from syncd.errors import ConfigError, ObjectMoved, RepoError
from syncd.guards import Guards, MaxDeletes
from syncd.layout import Layout
from syncd.model import Change, Key, Problem, Resource, Scope, Snapshot
from syncd.plan import OnConflict, Policy
from syncd.promote import moving, preview
from syncd.promotions import EVERYTHING
from syncd.repo import GitSide
from syncd.report import Report
from syncd.sides import Request, World
from syncd.state import BaseRef, RescueRef, ServerIdentity
from syncd.state.shared import PREFIX, Shared
from syncd.stop import stopping
from syncd.sync import run

NAME = "preview-"
_PREFIX = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
_ALL_OF_IT = Guards(protected=(), max_deletes=MaxDeletes(100, percent=True), allow_emptying=True)


@dataclass(frozen=True)
class Fixed:
    """A side that is what it is: the source of a preview."""

    held: Snapshot
    workers: int = 1
    can_swap: bool = True
    can_nest: bool = True

    def snapshot(self, scope: Scope) -> Snapshot:
        """What it holds; the scope is the caller's own."""
        del scope
        return self.held

    def apply(self, change: Change) -> Resource | None:
        """Nothing can be written."""
        raise ObjectMoved(f"{change.key} cannot be written: a preview only goes to a server")

    def refusals(self, writes: Sequence[Change]) -> tuple[Problem, ...]:
        """Nothing is written, so nothing is refused."""
        del writes
        return ()

    def create_many(self, flows: Sequence[Resource]) -> Mapping[Key, Resource]:
        """Nothing."""
        del flows
        return {}


@dataclass(frozen=True, slots=True)
class Shown:
    """One preview that is up, as `list` shows it."""

    prefix: str
    objects: int
    when: datetime
    server: str


class Previewing:
    """
    One run of `syncd preview`.

    Args:
        options: The shared options.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.repository, self.config = find(options)
        self.target = choose(self.config, options)
        self.share = self.target.environment.share

    def up(self, prefix: str, base: str) -> Report:
        """Brings the preview in step with the commit: creates, updates, and removes what is no longer part of it."""
        _check(prefix)
        layout = self.config.settings.layout.layout
        head = self.repository.resolve(self.options.ref or "HEAD")
        fork = self.repository.merge_base(self.repository.resolve(base), head)
        if fork is None and self.repository.is_shallow():
            raise RepoError(
                f"this clone's history is cut off, so it cannot be said what changed since {base}",
                "git fetch --unshallow; in GitHub Actions: actions/checkout with fetch-depth: 0",
            )
        now = GitSide.at(self.repository, layout, head).snapshot(EVERYTHING)
        before = GitSide.at(self.repository, layout, fork).snapshot(EVERYTHING) if fork else Snapshot()
        wanted = preview(now, moving(before, now), prefix)
        return self._run(prefix, wanted.snapshot, OnConflict.FAIL, head)

    def down(self, prefix: str) -> Report:
        """Removes what `up` created and nobody has edited since; with `--force`, edited objects too."""
        _check(prefix)
        winner = OnConflict.GIT if self.options.force else OnConflict.FAIL
        report = self._run(prefix, Snapshot(), winner, None)
        if not self.options.dry_run and report.exit_code == 0:
            self._forget(prefix)
        return report

    def shown(self) -> Iterator[Shown]:
        """The previews that are up, here and where bases are shared."""
        names = set(self.repository.refs(PREFIX + NAME))
        if self.share:
            names |= self.repository.remote_refs(self.share, f"{PREFIX}{NAME}*")
        for name in sorted(names):
            commit = Shared(self.repository, name, self.share).catch_up()
            if commit and (held := self.repository.tree(commit)):
                deployed = self.repository.log(commit, 1)[0]
                server = deployed.trailers.get("Syncd-Server", "").partition(" ")[0]
                yield Shown(name.removeprefix(PREFIX + NAME), len(held), deployed.when, server)

    def _forget(self, prefix: str) -> None:
        ref = f"{PREFIX}{NAME}{prefix}"
        if self.share and (there := self.repository.fetch_ref(self.share, ref)):
            self.repository.drop_remote_ref(self.share, ref, there)
        if here := self.repository.read_ref(ref):
            self.repository.update_ref(ref, None, here)

    def _run(self, prefix: str, wanted: Snapshot, winner: OnConflict, head: str | None) -> Report:
        policy = Policy(prune=True, on_conflict=winner)
        request = Request(policy, _ALL_OF_IT, validate=self.options.validate, dry_run=self.options.dry_run)
        with self._world(prefix, wanted, head) as world:
            return run(world, request)

    @contextmanager
    def _world(self, prefix: str, wanted: Snapshot, head: str | None) -> Iterator[World]:
        scope = Scope((prefix,))
        base_ref = BaseRef(self.repository, Layout(), NAME + prefix, remote=self.share)
        rescue_ref = RescueRef(self.repository, NAME + prefix, remote=self.share)
        with connect(self.config, self.target) as server, self.repository.lock(NAME + prefix):
            identity = ServerIdentity(server.address.url, self.target.environment.tenant, server.about().uuid)
            base = base_ref.load(identity, scope, head)
            if base.commit and base.void:
                raise ConfigError(
                    f"preview {prefix}: {base.void}", "name the environment that it was made in with --env"
                )
            agreement = Agreement(
                self.repository, base_ref, rescue_ref, server, identity, scope, base, (), head, base.snapshot
            )
            with progress(f"preview {prefix}") as advance, stopping() as stop:
                kestra = KestraTarget(server)
                yield World(
                    Fixed(wanted), kestra, agreement, scope, validate=kestra.validate, stopping=stop, progress=advance
                )
            server.check_identity()


def _check(prefix: str) -> None:
    if not _PREFIX.fullmatch(prefix):
        raise ConfigError(f"{prefix!r} cannot be a prefix", "use a-z, 0-9 and '-', such as pr-123")
