"""The options that commands share, each also as a `SYNCD_*` variable, and the value that carries them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import click

from syncd.config import NAMESPACE
from syncd.guards import MaxDeletes
from syncd.plan import OnConflict, OnInvalid, Paused

_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said; see the help of each option. `None` and "" say nothing."""

    repo: Path = Path()
    env: str | None = None
    namespace: tuple[str, ...] = ()
    no_children: bool = False
    all_namespaces: bool = False
    ref: str | None = None
    url: str | None = None
    tenant: str | None = None
    username: str | None = None
    ca_file: Path | None = None
    prune: bool | None = None
    max_deletes: MaxDeletes | None = None
    allow_emptying: bool = False
    on_conflict: OnConflict | None = None
    on_invalid: OnInvalid | None = None
    paused: Paused | None = None
    heal: bool | None = None
    force: bool = False
    validate: bool = True
    dry_run: bool = False
    plan: Path | None = None
    yes: bool = False
    commit: bool | None = None
    message: str | None = None
    author: str | None = None
    branch: str | None = None
    push: bool | None = None
    output_format: str = "text"
    stat: bool = False

    @classmethod
    def of(cls, values: dict[str, Any]) -> Options:
        """The shared options out of a command's arguments."""
        known = {field.name for field in fields(cls)}
        said = {name: value for name, value in values.items() if name in known}
        return cls(**said, validate=not values.get("no_validate"))


class _Limit(click.ParamType[MaxDeletes]):
    name = "N|N%"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> MaxDeletes:
        try:
            return value if isinstance(value, MaxDeletes) else MaxDeletes.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Namespace(click.ParamType[str]):
    name = "namespace"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not NAMESPACE.fullmatch(value):
            self.fail(f"{value!r} is not a namespace: lower-case letters, digits, '.', '_' and '-' only", param, ctx)
        return str(value)

    def split_envvar_value(self, rv: str) -> list[str]:
        """As in the settings: at commas and spaces."""
        return rv.replace(",", " ").split()


class Words(click.Choice[StrEnum]):
    """A choice between the values of an enumeration, as users write them."""

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:
        """The value, not the name."""
        del ctx
        return str(choice)


def option(*names: str, **settings: Any) -> Callable[[_Command], _Command]:
    """A click option that can also be given as `SYNCD_<NAME>`."""
    long = next(name for name in names if name.startswith("--")).split("/")[0]
    variable = "SYNCD_" + long.removeprefix("--").replace("-", "_").upper()
    return click.option(*names, envvar=variable, show_envvar=True, **settings)


def _all(*decorators: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    def decorate(command: _Command) -> _Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


repository = option(
    "--repo", type=click.Path(path_type=Path), default=Path(), help="The repository. Default: where you are."
)

connection = _all(
    option("--url", help="Kestra's address, in place of the environment's."),
    option("--tenant", help="The tenant, in place of the environment's (main)."),
    option("--username", help="For basic authentication. The password comes from SYNCD_PASSWORD or a file."),
    option("--ca-file", type=click.Path(path_type=Path), help="Certificates to trust."),
)

named = option("--env", metavar="NAME", help="The environment of syncd.yaml. Default: its 'default'.")


def _setting(name: str, text: str, **settings: Any) -> Callable[[_Command], _Command]:
    """An option whose variable `syncd.config` reads, so that it can say where a value came from."""
    variable = "SYNCD_" + name.removeprefix("--").replace("-", "_").upper()
    return click.option(name, help=f"{text} [env var: {variable}]", **settings)


environment = _all(
    repository,
    named,
    _setting("--url", "Kestra's address, in place of the environment's."),
    _setting("--tenant", "The tenant, in place of the environment's (main)."),
    _setting("--username", "For basic authentication. The password comes from SYNCD_PASSWORD or a file."),
    _setting("--ca-file", "Certificates to trust.", type=click.Path(path_type=Path)),
)

scope = _all(
    option("--namespace", "-n", type=_Namespace(), multiple=True, help="This namespace and its children. Repeatable."),
    option("--no-children", is_flag=True, help="The namespaces named, without their children."),
    option("--all-namespaces", is_flag=True, help="Every namespace of the server but system and tutorial."),
    option("--ref", metavar="worktree|REV", help="What Git's side is. Default: the environment's 'source' (worktree)."),
)

deletions = _all(
    option("--max-deletes", type=_Limit(), help="Deletions allowed, in all (N) or per namespace (N%)."),
    option("--allow-emptying", is_flag=True, help="Let a namespace lose everything."),
)

decision = _all(
    option("--prune/--no-prune", default=None, help="Delete at the target what was deleted at the source."),
    deletions,
    option("--on-conflict", type=Words(OnConflict), help="Who wins where both sides were edited."),
    option("--on-invalid", type=Words(OnInvalid), help="Stop for one invalid object, or skip it."),
    option("--paused", type=Words(Paused), help="What to do with flows paused in the UI. Default: keep."),
    option("--heal/--no-heal", default=None, help="Put Git's version back where the server was edited."),
    option("--force", is_flag=True, help="The source wins everywhere (what is lost is rescued first)."),
    option("--no-validate", is_flag=True, help="Do not ask the server to validate."),
)

applying = _all(
    option("--dry-run", is_flag=True, help="Show what would happen, write nothing."),
    option("--plan", type=click.Path(exists=True, path_type=Path), help="Apply exactly this reviewed plan."),
    option("--yes", "-y", is_flag=True, help="Do not ask before deletions and --force."),
)

committing = _all(
    option("--commit/--no-commit", default=None, help="Commit what was pulled, on the checked-out branch."),
    option("--message", "-m", help="The commit's message."),
    option("--author", metavar="'NAME <EMAIL>'", help="The commit's author. Default: Git's own."),
    option("--branch", help="Commit on this branch, without touching the work tree."),
    option("--push/--no-push", default=None, help="Push the branch afterwards."),
)

logging = _all(
    option("--log-format", type=click.Choice(["auto", "console", "json"]), default="auto", help="How to log."),
    option("--verbose", "-v", count=True, help="More messages on stderr."),
)

as_list = option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", help="How to print.")

showing = _all(
    option(
        "--format",
        "output_format",
        type=click.Choice(["text", "json", "markdown"]),
        default="text",
        help="How to print.",
    ),
    option("--stat", is_flag=True, help="Counts of lines instead of diffs."),
)
