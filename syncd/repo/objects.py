"""Blobs, trees and commits by plumbing, with an index file of its own; never the user's index or branch."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import IO, Final

from syncd.errors import RepoError
from syncd.model import blob_id
from syncd.repo.git import Git, decode, encode, end
from syncd.repo.history import Author

REGULAR: Final = "100644"
EXECUTABLE: Final = "100755"
LINK: Final = "120000"
SUBMODULE: Final = "160000"

_AT_ONCE: Final = 512
_IMPORT_SIZE: Final = 16 * 1024 * 1024  # bytes
_SIGNING: Final = 20.0  # seconds
_NOBODY: Final = Author("syncd", "syncd@localhost")
_GONE: Final = "0" * 40


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One file of a commit: Git's mode (`100644`, `100755`, `120000` link, `160000` submodule) and its object id."""

    mode: str
    blob: str


class Objects:
    """The part of a repository that reads and writes its object database."""

    git: Git
    own: Path
    """A folder of syncd's inside the Git folder; may be deleted at any time."""

    def tree(self, rev: str, prefixes: Sequence[str] = ("",)) -> Mapping[str, TreeEntry]:
        """Every file of a commit below these folders, by path. Raises RepoError when the commit is not there."""
        folders = () if "" in prefixes else tuple(prefixes)
        raw = self.git.run("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", rev, *folders)
        entries = {}
        for line in raw.split(b"\0")[:-1]:
            facts, _, path = line.partition(b"\t")
            mode, _, blob = facts.decode().split()
            entries[decode(path)] = TreeEntry(mode, blob)
        return entries

    def read_blobs(self, ids: Iterable[str]) -> Mapping[str, bytes]:
        """The bytes of these blobs. Raises RepoError naming the first that is missing."""
        return dict(self.blobs(ids))

    def blobs(self, ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """As `read_blobs`, some at a time, for those who do not want them all in memory."""
        remaining = iter(dict.fromkeys(ids))
        while some := tuple(islice(remaining, _AT_ONCE)):
            yield from self._read(some)

    def _read(self, ids: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        raw = self.git.run("cat-file", "--batch", stdin="".join(f"{name}\n" for name in ids).encode())
        at = 0
        for name in ids:
            end = raw.index(b"\n", at)
            header = raw[at:end].split()
            if len(header) != 3:
                raise _missing(name, self.git)
            at = end + 1 + int(header[2])
            yield name, raw[end + 1 : at]
            at += 1

    def read_blob(self, name: str) -> bytes:
        """The bytes of one blob, through a process that stays: for those who read one after the other."""
        return self.reader.read(name)

    @cached_property
    def reader(self) -> BlobReader:
        """The process that `read_blob` asks; it starts with the first question and ends with this object."""
        return BlobReader(self.git)

    def sizes(self, ids: Iterable[str]) -> Mapping[str, int]:
        """Size in bytes of those of these blobs that the object database holds."""
        wanted = "".join(f"{name}\n" for name in dict.fromkeys(ids)).encode()
        lines = self.git.run("cat-file", "--batch-check", stdin=wanted).decode().splitlines() if wanted else ()
        return {fields[0]: int(fields[2]) for line in lines if len(fields := line.split()) == 3}

    def write_blob(self, data: bytes) -> str:
        """Stores these bytes and returns their name."""
        self.write_blobs((data,))
        return blob_id(data)

    def write_blobs(self, contents: Iterable[bytes]) -> None:
        """Stores these bytes; their names are `model.blob_id`. One process, on disk on return."""
        commands = bytearray()
        for data in contents:
            commands += b"blob\ndata %d\n%b\n" % (len(data), data)
            if len(commands) > _IMPORT_SIZE:
                self._import(bytes(commands))
                commands = bytearray()
        if commands:
            self._import(bytes(commands))

    def _import(self, commands: bytes) -> None:
        self.git.run("fast-import", "--quiet", "--done", stdin=commands + b"done\n")

    def commit_tree(
        self,
        *,
        parent: str | None,
        entries: Mapping[str, str | TreeEntry | None],
        base_tree_of: str | None,
        message: str,
        author: Author | None = None,
        sign: bool = False,
        repeat: bool = False,
    ) -> str:
        """
        A commit made without index, branch or work tree of the user; nothing points at it yet.

        Args:
            parent: Its parent, or `None` for a first commit.
            entries: Blob by path; a plain id keeps the mode that the path has (`100644` if new); `None` removes it.
            base_tree_of: The commit whose tree the entries are laid over; `None` starts from nothing.
            message: As it shall be, with trailers.
            author: Both author and committer; `None` is who Git says, or `syncd` where Git knows nobody.
            sign: Whether the user's `commit.gpgSign` is honoured; unsigned where the key cannot be used unattended.
            repeat: Whether a commit is made even if its tree is the parent's.

        Returns:
            Its id; that of `parent` when the tree would be the same as the parent's.
        """
        tree = self._tree_with(base_tree_of, entries)
        if parent and not repeat and self.git.line("rev-parse", "--verify", f"{parent}^{{tree}}") == tree:
            return parent
        parents = ("-p", parent) if parent else ()
        git = self.git.with_variables(**self._identity(author))
        signed = self._signed(git, tree, parents, message) if sign and self._signs() else None
        return signed or decode(git.run("commit-tree", tree, *parents, "-F", "-", stdin=encode(message))).strip()

    def _tree_with(self, base: str | None, entries: Mapping[str, str | TreeEntry | None]) -> str:
        self.own.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="index-", dir=self.own) as folder:
            git = self.git.with_variables(GIT_INDEX_FILE=str(Path(folder, "index")))
            git.run("read-tree", f"{base}^{{tree}}" if base else "--empty")
            git.run("update-index", "-z", "--replace", "--index-info", stdin=self.index_lines(entries, base))
            return git.line("write-tree")

    def index_lines(self, entries: Mapping[str, str | TreeEntry | None], base: str | None) -> bytes:
        """
        These entries as `git update-index --index-info` reads them; modes come from the commit `base`.

        Removals come first, so that a file can take the place of a folder and the reverse.
        """
        modes = self.tree(base) if base and any(isinstance(entry, str) for entry in entries.values()) else {}
        lines = []
        for path, entry in sorted(entries.items(), key=lambda item: item[1] is not None):
            if entry is None:
                lines.append(b"0 %b\t%b\0" % (_GONE.encode(), encode(path)))
                continue
            given = (
                TreeEntry(modes[path].mode if path in modes else REGULAR, entry) if isinstance(entry, str) else entry
            )
            mode = given.mode if given.mode in {REGULAR, EXECUTABLE} else REGULAR
            lines.append(f"{mode} {given.blob} 0\t".encode() + encode(path) + b"\0")
        return b"".join(lines)

    def _identity(self, author: Author | None) -> dict[str, str]:
        if author is None and all(self.git.attempt("var", f"GIT_{role}_IDENT").code == 0 for role in _ROLES):
            return {}
        who = author or _NOBODY
        return {f"GIT_{role}_{what}": value for role in _ROLES for what, value in _parts(who)}

    def _signs(self) -> bool:
        return self.git.attempt("config", "--type=bool", "--get", "commit.gpgSign").out.strip() == b"true"

    def _signed(self, git: Git, tree: str, parents: Sequence[str], message: str) -> str | None:
        try:
            output = replace(git, timeout=_SIGNING).attempt(
                "commit-tree", tree, "-S", *parents, "-F", "-", stdin=encode(message)
            )
        except RepoError:  # a key that asks for a passphrase waits for somebody who is not there
            return None
        return decode(output.out).strip() if output.code == 0 else None


class BlobReader:
    """One `git cat-file --batch` that answers many questions, from any thread."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, name: str) -> bytes:
        """The bytes of this blob. Raises RepoError when it is missing."""
        with self._lock:
            ask, answer = self._pipes()
            ask.write(f"{name}\n".encode())
            ask.flush()
            header = answer.readline().split()
            if len(header) != 3:
                raise _missing(name, self._git)
            return answer.read(int(header[2]) + 1)[:-1]

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None or self._process.poll() is not None:
            self._process = self._git.start("cat-file", "--batch")
            weakref.finalize(self, end, self._process)
        if self._process.stdin is None or self._process.stdout is None:
            raise RepoError(f"git cat-file in {self._git.directory} has no pipes")
        return self._process.stdin, self._process.stdout


def _missing(name: str, git: Git) -> RepoError:
    return RepoError(f"object {name} is missing from {git.directory}", "git fsck; then fetch, or clone again")


_ROLES: Final = ("AUTHOR", "COMMITTER")


def _parts(who: Author) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("NAME", who.name), ("EMAIL", who.email)
