"""Fetches a server's own flow schema once, and keeps it as long as its version and its plugins stay the same."""

from __future__ import annotations

import json
from typing import Any

from syncd.cache import Cache, cache_folder
from syncd.errors import KestraError, KestraRejected
from syncd.flowschema import Line
from syncd.kestra import Kestra
from syncd.validate import Against


def against(server: Kestra) -> Against:
    """
    What this server's flows are to be held against: its own schema, or the packaged one where it has none to give.

    Raises:
        KestraError: It did not answer, or not with a schema.
    """
    version = server.about().version
    line: Line = "1.3" if version.startswith(("0.", "1.")) else "2.0"
    try:
        return Against.server(line, _schema(server))
    except KestraRejected:
        return Against(line)


def _schema(server: Kestra) -> dict[str, Any]:
    about, cache = server.about(), Cache(cache_folder("schemas"))
    name = f"flow {about.version} {about.plugins or about.uuid}"
    kept = cache.load(name)
    if _is_schema(kept):
        return dict(kept)
    try:
        schema = json.loads(server.flow_schema())
    except (ValueError, RecursionError):
        schema = None
    if not _is_schema(schema):
        raise KestraError("the server's flow schema is not one", "check without it: syncd validate --offline")
    cache.store(name, schema)
    return dict(schema)


def _is_schema(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("definitions"), dict)
