"""Routes of the namespace files. The store itself, with its index and revisions, is the engine's own."""

import json
import re
from typing import Any

from .archives import zip_answer, zip_entries
from .call import BINARY, JSON, Answer, Call
from .engine import TENANT, Engine
from .errors import ARGUMENT, BAD_REQUEST, NOT_FOUND, Refusal
from .filters import everything, path_filter
from .flows import json_answer
from .java import java, java_bytes, java_list, java_null

_NO_CACHE = {"cache-control": "no-cache"}
_FLOWS_FOLDER = "_flows"
_NAMESPACE_LINE = re.compile(r"^namespace: .*$", re.MULTILINE)


def get_file(engine: Engine, call: Call) -> Answer:
    """The bytes of the latest or a named revision."""
    revision = call.number("revision", 0)
    wanted = java("java.lang.Integer")(revision) if revision else java_null("java.lang.Integer")
    stream = _store(engine, call).getFileContent(_path(engine, call), wanted)
    return Answer(body=bytes(stream.readAllBytes()), content_type=BINARY, headers=_NO_CACHE)


def upload_file(engine: Engine, call: Call) -> Answer:
    """A new revision of a file; a part whose file name ends in `.zip` is unpacked at the root instead."""
    part = next((part for part in call.parts if part.name == "fileContent"), None)
    if part is None:
        raise Refusal(BAD_REQUEST, "Required argument [CompletedFileUpload fileContent] not specified")
    if part.filename.lower().endswith(".zip"):
        for name, data in zip_entries(part.data):
            _write(engine, call, f"/{name}", data)
    else:
        _write(engine, call, call.first("path"), part.data)
    return Answer()


def delete_file(engine: Engine, call: Call) -> Answer:
    """Removes a file or a folder, and its parent when that is empty then; also 200 when there is none."""
    store, path = _store(engine, call), _path(engine, call)
    store.delete(path)
    folder = path.getParent()
    if folder is not None and str(folder) != "/" and store.isDirectoryEmpty(str(folder)):
        store.delete(folder)
    return Answer()


def move_file(engine: Engine, call: Call) -> Answer:
    """Moves a file or a folder."""
    namespace = call.params["namespace"]
    source, target = (_stored_name(engine, namespace, call.first(name)) for name in ("from", "to"))
    _store(engine, call).move(_java_path(source), _java_path(target))
    return Answer()


def create_directory(engine: Engine, call: Call) -> Answer:
    """Makes a folder."""
    _store(engine, call).createDirectory(_path(engine, call))
    return Answer()


def file_stats(engine: Engine, call: Call) -> Answer:
    """Size and times of one file or folder."""
    return json_answer(engine, _store(engine, call).getFileMetadata(_path(engine, call)))


def list_directory(engine: Engine, call: Call) -> Answer:
    """What is directly inside a folder."""
    store, path = _store(engine, call), _path(engine, call)
    if not store.exists(path):
        if str(path) != "/":
            raise Refusal(NOT_FOUND, f"Directory not found: {path}")
        store.createDirectory(path)
    attributes = java("io.kestra.core.storages.NamespaceFileAttributes")
    return json_answer(engine, java_list([attributes(child) for child in store.children(str(path), False)]))


def search_files(engine: Engine, call: Call) -> Answer:
    """The paths that contain a text."""
    store, text = _store(engine, call), call.first("q")
    found = store.all() if engine.line == 1 else store.all(text)
    paths = sorted("/" + str(entry.path()).removeprefix("/") for entry in found)
    return Answer(body=json.dumps([path for path in paths if text in path]).encode(), content_type=JSON)


def file_revisions(engine: Engine, call: Call) -> Answer:
    """The numbers of the revisions of a file."""
    path = str(_path(engine, call))
    revisions = _revisions(engine, call.params["namespace"], path)
    if not revisions:
        raise Refusal(NOT_FOUND, f"File not found: {path}")
    return Answer(body=json.dumps([{"revision": number} for number in revisions]).encode(), content_type=JSON)


def export_files(engine: Engine, call: Call) -> Answer:
    """Every file of the namespace, and its flows below `_flows`."""
    store, namespace = _store(engine, call), call.params["namespace"]
    paths = [str(child.getPath()) for child in store.children("/", True) if not child.isDirectory()]
    files = [(path[1:], bytes(store.getFileContent(_java_path(path)).readAllBytes())) for path in paths]
    flows = engine.flows.findByNamespaceWithSource(TENANT, namespace)
    texts = [(f"{_FLOWS_FOLDER}/{flow.getId()}.yml", str(flow.getSource()).encode()) for flow in flows]
    return zip_answer([*files, *texts])


def _write(engine: Engine, call: Call, path: str, data: bytes) -> None:
    target = _stored_name(engine, call.params["namespace"], path)
    if target.split("/")[1] == _FLOWS_FOLDER:
        _import_flow(engine, call.params["namespace"], target, data)
    else:
        _store(engine, call).putFile(_java_path(target), java_bytes(data))


def _import_flow(engine: Engine, namespace: str, path: str, data: bytes) -> None:
    if path.count("/") != 2:
        raise Refusal(ARGUMENT, f"Invalid flow file path: {path}")
    text = _NAMESPACE_LINE.sub(f"namespace: {namespace}", data.decode("utf-8", "replace"), count=1)
    engine.flow_service.importFlow(TENANT, text)


def _store(engine: Engine, call: Call) -> Any:
    return engine.files(call.params["namespace"])


def _path(engine: Engine, call: Call) -> Any:
    path = _stored_name(engine, call.params["namespace"], call.first("path") or "/")
    if path.split("/")[1] == _FLOWS_FOLDER:
        raise Refusal(ARGUMENT, f"Forbidden path: {path}")
    return _java_path(path)


def _java_path(path: str) -> Any:
    return java("java.nio.file.Path").of(path)


def _stored_name(engine: Engine, namespace: str, path: str) -> str:
    """The absolute name of a file; 1.3.25 turns spaces into `+` and refuses what makes no URI, 2.0 keeps all names."""
    if {".", ".."} & set(path.split("/")):
        raise Refusal(ARGUMENT, "File should be accessed with their full path and not using relative '..' path.")
    absolute = "/" + path.removeprefix("/")
    if engine.line == 1:
        absolute = absolute.replace(" ", "+")
        java("java.net.URI").create(f"kestra:///{namespace.replace('.', '/')}/_files{absolute}")
    return absolute


def _revisions(engine: Engine, namespace: str, path: str) -> list[int]:
    if engine.line == 1:
        return _revisions_1(engine, namespace, path)
    found = list(engine.bean("namespace.NamespaceFileService").findRevisions(TENANT, namespace, path))
    gone = not found or any(item.isLast() and item.isDeleted() for item in found)
    return [] if gone else [int(item.getRevision()) for item in found]


def _revisions_1(engine: Engine, namespace: str, path: str) -> list[int]:
    store = engine.files(namespace)
    if not store.exists(_java_path(path)):
        return []
    versions = java("io.kestra.core.models.FetchVersion").ALL
    found = store.find(everything(), java_list([path_filter(path)]), False, versions)
    return sorted(int(item.version()) for item in found)
