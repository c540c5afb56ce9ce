"""`syncd preview`: changed flows in namespaces of their own, for as long as a pull request is open."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from syncd.cli import options as opt
from syncd.cli.console import data, ending
from syncd.cli.verb import show
from syncd.render.views import Heading, view_of_run
from syncd.report import Report

_prefix = opt.option("--prefix", required=True, metavar="NAME", help="First segment of the namespaces: pr-123.")
_dry = opt.option("--dry-run", is_flag=True, help="Show what would happen, write nothing.")


@click.group("preview")
def command() -> None:
    """
    Short-lived copies of changed flows on a server: company.team becomes pr-123.company.team, triggers switched off.

    What was created is kept in the ref refs/syncd/preview-NAME, and exactly that is removed again.
    """


@command.command("up")
@_prefix
@opt.option("--base", default="origin/main", show_default=True, metavar="REV", help="Changed since which commit.")
@opt.option("--ref", default="HEAD", show_default=True, metavar="REV", help="The commit to preview.")
@opt.environment
@_dry
@opt.showing
def up(prefix: str, base: str, **values: Any) -> None:
    """Put the changed flows, what they call, and their namespace files below the prefix, or bring them up to date."""
    options = opt.Options.of(values)
    with ending(options.output_format):
        from syncd.cli.previewing import Previewing

        _finish(Previewing(options).up(prefix, base), options, f"{options.ref} below {prefix}")


@command.command("down")
@_prefix
@opt.environment
@_dry
@opt.option("--force", is_flag=True, help="Also remove what was edited on the server (it is rescued first).")
@opt.showing
def down(prefix: str, **values: Any) -> None:
    """Remove exactly what was created below the prefix."""
    options = opt.Options.of(values)
    with ending(options.output_format):
        from syncd.cli.previewing import Previewing

        _finish(Previewing(options).down(prefix), options, f"nothing below {prefix}")


@command.command("list")
@opt.environment
@opt.showing
def listed(**values: Any) -> None:
    """Show the previews that are up."""
    options = opt.Options.of(values)
    with ending(options.output_format):
        from syncd.cli.previewing import Previewing

        previews = list(Previewing(options).shown())
    if options.output_format == "json":
        data(json.dumps([{**_values(shown), "when": shown.when.isoformat()} for shown in previews], indent=2))
        return
    for shown in previews:
        data(f"{shown.prefix}  {shown.objects} objects  since {shown.when:%Y-%m-%d %H:%M %z}  {shown.server}")


def _values(shown: Any) -> dict[str, Any]:
    return {name: getattr(shown, name) for name in ("prefix", "objects", "server")}


def _finish(report: Report, options: opt.Options, source: str) -> None:
    view = view_of_run(Heading("preview", source), [report])
    show(view, options)
    if view.exit:
        sys.exit(view.exit)
