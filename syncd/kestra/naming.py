"""Says which names a server can hold and which of them would be one object there; values only, no calls."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping

from syncd.kestra.dialect import Dialect
from syncd.model import Key, Kind, Problem

NAMESPACE = re.compile(r"[a-z0-9][a-z0-9._-]{0,149}")
"""What Kestra accepts as a namespace, 0.19 to 2.x."""

FLOW_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}")
"""What Kestra accepts as a flow id, 0.19 to 2.x."""

PAIR_KEY = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]*")
"""What Kestra accepts as the key of a key-value pair."""

FLOWS_FOLDER = "_flows"
"""The folder of namespace files that is not one: what is uploaded there becomes a flow."""

_RESERVED_IDS = frozenset(
    ("change-status", "disable", "enable", "executions", "force-run", "kill", "pause", "resume", "search", "source")
)
_ROUTES = frozenset(
    (
        *("bulk", "delete", "deprecated", "disable", "distinct-namespaces", "enable", "export", "expressions"),
        *("graph", "import", "search", "source", "validate"),
    )
)
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPED_SEPARATOR = re.compile(r"%(?:2[eEfF]|5[cC]|[01][0-9A-Fa-f]|7[fF])")
_PART_LIMIT = 255
_PATH_LIMIT = 4096


def unholdable(keys: Iterable[Key], dialect: Dialect) -> Mapping[Key, Problem]:
    """
    Which of these objects a server cannot hold, alone or beside the others.

    Args:
        keys: Everything that would be there together: what Git holds, and what the server holds.
        dialect: The server's facts.
    """
    wanted = set(keys)
    problems = {key: _refused(key, why) for key in wanted if (why := flaw(key, dialect))}
    files = sorted(key for key in wanted - problems.keys() if key.kind is Kind.FILE)
    problems.update(_sharing(files, dialect))
    if not dialect.swaps_file_and_folder:
        problems.update(_nested(files))
    return problems


def flaw(key: Key, dialect: Dialect) -> str:
    """Why a server refuses, or would mangle, this one name; "" where it is fine."""
    if not NAMESPACE.fullmatch(key.namespace):
        return "a namespace has lower-case letters, digits, '.', '_' and '-' only, at most 150"
    if key.kind is Kind.FLOW:
        return _flow_flaw(key, dialect)
    if key.kind is Kind.KV:
        return "" if PAIR_KEY.fullmatch(key.name) else "a key has letters, digits, '.', '_' and '-' only"
    return unusable_path(key.name) or _file_flaw(key.name, dialect)


def unusable_path(name: str) -> str:
    """Why a path must never become one on this machine or a server, whatever the version; "" where it is fine."""
    parts = name.split("/")
    if {"", ".", ".."} & set(parts):
        return "a path has no empty, '.' or '..' part and no leading slash"
    if "\\" in name:
        return "the server turns a backslash into a slash"
    if not (name.isascii() and name.isprintable()) and any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in name):
        return "it holds a control character, or is not UTF-8"
    if len(name) > _PATH_LIMIT or any(len(part.encode()) > _PART_LIMIT for part in parts):
        return f"a part of it is longer than {_PART_LIMIT} bytes"
    return ""


def content_name(name: str, dialect: Dialect) -> str:
    """
    What two names of files must differ in, or their content is one object.

    1.3.25 keeps one content for all names that differ only behind `#` or `?`, the last one written, in silence. The
    2.0.0 engine keeps them apart, but what lies before it could not be tried, so they count as one everywhere.
    """
    return re.split("[#?]", stored_name(name, dialect), maxsplit=1)[0]


def stored_name(name: str, dialect: Dialect) -> str:
    """The name under which the server lists a file: up to 1.x a space becomes a plus."""
    return name.replace(" ", "+") if dialect.spaces_become_plus else name


def _flow_flaw(key: Key, dialect: Dialect) -> str:
    if not FLOW_ID.fullmatch(key.name):
        return "a flow's id has letters, digits, '.', '_' and '-' only, at most 100"
    if dialect.reserves_flow_ids and key.name in _RESERVED_IDS:
        return f"{_named(dialect)} reserves this id for itself"
    if key.namespace in _ROUTES:
        return "a namespace of this name would turn calls for one flow into calls for many"
    return ""


def _file_flaw(name: str, dialect: Dialect) -> str:
    top = name.partition("/")[0]
    if top == FLOWS_FOLDER or (dialect.reserves_flows_prefix and top.startswith(FLOWS_FOLDER)):
        return f"the server keeps {FLOWS_FOLDER!r} for itself: a file there becomes a flow"
    if dialect.brackets_refused and any(sign in name.partition("#")[0] for sign in '[]"'):
        return f"{_named(dialect)} refuses '[', ']' and '\"' in a name"
    if dialect.percent_refused and (_BROKEN_ESCAPE.search(name) or _ESCAPED_SEPARATOR.search(name)):
        return f"{_named(dialect)} refuses a '%' in a name"
    return ""


def _named(dialect: Dialect) -> str:
    return "Kestra {}.{}".format(*dialect.version)


def _sharing(files: Iterable[Key], dialect: Dialect) -> Mapping[Key, Problem]:
    """Names whose content would be one object."""
    groups: dict[tuple[str, str], list[Key]] = defaultdict(list)
    for key in files:
        groups[key.namespace, content_name(key.name, dialect)].append(key)
    return {
        key: Problem(
            "SYN031",
            f"{key}: the server would keep one content for "
            + " and ".join(repr(other.name) for other in group)
            + ", the last one written",
            key=key,
            hint="rename one of them, or add it to .kestraignore",
        )
        for group in groups.values()
        if len(group) > 1
        for key in group
    }


def _nested(files: Iterable[Key]) -> Mapping[Key, Problem]:
    """Files that lie below a path which is a file too."""
    names = {(key.namespace, key.name): key for key in files}
    problems = {}
    for (namespace, name), key in names.items():
        for end in (index for index, sign in enumerate(name) if sign == "/"):
            if above := names.get((namespace, name[:end])):
                problems[key] = _nesting(key, above, key)
                problems[above] = _nesting(above, above, key)
    return problems


def _nesting(key: Key, above: Key, below: Key) -> Problem:
    return Problem(
        "SYN032",
        f"{key}: this server cannot put {below.name!r} below the file {above.name!r}, or take it away again",
        key=key,
        hint="use another name for one of them",
    )


def _refused(key: Key, why: str) -> Problem:
    return Problem("SYN030", f"{key}: the server cannot hold it: {why}", key=key, hint="rename it, or ignore it")
