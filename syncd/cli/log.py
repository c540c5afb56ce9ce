"""`syncd log`: the history of an environment, which is the history of its base ref."""

from __future__ import annotations

import json
from typing import Any

import click

from syncd.cli import options as opt
from syncd.cli.console import data, ending, note, paint
from syncd.cli.world import choose, find
from syncd.render.terminal import printable
from syncd.state import BaseRef, Deployment


@click.command("log")
@opt.repository
@opt.named
@opt.option("--limit", "-l", type=click.IntRange(1), default=20, show_default=True, help="How many, newest first.")
@opt.as_list
def command(limit: int, output_format: str, **values: Any) -> None:
    """Show what was deployed to an environment, when, by whom and from which commit; number 1 is what is there now."""
    options = opt.Options.of(values)
    with ending(output_format):
        repository, config = find(options)
        target = choose(config, options)
        layout = config.settings.layout.layout
        base_ref = BaseRef(repository, layout, target.name, remote=target.environment.share)
        deployments = base_ref.history(limit)
        if output_format == "json":
            data(json.dumps([as_data(number, one) for number, one in enumerate(deployments, 1)], indent=2))
            return
        if not deployments:
            note(f"nothing was agreed with {target.name} yet; 'syncd push --env {target.name}' is the first step")
        for number, deployment in enumerate(deployments, 1):
            data(as_text(number, deployment))


def as_data(number: int, deployment: Deployment) -> dict[str, Any]:
    """One deployment as plain values."""
    return {
        "number": number,
        "commit": deployment.commit,
        "when": deployment.when.isoformat(),
        "author": {"name": deployment.author.name, "email": deployment.author.email},
        "message": deployment.message,
        "source": deployment.source,
        "server": {"url": deployment.server.url, "tenant": deployment.server.tenant, "uuid": deployment.server.uuid},
        "scope": deployment.scope,
        "written": list(deployment.written),
        "removed": list(deployment.removed),
    }


def as_text(number: int, deployment: Deployment) -> str:
    """One deployment in a few lines."""
    colour = paint()
    head = f"{number:>3}  {colour(deployment.commit[:12], fg='yellow')}  {deployment.when:%Y-%m-%d %H:%M:%S %z}"
    source = f" from {deployment.source[:12]}" if deployment.source else ""
    lines = [f"{head}  {printable(deployment.author.name)}{source}  {printable(deployment.message)}"]
    lines += [f"       {colour('~', fg='green')} {printable(path)}" for path in deployment.written]
    lines += [f"       {colour('-', fg='red')} {printable(path)}" for path in deployment.removed]
    return "\n".join(lines)
