"""The one question that is asked: before deletions and before `--force`, and only where somebody can answer."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from syncd.cli.console import data, is_terminal, paint
from syncd.errors import Interrupted
from syncd.model import Verdict
from syncd.plan import Plan
from syncd.render.plans import as_text
from syncd.render.views import view_of_plan

if TYPE_CHECKING:
    from syncd.cli.world import Opened


def confirm(opened: Opened, plan: Plan) -> None:
    """
    Shows the plan and asks, unless `--yes` or a reviewed plan has answered already.

    Raises:
        Interrupted: The answer was no; nothing was written.
    """
    deletions = plan.summary[Verdict.DELETE]
    answered = opened.options.yes or opened.options.plan is not None
    if answered or not (deletions or opened.options.force) or not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        return
    data(as_text(view_of_plan(opened.heading, plan, 0), paint(), stat=True))
    what = f"{deletions} deletions" if deletions else "overwriting what the other side has"
    if not click.confirm(f"Go on with {what}?"):
        raise Interrupted("not confirmed; nothing was written", "use --dry-run to look, --yes to answer beforehand")
