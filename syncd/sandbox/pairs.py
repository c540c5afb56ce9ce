"""The routes of key-value pairs, with values read as the Ion literals that the server expects."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from syncd.sandbox.call import Call, done, reply
from syncd.sandbox.refusal import Refused
from syncd.sandbox.store import Pair

_DURATION = re.compile(r"P(?:([0-9]+)D)?(?:T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+(?:\.[0-9]+)?)S)?)?", re.IGNORECASE)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(_DATE.pattern + r"T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[-+][0-9]{2}:?[0-9]{2})")
_SYMBOL = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def literal(text: str) -> tuple[str, Any]:
    """
    Type and value of an Ion literal as 1.3.25 and 2.0.0 store it.

    Unquoted text is a symbol and ends with its first word; what is no literal at all is kept as a string.
    """
    text = text.strip()
    try:
        return _typed(json.loads(text))
    except ValueError:
        pass
    for kind, pattern in (("DATETIME", _DATETIME), ("DATE", _DATE)):
        if pattern.fullmatch(text):
            return kind, text
    if seconds(text) is not None:
        return "DURATION", text
    symbol = _SYMBOL.match(text)
    return "STRING", symbol[0] if symbol else text


def _typed(value: Any) -> tuple[str, Any]:
    if isinstance(value, bool):
        return "BOOLEAN", value
    if isinstance(value, int | float):
        return "NUMBER", value
    return ("STRING" if isinstance(value, str) else "JSON"), value


def seconds(text: str) -> float | None:
    """The length of an ISO 8601 duration of days and smaller, or None if it is none."""
    match = _DURATION.fullmatch(text)
    if not match or not any(match.groups()):
        return None
    days, hours, minutes, rest = (float(each or 0) for each in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def read(call: Call) -> Response:
    """`GET .../kv/{key}`: 404 without it, 410 once expired."""
    found = call.store.pair(call.names["ns"], call.names["key"])
    if found is None:
        where = f"key '{call.names['key']}' in namespace '{call.names['ns']}'"
        raise Refused("not-found", f"No value found for {where}")
    if found.expires is not None and found.expires < time.time():
        raise Refused("resource-expired", "The requested value has expired")
    return reply(
        {"type": found.type, "value": found.value, "revision": found.version, "updated": _moment(found.updated)}
    )


def write(call: Call) -> Response:
    """`PUT .../kv/{key}`: the body is an Ion literal in plain text; `ttl` and `description` are headers."""
    if call.media_type not in {"text/plain", ""}:
        detail = f"Content Type [{call.media_type}] not allowed. Allowed types: [text/plain]"
        raise Refused("unsupported-media-type", detail)
    ttl = call.headers.get("ttl")
    if ttl and seconds(ttl) is None:
        raise Refused("bad-request", f"Failed to convert argument [ttl] for value [{ttl}]")
    kind, value = literal(call.text())
    length = seconds(ttl) if ttl else None
    call.store.put_pair(call.names["ns"], call.names["key"], kind, value, call.headers.get("description"), length)
    return done()


def delete(call: Call) -> Response:
    """`DELETE .../kv/{key}`: whether there was one."""
    return reply(call.store.drop_pair(call.names["ns"], call.names["key"]))


def delete_many(call: Call) -> Response:
    """`DELETE .../kv` with `{"keys": [...]}`."""
    keys = call.data().get("keys", [])
    return reply({"keys": [key for key in keys if call.store.drop_pair(call.names["ns"], key)]})


def of_namespace(call: Call) -> Response:
    """`GET .../kv`, on 1.3 only: a list without values."""
    return reply([_shown(call, each) for each in call.store.pairs(call.names["ns"])])


def inherited(call: Call) -> Response:
    """`GET .../kv/inheritance`: the pairs of the parent namespaces."""
    parts = call.names["ns"].split(".")
    parents = [".".join(parts[:length]) for length in range(1, len(parts))]
    return reply([_shown(call, each) for parent in parents for each in call.store.pairs(parent)])


def of_tenant(call: Call) -> Response:
    """`GET /kv?filters[namespace][EQUALS]=`: a page of pairs without values."""
    namespace = call.get("filters[namespace][EQUALS]") or None
    found = call.store.pairs(namespace)
    number, size = max(call.number("page", 1), 1), max(call.number("size", 10), 1)
    shown = found[(number - 1) * size : number * size]
    return reply({"results": [_shown(call, each) for each in shown], "total": len(found)})


def _shown(call: Call, pair: Pair) -> dict[str, Any]:
    return {
        "namespace": pair.namespace,
        "key": pair.key,
        "version" if call.dialect == "1.3" else "revision": pair.version,
        **({"description": pair.description} if pair.description else {}),
        "creationDate": _moment(pair.created),
        "updateDate": _moment(pair.updated),
        **({"expirationDate": _moment(pair.expires)} if pair.expires is not None else {}),
    }


def _moment(stamp: float) -> str:
    return datetime.fromtimestamp(stamp, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
