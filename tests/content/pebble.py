"""Renders the few expressions that this repository's flows use as Kestra 1.3 does. No general template engine."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_EXPRESSION = re.compile(r"\{\{ (.+?) \}\}")
_CALL = re.compile(r"(?P<name>kv|secret|render)\((?P<argument>[^,)]+)(?P<optional>, errorOnMissing=false)?\)")
_STEP = re.compile(r"(?:^|\.)(\w+)|\['([^']+)'\]")


@dataclass
class Context:
    """What an execution can see: `inputs`, `vars` and `outputs` in `values`, the namespace's pairs in `kv`."""

    values: dict[str, Any]
    kv: Mapping[str, str] = field(default_factory=dict)

    def render(self, template: str) -> str:
        """The template with its expressions replaced. An unknown name raises KeyError."""
        return _EXPRESSION.sub(lambda match: str(self._choose(match[1])), template)

    def _choose(self, expression: str) -> Any:
        *optional, last = expression.split(" ?? ")
        found = (self._value(part) for part in optional)
        return next((value for value in found if value is not None), None) or self._value(last)

    def _value(self, expression: str) -> Any:
        if call := _CALL.fullmatch(expression):
            function: Callable[[str, bool], Any] = getattr(self, f"_{call['name']}")
            return function(call["argument"], bool(call["optional"]))
        node: Any = self.values
        for name, key in _STEP.findall(expression):
            node = node[name or key]
        return node

    def _kv(self, argument: str, optional: bool) -> str | None:
        key = argument.strip("'")
        return self.kv.get(key) if optional else self.kv[key]

    def _secret(self, argument: str, _optional: bool) -> str:
        raise KeyError(f"no secret {argument}")

    def _render(self, argument: str, _optional: bool) -> str:
        return self.render(self._value(argument))
