"""
Where an object lies in a repository, and what object a path holds: two templates, read both ways.

Paths only. What a file contains, and whether it is ignored, is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from syncd.errors import ConfigError
from syncd.model import Kind

FLOW_SUFFIXES = (".yml", ".yaml")
_SLOT = "{namespace}"


@dataclass(frozen=True, slots=True)
class Place:
    """
    What a path stands for.

    Args:
        kind: Flow or namespace file.
        namespace: The folder's namespace; "" for a YAML file that lies in the flows folder outside of any namespace.
        name: The path below the namespace. A flow's id is not its file name; it is read from the text.
    """

    kind: Kind
    namespace: str
    name: str


@dataclass(frozen=True)
class Layout:
    """
    How a repository is laid out.

    Args:
        flows: Folder of a namespace's flows. With `{namespace}` the folder is named after the namespace; without
            it, it holds those of `namespace`, and its sub-folders are child namespaces.
        files: Folder of a namespace's files; without `{namespace}` it holds the files of `namespace`.
        namespace: The namespace of templates that do not name one.

    Raises:
        ConfigError: A template leaves the repository, or names no namespace.
    """

    flows: str = "flows/{namespace}"
    files: str = "namespaces/{namespace}/files"
    namespace: str | None = None

    def __post_init__(self) -> None:
        for name, template in (("flows", self.flows), ("files", self.files)):
            segments = template.split("/")
            if not all(segments) or {".", "..", ".git"} & set(segments) or template.count(_SLOT) > 1:
                raise ConfigError(
                    f"layout.{name}: {template!r} is not a folder inside the repository",
                    "write it like 'flows/{namespace}'",
                )
            if any(_SLOT in segment and segment != _SLOT for segment in segments):
                raise ConfigError(f"layout.{name}: {_SLOT} must be a whole folder name in {template!r}")
            if _SLOT not in segments and not self.namespace:
                raise ConfigError(
                    f"layout.{name}: {template!r} does not say which namespace it holds",
                    f"add 'namespace: company.team' under layout, or use {_SLOT}",
                )
        if self.flows == self.files:
            raise ConfigError(f"layout: flows and files are both {self.flows!r}", "give them different folders")

    @cached_property
    def _flow_pattern(self) -> re.Pattern[str]:
        return _pattern(self.flows)

    @cached_property
    def _file_pattern(self) -> re.Pattern[str]:
        return _pattern(self.files)

    @cached_property
    def _located(self) -> dict[str, Place | None]:
        """Answers given before: every step of a run asks for the same paths."""
        return {}

    def locate(self, path: str) -> Place | None:
        """What this path holds, or `None` where it is none of ours. Always "/" as separator, from the root."""
        if path not in self._located:
            self._located[path] = self._locate(path)
        return self._located[path]

    def _locate(self, path: str) -> Place | None:
        if match := self._file_pattern.match(path):
            return Place(Kind.FILE, match.groupdict().get("namespace") or self.namespace or "", match["name"])
        if not path.endswith(FLOW_SUFFIXES):
            return None
        if match := self._flow_pattern.match(path):
            return self._place_flow(match)
        stray = self.flows.split(_SLOT)[0]
        if stray and path.startswith(stray):
            return Place(Kind.FLOW, "", path.removeprefix(stray))
        return None

    def _place_flow(self, match: re.Match[str]) -> Place:
        if namespace := match.groupdict().get("namespace"):
            return Place(Kind.FLOW, namespace, match["name"])
        *folders, name = match["name"].split("/")
        return Place(Kind.FLOW, ".".join([self.namespace or "", *folders]), name)

    def path_of(self, kind: Kind, namespace: str, name: str, suffix: str = ".yml") -> str | None:
        """
        Where a new object goes, or `None` where this layout has no place for its namespace.

        Args:
            kind: Flow or file.
            namespace: Its namespace.
            name: The flow's id, or the file's path below the namespace.
            suffix: Of a flow's file, as its neighbours have it.
        """
        template = self.flows if kind is Kind.FLOW else self.files
        leaf = name + suffix if kind is Kind.FLOW else name
        if _SLOT in template:
            return f"{template.replace(_SLOT, namespace)}/{leaf}"
        if namespace == self.namespace:
            return f"{template}/{leaf}"
        if kind is Kind.FLOW and self.namespace and namespace.startswith(self.namespace + "."):
            return f"{template}/{namespace.removeprefix(self.namespace + '.').replace('.', '/')}/{leaf}"
        return None

    def prefixes(self) -> tuple[str, ...]:
        """The folders to look into, as paths from the root; "" is the whole repository."""
        return tuple(sorted({template.split(_SLOT)[0].rstrip("/") for template in (self.flows, self.files)}))

    def namespaces(self, paths: Iterable[str]) -> frozenset[str]:
        """The namespaces that have at least one of these paths."""
        return frozenset(place.namespace for path in paths if (place := self.locate(path)) and place.namespace)


def _pattern(template: str) -> re.Pattern[str]:
    parts = ["(?P<namespace>[^/]+)" if part == _SLOT else re.escape(part) for part in template.split("/")]
    return re.compile("/".join(parts) + "/(?P<name>.+)", re.DOTALL)


KNOWN_LAYOUTS = {
    "folders by kind": Layout(),
    "folders by namespace": Layout("{namespace}/flows", "{namespace}/files"),
}


def detect(paths: Iterable[str]) -> Layout | None:
    """
    The layout that these paths of a repository follow, or `None` where none of the known ones holds a flow.

    Folders called `_flows` (the one of SyncFlows) name no namespace, so they are not found here but by `init`,
    which can ask.
    """
    paths = list(paths)
    counts = {
        name: sum(1 for path in paths if (place := layout.locate(path)) and place.kind is Kind.FLOW and place.namespace)
        for name, layout in KNOWN_LAYOUTS.items()
    }
    best = max(counts, key=lambda name: counts[name])
    return KNOWN_LAYOUTS[best] if counts[best] else None
