"""Reads and writes the namespace files of one server, one at a time or a namespace's at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from syncd.errors import KestraError, KestraMissing
from syncd.kestra.archive import entries
from syncd.kestra.dialect import Dialect
from syncd.kestra.listing import Stat
from syncd.kestra.naming import FLOWS_FOLDER, unusable_path
from syncd.kestra.refusal import plain
from syncd.kestra.transport import Answer, Call, Transport, path_of
from syncd.model import Key, Kind, Problem, Resource, Severity

ENTRIES_LIMIT = 200_000
"""Files and folders of one namespace that are listed before it counts as endless."""

_REVISIONS_READ = 20
_PART, _FILENAME = "fileContent", "content"


@dataclass(slots=True)
class Walk:
    """What a walk through a namespace's folders found: files by path, names that cannot be, and when it began."""

    files: dict[str, Stat] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    made: float | None = None


class Files:
    """
    The namespace files of one tenant.

    Args:
        transport: The way to the server.
        root: `/api/v1/main`, or what else stands before `/namespaces`.
        line: What the server can do.
    """

    def __init__(self, transport: Transport, root: str, line: Dialect) -> None:
        self._transport = transport
        self._root = root + "/namespaces"
        self._line = line

    def read(self, key: Key) -> Resource | None:
        """The file as it is now, or `None` where there is none."""
        try:
            return Resource.of(key, self._get(key).body)
        except KestraMissing:
            return None

    def create(self, key: Key, data: bytes) -> None:
        """
        Uploads under a neutral file name: one that ends in `.zip` would be unpacked at the root instead (0.21 to 2.x).

        Overwrites silently, and makes a new revision of equal bytes too (1.2), so only for what differs.
        """
        parts = ((_PART, _FILENAME, data),)
        self._transport.send(Call("POST", self._base(key.namespace), str(key), _at(key.name), parts=parts))

    def update(self, key: Key, data: bytes) -> None:
        """As `create`: the server makes no difference."""
        self.create(key, data)

    def delete(self, key: Key) -> None:
        """Deletes this file; a folder that it leaves empty goes too. Of a folder it would delete everything below."""
        self._transport.send(Call("DELETE", self._base(key.namespace), str(key), _at(key.name)))

    def revisions(self, key: Key) -> tuple[Resource, ...]:
        """Older contents of a file, newest first, the last twenty at most; none on servers before 1.2."""
        if not self._line.file_revisions:
            return ()
        try:
            documents = self._transport.get(
                self._base(key.namespace) + "/revisions", str(key), _at(key.name)
            ).documents()
        except KestraMissing:
            return ()
        numbers = sorted((number for one in documents if isinstance(number := one.get("revision"), int)), reverse=True)
        return tuple(self._older(key, numbers[1 : _REVISIONS_READ + 1]))

    def seems_empty(self, namespace: str) -> bool:
        """Whether a search finds no file, where `search_lists_files`; `directory` would make a missing root instead."""
        try:
            answer = self._transport.get(self._base(namespace) + "/search", f"the files of {namespace}", [("q", "")])
        except KestraMissing:
            return True
        return not answer.json()

    def walk(self, namespace: str) -> Walk:
        """
        Path, size and time of every file, folder by folder.

        Raises:
            KestraError: A folder could not be listed, or there is no end to them.
        """
        found, folders, left = Walk(), deque([""]), ENTRIES_LIMIT
        while folders:
            folder = folders.popleft()
            answer = self._folder(namespace, folder)
            if answer is None:
                return found
            found.made = found.made or answer.made
            for name, is_folder, stat in _items(answer):
                path = f"{folder}/{name}" if folder else name
                left -= 1
                if "/" in name or unusable_path(path):
                    found.problems.append(_impossible(namespace, path))
                elif path == FLOWS_FOLDER:
                    continue
                elif is_folder:
                    folders.append(path)
                else:
                    found.files[path] = stat
            if left < 0:
                raise KestraError(
                    f"the files of {namespace} are more than {ENTRIES_LIMIT}", "use fewer, or ignore some"
                )
        return found

    @contextmanager
    def export(self, namespace: str) -> Iterator[tuple[Iterator[tuple[str, bytes]], float | None]]:
        """Path and bytes of every file, and when it was made; the flows that 1.3 packs along are left out."""
        what = f"the files of {namespace}"
        with self._transport.download(self._base(namespace) + "/export", what) as archive:
            files = (
                (name, data)
                for name, data in entries(archive.file, what)
                if name.partition("/")[0] != FLOWS_FOLDER and not unusable_path(name)
            )
            yield files, archive.made

    def _get(self, key: Key, *more: tuple[str, str]) -> Answer:
        return self._transport.get(self._base(key.namespace), str(key), (*_at(key.name), *more))

    def _older(self, key: Key, numbers: list[int]) -> Iterator[Resource]:
        for number in numbers:
            try:
                yield Resource.of(key, self._get(key, ("revision", str(number))).body, revision=number)
            except KestraMissing:
                continue

    def _folder(self, namespace: str, folder: str) -> Answer | None:
        what = f"the files of {namespace}" + (f" in {folder}" if folder else "")
        try:
            return self._transport.get(self._base(namespace) + "/directory", what, _at(folder))
        except KestraMissing:
            if folder:
                raise
            return None

    def _base(self, namespace: str) -> str:
        return self._root + path_of(namespace, "files")


def _at(name: str) -> tuple[tuple[str, str], ...]:
    return (("path", "/" + name),)


def _items(answer: Answer) -> Iterator[tuple[str, bool, Stat]]:
    try:
        for item in answer.documents():
            stat = Stat(int(item.get("size") or 0), int(item.get("lastModifiedTime") or 0))
            yield str(item["fileName"]), item["type"] == "Directory", stat
    except (KeyError, TypeError, ValueError, AttributeError):
        raise KestraError(
            f"{answer.call.what}: the server's listing has an unknown form", "check its version: syncd doctor"
        ) from None


def _impossible(namespace: str, path: str) -> Problem:
    shown = plain(path)[:200]
    return Problem(
        "SYN020",
        f"the server names a file of {namespace} {shown!r}, which is not a possible name; it is left alone",
        severity=Severity.WARNING,
        key=None,
    )


def key_of(namespace: str, path: str) -> Key:
    """The key of a namespace file."""
    return Key(Kind.FILE, namespace, path)
