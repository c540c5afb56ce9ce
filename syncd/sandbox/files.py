"""The routes under `/namespaces/{ns}/files`, with each line's own rules for names; bytes are kept by `filestore`."""

from __future__ import annotations

import re
from typing import Any

from starlette.responses import Response

from syncd.sandbox import writing
from syncd.sandbox.archive import packed, unpacked
from syncd.sandbox.call import Call, binary, done, reply
from syncd.sandbox.refusal import Refused
from syncd.sandbox.store import FileEntry

_FLOW_FILE = re.compile(r"/_flows/[^/]+")
_ILLEGAL = re.compile(r'[\x00-\x20"<>^`{|}]')


def path_of(call: Call, name: str = "path") -> str:
    """
    The path that a query parameter names, as the line stores it.

    Raises:
        Refused: If the line cannot hold such a name (1.3.25 treats it as part of a URI, 2.0.0 as text).
    """
    path = "/" + call.get(name, "/").lstrip("/")
    if {".", ".."} & set(path.split("/")):
        detail = "File should be accessed with their full path and not using relative '..' path."
        raise Refused("invalid-argument", detail)
    if call.dialect == "1.3":
        path = path.replace("\\", "/").replace(" ", "+")
        _check_uri(f"kestra:///{call.names['ns'].replace('.', '/')}/_files", path)
    return path.rstrip("/") or "/"


def _check_uri(root: str, path: str) -> None:
    bare = re.split(r"[?#]", path, maxsplit=1)[0]
    if escape := re.search(r"%(?![0-9a-fA-F]{2})", path):
        at = len(root) + escape.start()
        raise Refused("invalid-argument", f"Malformed escape pair at index {at}: {root}{path}")
    if illegal := (re.search(r"[\[\]]", bare) or _ILLEGAL.search(path)):
        at = len(root) + illegal.start()
        raise Refused("invalid-argument", f"Illegal character in path at index {at}: {root}{path}")


def read(call: Call) -> Response:
    """`GET {files}?path=&revision=`: the bytes."""
    path = path_of(call)
    found = call.store.entry(call.names["ns"], path)
    revision = call.number("revision", 0) or None
    data = call.store.content(call.names["ns"], path, revision) if found and not found.directory else None
    if data is None:
        raise _missing(call, path)
    return binary(data)


def upload(call: Call) -> Response:
    """`POST {files}?path=`: a new revision each time; a part named `*.zip` is unpacked at the root instead."""
    part = call.part("fileContent", "CompletedFileUpload")
    if part.filename.lower().endswith(".zip"):
        for name, data in unpacked(part.data, lambda _: True):
            _write(call, "/" + name.lstrip("/"), data)
        return done()
    path = path_of(call)
    if _FLOW_FILE.fullmatch(path):
        writing.import_one(call, part.data.decode("utf-8", "replace"), call.names["ns"])
    elif path.startswith("/_flows/") or path == "/_flows":
        raise Refused("invalid-argument", f"Forbidden path: {path.lstrip('/')}")
    else:
        _write(call, path, part.data)
    return done()


def _write(call: Call, path: str, data: bytes) -> None:
    namespace = call.names["ns"]
    _make_room(call, path)
    old = call.store.entry(namespace, path)
    if old is None or not old.directory:
        call.store.put_content(namespace, path, data)
    elif call.dialect == "1.3":  # answers 200, yet only the folder's size changes
        call.store.put_entry(namespace, path, directory=True, size=len(data))
    else:
        where = f"Cannot create file '{path}' in namespace '{namespace}'"
        raise Refused("conflict", f"{where}: a directory already exists at this path.")


def _make_room(call: Call, path: str) -> None:
    namespace = call.names["ns"]
    for parent in _parents(path):
        found = call.store.entry(namespace, parent)
        if found is None:
            call.store.put_entry(namespace, parent, directory=True, size=0)
        elif not found.directory:
            if call.dialect == "1.3":
                folder = namespace.replace(".", "/")
                raise Refused("not-found", f"/sandbox/main/{folder}/_files{path} (Not a directory)")
            where = f"Cannot create '{path}' in namespace '{namespace}'"
            raise Refused("conflict", f"{where}: '{parent}' is a file, not a directory.")


