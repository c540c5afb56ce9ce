"""`syncd sync`: push, then pull."""

from __future__ import annotations

from typing import Any

import click

from syncd.cli import options as opt
from syncd.cli.verb import both_ways


@click.command("sync")
@opt.environment
@opt.scope
@opt.decision
@opt.applying
@opt.committing
@opt.showing
def command(**values: Any) -> None:
    """Git ↔ Kestra: push, then pull."""
    both_ways(opt.Options.of(values))
