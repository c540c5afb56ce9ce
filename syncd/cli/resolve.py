"""`syncd resolve`: one object, one side taken."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import click

from syncd.cli import options as opt
from syncd.cli.console import ending
from syncd.cli.name import key_of
from syncd.cli.verb import show
from syncd.cli.world import opened
from syncd.guards import Guards, MaxDeletes
from syncd.model import Key
from syncd.plan import Direction, OnConflict, Paused, Policy
from syncd.render.views import view_of_run
from syncd.sides import Request
from syncd.stop import stopping
from syncd.sync import gather, run


@click.command("resolve")
@click.argument("name", metavar="NAMESPACE/NAME")
@opt.option("--take", type=click.Choice(["git", "kestra"]), required=True, help="The side whose version stays.")
@opt.option("--kind", type=click.Choice(["flow", "file"]), help="Where a flow and a file have the same name.")
@opt.environment
@opt.committing
@opt.option("--dry-run", is_flag=True, help="Show what would happen, write nothing.")
@opt.showing
def command(name: str, take: str, kind: str | None, **values: Any) -> None:
    """
    Settle one conflict: take Git's or Kestra's version of NAMESPACE/NAME.

    The other version is rescued first. Where the side that is taken has deleted the object, it is deleted.
    """
    options = replace(opt.Options.of(values), namespace=(name.partition("/")[0],), no_children=True)
    direction = Direction.PUSH if take == "git" else Direction.PULL
    with ending(options.output_format), opened(options, writes=True, pulls=take == "kestra") as environment:
        with stopping() as stop:
            world = environment.world(lambda _change, _total: None, stop)
            look = gather(world)
            known = {*look.git.resources, *look.kestra.resources, *world.base.snapshot.resources}
            report = run(world, _request(direction, key_of(name, known, kind), dry_run=options.dry_run), look)
        view = view_of_run(environment.heading, [report])
        show(view, options)
        if view.exit:
            sys.exit(view.exit)


def _request(direction: Direction, key: Key, *, dry_run: bool) -> Request:
    """The source wins in every respect, for this one object."""
    winner = OnConflict.GIT if direction is Direction.PUSH else OnConflict.KESTRA
    policy = Policy(direction, prune=True, force=True, on_conflict=winner, paused=Paused.OVERWRITE)
    return Request(policy, Guards(max_deletes=MaxDeletes(1), allow_emptying=True), dry_run=dry_run, only=key)
