"""`syncd diff`: what a push or a pull would do, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from syncd.cli import options as opt
from syncd.cli import planfile
from syncd.cli.console import ending
from syncd.cli.verb import nothing, show
from syncd.cli.world import Opened, opened
from syncd.plan import Direction
from syncd.render.views import View, view_of_plan
from syncd.report import DONE, INVALID, difference_code
from syncd.sides import Request
from syncd.sync import check_reviewed, decide, gather, invalid


@click.command("diff")
@opt.environment
@opt.scope
@opt.decision
@opt.option("--direction", type=opt.Words(Direction), default=Direction.PUSH, help="Which way to look. Default: push.")
@opt.option("--out", type=click.Path(path_type=Path), help="Write the plan to this file, for 'push --plan'.")
@opt.option("--plan", type=click.Path(exists=True, path_type=Path), help="Check that this reviewed plan still fits.")
@opt.option("--exit-code", is_flag=True, help="End with 2 for anything that is not in step, except what is unmanaged.")
@click.option("--dry-run", is_flag=True, hidden=True, help="A diff never writes.")
@click.option("--yes", "-y", is_flag=True, hidden=True, help="A diff never asks.")
@opt.showing
def command(**values: Any) -> None:
    """Show what differs between Git and Kestra, and write nothing."""
    options = opt.Options.of({**values, "dry_run": True})
    direction: Direction = values["direction"]
    with ending(options.output_format, nothing(options, direction.value, ran=False)):
        options, expected = planfile.read(options, direction)
        with opened(options, writes=False, pulls=False) as environment:
            view = _look(environment, environment.request(direction), expected, values)
            show(view, options)
        if view.exit:
            sys.exit(view.exit)


def _look(environment: Opened, request: Request, expected: str, values: dict[str, Any]) -> View:
    world = environment.world(lambda _change, _total: None, lambda: False)
    look = gather(world)
    plan = decide(world, look, request)
    check_reviewed(plan, expected)
    code = difference_code(plan) if values["exit_code"] else DONE
    view = view_of_plan(environment.heading, plan, INVALID if invalid(plan, look) else code)
    if values["out"]:
        planfile.write(values["out"], view, environment.options, request)
    return view
