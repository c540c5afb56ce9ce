"""Wires a promotion inside Git together: repository, target server, branch, pull request."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from syncd.cli.options import Options
from syncd.cli.world import choose, connect, find
from syncd.errors import ConfigError, SyncdError
from syncd.forge import PullRequest, address
from syncd.forge import connect as connect_forge
from syncd.guards import Guards
from syncd.model import Key, Problem, Resource, Scope
from syncd.promote import NamespaceMap, Recipe, Rewrite
from syncd.promotions import (
    Prepared,
    Server,
    Wish,
    commit,
    keep_observed,
    move,
    observe,
    prepare,
    subject,
    tip_to_build_on,
    trailers,
)
from syncd.render.promotion import PromotionView, as_markdown


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the commit goes: the branch's name, what it is merged into, where it is now, and what to build on."""

    branch: str
    base: str
    start: str
    now: str | None
    tip: str


class Promoting:
    """
    One run of `syncd promote --from … --to …`.

    Args:
        options: The shared options.
        pairs: The map, as `from=to`.
        values: The command's own options.
    """

    def __init__(self, options: Options, pairs: Sequence[str], values: Mapping[str, Any]) -> None:
        self.options = options
        self.values = values
        self.recipe = Recipe(NamespaceMap.parse(pairs), Rewrite(values["rewrite"]), values["disable_triggers"])
        self.repository, self.config = find(options)
        self.layout = self.config.settings.layout.layout

    def run(self) -> PromotionView:
        """From the look at both ends to the pull request."""
        place = self._place()
        source = self._source()
        with self._server() as server:
            prepared = self._prepare(source, place.tip, server)
            whole = prepared if place.tip == place.start else self._prepare(source, place.start, server)
        view = self._view(prepared)
        if self.options.dry_run or prepared.withheld:
            return view
        if self.values["from_server"]:
            remote = self.values["remote"] if self.values["pull_request"] else None
            keep_observed(self.repository, self.values["from_server"], source, remote)
        new = commit(self.repository, place.tip, prepared.plan, self.recipe, source)
        if new not in {place.start, place.now}:
            self._publish(place, new)
        view = replace(view, branch=place.branch, commit=new if new != place.tip else "")
        if self.values["pull_request"] and new != place.start:
            view = replace(view, pull_request=self._pull_request(place, whole))
        return view

    def _prepare(self, source: str, tip: str, server: Server | None) -> Prepared:
        guards = Guards(("system",), self.options.max_deletes, self.options.allow_emptying)
        wish = Wish(
            self.recipe,
            source,
            tip,
            prune=bool(self.options.prune),
            force=self.options.force,
            strict=self.values["strict"],
            guards=guards,
        )
        return prepare(self.repository, self.layout, wish, server)

    def _place(self) -> _Place:
        source, target = min(self.recipe.names.pairs, key=lambda pair: len(pair[0]))
        branch = self.options.branch or f"promote/{source}-to-{target}"
        self.repository.check_branch(branch)
        if self.values["pull_request"]:
            return self._place_at_remote(branch)
        start = self.repository.resolve(self.values["base"] or "HEAD")
        now = self.repository.read_ref(f"refs/heads/{branch}")
        return _Place(branch, self.values["base"] or "HEAD", start, now, self._tip(now, start))

    def _place_at_remote(self, branch: str) -> _Place:
        remote, base = self.values["remote"], self.values["base"] or self.repository.branch()
        if base is None:
            raise ConfigError("no branch is checked out, so it is not known what to merge into", "name it with --base")
        self.repository.fetch(remote, base)
        start = self.repository.resolve(f"refs/remotes/{remote}/{base}")
        now = self.repository.fetch_ref(remote, f"refs/heads/{branch}")
        return _Place(branch, base, start, now, self._tip(now, start))

    def _tip(self, now: str | None, start: str) -> str:
        folders = [
            folder.replace("{namespace}", namespace)
            for folder in (self.layout.flows, self.layout.files)
            for namespace in self.recipe.names.targets.roots
        ]
        return tip_to_build_on(self.repository, now, start, folders)

    def _source(self) -> str:
        environment = self.values["from_server"]
        if environment is None:
            return self.repository.resolve(self.options.ref or "HEAD")
        with connect(self.config, choose(self.config, replace(self.options, env=environment))) as server:
            held = server.snapshot(self.recipe.names.sources)
        for problem in (*held.unknown.values(), *held.incomplete.values()):
            raise SyncdError(
                f"{environment} cannot be promoted, because not all of it could be read: {problem.message}",
                problem.hint,
            )
        return observe(self.repository, self.layout, environment, held)

    @contextmanager
    def _server(self) -> Iterator[Server | None]:
        if not self.values["check_env"]:
            yield None
            return
        target = choose(self.config, replace(self.options, env=self.values["check_env"]))
        with connect(self.config, target) as kestra:

            def ask(scope: Scope, flows: Sequence[Resource]) -> tuple[Iterable[Key], Iterable[Problem]]:
                return kestra.snapshot(scope).resources, kestra.validate(flows) if flows else ()

            yield ask

    def _publish(self, place: _Place, new: str) -> None:
        if not self.values["pull_request"]:
            move(self.repository, place.branch, new, place.now)
            return
        self.repository.push_ref(self.values["remote"], f"refs/heads/{place.branch}", new, place.now)

    def _pull_request(self, place: _Place, whole: Prepared) -> str:
        wanted = PullRequest(place.branch, place.base, subject(self.recipe), as_markdown(self._view(whole)))
        where = address(os.environ, self.repository.remote_url(self.values["remote"]))
        return connect_forge(where).pull_request(wanted).url

    def _view(self, prepared: Prepared) -> PromotionView:
        return PromotionView(
            self.recipe,
            self.values["from_server"] or self.options.ref or "HEAD",
            prepared.wish.source,
            prepared.plan,
            prepared.wanted,
            prepared.needs,
            prepared.problems,
            trailers(self.recipe, prepared.wish.source),
            prepared.exit_code,
            dry_run=self.options.dry_run,
            withheld=prepared.withheld,
        )
