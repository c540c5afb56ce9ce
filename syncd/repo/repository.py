"""One Git repository: where it is, what its revisions are called, which files its work tree has, and its locks."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from syncd.cache import Cache
from syncd.errors import RepoError, RepoLocked
from syncd.flowtext import Readings
from syncd.repo.files import Files
from syncd.repo.git import Git, decode, encode
from syncd.repo.history import History
from syncd.repo.objects import Objects
from syncd.repo.refs import Refs
from syncd.repo.stats import Stats

_GOING_ON: Final = {
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase or git am",
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "BISECT_LOG": "a bisect",
}
_ROOM: Final = 16 * 1024 * 1024  # bytes
_LEFT_BEHIND: Final = 24 * 3600  # seconds; no command of ours keeps an index of its own for that long


class Repository(Objects, Refs, History):
    """
    A Git repository with a work tree.

    Attributes:
        git: Runs commands in it.
        root: The top of the work tree.
        git_dir: Its Git folder; in a linked work tree, the folder of that work tree.
        common_dir: The Git folder that all its work trees share.
        own: A folder of syncd's in there; may be deleted at any time.
        readings: Flows that were read before, whichever commit or file they were in.
    """

    def __init__(self, git: Git, git_dir: Path, common_dir: Path) -> None:
        self.git = git
        self.root = git.directory
        self.git_dir = git_dir
        self.common_dir = common_dir
        self.own = common_dir / "syncd"
        self.readings = Readings()
        self._stats = Stats()
        self._remembered: dict[str, bytes] = {}
        self._room = _ROOM

    @classmethod
    def find(cls, start: Path, *, timeout: float = 120.0) -> Repository:
        """
        The repository that holds this folder or file, walking up.

        Args:
            start: Any path inside it.
            timeout: Seconds that one Git command may take before it and its children are killed.

        Raises:
            RepoError: No repository there, no work tree, Git is missing, the owner is not trusted, or its object ids
                are SHA-256.
        """
        folder = start if start.is_dir() else start.parent
        if not folder.is_dir():
            raise RepoError(f"{start} does not exist", "give the path of a repository with --repo")
        facts = ("--show-object-format", "--show-toplevel", "--absolute-git-dir", "--git-common-dir")
        git = Git(folder.resolve(), timeout)
        output = git.attempt("rev-parse", *facts)
        if output.code and "dubious ownership" in output.err:
            git.refuse(("rev-parse",), output)
        if output.code:
            raise RepoError(
                f"{folder} is not in the work tree of a Git repository: {' '.join(output.err.split())}",
                f"cd into one, name it with --repo, or make one: git init '{folder}'",
            )
        algorithm, root, git_dir, common_dir = decode(output.out).splitlines()
        if algorithm != "sha1":
            raise RepoError(f"{root} names its objects by {algorithm}; only SHA-1 repositories can be compared")
        return cls(Git(Path(root), timeout), Path(git_dir), (git.directory / common_dir).resolve())

    def resolve(self, rev: str) -> str:
        """The full commit id of a revision. Raises RepoError naming it and `git branch -a` when there is none."""
        output = self.git.attempt("rev-parse", "--verify", "--end-of-options", f"{rev}^{{commit}}")
        if output.code:
            raise RepoError(
                f"{self.root} has no revision {rev!r}" + (" (its history is cut off)" if self.is_shallow() else ""),
                "git branch -a lists the branches; git fetch brings those of a remote",
            )
        if "is ambiguous" in output.err:
            raise RepoError(f"{rev!r} is the name of several refs", f"write refs/heads/{rev} or refs/tags/{rev}")
        return decode(output.out).strip()

    def head(self) -> str | None:
        """The checked-out commit, or `None` before the first one."""
        return self.read_ref("HEAD")

    def branch(self) -> str | None:
        """The checked-out branch by its short name (also before its first commit); `None` when HEAD is detached."""
        arguments = ("symbolic-ref", "--quiet", "--short", "HEAD")
        output = self.git.attempt(*arguments)
        if output.code not in {0, 1}:
            self.git.refuse(arguments, output)
        return decode(output.out).strip() or None

    def check_branch(self, name: str) -> None:
        """Raises RepoError where this cannot be the name of a branch."""
        if self.git.attempt("check-ref-format", "--branch", name).code or name.startswith("-"):
            raise RepoError(f"{name!r} cannot be the name of a branch", "git help check-ref-format says which can")

    def newest(self, branch: str) -> str | None:
        """
        The tip of a branch, here or at its remote as last fetched, whichever is ahead; `None` where there is neither.

        Raises:
            RepoError: Both have commits that the other has not.
        """
        local = self.read_ref(f"refs/heads/{branch}")
        remotes = self.remotes()
        remote = self.read_ref(f"refs/remotes/{self.remote_of(branch)}/{branch}") if remotes else None
        if not local or not remote or self.is_ancestor(local, remote):
            return remote or local
        if self.is_ancestor(remote, local):
            return local
        raise RepoError(f"branch {branch} and its remote have diverged", "git rebase or merge the two, then run again")

    def checked_out_elsewhere(self, branch: str) -> Path | None:
        """The other work tree that has this branch checked out, if any."""
        tree = None
        for line in decode(self.git.run("worktree", "list", "--porcelain")).splitlines():
            if line.startswith("worktree "):
                tree = Path(line.removeprefix("worktree "))
            elif line == f"branch refs/heads/{branch}" and tree != self.root:
                return tree
        return None

    def going_on(self) -> str:
        """What the user is in the middle of (`a rebase`, `a merge`), or ""."""
        return next((what for name, what in _GOING_ON.items() if (self.git_dir / name).exists()), "")

    def is_shallow(self) -> bool:
        """Whether older history was left out when it was cloned (`fetch-depth`)."""
        return (self.common_dir / "shallow").exists()

    def worktree_files(self, prefixes: Sequence[str] = ("",)) -> Iterator[tuple[str, str]]:
        """
        Tracked files, and untracked ones that Git does not ignore, each with its tag from `git ls-files -t`.

        Tags: `H` tracked, `S` left out by a sparse checkout, `M` unmerged, `?` untracked. What is tracked may be gone
        from the disk; an untracked repository inside this one ends with "/".
        """
        folders = () if "" in prefixes else tuple(prefixes)
        git = self.git.with_variables(GIT_LITERAL_PATHSPECS="1")
        raw = git.run("ls-files", "-z", "-t", "--cached", "--others", "--exclude-standard", "--", *folders)
        return ((line[:1].decode(), decode(line[2:])) for line in raw.split(b"\0")[:-1])

    def dirty(self) -> frozenset[str]:
        """Paths where index or work tree differ from HEAD, untracked files included."""
        raw = self.git.run(
            "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules"
        )
        return frozenset(decode(line[3:]) for line in raw.split(b"\0")[:-1])

    def index(self) -> Mapping[str, str]:
        """The blob of every path in the user's index."""
        lines = self.git.run("ls-files", "-z", "--stage").split(b"\0")[:-1]
        pairs = (line.split(b"\t", 1) for line in lines)
        return {decode(path): facts.split()[1].decode() for facts, path in pairs}

    def update_index(self, entries: Mapping[str, str | None], commit: str) -> None:
        """Puts blobs (`None` removes) into the user's index, with the modes that they have in a commit."""
        self.git.run("update-index", "-z", "--replace", "--index-info", stdin=self.index_lines(entries, commit))

    @contextmanager
    def with_memory(self, cache: Cache) -> Iterator[None]:
        """Knows what earlier runs read, and hands on what was read in the block."""
        memories: dict[str, Readings | Stats] = {
            f"flows of {self.root}": self.readings,
            f"files of {self.root}": self._stats,
        }
        for name, memory in memories.items():
            memory.recall(cache.load(name))
        try:
            yield
        finally:
            for name, memory in memories.items():
                if document := memory.handed_on():
                    cache.store(name, document)

    def remember(self, raw: str, data: bytes) -> None:
        """Keeps bytes of the work tree that were used, as far as there is room: the file may soon be another."""
        if raw not in self._remembered and len(data) <= self._room:
            self._remembered[raw] = data
            self._room -= len(data)

    def remembered(self, raw: str) -> bytes | None:
        """The bytes of this blob id, if they were kept."""
        return self._remembered.get(raw)

    def forget(self) -> None:
        """Lets go of what was kept."""
        self._remembered.clear()
        self._room = _ROOM

    def files(self) -> Files:
        """The files of the work tree; half-written ones are kept in the Git folder."""
        return Files(self.root, self.own, self._stats)

    def ignored(self, paths: Iterable[str]) -> frozenset[str]:
        """Those of these paths that Git itself would ignore (`.gitignore`, `.git/info/exclude`), tracked ones not."""
        asked = b"".join(b"./%b\0" % encode(path) for path in paths)  # "./", or ":(" would begin a magic word
        if not asked:
            return frozenset()
        output = self.git.attempt("check-ignore", "-z", "--stdin", stdin=asked)
        if output.code not in {0, 1}:
            self.git.refuse(("check-ignore",), output)
        return frozenset(decode(name).removeprefix("./") for name in output.out.split(b"\0")[:-1])

    @contextmanager
    def lock(self, environment: str) -> Iterator[None]:
        """
        Keeps other runs of this repository and environment out, at once and without waiting.

        Raises:
            RepoLocked: Another process holds it; its number, machine and start are named.
        """
        folder = self.own
        holder = folder / f"{environment}.holder"
        try:
            folder.mkdir(exist_ok=True)
            lock = FileLock(folder / f"{environment}.lock")
            lock.acquire(timeout=0)
        except Timeout:
            raise RepoLocked(
                f"environment {environment} of {self.root} is being worked on by {_read(holder) or 'another process'}",
                "wait for it, or stop that process; the lock goes away with it",
            ) from None
        except OSError as error:
            raise RepoError(
                f"{folder} cannot be written: {error.strerror}", "look at its owner and permissions"
            ) from None
        try:
            holder.write_text(_myself(), encoding="utf-8")
            self._sweep(folder)
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    @staticmethod
    def _sweep(folder: Path) -> None:
        """Removes index files that a killed run left behind."""
        for left in folder.glob("index-*"):
            if time.time() - left.lstat().st_mtime > _LEFT_BEHIND:
                shutil.rmtree(left, ignore_errors=True)


def _myself() -> str:
    return f"process {os.getpid()} on {socket.gethostname()} since {time.strftime('%Y-%m-%d %H:%M:%S %Z')}"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
