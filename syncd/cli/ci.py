"""`syncd ci`: what pipelines need around the other commands, so that their steps stay one line each."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from syncd.cli import options as opt
from syncd.cli.console import ending, note
from syncd.errors import ConfigError, ForgeDenied, PlanMoved, SyncdError
from syncd.forge import Forge, PullRequest, State, Status, address, connect
from syncd.repo import Repository

_SUMMARY, _OUTPUT = "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"
_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_plan = opt.option("--plan", type=click.Path(exists=True, path_type=Path), required=True, help="From 'diff --out'.")
_commit = opt.option("--commit", required=True, metavar="SHA", help="The commit that it is about.")
_name = opt.option("--name", required=True, help="Which one: the same name is updated in place.")


@click.group("ci")
def command() -> None:
    """
    What pipelines need: comments, commit statuses, issues, pull requests, step outputs.

    The forge is found from the pipeline's variables or the remote; SYNCD_FORGE, SYNCD_FORGE_URL, SYNCD_FORGE_PROJECT
    and SYNCD_FORGE_TOKEN say otherwise.
    """


@command.command("outputs")
@_plan
def outputs(plan: Path) -> None:
    """Write has-changes, has-conflicts, has-drift and plan-path as outputs of a step, or print them."""
    with ending():
        counts = _read(plan)["summary"]
        found = {
            "has-changes": any(counts[word] for word in ("create", "update", "delete")),
            "has-conflicts": bool(counts["conflict"]),
            "has-drift": any(counts[word] for word in ("drift", "conflict")),
        }
        lines = [f"{name}={str(value).lower()}" for name, value in found.items()]
        _append(_OUTPUT, "\n".join([*lines, f"plan-path={plan}"]))


@command.command("comment")
@_name
@opt.option("--number", type=int, help="Of the pull request. Default: the one that this pipeline is about.")
@_file
def comment(name: str, number: int | None, file: Path) -> None:
    """
    Write FILE as the one comment of this name on a pull request, and as the summary of the step.

    Pull requests from forks have a token that may only read: there the summary has to do, and that is no error.
    """
    with ending():
        body = file.read_text(encoding="utf-8")
        _append(_SUMMARY, body)
        number = number or _number(os.environ)
        if number is None:
            note("no pull request to comment on; the text is in the step summary")
            return
        try:
            entry = _forge().comment(number, name, body)
        except ForgeDenied as error:
            note(f"not commented, the text is in the step summary: {error}")
            return
        note(f"comment {'written' if entry.created else 'updated'} {entry.url}".rstrip())


@command.command("summary")
@_file
def summary(file: Path) -> None:
    """Add FILE to the summary of the step: Markdown if it is called so, anything else as it is, line by line."""
    with ending():
        text = file.read_text(encoding="utf-8")
        if file.suffix != ".md":
            fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
            text = f"{fence}text\n{text.rstrip()}\n{fence}"
        _append(_SUMMARY, text)


@command.command("status")
@_commit
@opt.option("--context", required=True, help="Which check: syncd/prod.")
@opt.option("--outcome", required=True, type=click.Choice(["success", "failure", "cancelled", "skipped", "pending"]))
@opt.option("--plan", type=click.Path(path_type=Path), help="Describe it by the counts and the hash of this plan.")
@opt.option("--url", default="", help="Where more is to be read.")
def status(commit: str, context: str, outcome: str, plan: Path | None, url: str) -> None:
    """Set the status of a commit. A token that may only read is no error."""
    with ending():
        state = State(outcome) if outcome in {"success", "pending"} else State.FAILURE
        described = _described(_read(plan)) if plan and plan.exists() else outcome
        try:
            _forge().status(commit, Status(state, context, described, url))
        except ForgeDenied as error:
            note(f"status not set: {error}")


@command.command("reviewed")
@_plan
@_commit
@opt.option("--context", required=True, help="Under which 'ci status --plan' has described the reviewed plan.")
def reviewed(plan: Path, commit: str, context: str) -> None:
    """End with 4 if this plan is not the one that was reviewed in the pull request that the commit has merged."""
    with ending():
        described = _forge().described(commit, context)
        if described is None:
            note(f"no plan was reviewed under {context}; this one counts")
        elif described != _described(_read(plan)):
            raise PlanMoved(
                f"Git or Kestra has moved since the review under {context}: reviewed {described}; "
                f"now {_described(_read(plan))}",
                "look at the new plan, and run the workflow by hand to apply it",
            )


@command.command("issue")
@_name
@opt.option("--title", required=True, help="Its title.")
@opt.option("--close", is_flag=True, help="Close it instead, with this text, if it is open.")
@_file
def issue(name: str, title: str, close: bool, file: Path) -> None:
    """Open or update the one issue of this name, or close it."""
    with ending():
        body = file.read_text(encoding="utf-8")
        entry = _forge().close_issue(name, body) if close else _forge().issue(name, title, body)
        if entry:
            note(f"issue {'closed' if close else 'opened' if entry.created else 'updated'} {entry.url}")


@command.command("pull-request")
@opt.option("--head", required=True, metavar="BRANCH", help="The branch to merge; it is pushed already.")
@opt.option("--base", required=True, metavar="BRANCH", help="The branch to merge into.")
@opt.option("--title", required=True, help="Its title.")
@_file
def pull_request(head: str, base: str, title: str, file: Path) -> None:
    """Open the pull request of two branches, or bring it up to date."""
    with ending():
        entry = _forge().pull_request(PullRequest(head, base, title, file.read_text(encoding="utf-8")))
        note(f"pull request {'opened' if entry.created else 'updated'} {entry.url}")


def _forge() -> Forge:
    try:
        repository = Repository.find(Path())
        remote = repository.remote_url("origin")
    except SyncdError:
        remote = ""
    return connect(address(os.environ, remote))


def _read(plan: Path) -> dict[str, Any]:
    try:
        data = json.loads(plan.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{plan} cannot be read: {error}", "make a plan with 'syncd diff --out FILE'") from error
    if not isinstance(data, dict) or not {"hash", "summary"} <= data.keys():
        raise ConfigError(f"{plan} is not a plan", "make one with 'syncd diff --out FILE'")
    return data


def _described(plan: Mapping[str, Any]) -> str:
    """The plan in one line of less than 140 characters, different for different plans."""
    words = [
        f"{plan['summary'][word]} {word}"
        for word in ("create", "update", "delete", "conflict")
        if plan["summary"][word]
    ]
    return f"{', '.join(words) or 'no changes'} (plan {plan['hash'][:40]})"


def _number(variables: Mapping[str, str]) -> int | None:
    """The pull request that this pipeline is about."""
    if number := variables.get("CI_MERGE_REQUEST_IID"):
        return int(number)
    path = variables.get("GITHUB_EVENT_PATH")
    if not path or not Path(path).is_file():
        return None
    event = json.loads(Path(path).read_text(encoding="utf-8"))
    number = (event.get("pull_request") or {}).get("number")
    return int(number) if number else None


def _append(variable: str, text: str) -> None:
    """To the file that a variable names, as GitHub Actions wants it, else to stdout."""
    if path := os.environ.get(variable):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text.rstrip("\n") + "\n")
    elif variable == _OUTPUT:
        click.echo(text, file=sys.stdout)
