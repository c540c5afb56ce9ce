"""`syncd rescue`: what a write has replaced, listed and brought back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from syncd.cli import options as opt
from syncd.cli.console import data, ending, note
from syncd.cli.world import choose, find, opened
from syncd.model import Change, Resource, Verdict
from syncd.render.terminal import printable
from syncd.state import RescueEntry, RescueRef
from syncd.sync import gather


@click.group("rescue")
def command() -> None:
    """List and restore what a write has replaced. Nothing is overwritten or deleted before it is kept here."""


@command.command("list")
@opt.repository
@opt.named
@opt.as_list
def listing(output_format: str, **values: Any) -> None:
    """List everything that was rescued, newest first."""
    options = opt.Options.of(values)
    with ending(output_format):
        rescue_ref, name = _rescue_ref(options)
        entries = rescue_ref.entries()
        if output_format == "json":
            data(json.dumps([_as_data(entry) for entry in entries], indent=2))
            return
        if not entries:
            note(f"nothing was rescued in {name}")
        for entry in entries:
            data(_as_text(entry))


@command.command("restore")
@click.argument("name", metavar="NAMESPACE/NAME")
@opt.option("--entry", type=click.IntRange(1), help="Its number in 'syncd rescue list'. Default: the newest.")
@opt.option("--to", "place", metavar="git|kestra|FILE", default="git", show_default=True, help="Where to put it.")
@opt.environment
def restore(name: str, entry: int | None, place: str, **values: Any) -> None:
    """Bring one rescued object back into the work tree, onto the server, or into a file."""
    options = opt.Options.of(values)
    with ending():
        rescue_ref, _ = _rescue_ref(options)
        rescued = rescue_ref.read(rescue_ref.find(name, entry))
        if place not in {"git", "kestra"}:
            Path(place).write_bytes(rescued.load())
            note(f"{rescued.key} written to {place}")
            return
        _bring_back(replace(options, namespace=(rescued.key.namespace,), no_children=True), rescued, place)


def _bring_back(options: opt.Options, rescued: Resource, place: str) -> None:
    with opened(options, writes=True, pulls=place == "git") as environment:
        world = environment.world(lambda _change, _total: None, lambda: False)
        look = gather(world)
        there = (look.git if place == "git" else look.kestra).resources.get(rescued.key)
        if there and there.raw == rescued.raw:
            note(f"{rescued.key} is already what {place} holds")
            return
        if there:
            world.base.rescue(place, [(there, "a rescued version was restored")])
        verdict = Verdict.UPDATE if there else Verdict.CREATE
        side = world.git if place == "git" else world.kestra
        side.apply(Change(rescued.key, verdict, "restored", target=there, write=rescued))
        note(f"{rescued.key} restored to {place}; 'syncd diff' shows what that means")


def _rescue_ref(options: opt.Options) -> tuple[RescueRef, str]:
    repository, config = find(options)
    target = choose(config, options)
    return RescueRef(repository, target.name, remote=target.environment.share), target.name


def _as_data(entry: RescueEntry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "commit": entry.commit,
        "when": entry.when.isoformat(),
        "kind": entry.key.kind.value,
        "namespace": entry.key.namespace,
        "name": entry.key.name,
        "side": entry.side,
        "reason": entry.reason,
        "revision": entry.revision,
        "path": entry.path,
        "size": entry.size,
    }


def _as_text(entry: RescueEntry) -> str:
    name = printable(str(entry.key))
    return f"{entry.number:>3}  {entry.when:%Y-%m-%d %H:%M:%S %z}  {entry.side:<6}  {name}  {printable(entry.reason)}"
