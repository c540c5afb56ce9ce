"""What commands print and how they end: data on stdout, messages on stderr, colour and bars only on a terminal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

import click

from syncd.errors import Interrupted, SyncdError
from syncd.model import Change
from syncd.render.plans import as_data
from syncd.render.terminal import Paint, printable
from syncd.render.views import View

if TYPE_CHECKING:
    from rich.progress import TaskID


def paint(stream: TextIO | None = None) -> Paint:
    """Colours for this stream: on a terminal, unless `NO_COLOR` or `CI` is set; `FORCE_COLOR` wins."""
    if os.environ.get("FORCE_COLOR"):
        return Paint(True)
    return Paint(is_terminal(stream or sys.stdout) and not os.environ.get("NO_COLOR"))


def is_terminal(stream: TextIO) -> bool:
    """Whether a person is looking at this stream."""
    return stream.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


def data(text: str) -> None:
    """Prints what was asked for."""
    click.echo(text, color=True)


def note(text: str) -> None:
    """Says something beside it."""
    click.echo(text, err=True, color=True)


@contextmanager
def ending(output_format: str = "text", nothing: View | None = None) -> Iterator[None]:
    """
    Turns errors into one message with the next command to type, and into an exit code.

    Args:
        output_format: With `json`, stdout stays one object, with `"error": {"message", "hint"}` in it.
        nothing: What that object says besides, where a run would have printed more.
    """
    try:
        yield
    except SyncdError as error:
        code = error.exit_code
        message, hint = printable_lines(str(error)), printable_lines(error.hint)
    except BrokenPipeError:
        raise  # whoever reads has seen enough; click ends quietly
    except OSError as error:
        code = SyncdError.exit_code
        message, hint = printable_lines(str(error)), "look at that file or folder, and at the disk"
    except KeyboardInterrupt:
        code = Interrupted.exit_code
        message, hint = "interrupted", "run the same command again; it takes up where this one stopped"
    else:
        return
    if output_format == "json":
        known = as_data(replace(nothing, exit=code)) if nothing else {"exit": code}
        data(json.dumps(known | {"error": {"message": message, "hint": hint}}, indent=2, ensure_ascii=False))
    note(f"{paint(sys.stderr)('error', fg='bright_red')}: {message}" + (f"\n  {hint}" if hint else ""))
    sys.exit(code)


def printable_lines(text: str) -> str:
    """The text with control characters written out, line by line."""
    return "\n".join(printable(line) for line in text.splitlines())


@contextmanager
def progress(label: str) -> Iterator[Callable[[Change, int], None]]:
    """A bar on stderr for long work, where a person is looking."""
    if not is_terminal(sys.stderr):
        yield lambda _change, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        tasks: list[TaskID] = []

        def advance(_change: Change, total: int) -> None:
            if not tasks:
                tasks.append(bar.add_task(label, total=total))
            bar.advance(tasks[0])

        yield advance
