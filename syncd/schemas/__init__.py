"""
The flow schemas of two Kestra lines as packaged data; what they mean for a flow is told by `flowschema`.

`flow-1.3.json.gz` is the structure of `GET /api/v1/plugins/schemas/FLOW` on 1.3.25 with plugin-script-python, -shell
and -node 1.9.8, plugin-jdbc-postgres 1.15.5 and plugin-git 2.0.11; `flow-2.0.json.gz` that of 2.0.0 with core types
only. Titles, descriptions and examples are left out.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib.resources import files
from typing import Any, Literal, TypeAlias

Line: TypeAlias = Literal["1.3", "2.0"]
LINES: tuple[Line, ...] = ("1.3", "2.0")


@cache
def document(line: Line) -> dict[str, Any]:
    """The JSON Schema (draft 7) of a flow on a server line; shared, so not to be changed."""
    packed = files(__package__).joinpath(f"flow-{line}.json.gz").read_bytes()
    loaded: dict[str, Any] = json.loads(gzip.decompress(packed))
    return loaded
