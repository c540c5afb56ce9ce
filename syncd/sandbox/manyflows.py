"""The routes that touch many flows at once: by ids, exports, imports; how one flow is written is told by `writing`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from starlette.responses import Response

from syncd.sandbox.archive import packed, unpacked
from syncd.sandbox.call import Call, binary, reply
from syncd.sandbox.query import chosen
from syncd.sandbox.refusal import Refused
from syncd.sandbox.writing import accepted, replace


def delete_by_ids(call: Call) -> Response:
    """`DELETE /flows/delete/by-ids`: in order, so an unknown id leaves the earlier ones deleted."""
    wanted = _ids(call)
    for namespace, flow_id in wanted:
        found = call.store.flow(namespace, flow_id)
        if found is None or found.deleted:
            raise Refused("not-found")
        call.store.put_flow(namespace, flow_id, found.source, found.body, deleted=True, draft=found.draft)
    return reply({"count": len(wanted)})


def disable(call: Call) -> Response:
    """`POST /flows/disable/by-ids`: what pausing in the UI does to the text."""
    return _switch(call, disabled=True)


def enable(call: Call) -> Response:
    """`POST /flows/enable/by-ids`: what resuming in the UI does to the text."""
    return _switch(call, disabled=False)


def _switch(call: Call, *, disabled: bool) -> Response:
    changed = 0
    for namespace, flow_id in _ids(call):
        found = call.store.flow(namespace, flow_id)
        if found is None or found.deleted:
            raise Refused("not-found")
        if found.disabled != disabled:
            text = switched(found.source, disabled=disabled)
            call.store.put_flow(namespace, flow_id, text, {**found.body, "disabled": disabled}, draft=found.draft)
            changed += 1
    return reply({"count": changed})


def switched(source: str, *, disabled: bool) -> str:
    """The text after a switch in the UI: an opposite top-level line is turned over, else a line is appended."""
    opposite = re.compile(rf"^disabled\s*:\s*{'false' if disabled else 'true'}\s*", re.MULTILINE)
    line = f"disabled: {str(disabled).lower()}"
    return opposite.sub(line + "\n", source) if opposite.search(source) else f"{source}\n{line}"


def export_by_query(call: Call) -> Response:
    """`GET /flows/export/by-query`: a zip of the texts of all that match, `namespace-id.yml`."""
    return binary(_zip(call, chosen(call), "{0}-{1}.yml"))


def export_by_ids(call: Call) -> Response:
    """`POST /flows/export/by-ids`: a zip of the named texts, `namespace.id.yaml`; one unknown id refuses all."""
    wanted = _ids(call)
    if not set(wanted) <= set(call.store.names()):
        raise Refused("not-found", "No value present")
    return binary(_zip(call, wanted, "{0}.{1}.yaml"))


def _zip(call: Call, names: Iterable[tuple[str, str]], template: str) -> bytes:
    found = call.store.sources(names)
    return packed((template.format(namespace, flow_id), source) for namespace, flow_id, source in found)


def distinct_namespaces(call: Call) -> Response:
    """`GET /flows/distinct-namespaces`: those that hold a live flow."""
    wanted = call.get("q")
    return reply(sorted({namespace for namespace, _ in call.store.names() if wanted in namespace}))


def import_flows(call: Call) -> Response:
    """`POST /flows/import`: a zip or a YAML file; answers the names of what was refused, and stores the others."""
    part = call.part("fileUpload", "CompletedFileUpload")
    refused = [name for name, text in _imported(part.filename, part.data) if not _stored(call, text)]
    if refused and call.flag("failOnError"):
        names = ", ".join(refused)
        raise Refused("invalid-argument", f"Following invalid flows were not imported: {names}")
    return reply(refused)


def _imported(filename: str, data: bytes) -> list[tuple[str, str]]:
    if filename.endswith((".yml", ".yaml")):
        texts = re.split(r"\n---(?=\s)", data.decode("utf-8", "replace"))
        return [(str(index), text) for index, text in enumerate(texts)]
    if not filename.endswith(".zip"):
        raise Refused("invalid-argument", "Cannot import file of type " + filename.rpartition(".")[2])
    entries = unpacked(data, lambda name: name.endswith((".yml", ".yaml")))
    return [(name, content.decode("utf-8", "replace")) for name, content in entries]


def _stored(call: Call, text: str) -> bool:
    try:
        verdict = accepted(text, call, draft=False)
        namespace, flow_id = verdict.flow["namespace"], verdict.flow["id"]
        old = call.store.flow(namespace, flow_id)
        if old is None or old.deleted:
            call.store.put_flow(namespace, flow_id, text, verdict.flow)
        else:
            replace(call, old, text, draft=False)
    except Refused:
        return False
    return True


def _ids(call: Call) -> list[tuple[str, str]]:
    try:
        return [(str(each["namespace"]), str(each["id"])) for each in call.data()]
    except (TypeError, KeyError):
        raise Refused("invalid-request-body", "A list of objects with namespace and id is needed") from None
