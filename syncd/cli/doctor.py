"""`syncd doctor`: every outside thing that a run needs, looked at one by one."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import click

from syncd.cli import options as opt
from syncd.cli.console import data, ending, paint, printable_lines
from syncd.cli.world import choose, connect, find, opened
from syncd.errors import SyncdError
from syncd.model import Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what it is, whether it is well, what was seen, and what to do."""

    what: str
    well: bool
    seen: str
    hint: str = ""


@click.command("doctor")
@opt.environment
@opt.as_list
def command(output_format: str, **values: Any) -> None:
    """Check the repository, the configuration, the server, the login and the base; end with 1 where one is not well."""
    options = replace(opt.Options.of(values), dry_run=True)
    with ending(output_format):
        findings = list(examine(options))
        if output_format == "json":
            data(json.dumps([_as_data(finding) for finding in findings], indent=2))
        else:
            for finding in findings:
                data(_as_text(finding))
        if not all(finding.well for finding in findings):
            sys.exit(1)


def examine(options: opt.Options) -> Iterator[Finding]:
    """Looks at one thing after the other; what needs an earlier one that is not well is left out."""
    for step in (_repository, _configuration, _server, _base, _content):
        finding = _tried(step, options)
        yield finding
        if not finding.well and step is not _base:
            return


def _tried(step: Callable[[opt.Options], Finding], options: opt.Options) -> Finding:
    try:
        return step(options)
    except SyncdError as error:
        return Finding(step.__name__.removeprefix("_"), False, str(error), error.hint)


def _repository(options: opt.Options) -> Finding:
    repository, _ = find(options)
    head = repository.head()
    where = f"on {repository.branch() or 'no branch'} at {head[:12] if head else 'no commit yet'}"
    shallow = "; shallow, so history is cut off" if repository.is_shallow() else ""
    return Finding("repository", True, f"{repository.root} {where}{shallow}")


def _configuration(options: opt.Options) -> Finding:
    _, config = find(options)
    target = choose(config, options)
    where = config.path.name if config.path else "no syncd.yaml, defaults only"
    login = "a token" if target.token else f"user {target.environment.username}" if target.password else "no login"
    return Finding(
        "configuration", True, f"{where}; environment {target.name}, {target.environment.public_url}, {login}"
    )


def _server(options: opt.Options) -> Finding:
    _, config = find(options)
    with connect(config, choose(config, options)) as server:
        about = server.about()
        count = len(server.namespaces())  # /configs answers without a login on 0.24 to 1.3
    name = about.uuid or "unnamed"
    return Finding("server", True, f"Kestra {about.version} {about.edition}, instance {name}, {count} namespaces")


def _base(options: opt.Options) -> Finding:
    with opened(options, writes=False) as environment:
        base = environment.agreement.loaded
        held = len(base.snapshot.resources)
    if base.void:
        return Finding("base", base.commit is None, base.void)
    return Finding("base", True, f"{held} objects agreed on, commit {base.commit[:12] if base.commit else 'none yet'}")


def _content(options: opt.Options) -> Finding:
    with opened(options, writes=False) as environment:
        snapshot = environment.git.snapshot(environment.scope)
    errors = [problem for problem in snapshot.problems if problem.severity is Severity.ERROR]
    seen = f"{len(snapshot.resources)} objects in {', '.join(environment.scope.roots) or 'no namespace'}"
    if errors:
        return Finding("content", False, f"{seen}; {len(errors)} problems", "run 'syncd validate --offline'")
    return Finding("content", True, seen)


def _as_data(finding: Finding) -> dict[str, Any]:
    return {"what": finding.what, "well": finding.well, "seen": finding.seen, "hint": finding.hint}


def _as_text(finding: Finding) -> str:
    sign = paint()("✓", fg="green") if finding.well else paint()("✘", fg="bright_red")
    hint = f"\n    {printable_lines(finding.hint)}" if finding.hint else ""
    return f"{sign} {finding.what}: {printable_lines(finding.seen)}{hint}"
