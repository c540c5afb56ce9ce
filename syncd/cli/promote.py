"""`syncd promote`: from namespace to namespace as a commit or a pull request, or from instance to instance."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import click

from syncd.cli import options as opt
from syncd.cli.console import data, ending, paint
from syncd.errors import ConfigError
from syncd.promote import Rewrite

_REWRITES = [word.value for word in (Rewrite.SAFE, Rewrite.ALL, Rewrite.NONE)]


@click.command("promote")
@click.argument("environments", nargs=-1, metavar="[ENV_FROM ENV_TO]")
@opt.option("--from", "source", metavar="NAMESPACE", help="What is promoted, with its children.")
@opt.option("--to", "target", metavar="NAMESPACE", help="What it becomes.")
@opt.option("--map", "maps", multiple=True, metavar="FROM=TO", help="Another pair, or an exception. Repeatable.")
@opt.repository
@opt.option("--ref", default="HEAD", show_default=True, metavar="REV", help="The commit that is promoted.")
@opt.option("--from-server", metavar="ENV", help="Promote what this environment's server holds, not a commit.")
@opt.option("--base", metavar="BRANCH", help="The branch to merge into. Default: the checked-out one.")
@opt.option("--branch", metavar="NAME", help="The branch to commit on. Default: promote/FROM-to-TO.")
@opt.option("--pr", "pull_request", is_flag=True, help="Push the branch, and open or update its pull request.")
@opt.option("--remote", default="origin", show_default=True, help="Where --pr pushes to.")
@opt.option(
    "--rewrite", type=click.Choice(_REWRITES), default="safe", show_default=True, help="How far references follow."
)
@opt.option("--check-env", metavar="ENV", help="Validate on this environment's server, and look for references there.")
@opt.option("--disable-triggers", is_flag=True, help="Switch all triggers off in what is promoted.")
@opt.option("--strict", is_flag=True, help="Write nothing while there is any warning.")
@opt.option("--prune/--no-prune", default=False, help="Delete in the target what was deleted at the source.")
@opt.deletions
@opt.option("--force", is_flag=True, help="The source wins over edits made in the target.")
@opt.option("--dry-run", is_flag=True, help="Show what would happen, write nothing.")
@opt.option("--yes", "-y", is_flag=True, help="Between instances: do not ask before deletions and --force.")
@opt.showing
def command(environments: tuple[str, ...], **values: Any) -> None:
    """
    Namespace → namespace: bring flows and files from dev to prod, inside Git, as a branch or a pull request.

    Only the namespace and the references to it are rewritten; every other byte stays, and whatever is left alone is
    listed. What was edited in the target since the last promotion is a conflict and stays.

    With two environments (syncd promote dev prod), what was agreed with the first is pushed to the second, where the
    namespaces have the same names.
    """
    with ending(values["output_format"]):
        if environments:
            _between_instances(environments, values)
        else:
            _inside_git(values)


def _between_instances(environments: tuple[str, ...], values: dict[str, Any]) -> None:
    from syncd.cli.instances import promote

    given = [name for name in ("source", "target", "maps", "from_server", "pull_request", "branch") if values[name]]
    if len(environments) != 2 or given:
        raise ConfigError(
            f"two environments are needed, and no namespaces beside them: {' '.join(environments)}",
            "write 'syncd promote dev prod', or 'syncd promote --from a.dev --to a.prod'",
        )
    promote(*environments, opt.Options.of({**values, "ref": None}))


def _inside_git(values: dict[str, Any]) -> None:
    from syncd.cli.promoting import Promoting
    from syncd.render.promotion import as_json, as_markdown, as_text

    pairs = [*values["maps"]]
    if values["source"] or values["target"]:
        pairs.insert(0, f"{values['source'] or ''}={values['target'] or ''}")
    options = replace(opt.Options.of(values), branch=values["branch"])
    view = Promoting(options, pairs, values).run()
    shown = {"json": as_json, "markdown": as_markdown}.get(options.output_format)
    data(shown(view) if shown else as_text(view, paint(), diffs=not options.stat))
    if view.exit:
        sys.exit(view.exit)
