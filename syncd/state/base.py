"""The base: a Git ref whose tree holds what both sides last agreed on, byte for byte, at the repository's own paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from syncd.errors import ObjectMoved, RefMoved, RepoError
from syncd.layout import Layout
from syncd.model import Key, Resource, Scope, Snapshot, blob_id
from syncd.repo import (
    Author,
    Commit,
    CommitInfo,
    Entry,
    Glance,
    Ignore,
    Repository,
    TreeEntry,
    Unreadable,
    take,
)
from syncd.state.server import SERVER, ServerIdentity, one_line, other_server
from syncd.state.shared import PREFIX, TRIES, Shared, checked

SOURCE: Final = "Syncd-Source"
SCOPE: Final = "Syncd-Scope"
ROOT: Final = "Syncd-Root"


@dataclass(frozen=True, slots=True)
class Base:
    """
    What both sides last agreed on.

    Args:
        commit: The commit that says so, `None` before the first; kept as parent even where the base is void.
        snapshot: Its content within the scope that it was read for; empty where the base is void.
        void: Why it is not to be used, in words with the next step; "" where it is good.
    """

    commit: str | None
    snapshot: Snapshot
    void: str = ""

    @property
    def paths(self) -> Mapping[str, Key]:
        """What lay at each path, to name a file that cannot be read any more."""
        return {resource.path: key for key, resource in self.snapshot.resources.items()}


@dataclass(frozen=True, slots=True)
class Deployment:
    """
    One step in the history of an environment.

    Args:
        commit: Commit of the base ref.
        when: When it was written, with time zone.
        author: By whom.
        message: First line.
        source: The source commit, or "" for a work tree without one.
        server: Which server.
        scope: Namespaces, as the trailer has them.
        written: Paths that were added or changed by this step.
        removed: Paths that were removed or released.
    """

    commit: str
    when: datetime
    author: Author
    message: str
    source: str
    server: ServerIdentity
    scope: str
    written: tuple[str, ...]
    removed: tuple[str, ...]


class BaseRef:
    """
    `refs/syncd/<environment>`.

    Args:
        repository: Where it is kept.
        layout: Where objects without a path go.
        environment: `[a-z0-9-]+`, not `rescue`.
        remote: Where it is shared, or `None` for this clone only.

    Raises:
        ConfigError: The environment's name cannot be a ref.
    """

    def __init__(self, repository: Repository, layout: Layout, environment: str, *, remote: str | None = None) -> None:
        self.ref = f"{PREFIX}{checked(environment)}"
        self.environment = environment
        self._repository = repository
        self._layout = layout
        self._shared = Shared(repository, self.ref, remote)
        self._ignore = Ignore({})
        self._roots = ""

    def load(
        self, server: ServerIdentity, scope: Scope, rev: str | None, *, ignore: Ignore | None = None, fetch: bool = True
    ) -> Base:
        """
        The base within a scope.

        Args:
            server: The server that is about to be looked at.
            scope: What to read.
            rev: The source commit (HEAD for a work tree), or `None` before the first.
            ignore: The rules of the Git side, so that what is newly ignored falls out of scope.
            fetch: Whether a shared base is fetched first.

        Raises:
            RepoError: The remote is away, or history is needed that a shallow clone has not got (`fetch-depth: 0`).
        """
        self._ignore = ignore or self._ignore
        commit = self._shared.catch_up() if fetch else self._repository.read_ref(self.ref)
        if commit is None:
            return Base(None, Snapshot(), f"nothing was agreed on yet with environment {self.environment}")
        trailers = self._repository.trailers(commit)
        void = self._void(trailers, server, rev)
        self._roots = "" if void else trailers.get(ROOT, "")
        return Base(commit, Snapshot() if void else self._read(commit, scope), void)

    def _read(self, commit: str, scope: Scope) -> Snapshot:
        """What the base holds; what cannot be read in it was never agreed on."""
        content = _Agreed(self._repository, commit)
        entries = [entry for entry in content.entries(("",)) if not self._ignore.covers(entry.path)]
        found = take(content, entries, self._layout, scope, {}, self._repository.readings)
        return Snapshot(found.resources)

    def _void(self, trailers: Mapping[str, str], server: ServerIdentity, rev: str | None) -> str:
        """Why the base says nothing about this server and this repository, or ""."""
        if before := other_server(trailers, server):
            return (
                f"the base of {self.environment} is about another server ({before}); nothing is deleted because of it"
            )
        if rev and not self._related(trailers, rev):
            return (
                f"the base of {self.environment} comes from an unrelated repository, so it says nothing about this one"
            )
        return ""

    def _related(self, trailers: Mapping[str, str], rev: str) -> bool:
        """Whether the source of the base and this revision descend from a common first commit."""
        repository, source = self._repository, trailers.get(SOURCE, "")
        if not source or source == rev:
            return True
        there = repository.sizes((source,))
        if there and repository.merge_base(source, rev):
            return True
        if repository.is_shallow():
            raise RepoError(
                f"this clone's history is cut off, so it cannot be said whether the base of {self.environment} fits",
                "git fetch --unshallow; in GitHub Actions: actions/checkout with fetch-depth: 0",
            )
        known = set(trailers.get(ROOT, "").split()) or (repository.root_commits(source) if there else set())
        return bool(known & repository.root_commits(rev))

    def save(
        self,
        base: Base,
        agreed: Mapping[Key, Resource | None],
        *,
        server: ServerIdentity,
        source_commit: str | None,
        scope: Scope,
        released: Iterable[Key] = (),
        message: str = "",
    ) -> str | None:
        """
        Records what both sides were observed to agree on; every other entry stays as it is.

        What neither the layout nor the ignore rules leave in scope is released as well.

        Args:
            base: As it was loaded.
            agreed: What both sides hold now; `None` is gone on both.
            server: The server that was looked at.
            source_commit: The commit that Git's side was read from, or is now at.
            scope: What the run was about, for the trailer.
            released: Entries that fell out of scope: they leave the base, nothing else happens.
            message: First line of the commit; "" writes one that counts.

        Returns:
            The new commit, or `None` where nothing moved.

        Raises:
            RefMoved: Others kept writing it, five times in a row.
            RepoError: Git or the remote refused; where only the remote did, the base is kept in this clone.
        """
        if base.void and not any(agreed.values()):
            return None
        observed = self._stored(agreed)
        text = message or f"syncd: {self.environment} holds {sum(map(bool, observed.values()))} objects as agreed"
        tip, snapshot = base.commit, base.snapshot
        for _ in range(TRIES):
            start = None if base.void and tip == base.commit else tip
            entries = self._entries(start, snapshot, observed, released)
            commit = start
            if entries or commit is None:
                message = f"{text}\n\n{self._trailers(server, source_commit, scope)}"
                commit = self._repository.commit_tree(
                    parent=tip, entries=entries, base_tree_of=start, message=message, repeat=True
                )
            try:
                self._shared.move(commit, tip)
            except RefMoved:
                tip = self._shared.catch_up()
                snapshot = self._read(tip, _scope_of(agreed)) if tip else Snapshot()
                continue
            return commit if commit != tip else None
        raise RefMoved(f"{self.ref} was moved by others {TRIES} times in a row", "run the same command again")

    def _stored(self, agreed: Mapping[Key, Resource | None]) -> dict[Key, Resource | None]:
        """What was agreed, its bytes put into the object database; what is gone by now is left out."""
        wanted = {resource.raw: resource for resource in agreed.values() if resource}
        missing = {raw: wanted[raw] for raw in wanted.keys() - self._repository.sizes(wanted).keys()}
        lost = set()
        contents = []
        for raw, resource in missing.items():
            data = self._repository.remembered(raw)
            with suppress(ObjectMoved):
                data = data if data is not None else resource.load()
            if data is None or blob_id(data) != raw:
                lost.add(raw)
            else:
                contents.append(data)
        self._repository.write_blobs(contents)
        self._repository.forget()
        return {key: resource for key, resource in agreed.items() if not resource or resource.raw not in lost}

    def _entries(
        self,
        tip: str | None,
        snapshot: Snapshot,
        observed: Mapping[Key, Resource | None],
        released: Iterable[Key],
    ) -> dict[str, str | TreeEntry | None]:
        """By path what the new tree has instead of the old one; nothing where they are the same."""
        old = {key: resource.path for key, resource in snapshot.resources.items()}
        gone = {old[key] for key in (*released, *observed) if key in old}
        tree = self._repository.tree(tip) if tip else {}
        entries: dict[str, str | TreeEntry | None] = dict.fromkeys(gone | self._outside(tree))
        for key, resource in observed.items():
            if resource is None:
                continue
            path = resource.path or old.get(key) or self._layout.path_of(key.kind, key.namespace, key.name)
            if path:
                entries[path] = resource.raw
        return {path: blob for path, blob in entries.items() if blob != (tree[path].blob if path in tree else None)}

    def _outside(self, tree: Iterable[str]) -> set[str]:
        """Entries that no layout and no rule leaves in scope any more."""
        return {path for path in tree if not self._layout.locate(path) or self._ignore.covers(path)}

    def _trailers(self, server: ServerIdentity, source: str | None, scope: Scope) -> str:
        named = ["*"] if scope.everything else []
        lines = [f"{SERVER}: {server.trailer}", f"{SCOPE}: {' '.join([*named, *scope.roots])}"]
        if source:
            lines.insert(0, f"{SOURCE}: {source}")
            if not self._repository.is_shallow():
                self._roots = self._roots or " ".join(sorted(self._repository.root_commits(source))[:8])
                lines.append(f"{ROOT}: {self._roots}")
        return "\n".join(one_line(line) for line in lines) + "\n"

    def history(self, limit: int = 50) -> tuple[Deployment, ...]:
        """The deployments of this environment, newest first."""
        tip = self._repository.read_ref(self.ref)
        return tuple(_deployment(commit) for commit in self._repository.log(tip, limit)) if tip else ()

    def environments(self) -> tuple[str, ...]:
        """Every environment that has a base in this clone."""
        names = (ref.removeprefix(PREFIX) for ref in self._repository.refs(PREFIX))
        return tuple(sorted(name for name in names if "/" not in name))


class _Agreed(Commit):
    """A commit whose files were looked into when they were agreed on; Git keeps what a ref holds."""

    def glances(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, Glance | Unreadable]]:
        return ((entry, Glance(entry.blob, b"")) for entry in entries)


def _scope_of(keys: Iterable[Key]) -> Scope:
    return Scope(tuple(sorted({key.namespace for key in keys})), children=False)


def _deployment(commit: CommitInfo) -> Deployment:
    trailers = commit.trailers
    return Deployment(
        commit.id,
        commit.when,
        commit.author,
        commit.subject,
        trailers.get(SOURCE, ""),
        ServerIdentity.parse(trailers.get(SERVER, "")),
        trailers.get(SCOPE, ""),
        commit.written,
        commit.removed,
    )
