"""Routes that move many flows at once as a ZIP file, and the ZIP format for the other modules."""

import io
import json
import zipfile
from collections.abc import Iterable

from .call import BINARY, JSON, Answer, Call
from .engine import TENANT, Engine
from .errors import ARGUMENT, NOT_FOUND, Refusal
from .filters import everything, flow_filters
from .flows import find
from .java import JavaError


def export_by_query(engine: Engine, call: Call) -> Answer:
    """The texts of all flows that pass the filters."""
    found = engine.flows.findWithSource(everything(), TENANT, flow_filters(engine, call))
    return zip_answer((f"{flow.getNamespace()}-{flow.getId()}.yml", str(flow.getSource()).encode()) for flow in found)


def export_by_ids(engine: Engine, call: Call) -> Answer:
    """The texts of the named flows; one that is missing refuses all."""
    flows = [find(engine, item["namespace"], item["id"]) for item in json.loads(call.body)]
    if None in flows:
        raise Refusal(NOT_FOUND, "No value present")
    return zip_answer((f"{flow.getNamespace()}.{flow.getId()}.yaml", str(flow.getSource()).encode()) for flow in flows)


def import_flows(engine: Engine, call: Call) -> Answer:
    """Creates or updates every flow of an archive; the answer names the entries that failed."""
    failed = [name for name, data in zip_entries(call.parts[0].data) if not _import(engine, data)]
    if failed and call.flag("failOnError"):
        raise Refusal(ARGUMENT, f"Following invalid flows were not imported: {', '.join(failed)}")
    return Answer(body=json.dumps(failed).encode(), content_type=JSON)


def _import(engine: Engine, data: bytes) -> bool:
    try:
        engine.flow_service.importFlow(TENANT, data.decode("utf-8", "replace"))
    except JavaError:
        return False
    return True


def zip_answer(entries: Iterable[tuple[str, bytes]]) -> Answer:
    """200 with the entries as an archive."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in entries:
            target.writestr(name, data)
    return Answer(body=archive.getvalue(), content_type=BINARY)


def zip_entries(data: bytes) -> list[tuple[str, bytes]]:
    """The files of an archive, without its folders."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(entry.filename, archive.read(entry)) for entry in archive.infolist() if not entry.is_dir()]
