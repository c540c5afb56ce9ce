"""Reads this repository's own flows. What Kestra makes of them is tested elsewhere."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FLOWS = sorted((ROOT / "flows").rglob("*.yml"))


def flow(path: str) -> dict[str, Any]:
    """The flow at `flows/<path>.yml`, parsed."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "flows" / f"{path}.yml").read_text())
    return loaded


def tasks_of(node: Any) -> Iterator[dict[str, Any]]:
    """Every task in a flow or a list of tasks, at any depth, in the order of the text."""
    if isinstance(node, list):
        for item in node:
            yield from tasks_of(item)
    elif isinstance(node, dict):
        if str(node.get("type", "")).startswith("io.kestra."):
            yield node
        for value in node.values():
            yield from tasks_of(value)


def types_of(node: Any) -> set[str]:
    """The plugin types used anywhere in a flow: tasks, triggers, task runners."""
    return {task["type"] for task in tasks_of(node)}
