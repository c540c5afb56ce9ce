"""Where writes to Git go: files at once, or collected for one commit on the checked-out or on another branch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from syncd.errors import ObjectMoved, RefMoved, RepoLocked
from syncd.model import blob_id
from syncd.repo.content import Commit
from syncd.repo.files import Files, Unreadable
from syncd.repo.history import Author
from syncd.repo.objects import TreeEntry
from syncd.repo.repository import Repository

REFS: Final = "refs/heads/"


class AtOnce:
    """The files of the work tree; committing them is left to the user."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def put(self, path: str, data: bytes | None, old: str | None) -> None:
        """
        Writes these bytes, or removes the file (`None`), if it has the blob id `old` (`None` is no file).

        Raises:
            ObjectMoved: It is something else.
            RepoError: It cannot be written.
        """
        if data is not None:
            self._files.replace(path, data, old)
            if self._files.raw(path) != blob_id(data):
                raise ObjectMoved(f"{path} was changed again while it was written")
        elif old is not None:
            self._files.remove(path, old)


class Collected:
    """
    Files for one commit on a branch that is checked out nowhere.

    Args:
        repository: Where.
        branch: Short name.
        local: What the local branch is at, `None` where there is none yet.
        tip: What the commit is made on top of, `None` for a first commit.
    """

    def __init__(self, repository: Repository, branch: str, local: str | None, tip: str | None) -> None:
        self.repository = repository
        self.branch = branch
        self.local = local
        self.tip = tip
        self.content = Commit(repository, tip)
        self.files: dict[str, bytes | None] = {}

    def put(self, path: str, data: bytes | None, old: str | None) -> None:
        """Collects one file; as `AtOnce.put`."""
        self.check(path, old)
        if data is not None and (other := self._in_the_way(path)):
            raise ObjectMoved(f"{path} on {self.branch}: {other} is in the way")
        if data is not None:
            _file_under(self._folders, path)
        self.files[path] = data

    def check(self, path: str, old: str | None) -> None:
        """Raises ObjectMoved where the branch does not hold what is expected."""
        if self._now(path) != old:
            raise ObjectMoved(f"{path} on {self.branch} is not what was seen there")

    def _now(self, path: str) -> str | None:
        if path in self.files:
            data = self.files[path]
            return None if data is None else blob_id(data)
        entry = self.content.tree.get(path)
        return entry.blob if entry else None

    def _in_the_way(self, path: str) -> str:
        """A file where this path needs a folder, or the reverse."""
        above = [path[:at] for at, sign in enumerate(path) if sign == "/"]
        below = self._folders.get(path, ())
        return next((name for name in (*above, *below) if self._now(name) is not None), "")

    @cached_property
    def _folders(self) -> dict[str, list[str]]:
        """Files of the branch, and those that were collected, by each folder above them."""
        folders: dict[str, list[str]] = {}
        for path in self.content.tree:
            _file_under(folders, path)
        return folders

    def commit(self, message: str, author: Author | None) -> str | None:
        """Commits the collected files and moves the branch from where it was when this side was made."""
        entries, self.files = self._entries(), {}
        if not entries:
            return None
        commit = self.repository.commit_tree(
            parent=self.tip, entries=entries, base_tree_of=self.tip, message=message, author=author, sign=True
        )
        if commit == self.tip:
            return None
        self.move(entries, commit)
        self.local = self.tip = commit
        self.content = Commit(self.repository, commit)
        self.__dict__.pop("_folders", None)
        return commit

    def move(self, entries: Mapping[str, TreeEntry | None], commit: str) -> None:
        """Moves the branch to the new commit."""
        self.repository.update_ref(f"{REFS}{self.branch}", commit, self.local, reason=f"syncd: {len(entries)} files")

    def _entries(self) -> dict[str, TreeEntry | None]:
        self.repository.write_blobs(data for data in self.files.values() if data is not None)
        return {
            path: None if data is None else TreeEntry(self._mode(path), blob_id(data))
            for path, data in self.files.items()
        }

    def _mode(self, path: str) -> str:
        entry = self.content.tree.get(path)
        return entry.mode if entry else "100644"


def _file_under(folders: dict[str, list[str]], path: str) -> None:
    for at, sign in enumerate(path):
        if sign == "/":
            folders.setdefault(path[:at], []).append(path)


