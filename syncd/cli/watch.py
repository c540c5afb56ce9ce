"""`syncd watch`: the daemon. Wires each environment's whole run, the hints and the signals into the loop."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
import structlog

from syncd.cli import options as opt
from syncd.cli.console import data, ending, note, paint
from syncd.cli.options import Options
from syncd.cli.sandbox import beside
from syncd.cli.world import WORKTREE, Opened, choose, find, opened
from syncd.config import Config, Target
from syncd.errors import ConfigError, RepoError
from syncd.logs import setup
from syncd.model import Verdict
from syncd.plan import Direction, OnInvalid
from syncd.render.plans import ARROWS, as_data, as_text
from syncd.render.views import View, view_of_run
from syncd.repo import Repository
from syncd.report import Report, gravest
from syncd.sync import run, run_both
from syncd.watch import Bell, Files, Loop, Outcome, Signals, Territory, Watched
from syncd.watch.loop import Time

_LINE = (
    "  {environment}: {arrow}  {url}  tenant {tenant}\n"
    "    from {source}, namespaces: {namespaces}; looks at least every {interval:g} s"
)
_QUIET = {Verdict.SETTLED, Verdict.UNMANAGED}

_log = structlog.get_logger()


@click.command("watch")
@opt.repository
@opt.option("--env", multiple=True, metavar="NAME", help="An environment of syncd.yaml. Repeatable. Default: all.")
@opt.connection
@opt.option("--direction", type=click.Choice(list(ARROWS)), help="Default: the environment's 'direction' (push).")
@opt.scope
@opt.decision
@opt.committing
@opt.option("--interval", type=click.FloatRange(min=0, min_open=True), help="Seconds between looks without a hint.")
@opt.option("--once", is_flag=True, help="One look at every environment, then end with the gravest exit code.")
@opt.option("--sandbox", is_flag=True, help="Start the embedded server, and keep in step with that.")
@opt.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", help="How to print.")
@opt.logging
def command(**values: Any) -> None:
    """
    Keep both in step until stopped.

    Looks again when a file is saved, a commit is made here or on the remote, every interval, and on SIGHUP; prints
    what it did whenever there is news. SIGTERM and Ctrl-C finish the object in hand; a second one ends at once.
    """
    names = values.pop("env")
    setup(values["log_format"], values["verbose"])
    with ending(), beside() if values["sandbox"] else nullcontext():
        code = _Daemon.of(Options.of({**values, "yes": True}), names, values).run(once=values["once"])
    if code:
        sys.exit(code)


@dataclass(frozen=True, slots=True)
class _Environment:
    """One environment as the command line and the configuration have it at the start."""

    options: Options
    target: Target
    repository: Repository
    direction: str
    interval: float
    stopping: Callable[[], bool]

    @property
    def ref(self) -> str:
        """What Git's side is: `worktree`, or a revision."""
        return self.options.ref or self.target.environment.source

    def watched(self) -> Watched:
        """What the loop sees of it."""
        here = self.ref == WORKTREE
        head = None if here else self.head
        return Watched(self.target.name, self.target.environment.public_url, self.look, self.interval, here, head)

    def head(self) -> str:
        """The commit that its ref is at; that of a remote's branch is fetched first."""
        remote, _, branch = self.ref.partition("/")
        if branch and remote in self.repository.remotes():
            self.repository.fetch(remote, branch)
        return self.repository.resolve(self.ref)

    def look(self) -> Outcome:
        """One whole run. Everything is opened anew, so that changed credentials and settings count at once."""
        self._check_root(self.repository.root if (self.repository.root / ".git").exists() else None)
        if self.ref != WORKTREE:
            self.head()
        with opened(self.options, writes=True, pulls=self.direction != Direction.PUSH) as environment:
            self._check_root(environment.repository.root)
            return _outcome(environment, self._run(environment))

    def _check_root(self, found: Path | None) -> None:
        """A repository that went away must not be mistaken for another one, in which its folder lies."""
        root = self.repository.root
        if found != root:
            raise RepoError(f"{root} is gone, or no longer a Git repository", "bring it back, or stop this daemon")

    def _run(self, environment: Opened) -> tuple[Report, ...]:
        world = environment.world(lambda _change, _total: None, self.stopping)
        push, pull = (environment.request(direction, on_invalid=OnInvalid.SKIP) for direction in Direction)
        if self.direction == "both":
            return run_both(world, push, pull)
        return (run(world, push if self.direction == Direction.PUSH else pull),)

    def facts(self) -> dict[str, object]:
        """What the first lines say of it."""
        environment = self.target.environment
        namespaces = ", ".join(self.options.namespace or environment.namespaces)
        return {
            "environment": self.target.name,
            "direction": self.direction,
            "url": environment.public_url,
            "tenant": environment.tenant,
            "source": self.ref,
            "namespaces": namespaces or "all that the repository holds",
            "interval": self.interval,
        }


