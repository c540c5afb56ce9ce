"""The one place where settings, repository, server and base are wired together into the `World` of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from syncd.cache import Cache, cache_folder
from syncd.cli.options import Options
from syncd.cli.targets import Agreement, KestraTarget
from syncd.config import Config, Target
from syncd.errors import ConfigError, RefMoved, RepoError
from syncd.flowtext import Readings
from syncd.guards import Guards, MaxDeletes
from syncd.kestra import Address, Kestra, ListingCache
from syncd.layout import Layout
from syncd.model import Change, Key, Scope
from syncd.plan import Direction, OnInvalid, Plan, Policy
from syncd.render.views import Heading
from syncd.repo import Author, GitSide, Repository
from syncd.sides import Request, World
from syncd.state import BaseRef, Deployment, RescueRef, ServerIdentity

WORKTREE = "worktree"


@dataclass
class Opened:
    """
    One environment of one repository, ready for a run.

    Args:
        options: What the command line said.
        target: The environment, with variables and options laid over it.
        layout: Of the repository.
        repository: The repository.
        git: Its side of the sync.
        server: The Kestra client.
        agreement: The base and the rescue.
        scope: The namespaces of this run.
    """

    options: Options
    target: Target
    layout: Layout
    repository: Repository
    git: GitSide
    server: Kestra
    agreement: Agreement
    scope: Scope

    @property
    def heading(self) -> Heading:
        """What the run is about, for whoever reads its outcome."""
        return Heading(self.target.name, self.git.name, self.git.commit_id)

    @property
    def beside(self) -> bool:
        """Whether `--branch` names another branch than the one that the environment follows."""
        branch, environment = self.options.branch, self.target.environment
        if branch is None or branch == environment.branch:
            return False
        home = self.repository.branch() if environment.source == WORKTREE else environment.source
        return home != branch and not (home or "").endswith(f"/{branch}")

    def world(self, progress: Callable[[Change, int], None], stopping: Callable[[], bool]) -> World:
        """
        The outside, for `syncd.sync`.

        Args:
            progress: Told of each object that was written.
            stopping: Asked between two objects.
        """
        kestra = KestraTarget(self.server)
        return World(
            git=self.git,
            kestra=kestra,
            validate=kestra.validate,
            beside=self.agreement.beside,
            base=self.agreement,
            scope=self.scope,
            ignored=self.git.ignored,
            place=self.git.place,
            finish=self._finish,
            confirm=self._confirm,
            stopping=stopping,
            progress=progress,
        )

    def request(self, direction: Direction, *, on_invalid: OnInvalid = OnInvalid.FAIL) -> Request:
        """
        What the options and the environment ask for.

        Args:
            direction: Push or pull.
            on_invalid: Where neither says anything.
        """
        options, environment = self.options, self.target.environment
        limit = MaxDeletes.parse(environment.max_deletes) if environment.max_deletes else None
        return Request(
            Policy(
                direction,
                prune=_chosen(options.prune, environment.prune),
                heal=_chosen(options.heal, environment.heal),
                force=options.force,
                on_conflict=options.on_conflict or environment.on_conflict,
                paused=options.paused or environment.paused,
            ),
            Guards(("system", *environment.protected), options.max_deletes or limit, options.allow_emptying),
            options.on_invalid or environment.on_invalid or on_invalid,
            validate=options.validate,
            dry_run=options.dry_run,
        )

    def _finish(self, message: str) -> str | None:
        """Commits and pushes what was pulled, where that was asked for."""
        if not _commits(self.options, self.target):
            return None
        branch = self.options.branch or self.target.environment.branch
        before = self.repository.read_ref(f"refs/heads/{branch}") if branch else None
        commit = self.git.commit(self.options.message or message, _author(self.options.author))
        self.agreement.source_commit = commit or self.agreement.source_commit
        if _pushes(self.options, self.target):
            try:
                self.git.push()
            except RefMoved as moved:
                if branch is None or branch == self.repository.branch():
                    raise RepoError(str(moved), moved.hint) from moved  # the user's own branch is not rewritten
                if commit:
                    self.repository.update_ref(f"refs/heads/{branch}", before, commit)
                raise  # the next attempt starts from the new tip
        return commit

    def _confirm(self, plan: Plan) -> None:
        from syncd.cli.confirm import confirm

        confirm(self, plan)


def _chosen(option: bool | None, setting: bool) -> bool:
    return setting if option is None else option


def _pushes(options: Options, target: Target) -> bool:
    return _chosen(options.push, target.environment.push)


def _commits(options: Options, target: Target) -> bool:
    environment = target.environment
    return bool(
        _chosen(options.commit, environment.commit) or options.branch or environment.branch or _pushes(options, target)
    )


def _author(text: str | None) -> Author | None:
    if text is None:
        return None
    name, bracket, email = text.partition("<")
    if not bracket or not email.endswith(">"):
        raise ConfigError(f"--author {text!r} is not an author", "write it like 'Ada Lovelace <ada@example.com>'")
    return Author(name.strip(), email.removesuffix(">").strip())


def find(options: Options) -> tuple[Repository, Config]:
    """The repository and its settings."""
    repository = Repository.find(options.repo)
    return repository, Config.load(Path(repository.root))


def choose(config: Config, options: Options) -> Target:
    """The environment that the options name, with what they say laid over it."""
    overlay = {"url": options.url, "tenant": options.tenant, "username": options.username, "ca_file": options.ca_file}
    return config.target(options.env, overlay)


def connect(config: Config, target: Target, readings: Readings | None = None) -> Kestra:
    """The client of this environment's server. Nothing is sent yet."""
    environment = target.environment
    return Kestra(
        Address(
            url=environment.url,
            tenant=environment.tenant,
            username=environment.username,
            password=target.password.value or None,
            token=target.token.value or None,
            headers=environment.headers,
            ca_file=str(config.resolve(environment.ca_file)) if environment.ca_file else None,
            proxy=environment.proxy,
            timeout=environment.timeout,
        ),
        cache=ListingCache.default(),
        readings=readings,
    )


