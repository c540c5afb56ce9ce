"""`syncd diff`: what a push or a pull would do, and nothing else."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from syncd.cli import options as opt
from syncd.cli import planfile
from syncd.cli.console import ending
from syncd.cli.verb import show
from syncd.cli.world import opened
from syncd.plan import Direction
from syncd.render.views import view_of_plan
from syncd.report import DONE, INVALID, difference_code
from syncd.sync import decide, gather, invalid


@click.command("diff")
@opt.environment
@opt.scope
@opt.decision
@opt.option("--direction", type=opt.Words(Direction), default=Direction.PUSH, help="Which way to look. Default: push.")
@opt.option("--out", type=click.Path(path_type=Path), help="Write the plan to this file, for 'push --plan'.")
@opt.option("--exit-code", is_flag=True, help="End with 2 for anything that is not in step, except what is unmanaged.")
@opt.showing
def command(**values: Any) -> None:
    """Show what differs between Git and Kestra, and write nothing."""
    options = opt.Options.of(values)
    direction: Direction = values["direction"]
    with ending(options.output_format):
        with opened(replace(options, dry_run=True), writes=False, pulls=False) as environment:
            world = environment.world(lambda _change, _total: None, lambda: False)
            request = environment.request(direction)
            look = gather(world)
            plan = decide(world, look, request)
            code = difference_code(plan) if values["exit_code"] else DONE
            view = view_of_plan(environment.heading, plan, INVALID if invalid(plan, look) else code)
            if values["out"]:
                planfile.write(values["out"], view, options, request)
            show(view, options)
        if view.exit:
            sys.exit(view.exit)
