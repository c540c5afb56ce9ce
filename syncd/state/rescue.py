"""The rescue: bytes that a write was about to overwrite or delete and that nothing else held, kept in a Git ref."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from syncd.errors import RefMoved, RepoError
from syncd.model import Key, Kind, Resource, digest
from syncd.repo import CommitInfo, Repository
from syncd.state.shared import PREFIX, TRIES, Shared, checked

_INDEX: Final = "index.json"
_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]|(^|/)(\.{0,2}|\.git)(/|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Lost:
    """
    Something that is about to be lost.

    Args:
        resource: What it is, with its bytes.
        side: Where it was: `git` or `kestra`.
        reason: Why it goes, in words.
    """

    resource: Resource
    side: str
    reason: str


@dataclass(frozen=True, slots=True)
class RescueEntry:
    """
    One thing that was rescued.

    Args:
        number: 1 is the newest; what `--entry N` takes.
        commit: Commit of the rescue ref.
        when: When, with time zone.
        key: What it was.
        side: Where it was: `git` or `kestra`.
        reason: Why it went.
        revision: The server's number, or `None`.
        path: Where it lay in the repository, or "".
        blob: Name of its bytes.
        size: In bytes.
    """

    number: int
    commit: str
    when: datetime
    key: Key
    side: str
    reason: str
    revision: int | None
    path: str
    blob: str
    size: int


class RescueRef:
    """
    `refs/syncd/rescue/<environment>`; only ever added to.

    Each commit holds what one run rescued: the bytes at `<kind>/<namespace>/<name>`, and `index.json`, which says of
    each what it was, where, when and why. Arguments and errors as for `BaseRef`.
    """

    def __init__(self, repository: Repository, environment: str, *, remote: str | None = None) -> None:
        self.ref = f"{PREFIX}rescue/{checked(environment)}"
        self._repository = repository
        self._shared = Shared(repository, self.ref, remote)

    def keep(self, lost: Iterable[Lost]) -> str | None:
        """
        Stores these bytes in one commit, on disk on return; to be called before any write.

        Returns:
            The commit, or `None` where nothing is to be kept, or where the last commit holds all of it already.

        Raises:
            ObjectMoved: One of them is no longer what was seen, so the plan is out of date: do not write.
            RepoError: They could not be stored: do not write.
        """
        tip = self._repository.read_ref(self.ref)
        held = {(entry.key, entry.side, entry.blob) for entry in self._of_commit(tip)} if tip else set()
        fresh = [one for one in lost if (one.resource.key, one.side, one.resource.raw) not in held]
        if not fresh:
            return None
        contents = {one.resource.raw: one.resource.load() for one in fresh}
        index = [_line(one, len(contents[one.resource.raw])) for one in fresh]
        note = json.dumps(index, indent=1, sort_keys=True).encode()
        self._repository.write_blobs((*contents.values(), note))
        commit = self._repository.commit_tree(
            parent=tip,
            entries={_INDEX: self._repository.write_blob(note), **_paths(fresh)},
            base_tree_of=None,
            message=f"syncd rescue: {len(fresh)} object{'s' if len(fresh) > 1 else ''}\n",
        )
        self._repository.update_ref(self.ref, commit, tip, reason="syncd rescue")
        return commit

    def share(self) -> str:
        """Brings this clone's and the remote's rescues together and pushes; why that did not work, or ""."""
        if not self._shared.remote:
            return ""
        try:
            for _ in range(TRIES):
                if self._shared_once():
                    return ""
        except RepoError as error:
            return str(error)
        return f"{self.ref} of {self._shared.remote} kept moving"

    def _shared_once(self) -> bool:
        here, remote = self._repository.read_ref(self.ref), self._shared.remote or ""
        there = self._repository.fetch_ref(remote, self.ref)
        new = self._joined(here, there) if here and there else here or there
        if new is None:
            return True
        try:
            if new != there:
                self._repository.push_ref(remote, self.ref, new, there)
            if new != here:
                self._repository.update_ref(self.ref, new, here, reason="syncd rescue")
        except RefMoved:
            return False
        return True

    def _joined(self, here: str, there: str) -> str:
        """One line of commits that ends with what only this clone has."""
        if self._repository.is_ancestor(there, here):
            return here
        fork = self._repository.merge_base(here, there)
        new = there
        for commit in reversed(self._commits(here, fork)):
            message = f"{commit.subject}\n"
            new = self._repository.commit_tree(
                parent=new, entries={}, base_tree_of=commit.id, message=message, author=commit.author, repeat=True
            )
        return new

    def _commits(self, tip: str, until: str | None = None) -> tuple[CommitInfo, ...]:
        return self._repository.log(f"{until}..{tip}" if until else tip, -1)

    def entries(self) -> tuple[RescueEntry, ...]:
        """Everything that was rescued, newest first."""
        tip = self._repository.read_ref(self.ref)
        return self._of_commits([commit.id for commit in self._commits(tip)]) if tip else ()

    def _of_commit(self, commit: str) -> tuple[RescueEntry, ...]:
        return self._of_commits([commit])

    def _of_commits(self, commits: list[str]) -> tuple[RescueEntry, ...]:
        notes = self._repository.read_blobs(f"{commit}:{_INDEX}" for commit in commits)
        lines = [(commit, line) for commit in commits for line in json.loads(notes[f"{commit}:{_INDEX}"])]
        return tuple(_entry(number, commit, line) for number, (commit, line) in enumerate(lines, 1))

    def find(self, name: str, number: int | None = None) -> RescueEntry:
        """The newest entry of `NAMESPACE/NAME`, or the one with this number. Raises RepoError when there is none."""
        for entry in self.entries():
            if name == f"{entry.key.namespace}/{entry.key.name}" and number in {None, entry.number}:
                return entry
        which = f"entry {number} of {name}" if number else name
        raise RepoError(f"{self.ref} holds no {which}", "syncd rescue list")

    def read(self, entry: RescueEntry) -> Resource:
        """What an entry holds."""
        data = self._repository.read_blob(entry.blob)
        load = partial(self._repository.read_blob, entry.blob)
        return Resource(entry.key, digest(entry.key.kind, data), entry.blob, entry.path, entry.revision, load)


def _line(lost: Lost, size: int) -> dict[str, object]:
    resource = lost.resource
    return {
        "kind": resource.key.kind.value,
        "namespace": resource.key.namespace,
        "name": resource.key.name,
        "side": lost.side,
        "reason": lost.reason,
        "revision": resource.revision,
        "path": resource.path,
        "blob": resource.raw,
        "size": size,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _paths(lost: Iterable[Lost]) -> dict[str, str]:
    """Where each lies in the tree: by its name; by its blob id where names are odd or in each other's way."""
    paths: dict[str, str] = {}
    folders: set[str] = set()
    for one in lost:
        key = one.resource.key
        path = f"{key.kind.value}/{key.namespace}/{key.name}"
        above = {path[:at] for at, sign in enumerate(path) if sign == "/"}
        if path in paths or path in folders or above & paths.keys() or _UNFIT.search(path):
            path = f"odd/{one.resource.raw}"
        folders |= {path[:at] for at, sign in enumerate(path) if sign == "/"}
        paths[path] = one.resource.raw
    return paths


def _entry(number: int, commit: str, line: Mapping[str, Any]) -> RescueEntry:
    return RescueEntry(
        number,
        commit,
        datetime.fromisoformat(line["when"]),
        Key(Kind(line["kind"]), line["namespace"], line["name"]),
        line["side"],
        line["reason"],
        line["revision"],
        line["path"],
        line["blob"],
        line["size"],
    )
