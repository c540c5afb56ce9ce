"""`syncd rollback`: a push of what an environment held before."""

from __future__ import annotations

import sys
from typing import Any

import click

from syncd.cli import options as opt
from syncd.cli.console import ending, note, progress
from syncd.cli.verb import show
from syncd.cli.world import choose, find, opened
from syncd.errors import SyncdError
from syncd.plan import Direction
from syncd.render.views import view_of_run
from syncd.state import BaseRef, Deployment
from syncd.stop import stopping
from syncd.sync import run


@click.command("rollback")
@opt.option("--to", "wanted", metavar="N|COMMIT", required=True, help="Number or commit, as 'syncd log' shows it.")
@opt.environment
@opt.scope
@opt.decision
@opt.option("--dry-run", is_flag=True, help="Show what would happen, write nothing.")
@opt.option("--yes", "-y", is_flag=True, help="Do not ask before deletions and --force.")
@opt.showing
def command(wanted: str, **values: Any) -> None:
    """
    Bring an environment back to an earlier deployment: a push of what it held then, with the same plan and guards.

    What was created since stays unless --prune is given. Git itself is not changed: revert there too, or the next
    push brings the newer version back.
    """
    options = opt.Options.of(values)
    with ending(options.output_format):
        deployment = _deployment(options, wanted)
        with opened(options, writes=True, deployment=deployment) as environment:
            with progress("rollback") as advance, stopping() as stop:
                report = run(environment.world(advance, stop), environment.request(Direction.PUSH))
            view = view_of_run(environment.heading, [report])
            show(view, options)
        if report.applied:
            note("Git still has the newer version; revert it there too, or the next push brings it back")
        if view.exit:
            sys.exit(view.exit)


def _deployment(options: opt.Options, wanted: str) -> Deployment:
    repository, config = find(options)
    target = choose(config, options)
    base_ref = BaseRef(repository, config.settings.layout.layout, target.name, remote=target.environment.share)
    deployments = base_ref.history(10_000)
    for number, deployment in enumerate(deployments, 1):
        if wanted == str(number) or (len(wanted) >= 7 and deployment.commit.startswith(wanted.lower())):
            return deployment
    raise SyncdError(
        f"{target.name} has no deployment {wanted!r}; it has {len(deployments)}",
        f"run 'syncd log --env {target.name}' and take a number or a commit from there",
    )
