"""The Git side of a sync: the work tree, the checked-out branch, another branch, or a commit that is only read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, partial
from types import MappingProxyType
from typing import Final

from syncd.errors import RefMoved, RepoError
from syncd.flowtext import Identity
from syncd.layout import Layout
from syncd.model import Change, Key, Kind, Problem, Resource, Scope, Snapshot, blob_id
from syncd.repo.content import Commit, Content, Entry, Form, WorkTree, ignore_of
from syncd.repo.history import Author
from syncd.repo.ignore import NAME, Ignore
from syncd.repo.names import unfit_to_write
from syncd.repo.placing import Placing
from syncd.repo.reading import FLOW_LIMIT, take
from syncd.repo.repository import Repository
from syncd.repo.writing import REFS, AtOnce, CheckedOut, Collected

NOTHING_KNOWN: Final[Mapping[str, Key]] = MappingProxyType({})


class GitSide:
    """
    One place in Git where flows and files lie, as a side.

    Make one by `worktree`, `at`, `checkout` or `on`, by what shall happen to writes.

    Attributes:
        name: What the user calls it: `worktree`, or the revision as given.
        commit_id: The commit that is read, or `None` for the work tree and before a first commit.
        ignore: The `.kestraignore` rules that hold here; the base is to be read with the same.
        workers: How many objects may be written at a time.
        can_swap: Whether a file may take a folder's place.
        can_nest: Whether a folder may take a file's place.
    """

    workers = 1
    can_swap = True
    can_nest = True

    def __init__(
        self,
        repository: Repository,
        layout: Layout,
        *,
        name: str,
        content: Content,
        writer: AtOnce | Collected | None,
        commit_id: str | None = None,
        ignore: Ignore | None = None,
        known: Mapping[str, Key] = NOTHING_KNOWN,
    ) -> None:
        self.repository = repository
        self.layout = layout
        self.name = name
        self.commit_id = commit_id
        self.known = known
        self._content = content
        self._writer = writer
        self._given_ignore = ignore
        self._stale = False

    @classmethod
    def worktree(cls, repository: Repository, layout: Layout, *, known: Mapping[str, Key] = NOTHING_KNOWN) -> GitSide:
        """
        The work tree; `apply` writes files at once, and nothing is committed.

        Args:
            repository: The repository.
            layout: Where things lie.
            known: What the base holds at each path (`Base.paths`): names a flow file that cannot be read any more.
        """
        tree = WorkTree(repository)
        return cls(repository, layout, name="worktree", content=tree, writer=AtOnce(tree.files), known=known)

    @classmethod
    def at(
        cls,
        repository: Repository,
        layout: Layout,
        rev: str,
        *,
        known: Mapping[str, Key] = NOTHING_KNOWN,
        ignore: Ignore | None = None,
    ) -> GitSide:
        """A commit, only read. Raises RepoError when the revision does not exist. `ignore=None`: its own rules."""
        commit = repository.resolve(rev)
        content = Commit(repository, commit)
        return cls(
            repository,
            layout,
            name=rev,
            content=content,
            writer=None,
            commit_id=commit,
            known=known,
            ignore=ignore,
        )

    @classmethod
    def checkout(cls, repository: Repository, layout: Layout, *, known: Mapping[str, Key] = NOTHING_KNOWN) -> GitSide:
        """
        The work tree and its branch; `apply` collects, `commit` commits, index and work tree follow for its paths.

        What a killed run has left to follow is brought to its end first.

        Raises:
            RepoError: HEAD is detached, or a merge, rebase, cherry-pick or revert is going on.
        """
        branch = repository.branch()
        if branch is None:
            raise RepoError(
                f"{repository.root}: no branch is checked out", "git switch BRANCH, or name one: --branch X"
            )
        if what := repository.going_on():
            raise RepoError(
                f"{repository.root}: {what} is going on", "finish it (git status says how), or name --branch"
            )
        writer = CheckedOut(repository, branch)
        writer.finish()
        return cls(repository, layout, name="worktree", content=WorkTree(repository), writer=writer, known=known)

    @classmethod
    def on(
        cls,
        repository: Repository,
        layout: Layout,
        branch: str,
        *,
        start: str = "HEAD",
        known: Mapping[str, Key] = NOTHING_KNOWN,
    ) -> GitSide:
        """
        The tip of a branch, without touching the work tree; `apply` collects, `commit` writes.

        Args:
            repository: The repository.
            layout: Where things lie.
            branch: Short name: the local branch, or the remote-tracking one where that is ahead or alone, else new.
            start: Where a new branch starts (a revision).
            known: As for `worktree`.

        Returns:
            The side; that of `checkout` when this is the branch that is checked out here.

        Raises:
            RepoError: The name is none, it is checked out in another work tree, or has diverged from its remote.
        """
        if branch == repository.branch():
            return cls.checkout(repository, layout, known=known)
        repository.check_branch(branch)
        if elsewhere := repository.checked_out_elsewhere(branch):
            raise RepoError(f"branch {branch} is checked out in {elsewhere}", f"run this in {elsewhere}")
        local = repository.read_ref(f"{REFS}{branch}")
        tip = repository.newest(branch) or repository.resolve(start)
        writer = Collected(repository, branch, local, tip)
        return cls(repository, layout, name=branch, content=writer.content, writer=writer, commit_id=tip, known=known)

    @cached_property
    def _listing(self) -> tuple[Entry, ...]:
        prefixes = self.layout.prefixes()
        above = {prefix.rsplit("/", depth)[0] for prefix in prefixes for depth in range(1, prefix.count("/") + 1)}
        rules = {NAME, *(f"{folder}/{NAME}" for folder in above)} if "" not in prefixes else set()
        return self._content.entries((*prefixes, *sorted(rules)))

    @cached_property
    def ignore(self) -> Ignore:
        """The `.kestraignore` rules that hold here. Raises ConfigError where one is no pattern."""
        return self._given_ignore or ignore_of(self._content, self._listing)

    @property
    def _entries(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self._listing if not self.ignore.covers(entry.path))

    @cached_property
    def _placing(self) -> Placing:
        return Placing(self.layout, self._listing)

    def snapshot(self, scope: Scope) -> Snapshot:
        """
        What lies here within the scope; see the rules SYN001 to SYN010 for what becomes unknown.

        The first look takes the listing that opening this side has made; every other one makes its own.

        Raises:
            RepoError: Git refused.
            ConfigError: A `.kestraignore` holds something that is no pattern.
        """
        for stale in ("_listing", "ignore", "_placing") if self._stale else ():
            self.__dict__.pop(stale, None)
        self._stale = True
        return take(self._content, self._entries, self.layout, scope, self.known, self.repository.readings)

    def namespaces(self) -> tuple[str, ...]:
        """The namespaces that have a file here, by the layout, ignored files left out."""
        return tuple(sorted(self.layout.namespaces(entry.path for entry in self._entries)))

    def apply(self, change: Change) -> Resource | None:
        """
        Writes or deletes one file if it still is what the plan saw, and returns what is there afterwards.

        Raises:
            ObjectMoved: It is not, or it has uncommitted edits where a commit is to be made.
            RepoError: The path leaves the repository, leads through a link, or cannot be written.
        """
        path = self._placing.path(change)
        if problem := unfit_to_write(change.key, path):
            raise RepoError(problem.message, problem.hint)
        if self._writer is None:
            raise RepoError(f"{path}: {self.name} is only read", "pull into the work tree, or name a --branch")
        data = change.write.load() if change.write else None
        self._stale = True
        self._writer.put(path, data, change.target.raw if change.target else None)
        if data is None:
            return None
        written = Resource.of(change.key, data, path=path)
        return Resource(
            change.key, written.digest, written.raw, path, load=partial(self._load_written, path, written.raw, data)
        )

    def _load_written(self, path: str, raw: str, data: bytes) -> bytes:
        """A commit that is still to be made is not there to be read."""
        return data if isinstance(self._writer, Collected) else self._content.load(path, raw)

    def refusals(self, writes: Sequence[Change]) -> tuple[Problem, ...]:
        """What of these writes no repository of this layout can hold, before anything is written."""
        return self._placing.refusals(writes)

    def place(self, key: Key) -> str:
        """Where a new object of another side would lie; "" where this layout has no place for it."""
        return self._placing.new_path(key)

    def create_many(self, flows: Sequence[Resource]) -> Mapping[Key, Resource]:  # noqa: ARG002 - every side is asked
        """Nothing: one file is written as quickly as many."""
        return {}

    def ignored(self, keys: Iterable[Key]) -> frozenset[Key]:
        """Those objects of another side that are out of scope because their file here is, or would be, ignored."""
        named, keys = self._ignored_flows, tuple(keys)
        paths = {key: self._placing.new_path(key) for key in keys}
        unseen = self._placing.unseen(paths)
        by_git = self.repository.ignored(unseen.values())
        return frozenset(
            key
            for key, path in paths.items()
            if key in named or unseen.get(key) in by_git or (path and self.ignore.covers(path))
        )

    @property
    def _ignored_flows(self) -> frozenset[Key]:
        """Flows whose file here is ignored, whatever the file is called."""
        files = [
            entry
            for entry in self._listing
            if self.ignore.covers(entry.path)
            and entry.form is Form.FILE
            and (place := self.layout.locate(entry.path))
            and place.kind is Kind.FLOW
        ]
        flows = (
            self.repository.readings.of(blob_id(text), text).flow
            for entry, text in self._content.texts(files, FLOW_LIMIT)
            if isinstance(text, bytes)
        )
        return frozenset(Key(Kind.FLOW, flow.namespace, flow.id) for flow in flows if isinstance(flow, Identity))

    def commit(self, message: str, author: Author | None = None) -> str | None:
        """
        Commits what `apply` has collected: only those paths, on top of the branch as it was read.

        Returns:
            The commit's id, or `None` where nothing was collected or the branch holds it already.

        Raises:
            RefMoved: Somebody else committed, or edited one of the files, meanwhile; read again, plan again.
            RepoError: This side is only read, or writes no commits.
        """
        if not isinstance(self._writer, Collected):
            raise RepoError(f"{self.name} is read or written without commits", "add --commit, or name a --branch")
        commit = self._writer.commit(message, author)
        if commit and not isinstance(self._writer, CheckedOut):
            self._content, self.commit_id = self._writer.content, commit
        return commit

    def push(self, remote: str | None = None) -> str | None:
        """
        Pushes the branch fast-forward, if the remote still is where it was last seen.

        Args:
            remote: By name; `None` is the one the branch belongs to.

        Returns:
            The remote's name, or `None` where it was up to date.

        Raises:
            RefMoved: The remote has moved on: fetch, read again, plan again.
            RepoError: The remote refused for another reason, or is away.
        """
        if not isinstance(self._writer, Collected):
            raise RepoError(f"{self.name} has no branch to push", "add --commit, or name a --branch")
        branch, tip = self._writer.branch, self._writer.tip
        if tip is None or self._writer.local is None:
            return None
        name = remote or self.repository.remote_of(branch)
        there = self.repository.read_ref(f"refs/remotes/{name}/{branch}")
        if there and self.repository.is_ancestor(tip, there):
            return None
        if there and not self.repository.is_ancestor(there, tip):
            raise RefMoved(f"{name}/{branch} holds commits that {branch} has not", f"git pull --rebase {name} {branch}")
        self.repository.push_ref(name, f"{REFS}{branch}", tip, there)
        return name
