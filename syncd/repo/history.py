"""What happened before: commits of a ref, their trailers, and the versions that paths ever had."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex

from syncd.errors import RepoError
from syncd.repo.git import Git, decode

_FIELDS = ("%H", "%P", "%cI", "%an", "%ae", "%s", "%b", "%(trailers:only,unfold,separator=%x01)")


@dataclass(frozen=True, slots=True)
class Author:
    """Who a commit is by."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """
    One commit.

    Args:
        id: Full id.
        parents: Full ids.
        when: When it was committed, with time zone.
        author: By whom.
        subject: First line of the message.
        body: The rest.
        trailers: `Name: value` lines at its end; of a repeated one the last.
        written: Paths added or changed since the first parent.
        removed: Paths removed since the first parent.
    """

    id: str
    parents: tuple[str, ...]
    when: datetime
    author: Author
    subject: str
    body: str
    trailers: Mapping[str, str]
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class History:
    """The part of a repository that looks back."""

    git: Git

    def log(self, rev: str, limit: int = 50, paths: Sequence[str] = ()) -> tuple[CommitInfo, ...]:
        """The newest commits of a revision along first parents, with the paths that each changed."""
        mark = token_hex(8)  # no message can hold it
        raw = self.git.run(
            "log",
            "--first-parent",
            "--diff-merges=first-parent",
            "--root",
            "--no-renames",
            "--name-status",
            "-z",
            "--no-ext-diff",
            "--no-show-signature",
            f"--max-count={limit}",
            f"--format={mark}{'%x00'.join(_FIELDS)}{mark}",
            "--end-of-options",
            rev,
            "--",
            *paths,
        )
        parts = decode(raw).split(mark)[1:]
        return tuple(_commit(head, changes) for head, changes in zip(parts[::2], parts[1::2], strict=True))

    def mentioning(self, text: str, rev: str, limit: int = 50) -> tuple[str, ...]:
        """The newest commits, of all that a revision descends from, whose message has this text; their ids."""
        arguments = ("--no-show-signature", "--format=%H", f"--max-count={limit}", "--fixed-strings", f"--grep={text}")
        return tuple(decode(self.git.run("log", *arguments, "--end-of-options", rev, "--")).split())

    def trailers(self, commit: str) -> Mapping[str, str]:
        """The trailers of one commit's message; of a repeated one the last."""
        found = self.log(commit, 1)
        if not found:
            raise RepoError(f"commit {commit} is not in {self.git.directory}")
        return found[0].trailers

    def root_commits(self, rev: str) -> frozenset[str]:
        """The commits without a parent that a revision descends from; in a shallow clone, where it was cut off."""
        return frozenset(self.git.line("rev-list", "--max-parents=0", "--end-of-options", rev, "--").split())

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `new` descends from `old` (or is it)."""
        arguments = ("merge-base", "--is-ancestor", old, new)
        output = self.git.attempt(*arguments)
        if output.code not in {0, 1}:
            self.git.refuse(arguments, output)
        return output.code == 0

    def merge_base(self, one: str, other: str) -> str | None:
        """The newest commit that both descend from, or `None`."""
        arguments = ("merge-base", one, other)
        output = self.git.attempt(*arguments)
        if output.code not in {0, 1}:
            self.git.refuse(arguments, output)
        return decode(output.out).strip() or None

    def blobs_in_history(self, rev: str, paths: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """The blobs that each path ever held up to this revision, newest first, plain moves of a file followed."""
        if not paths:
            return {}
        asked = {path: {path} for path in paths}  # by any name that it had: today's names
        versions: dict[str, dict[str, None]] = {path: {} for path in paths}
        for change in self._changes(rev):
            for path in asked.get(change.path, ()):
                versions[path].update(dict.fromkeys(change.blobs))
            if change.moved_from and change.path in asked:
                asked.setdefault(change.moved_from, set()).update(asked[change.path])
        return {path: tuple(blobs) for path, blobs in versions.items()}

    def _changes(self, rev: str) -> Iterator[_Version]:
        raw = self.git.run(
            "log", "--root", "--raw", "--no-abbrev", "-M100%", "-l0", "-z", "--format=",
            "--no-ext-diff", "--no-show-signature", "--end-of-options", rev, "--",
        )  # fmt: skip
        fields = iter(raw.split(b"\0"))
        for header in fields:
            if not (header := header.lstrip(b"\n")).startswith(b":"):
                continue
            _, _, old, new, status = header[1:].decode().split()
            source = decode(next(fields))
            moved = status[0] in "RC"
            blobs = tuple(blob for blob in (new, old) if blob.strip("0"))
            yield _Version(decode(next(fields)) if moved else source, blobs, source if moved else "")


@dataclass(frozen=True, slots=True)
class _Version:
    path: str
    blobs: tuple[str, ...]
    moved_from: str


def _commit(head: str, changes: str) -> CommitInfo:
    commit, parents, when, name, email, subject, body, trailers = head.split("\0")
    fields = iter(changes.strip("\0\n").split("\0"))
    pairs = [(status.strip(), path) for status, path in zip(fields, fields, strict=False)]
    return CommitInfo(
        commit,
        tuple(parents.split()),
        datetime.fromisoformat(when),
        Author(name, email),
        subject,
        body.strip(),
        dict(_pair(line) for line in trailers.split("\x01") if ":" in line),
        tuple(path for status, path in pairs if status != "D"),
        tuple(path for status, path in pairs if status == "D"),
    )


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()
