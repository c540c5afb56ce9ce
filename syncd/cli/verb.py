"""What `push`, `pull` and `sync` have in common: open, run, print, exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

from syncd.cli.console import data, ending, paint, progress
from syncd.cli.options import Options
from syncd.cli.planfile import read
from syncd.cli.world import WORKTREE, opened
from syncd.errors import ConfigError, RefMoved
from syncd.plan import Direction
from syncd.render.plans import as_json, as_markdown, as_text
from syncd.render.views import Heading, View, view_of_nothing, view_of_run
from syncd.stop import stopping
from syncd.sync import run, run_both

ATTEMPTS = 3
"""How often a run is planned anew when somebody else pushed to the branch meanwhile."""


def show(view: View, options: Options) -> None:
    """Prints a view in the format that was asked for."""
    if options.output_format == "json":
        data(as_json(view))
    elif options.output_format == "markdown":
        data(as_markdown(view))
    else:
        data(as_text(view, paint(), stat=options.stat))


def one_way(options: Options, direction: Direction) -> None:
    """A push or a pull, from the options to the exit code."""

    def attempt() -> View:
        known, expected = read(options, direction)
        with opened(known, writes=True, pulls=direction is Direction.PULL) as environment:
            request = replace(environment.request(direction), expected=expected)
            with progress(f"{direction} to {direction.target}") as advance, stopping() as stop:
                report = run(environment.world(advance, stop), request)
            view = view_of_run(environment.heading, [report])
            show(view, known)
            return view

    _until_it_holds(attempt, options, direction.value)


def both_ways(options: Options) -> None:
    """A sync, from the options to the exit code."""

    def attempt() -> View:
        if options.plan:
            raise ConfigError(
                f"{options.plan} is a plan for one direction", "run 'syncd push --plan' or 'syncd pull --plan'"
            )
        with opened(options, writes=True, pulls=True) as environment:
            push, pull = environment.request(Direction.PUSH), environment.request(Direction.PULL)
            with progress("sync") as advance, stopping() as stop:
                reports = run_both(environment.world(advance, stop), push, pull)
            view = view_of_run(environment.heading, reports)
            show(view, options)
            return view

    _until_it_holds(attempt, options, "both")


def nothing(options: Options, direction: str, *, ran: bool = True) -> View:
    """What a run prints that did not come to a plan."""
    return view_of_nothing(Heading(options.env or "default", options.ref or WORKTREE), direction, ran=ran)


def _until_it_holds(attempt: Callable[[], View], options: Options, direction: str) -> None:
    """Looks and plans anew while somebody else keeps moving the branch; then ends with the exit code."""
    with ending(options.output_format, nothing(options, direction)):
        for left in range(ATTEMPTS - 1, -1, -1):
            try:
                view = attempt()
                break
            except RefMoved:
                if not left:
                    raise
        if view.exit:
            sys.exit(view.exit)
