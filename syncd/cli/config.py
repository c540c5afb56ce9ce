"""`syncd config`: every setting of an environment, and where it came from."""

from __future__ import annotations

import json
from typing import Any

import click

from syncd.cli import options as opt
from syncd.cli.console import data, ending
from syncd.cli.world import choose, find
from syncd.config import Environment, Target


@click.group("config")
def command() -> None:
    """Show the settings, and where each came from."""


@command.command("show")
@opt.environment
@opt.option("--origin", is_flag=True, help="Say where each value came from.")
@opt.as_list
def show(origin: bool, output_format: str, **values: Any) -> None:
    """Show the settings of one environment. Secrets are only named."""
    options = opt.Options.of(values)
    with ending(output_format):
        _, config = find(options)
        target = choose(config, options)
        layout = config.settings.layout.layout
        rows = [("layout.flows", layout.flows, "default"), ("layout.files", layout.files, "default"), *_rows(target)]
        if output_format == "json":
            found = {name: {"value": value, "origin": source} for name, value, source in rows}
            data(json.dumps({"environment": target.name, "settings": found}, indent=2))
            return
        width = max(len(name) for name, _, _ in rows)
        for name, value, source in rows:
            data(f"{name:<{width}}  {value}" + (f"  # {source}" if origin else ""))


def _rows(target: Target) -> list[tuple[str, str, str]]:
    rows = [("environment", target.name, "")]
    secret = {"headers", "proxy"}
    for name in Environment.model_fields:
        value = target.environment.public_url if name == "url" else getattr(target.environment, name)
        shown = "******" if name in secret and value else _shown(value)
        rows.append((name, shown, target.origin.get(name, "default")))
    for name, value in (("password", target.password), ("token", target.token)):
        rows.append((name, str(value) if value else "", target.origin.get(name, "default")))
    return rows


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    return "" if value is None or value == {} else str(value)