@contextmanager
def opened(
    options: Options, *, writes: bool, pulls: bool = False, deployment: Deployment | None = None
) -> Iterator[Opened]:
    """
    Opens the environment that the options name.

    Args:
        options: What the command line said.
        writes: Whether the run may write, and so needs the lock of the environment.
        pulls: Whether Git's side may be written.
        deployment: What Git's side is instead of a commit of the repository: what was once agreed on.

    Raises:
        SyncdError: Anything that keeps the run from starting.
    """
    repository, config = find(options)
    target = choose(config, options)
    memory = repository.with_memory(Cache(cache_folder("repositories")))
    with memory, connect(config, target, repository.readings) as server:
        opening = _Opening(options, config, repository, target, server, deployment, pulls=pulls)
        if not writes or options.dry_run:
            yield opening.open()
            return
        with repository.lock(target.name):
            yield opening.open()


@dataclass(frozen=True)
class _Opening:
    """Everything that is known before the first look, and the steps from there to an `Opened`."""

    options: Options
    config: Config
    repository: Repository
    target: Target
    server: Kestra
    deployment: Deployment | None
    pulls: bool = field(kw_only=True)

    def open(self) -> Opened:
        """Asks the server who it is, loads the base, and works out the scope."""
        layout, environment = self.config.settings.layout.layout, self.target.environment
        git = self._git_side()
        base_ref = BaseRef(self.repository, layout, self.target.name, remote=environment.share)
        rescue_ref = RescueRef(self.repository, self.target.name, remote=environment.share)
        identity = ServerIdentity(self.server.address.url, environment.tenant, self.server.about().uuid)
        commit = self.deployment.source if self.deployment else git.commit_id or self.repository.head()
        base = base_ref.load(identity, Scope(everything=True, excluded=()), commit, ignore=git.ignore)
        git.known = base.paths
        held = base.snapshot.resources
        self.server.expect(held)
        self.server.share(held.values())
        scope = self._scope({*git.namespaces(), *(key.namespace for key in held)})
        ignored = git.ignored(held)
        inside = {key: held[key] for key in held if scope.covers(key.namespace) and key not in ignored}
        agreement = Agreement(
            self.repository,
            base_ref,
            rescue_ref,
            self.server,
            identity,
            scope,
            base,
            tuple(sorted({*ignored, *self._released(held)})),
            commit,
            replace(base.snapshot, resources=inside),
        )
        opened = Opened(self.options, self.target, layout, self.repository, git, self.server, agreement, scope)
        agreement.beside = self.pulls and opened.beside
        return opened

    def _git_side(self) -> GitSide:
        layout, options = self.config.settings.layout.layout, self.options
        if self.deployment:
            return GitSide.at(self.repository, layout, self.deployment.commit)
        ref = options.ref or self.target.environment.source
        branch = options.branch or self.target.environment.branch
        if self.pulls and _pushes(options, self.target):
            self.repository.fetch(self.repository.remote_of(branch or self.repository.branch() or "HEAD"))
        if self.pulls and branch:
            start = "HEAD" if ref == WORKTREE else ref
            return GitSide.on(self.repository, layout, branch, start=start)
        if ref == WORKTREE:
            side = GitSide.checkout if self.pulls and _commits(options, self.target) else GitSide.worktree
            return side(self.repository, layout)
        if self.pulls:
            raise ConfigError(
                f"a pull has nowhere to write: Git's side is {ref}",
                "add --branch NAME to commit there, or --ref worktree to write into the work tree",
            )
        return GitSide.at(self.repository, layout, ref)

    def _scope(self, known: set[str]) -> Scope:
        """
        The namespaces named, else those the environment manages, else all that Git and the base know.

        Children that Git or the base know are named too: a server cannot list namespaces that hold only files.
        """
        roots = self.options.namespace or self.target.environment.namespaces or tuple(sorted(known))
        scope = Scope(roots, children=not self.options.no_children, everything=self.options.all_namespaces)
        children = (name for name in sorted(known) if name not in roots and scope.covers(name))
        return replace(scope, roots=(*roots, *children))

    def _released(self, held: Iterable[Key]) -> set[Key]:
        """What the environment no longer manages leaves the base, and nothing else happens to it."""
        bound = self.target.environment.namespaces
        if not bound or self.options.namespace:
            return set()
        return {key for key in held if not Scope(bound).covers(key.namespace)}
