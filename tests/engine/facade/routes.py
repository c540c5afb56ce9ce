"""The table of routes of either line, and how a path finds its handler. What a handler does is elsewhere."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from . import archives, executions, files, flows, keyvalues, search, server, triggers, validation
from .call import Answer, Call
from .engine import TENANT, Engine

Handler = Callable[[Engine, Call], Answer]

_FLOWS = f"/api/v1/{TENANT}/flows"
_NAMESPACES = f"/api/v1/{TENANT}/namespaces"
_FILES = _NAMESPACES + "/{namespace}/files"
_KEYS = _NAMESPACES + "/{namespace}/kv"
_EXECUTIONS = f"/api/v1/{TENANT}/executions"
_TRIGGERS = f"/api/v1/{TENANT}/triggers"

_BOTH: list[tuple[str, str, Handler]] = [
    ("GET", "/ping", server.ping),
    ("GET", "/api/v1/configs", server.configs),
    ("GET", "/api/v1/plugins/schemas/{kind}", server.flow_schema),
    ("GET", _FLOWS + "/search", search.search_flows),
    ("GET", _FLOWS + "/distinct-namespaces", search.distinct_namespaces),
    ("GET", _FLOWS + "/export/by-query", archives.export_by_query),
    ("POST", _FLOWS + "/export/by-ids", archives.export_by_ids),
    ("POST", _FLOWS + "/import", archives.import_flows),
    ("POST", _FLOWS + "/validate", validation.validate_flows),
    ("POST", _FLOWS + "/disable/by-ids", flows.disable_flows),
    ("POST", _FLOWS + "/enable/by-ids", flows.enable_flows),
    ("POST", _FLOWS, flows.create_flow),
    ("GET", _FLOWS + "/{namespace}", search.flows_of_namespace),
    ("GET", _FLOWS + "/{namespace}/{id}", flows.get_flow),
    ("PUT", _FLOWS + "/{namespace}/{id}", flows.update_flow),
    ("DELETE", _FLOWS + "/{namespace}/{id}", flows.delete_flow),
    ("GET", _FLOWS + "/{namespace}/{id}/revisions", flows.get_revisions),
    ("DELETE", _FLOWS + "/{namespace}/{id}/revisions", flows.delete_revisions),
    ("GET", _NAMESPACES + "/search", search.search_namespaces),
    ("GET", _NAMESPACES + "/{namespace}", search.get_namespace),
    ("GET", f"/api/v1/{TENANT}/dashboards", search.no_dashboards),
    ("GET", _FILES, files.get_file),
    ("POST", _FILES, files.upload_file),
    ("PUT", _FILES, files.move_file),
    ("DELETE", _FILES, files.delete_file),
    ("GET", _FILES + "/directory", files.list_directory),
    ("POST", _FILES + "/directory", files.create_directory),
    ("GET", _FILES + "/stats", files.file_stats),
    ("GET", _FILES + "/search", files.search_files),
    ("GET", _FILES + "/revisions", files.file_revisions),
    ("GET", _FILES + "/export", files.export_files),
    ("GET", f"/api/v1/{TENANT}/kv", keyvalues.list_tenant),
    ("DELETE", _KEYS, keyvalues.delete_values),
    ("GET", _KEYS + "/inheritance", keyvalues.list_inherited),
    ("GET", _KEYS + "/{key}", keyvalues.get_value),
    ("PUT", _KEYS + "/{key}", keyvalues.put_value),
    ("DELETE", _KEYS + "/{key}", keyvalues.delete_value),
    ("GET", _EXECUTIONS, executions.list_executions),
    ("GET", _EXECUTIONS + "/{id}", executions.get_execution),
    ("POST", _EXECUTIONS + "/{namespace}/{id}", executions.create_execution),
    ("GET", f"/api/v1/{TENANT}/logs/{{id}}", executions.get_logs),
    ("GET", _TRIGGERS + "/{namespace}/{flow}", triggers.list_triggers),
]
_BY_LINE: dict[int, list[tuple[str, str, Handler]]] = {
    1: [
        ("GET", _KEYS, keyvalues.list_namespace),
        ("GET", _NAMESPACES + "/{namespace}/secrets", search.no_secrets),
        ("PUT", _TRIGGERS, triggers.update_trigger),
    ],
    2: [("PUT", _TRIGGERS + "/backfill/create", triggers.create_backfill)],
}


@dataclass(frozen=True)
class Match:
    """The handlers of a path by method, and the variables in the path."""

    handlers: Mapping[str, Handler]
    params: Mapping[str, str]


class Routes:
    """Finds the handlers of a path; fixed segments win over variables because they come first in the table."""

    def __init__(self, line: int) -> None:
        patterns: dict[str, dict[str, Handler]] = {}
        for method, path, handler in [*_BY_LINE[line], *_BOTH]:
            patterns.setdefault(path, {})[method] = handler
        self._patterns = [(_pattern(path), handlers) for path, handlers in patterns.items()]

    def match(self, path: str) -> Match | None:
        """The handlers of the first pattern that fits the path."""
        for pattern, handlers in self._patterns:
            if found := pattern.fullmatch(path):
                return Match(handlers, found.groupdict())
        return None


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))
