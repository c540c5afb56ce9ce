"""`syncd push`: Git → Kestra."""

from __future__ import annotations

from typing import Any

import click

from syncd.cli import options as opt
from syncd.cli.verb import one_way
from syncd.plan import Direction


@click.command("push")
@opt.environment
@opt.scope
@opt.decision
@opt.applying
@opt.showing
def command(**values: Any) -> None:
    """Git → Kestra: bring the server in step with the repository."""
    one_way(opt.Options.of(values), Direction.PUSH)