def _parents(path: str) -> list[str]:
    parts = path.strip("/").split("/")
    return ["/" + "/".join(parts[:length]) for length in range(1, len(parts))]


def delete(call: Call) -> Response:
    """`DELETE {files}?path=`: 200 even when nothing is there; a folder goes with all in it, an emptied parent too."""
    namespace, path = call.names["ns"], path_of(call)
    if call.store.entry(namespace, path) is None:
        return done()
    call.store.drop_entry(namespace, path)
    for parent in _parents(path)[-1:]:
        if not _children(call, parent):
            call.store.drop_entry(namespace, parent)
    return done()


def move(call: Call) -> Response:
    """`PUT {files}?from=&to=`: rename; the target must not exist."""
    namespace, source, target = call.names["ns"], path_of(call, "from"), path_of(call, "to")
    if call.store.entry(namespace, source) is None:
        raise _missing(call, source)
    if call.store.entry(namespace, target) is not None:
        raise Refused("conflict", f"File '{target}' already exists in namespace '{namespace}'.")
    _make_room(call, target)
    call.store.move_entry(namespace, source, target)
    return done()


def make_directory(call: Call) -> Response:
    """`POST {files}/directory?path=`."""
    path = path_of(call)
    _make_room(call, path + "/_")
    return done()


def directory(call: Call) -> Response:
    """`GET {files}/directory?path=`: one level; the root always exists."""
    path = path_of(call)
    found = call.store.entry(call.names["ns"], path)
    if path != "/" and (found is None or not found.directory):
        raise Refused("not-found", f"Directory not found: {path}")
    return reply([_attributes(each) for each in _children(call, path)])


def stats(call: Call) -> Response:
    """`GET {files}/stats?path=`: name, kind, size and times; no hash."""
    path = path_of(call)
    if path == "/":
        return reply({"type": "Directory", "size": 0, "fileName": "_files", "metadata": {}})
    found = call.store.entry(call.names["ns"], path)
    if found is None:
        raise _missing(call, path)
    return reply(_attributes(found))


def search(call: Call) -> Response:
    """`GET {files}/search?q=`: paths that contain the text; an empty text means all on 1.3 and none on 2.0."""
    wanted = call.get("q")
    if call.dialect == "2.0" and not wanted:
        return reply([])
    return reply(sorted(path for path in _files(call) if wanted in path))


def revisions(call: Call) -> Response:
    """`GET {files}/revisions?path=`: numbers only."""
    path = path_of(call)
    if call.store.entry(call.names["ns"], path) is None:
        raise _missing(call, path)
    return reply([{"revision": each} for each in call.store.content_revisions(call.names["ns"], path)])


def export(call: Call) -> Response:
    """`GET {files}/export`: a zip of every file, and of the namespace's flows below `_flows/`."""
    namespace = call.names["ns"]
    own = [(path.lstrip("/"), call.store.content(namespace, path) or b"") for path in sorted(_files(call))]
    names = [name for name in call.store.names() if name[0] == namespace]
    return binary(packed([*own, *((f"_flows/{name}.yml", text) for _, name, text in call.store.sources(names))]))


def _files(call: Call) -> list[str]:
    return [each.path for each in call.store.entries(call.names["ns"]) if not each.directory]


def _children(call: Call, path: str) -> list[FileEntry]:
    below = path.rstrip("/") + "/"
    found = (each for each in call.store.entries(call.names["ns"]) if each.path.startswith(below))
    return [each for each in found if "/" not in each.path[len(below) :]]


def _attributes(entry: FileEntry) -> dict[str, Any]:
    return {
        "type": "Directory" if entry.directory else "File",
        "size": entry.size,
        "fileName": entry.path.rpartition("/")[2],
        "lastModifiedTime": int(entry.modified * 1000),
        "creationTime": int(entry.created * 1000),
        "metadata": {},
    }


def _missing(call: Call, path: str) -> Refused:
    return Refused("not-found", f"File '{path}' was not found in namespace '{call.names['ns']}'.")