class CheckedOut(Collected):
    """
    Files for one commit on the checked-out branch, whose index and work tree follow for these paths only.

    A note in the Git folder says what is to follow, so that a run that was killed in between is finished by the next.
    """

    def __init__(self, repository: Repository, branch: str) -> None:
        tip = repository.head()
        super().__init__(repository, branch, tip, tip)
        self._disk = repository.files()
        self._note = repository.git_dir / "syncd-follow.json"
        self._seen: dict[str, str | None] = {}

    def check(self, path: str, old: str | None) -> None:
        """Raises ObjectMoved where the file is not what is expected, or has uncommitted edits."""
        if path in self.files:
            super().check(path, old)
            return
        if self._disk.raw(path) != old:
            raise ObjectMoved(f"{path} is not what was seen there")
        if path in self._dirty:
            raise ObjectMoved(f"{path} has uncommitted edits: commit them, or take them back (git restore '{path}')")
        self._seen[path] = old  # may differ from the blob, where Git converts line ends

    @cached_property
    def _dirty(self) -> frozenset[str]:
        return self.repository.dirty()

    def move(self, entries: Mapping[str, TreeEntry | None], commit: str) -> None:
        """Moves the branch, then brings index and work tree along."""
        self._check(entries)
        follow = _Follow(
            self.branch,
            commit,
            tuple(
                (path, self._committed(path), self._seen.get(path), entry.blob if entry else None)
                for path, entry in entries.items()
            ),
        )
        self._note.write_text(follow.text(), encoding="utf-8")
        try:
            super().move(entries, commit)
        except RefMoved:
            self._note.unlink()
            raise
        self.__dict__.pop("_dirty", None)
        self._seen.clear()
        self._bring_along(follow)

    def _committed(self, path: str) -> str | None:
        entry = self.content.tree.get(path)
        return entry.blob if entry else None

    def _check(self, entries: Mapping[str, TreeEntry | None]) -> None:
        lock = self.repository.git_dir / "index.lock"
        if lock.exists():
            raise RepoLocked(
                f"{lock} is in the way: another Git command runs", f"wait for it; if none runs: rm '{lock}'"
            )
        if self.repository.branch() != self.branch:
            raise RefMoved(f"{self.branch} is no longer checked out", "run the same command again")
        if edited := sorted(self.repository.dirty() & entries.keys()):
            raise RefMoved(f"{', '.join(edited)}: edited during the run", "run the same command again")

    def finish(self) -> None:
        """Brings index and work tree along with a commit of a run that was killed before it could."""
        try:
            follow = _Follow.of(self._note.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError):
            self._note.unlink()
            return
        if follow.branch == self.branch and self.tip and self.repository.is_ancestor(follow.commit, self.tip):
            self._bring_along(follow)
        self._note.unlink(missing_ok=True)

    def _bring_along(self, follow: _Follow) -> None:
        """Each path that still is as it was before the commit becomes as it is in the commit."""
        index = self.repository.index()
        entries = {file: new for file, committed, _, new in follow.files if index.get(file) == committed}
        self.repository.update_index(entries, follow.commit)
        contents = self.repository.read_blobs(new for *_, new in follow.files if new)
        for file, _, old, new in sorted(follow.files, key=lambda line: line[3] is not None):
            self._bring_file(file, old, contents[new] if new else None)
        self._note.unlink(missing_ok=True)

    def _bring_file(self, path: str, old: str | None, data: bytes | None) -> None:
        try:
            now = self._disk.fingerprint(path)[0] if self._disk.exists(path) else None
            if now != old:
                return
            if data is not None:
                self._disk.replace(path, data, old)
            elif old:
                self._disk.remove(path, old)
        except (Unreadable, ObjectMoved):  # edited this very moment: it shows up as an uncommitted edit
            return


@dataclass(frozen=True, slots=True)
class _Follow:
    """What index and work tree are to take over: path, blob committed before, blob on disk before, blob afterwards."""

    branch: str
    commit: str
    files: tuple[tuple[str, str | None, str | None, str | None], ...]

    def text(self) -> str:
        return json.dumps([self.branch, self.commit, self.files])

    @classmethod
    def of(cls, text: str) -> _Follow:
        branch, commit, files = json.loads(text)
        return cls(branch, commit, tuple((path, committed, old, new) for path, committed, old, new in files))
