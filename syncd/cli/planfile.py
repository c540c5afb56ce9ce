"""The file of a reviewed plan: `diff --out` writes it, `push --plan` applies exactly that or nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from syncd.cli.options import Options
from syncd.errors import ConfigError
from syncd.guards import MaxDeletes
from syncd.plan import Direction, OnConflict, OnInvalid, Paused
from syncd.render.plans import as_data
from syncd.render.views import View
from syncd.sides import Request

FORMAT = 1


def write(path: Path, view: View, options: Options, request: Request) -> None:
    """Stores what is shown, and every option that the plan depends on."""
    policy, guards = request.policy, request.guards
    asked = {
        "namespace": list(options.namespace),
        "no_children": options.no_children,
        "all_namespaces": options.all_namespaces,
        "ref": view.source,
        "prune": policy.prune,
        "heal": policy.heal,
        "force": policy.force,
        "on_conflict": policy.on_conflict.value,
        "paused": policy.paused.value,
        "on_invalid": request.on_invalid.value,
        "max_deletes": str(guards.max_deletes) if guards.max_deletes else None,
        "allow_emptying": guards.allow_emptying,
        "validate": request.validate,
    }
    data = {"format": FORMAT, **as_data(view), "options": asked}
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read(options: Options, direction: Direction) -> tuple[Options, str]:
    """
    The options that a plan was made with, and its hash; `--ref` alone may name another commit of the same content.

    Raises:
        ConfigError: The file is not a plan, or one for another environment or direction.
    """
    if options.plan is None:
        return options, ""
    data = _load(options.plan)
    if data["direction"] != direction.value:
        raise ConfigError(f"{options.plan} is a plan to {data['direction']}", f"run 'syncd {data['direction']} --plan'")
    if options.env not in (None, data["environment"]):
        raise ConfigError(f"{options.plan} is a plan for {data['environment']}", f"use --env {data['environment']}")
    try:
        return _asked(options, data), data["hash"]
    except (KeyError, TypeError, ValueError):
        raise ConfigError(f"{options.plan} was changed by hand", "make a plan with 'syncd diff --out FILE'") from None


def _asked(options: Options, data: dict[str, Any]) -> Options:
    asked: dict[str, Any] = data["options"]
    limit = asked["max_deletes"]
    return replace(
        options,
        **asked
        | {
            "env": options.env if data["environment"] == "default" else data["environment"],
            "namespace": tuple(asked["namespace"]),
            "ref": options.ref or asked["ref"],
            "on_conflict": OnConflict(asked["on_conflict"]),
            "on_invalid": OnInvalid(asked["on_invalid"]),
            "paused": Paused(asked["paused"]),
            "max_deletes": MaxDeletes.parse(limit) if limit else None,
        },
    )


def _load(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", "make a plan with 'syncd diff --out FILE'") from error
    needed = {"format", "hash", "direction", "environment", "options"}
    if not isinstance(data, dict) or not needed <= data.keys() or data["format"] != FORMAT:
        raise ConfigError(f"{path} is not a plan of this version", "make one with 'syncd diff --out FILE'")
    return data
