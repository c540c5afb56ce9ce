"""Where a repository's content is read from: the files of the work tree, or the blobs of a commit, as one listing."""

from __future__ import annotations

import errno
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Protocol

from syncd.errors import ObjectMoved
from syncd.model import blob_id
from syncd.repo.files import HEAD_SIZE, Unreadable
from syncd.repo.ignore import NAME, Ignore
from syncd.repo.objects import LINK, SUBMODULE, TreeEntry
from syncd.repo.repository import Repository


class Form(Enum):
    """What lies at a path."""

    FILE = "a file"
    LINK = "a symbolic link"
    MODULE = "another repository"
    ABSENT = "not checked out"
    UNMERGED = "an unresolved merge conflict"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a listing: path from the root, what lies there, and its blob id where that is known unread."""

    path: str
    form: Form
    blob: str = ""


@dataclass(frozen=True, slots=True)
class Glance:
    """What is known of a namespace file without holding it: blob id, and its first bytes where it may be a pointer."""

    raw: str
    head: bytes


class Content(Protocol):
    """One place to read from. Everything is relative to the root, always with "/"."""

    def entries(self, prefixes: Sequence[str]) -> tuple[Entry, ...]:
        """What lies below these folders, sorted by path; deleted files are not there. Raises RepoError."""

    def has_folder(self, path: str) -> bool:
        """Whether this folder is there at all."""

    def texts(self, entries: Iterable[Entry], limit: int) -> Iterator[tuple[Entry, bytes | Unreadable]]:
        """The bytes of each of these files, no more than a little above the limit, or why they cannot be had."""

    def glances(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, Glance | Unreadable]]:
        """The blob id of each of these files, or why it cannot be had."""

    def load(self, path: str, raw: str) -> bytes:
        """The bytes that were seen there. Raises ObjectMoved when others are there now."""


def ignore_of(content: Content, entries: Iterable[Entry]) -> Ignore:
    """The `.kestraignore` rules that this content brings along. Raises ConfigError."""
    rules = [entry for entry in entries if entry.path.rpartition("/")[2] == NAME and entry.form is Form.FILE]
    texts = content.texts(rules, HEAD_SIZE * 1024)
    return Ignore({entry.path: text for entry, text in texts if isinstance(text, bytes)})


class WorkTree:
    """
    The files on disk: tracked ones, and untracked ones that Git does not ignore.

    Args:
        repository: Whose work tree it is.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self.files = repository.files()

    def entries(self, prefixes: Sequence[str]) -> tuple[Entry, ...]:
        self.files.forget()
        found = {}
        for tag, name in self._repository.worktree_files(prefixes):
            path = name.rstrip("/")
            entry = self._entry(tag, path)
            if entry:
                found[path] = entry
        return tuple(found[path] for path in sorted(found))

    def _entry(self, tag: str, path: str) -> Entry | None:
        """`None` where a tracked file was deleted. Tags are those of `git ls-files -t`."""
        if tag == "M":
            return Entry(path, Form.UNMERGED)
        if self.files.link_above(path):
            return Entry(path, Form.LINK)
        try:
            found = self.files.stat(path)
        except OSError as error:
            gone = error.errno in {errno.ENOENT, errno.ENOTDIR}
            form = {"H": None if gone else Form.FILE, "S": Form.ABSENT}.get(tag, Form.FILE)
            return Entry(path, form) if form else None
        if stat.S_ISREG(found.st_mode):
            return Entry(path, Form.FILE, self.files.known(path, found))
        if stat.S_ISDIR(found.st_mode):
            return Entry(path, Form.MODULE)
        return Entry(path, Form.LINK if stat.S_ISLNK(found.st_mode) else Form.FILE)

    def has_folder(self, path: str) -> bool:
        return (self.files.root / path).is_dir()

    def texts(self, entries: Iterable[Entry], limit: int) -> Iterator[tuple[Entry, bytes | Unreadable]]:
        for entry in entries:
            try:
                yield entry, self.files.read(entry.path, limit + 1)
            except Unreadable as error:
                yield entry, error

    def glances(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, Glance | Unreadable]]:
        for entry in entries:
            if entry.blob:
                yield entry, Glance(entry.blob, b"")
                continue
            try:
                yield entry, Glance(*self.files.fingerprint(entry.path))
            except Unreadable as error:
                yield entry, error

    def load(self, path: str, raw: str) -> bytes:
        try:
            data = self.files.read(path)
        except Unreadable as error:
            raise ObjectMoved(f"{path}: {error}") from None
        if blob_id(data) != raw:
            raise ObjectMoved(f"{path} was edited after it was looked at")
        self._repository.remember(raw, data)
        return data


class Commit:
    """
    The blobs of one commit.

    Args:
        repository: Where it is.
        commit: Its full id, or `None` for the empty tree before a first commit.
    """

    def __init__(self, repository: Repository, commit: str | None) -> None:
        self._repository = repository
        self._commit = commit

    @cached_property
    def tree(self) -> Mapping[str, TreeEntry]:
        """All files of the commit by path."""
        return self._repository.tree(self._commit) if self._commit else {}

    def entries(self, prefixes: Sequence[str]) -> tuple[Entry, ...]:
        folders = tuple(f"{prefix}/" if prefix else "" for prefix in prefixes)
        forms = {LINK: Form.LINK, SUBMODULE: Form.MODULE}
        return tuple(
            Entry(path, forms.get(entry.mode, Form.FILE), entry.blob)
            for path, entry in sorted(self.tree.items())
            if path.startswith(folders) or path in prefixes
        )

    def has_folder(self, path: str) -> bool:
        return any(name.startswith(path + "/") for name in self.tree)

    def texts(self, entries: Iterable[Entry], limit: int) -> Iterator[tuple[Entry, bytes | Unreadable]]:
        by_blob: dict[str, list[Entry]] = {}
        for entry in entries:
            by_blob.setdefault(entry.blob, []).append(entry)
        sizes = self._repository.sizes(by_blob)
        readable = [blob for blob in by_blob if sizes.get(blob, 0) <= limit]
        for blob in by_blob.keys() - set(readable):
            yield from ((entry, Unreadable(f"it is larger than {limit // 1024**2} MiB")) for entry in by_blob[blob])
        for blob, data in self._repository.blobs(readable):
            yield from ((entry, data) for entry in by_blob[blob])

    def glances(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, Glance | Unreadable]]:
        entries = tuple(entries)
        sizes = self._repository.sizes(entry.blob for entry in entries)
        small = self._repository.read_blobs(blob for blob, size in sizes.items() if size <= HEAD_SIZE)
        for entry in entries:
            if entry.blob in sizes:
                yield entry, Glance(entry.blob, small.get(entry.blob, b""))
            else:
                yield entry, Unreadable("its object is missing from this clone (git fetch, or git fsck)")

    def load(self, path: str, raw: str) -> bytes:  # noqa: ARG002 - a commit's blobs have no other name
        return self._repository.read_blob(raw)
