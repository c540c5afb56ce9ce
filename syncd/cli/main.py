"""The `syncd` command: its name, its version and where each command lives. A command is imported when it is called."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from syncd import __version__

sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # the command line of httpx, which imports rich

COMMANDS = {
    "init": "Write a commented syncd.yaml for this repository.",
    "diff": "Show what differs between Git and Kestra, and write nothing.",
    "push": "Git → Kestra: bring the server in step with the repository.",
    "pull": "Kestra → Git: bring the repository in step with the server.",
    "sync": "Git ↔ Kestra: push, then pull.",
    "watch": "Keep both in step until stopped.",
    "validate": "Check flows offline and on the server.",
    "resolve": "Settle one conflict: take Git's or Kestra's version.",
    "log": "Show what was deployed to an environment, when and by whom.",
    "rollback": "Bring an environment back to an earlier deployment.",
    "rescue": "List and restore what a write has replaced.",
    "promote": "Namespace → namespace: bring flows from dev to prod, as a pull request.",
    "preview": "Short-lived copies of changed flows, for a pull request.",
    "doctor": "Check the repository, the configuration and the server.",
    "config": "Show the settings, and where each came from.",
    "ci": "What pipelines need: comments, commit statuses, issues.",
    "sandbox": "A Kestra-compatible server to try things on; it does not execute flows.",
}
"""Every command and its one line of help, in the order of `syncd --help`."""


class Commands(click.Group):
    """Imports a command's module when the command is called, so that starting stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of `COMMANDS`."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command `cmd_name` of the module `syncd.cli.<cmd_name>`."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"syncd.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """From the table, so that `--help` imports nothing."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="syncd")
def main() -> None:
    """
    Keep Kestra flows and namespace files in step with a Git repository.

    push is Git → Kestra, pull is Kestra → Git. Nothing is written that diff does not show, nothing is deleted without
    --prune, and an edit made on either side is never lost.
    """
