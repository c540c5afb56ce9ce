"""`syncd sandbox`: the embedded server, in the foreground."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

import click

from syncd.cli.console import ending, note


@click.command("sandbox")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port to listen on.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder to keep the state in. Default: memory.")
@click.option("--kestra", "dialect", type=click.Choice(["1.3", "2.0"]), default="1.3", help="The dialect.")
@click.option(
    "--username", default="admin@kestra.io", show_default=True, envvar="SYNCD_SANDBOX_USERNAME", help="Login."
)
@click.option("--password", default="Admin1234", envvar="SYNCD_SANDBOX_PASSWORD", help="Not a secret: a sandbox.")
def command(
    host: str, port: int, data: Path | None, dialect: Literal["1.3", "2.0"], username: str, password: str
) -> None:
    """Run a Kestra-compatible server to try things on. It stores and validates flows; it does not execute them."""
    from syncd.sandbox import serve

    with ending():
        note(f"a sandbox that does not execute flows: Kestra {dialect} on http://{host}:{port}, login {username}")
        serve(host, port, data, dialect, username, password)


@contextmanager
def beside(port: int = 8080) -> Iterator[None]:
    """
    A sandbox in this process, and the variables that point every environment at it.

    Args:
        port: Where it listens if nothing else does; else a free one.
    """
    from syncd.sandbox import PASSWORD, USERNAME, running

    with ExitStack() as stack:
        try:
            sandbox = stack.enter_context(running(port=port))
        except OSError:
            sandbox = stack.enter_context(running())
        os.environ.update(SYNCD_URL=sandbox.url, SYNCD_USERNAME=USERNAME, SYNCD_PASSWORD=PASSWORD)
        note(f"sandbox of Kestra 1.3 on {sandbox.url} (it stores and validates, it does not execute); to look at it:")
        note(f"  curl -u {USERNAME}:{PASSWORD} '{sandbox.url}/api/v1/main/flows/search?size=100'")
        yield
