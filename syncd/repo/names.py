"""Which paths and names are fit: for every system, for Kestra, for a repository that others name files in."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final
from unicodedata import normalize

from syncd.model import Key, Kind, Problem
from syncd.repo.ignore import RULES_FILES

_FLOW_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}\Z")
_NAMESPACE = re.compile(r"[a-z0-9][a-z0-9._-]{0,149}\Z")
_UNSHOWN = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_NAME_LIMIT: Final = 255  # bytes of one name, on nearly every file system


def unfit_path(path: str) -> Problem | None:
    """Why a file of the repository cannot be an object because of its path alone."""
    if _UNSHOWN.search(path):
        return Problem("SYN009", f"{path!r}: control characters, or not UTF-8", path, hint="rename it")
    return None


def unfit_namespace(namespace: str, path: str) -> Problem | None:
    """Why Kestra takes no such namespace (1.3: `^[a-z0-9][a-z0-9._-]*`, at most 150)."""
    if _NAMESPACE.match(namespace):
        return None
    hint = "use a-z, 0-9, '.', '_' and '-', at most 150, beginning with a letter or digit"
    return Problem("SYN010", f"{path}: {namespace!r} is no namespace that Kestra takes", path, hint=hint)


def unfit_id(flow_id: str, path: str) -> Problem | None:
    """Why Kestra takes no flow of this id (1.3: `^[a-zA-Z0-9][a-zA-Z0-9._-]*`, at most 100)."""
    if _FLOW_ID.match(flow_id):
        return None
    hint = "use letters, digits, '.', '_' and '-', at most 100, beginning with a letter or digit"
    return Problem("SYN010", f"{path}: {flow_id!r} is no flow id that Kestra takes", path, hint=hint)


def unfit_to_write(key: Key, path: str) -> Problem | None:
    """Why no file can be written for an object that a server names."""
    names = path.split("/")
    if key.kind is Kind.KV or not path:
        hint = "use templates with {namespace} under 'layout:' in syncd.yaml, or narrow --namespace"
        return Problem("SYN016", f"{key}: the layout of this repository has no place for it", key=key, hint=hint)
    if unfit_path(path) or "\\" in path or {"", ".", ".."} & set(names) or ".git" in path.lower().split("/"):
        why, hint = "its name cannot be a path of a repository", "rename it on the server"
    elif names[-1] in RULES_FILES:
        why, hint = f"{names[-1]} holds rules for Git, never content", "rename it on the server"
    elif any(len(name.encode()) > _NAME_LIMIT for name in names):
        why, hint = f"its name has more than {_NAME_LIMIT} bytes", "give it a shorter name"
    else:
        return None
    return Problem("SYN009", f"{key}: {why}", path if path.isprintable() else "", key=key, hint=hint)


def folded(path: str) -> str:
    """What a path is to a system that knows neither case nor Unicode forms."""
    return (path if path.isascii() else normalize("NFC", path)).casefold()


def collisions(paths: Iterable[str]) -> dict[str, Problem]:
    """The paths that another one equals but for case or Unicode form."""
    same: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        same[folded(path)].append(path)
    groups = (group for group in same.values() if len(group) > 1)
    return {path: _collision(path, group) for group in groups for path in group}


def _collision(path: str, group: list[str]) -> Problem:
    other = next(name for name in group if name != path)
    message = f"{path} and {other} are one file on other systems (upper and lower case, Unicode form)"
    return Problem("SYN009", message, path, hint="rename one of them")


def namespace_above(template: str, default: str, path: str) -> str | None:
    """Whose folder, by this template, lies at or below a path: a namespace, "" for any of them, `None` for nobody's."""
    wanted, given = template.split("/"), path.split("/")
    if len(given) > len(wanted):
        return None
    namespace = "" if "{namespace}" in wanted else default
    for name, actual in zip(wanted, given, strict=False):
        if name == "{namespace}":
            namespace = actual
        elif name != actual:
            return None
    return namespace