@dataclass(frozen=True, slots=True)
class _Daemon:
    """The environments, and what they share: one repository, one bell, one set of signals."""

    repository: Repository
    config: Config
    environments: Sequence[_Environment]
    output_format: str
    bell: Bell
    signals: Signals

    @classmethod
    def of(cls, options: Options, names: Sequence[str], values: dict[str, Any]) -> _Daemon:
        """
        Everything that can be wrong with the configuration is found here, before the first look.

        Raises:
            ConfigError: No such environment, a wrong value, or options that fit one environment only.
        """
        repository, config = find(options)
        options = replace(options, repo=Path(repository.root))
        bell = Bell()
        signals = Signals(bell)
        names = tuple(names) or config.names()
        if len(names) > 1 and options.url:
            raise ConfigError(
                f"--url (or SYNCD_URL) cannot be the address of {len(names)} environments: {', '.join(names)}",
                "name one with --env, or give each its 'url' in syncd.yaml",
            )
        environments = []
        for name in names:
            chosen = replace(options, env=name)
            target = choose(config, chosen)
            direction = values["direction"] or target.environment.direction
            interval = values["interval"] or target.environment.interval
            environments.append(_Environment(chosen, target, repository, direction, interval, signals.stopping))
        return cls(repository, config, environments, values["output_format"], bell, signals)

    def run(self, *, once: bool) -> int:
        """Until stopped, or one look at everything; the exit code."""
        watched = [environment.watched() for environment in self.environments]
        clock = Time(time.monotonic, self.bell.wait, random.random)
        with self.signals, nullcontext() if once else Files(self._territory(), self.bell, time.monotonic) as files:
            loop = Loop(watched, clock, self.signals, files=files, tell=self._tell)
            if once:
                codes = set(loop.once())
                return self.signals.exit_code if self.signals.stopping() else gravest(codes)
            self._greet()
            loop.run()
        self._say("stopped", "watch.stopped")
        return self.signals.exit_code

    def _territory(self) -> Territory:
        here = any(environment.ref == WORKTREE for environment in self.environments)
        refs = any(environment.ref != WORKTREE for environment in self.environments)
        return Territory(
            self.repository.root,
            self.config.settings.layout.layout.prefixes() if here else (),
            tuple(dict.fromkeys((self.repository.git_dir, self.repository.common_dir))) if refs else (),
        )

    def _greet(self) -> None:
        self._say(f"syncd watches {self.repository.root}", "watch.started", repository=str(self.repository.root))
        for facts in (environment.facts() for environment in self.environments):
            self._say(_LINE.format(arrow=ARROWS[str(facts["direction"])], **facts), "watch.environment", **facts)
        self._say("Ctrl-C or SIGTERM stops, SIGHUP looks again at once.")

    def _say(self, text: str, event: str = "", **facts: object) -> None:
        """Tells people in words, and whoever reads JSON in a log line, so that all lines can be parsed."""
        if self.output_format == "text":
            note(text)
        elif event:
            _log.info(event, **facts)

    def _tell(self, _watched: Watched, outcome: Outcome) -> None:
        data(outcome.data if self.output_format == "json" else outcome.text)


def _outcome(environment: Opened, reports: Sequence[Report]) -> Outcome:
    """What the loop is to know of a run."""
    view = view_of_run(environment.heading, reports)
    commits = {environment.heading.source_commit, *(report.commit for report in reports)}
    return Outcome(
        code=view.exit,
        changed=any(report.applied for report in reports),
        standing=_standing(view),
        facts=_facts(view),
        text=as_text(view, paint(), diffs=False),
        data=json.dumps(as_data(view), ensure_ascii=False),
        wrote=_wrote(environment, reports),
        commits=frozenset(commit for commit in commits if commit),
    )


def _facts(view: View) -> dict[str, object]:
    counts: dict[str, object] = {name: count for name, count in view.summary.items() if count}
    done = view.outcome
    extra = {"applied": done.applied, "failed": len(done.failed), "commit": done.commit} if done else {}
    problems = {"problems": len(view.problems), "refused": len(view.refusals), "exit": view.exit}
    return counts | {name: value for name, value in (extra | problems).items() if value}


def _standing(view: View) -> str:
    """A fingerprint of everything that this run left for somebody to look at."""
    rows = [
        (change.key, change.verdict, change.reason, *(side and side.raw for side in (change.source, change.target)))
        for _, change in view.rows
        if not change.verdict.writes and change.verdict not in _QUIET
    ]
    failed = view.outcome.failed if view.outcome else ()
    return sha256(repr((rows, view.problems, view.refusals, failed)).encode()).hexdigest()


def _wrote(environment: Opened, reports: Sequence[Report]) -> dict[str, str | None]:
    """The files that a pull left in the work tree, as they were read back."""
    held = environment.agreement.snapshot.resources
    wrote: dict[str, str | None] = {}
    for report in reports:
        if report.plan.direction is Direction.PULL:
            paths = {change.key: change.path for change in report.plan.changes}
            for key in report.applied:
                now = held.get(key)
                wrote[str(environment.repository.root / (now.path if now else paths[key]))] = now.raw if now else None
    return wrote
