"""`syncd pull`: Kestra → Git."""

from __future__ import annotations

from typing import Any

import click

from syncd.cli import options as opt
from syncd.cli.verb import one_way
from syncd.plan import Direction


@click.command("pull")
@opt.environment
@opt.scope
@opt.decision
@opt.applying
@opt.committing
@opt.showing
def command(**values: Any) -> None:
    """Kestra → Git: bring the repository in step with the server."""
    one_way(opt.Options.of(values), Direction.PULL)
