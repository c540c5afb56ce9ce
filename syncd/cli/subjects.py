"""What a validation is about: the flows at some paths or changed since a revision, and what lies around them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from syncd.cli.spread import spread
from syncd.errors import ConfigError, RepoError
from syncd.flowtext import Identity, NotAFlow, identity
from syncd.layout import FLOW_SUFFIXES, Layout
from syncd.model import Key, Kind, Problem, Resource, Scope, Snapshot
from syncd.repo import GitSide, Repository
from syncd.validate import Against, Source, Surroundings, check, not_a_flow, surroundings

WORKTREE = "worktree"
EVERYTHING = Scope(everything=True, excluded=())
"""Every namespace, `system` and `tutorial` too: validation writes nothing."""


@dataclass(frozen=True, slots=True)
class Choice:
    """
    Which of the flows.

    Args:
        paths: Files and folders; none for all.
        changed_since: A revision; only what changed since the branch left it.
        ref: `worktree` or a revision to look into.
    """

    paths: tuple[Path, ...] = ()
    changed_since: str | None = None
    ref: str | None = None


@dataclass(frozen=True)
class Subjects:
    """
    What is to be checked.

    Args:
        sources: The flows.
        around: What else the repository holds.
        problems: What is wrong with files that are no flows.
    """

    sources: tuple[Source, ...]
    around: Surroundings
    problems: tuple[Problem, ...]

    @property
    def checked(self) -> tuple[str, ...]:
        """Every file that was looked at."""
        named = {problem.path for problem in self.problems if problem.path}
        return tuple(sorted(named | {source.path for source in self.sources}))

    @property
    def texts(self) -> Mapping[str, bytes]:
        """The text of each flow by its file."""
        return {source.path: source.text for source in self.sources}

    @property
    def resources(self) -> tuple[Resource, ...]:
        """The flows as a server is asked about them."""
        return tuple(resource for source in self.sources if (resource := _resource(source)))

    def check(self, against: Against) -> list[Problem]:
        """Everything that can be said without a server."""

        def part(sources: Sequence[Source]) -> list[Problem]:
            return [problem for each in sources for problem in check(each, against, self.around)]

        return [*self.problems, *spread(part, self.sources)]


def subjects(repository: Repository, layout: Layout, choice: Choice) -> Subjects:
    """
    The flows that a choice means.

    Raises:
        RepoError: A revision does not exist, or Git refused.
        ConfigError: A path does not exist, or lies outside of the repository.
    """
    worktree = choice.ref in {None, WORKTREE}
    side = GitSide.worktree(repository, layout) if worktree else GitSide.at(repository, layout, choice.ref or "HEAD")
    snapshot = side.snapshot(EVERYTHING)
    everything = sources_of(snapshot)
    wanted = _wanted(repository, choice)
    strays = _strays(repository, layout, choice.paths) if worktree else ()
    stray_sources, stray_problems = _sorted_out(strays)
    return Subjects(
        tuple(each for each in everything if wanted(each.path)) + stray_sources,
        surroundings(everything, files_of(snapshot), _keys(repository, layout, side.namespaces())),
        tuple(each for each in snapshot.problems if wanted(each.path)) + stray_problems,
    )


def sources_of(snapshot: Snapshot) -> tuple[Source, ...]:
    """The flows of a snapshot, read; those of a server are called by their name."""
    flows = (resource for key, resource in sorted(snapshot.resources.items()) if key.kind is Kind.FLOW)
    return tuple(Source(resource.path, resource.load()) for resource in flows)


def files_of(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """The namespace files of a snapshot."""
    return ((key.namespace, key.name) for key in snapshot.resources if key.kind is Kind.FILE)


def _resource(source: Source) -> Resource | None:
    found = identity(source.text)
    if not isinstance(found, Identity):
        return None
    return Resource.of(Key(Kind.FLOW, found.namespace, found.id), source.text, path=source.path)


def _wanted(repository: Repository, choice: Choice) -> Callable[[str], bool]:
    roots = [_relative(repository, path) for path in choice.paths]
    changed = _changed(repository, choice.changed_since) if choice.changed_since else None

    def wanted(path: str) -> bool:
        inside = not roots or any(root in {path, "."} or path.startswith(f"{root}/") for root in roots)
        return inside and (changed is None or path in changed)

    return wanted


def _relative(repository: Repository, path: Path) -> str:
    try:
        return path.resolve(strict=True).relative_to(Path(repository.root).resolve()).as_posix()
    except OSError:
        raise ConfigError(f"{path} does not exist", "name files or folders of the repository") from None
    except ValueError:
        raise ConfigError(f"{path} lies outside of {repository.root}", "name the repository with --repo") from None


def _changed(repository: Repository, since: str) -> frozenset[str]:
    """Paths whose content is not what it was where this branch left the other one; uncommitted edits count."""
    head, start = repository.resolve("HEAD"), repository.resolve(since)
    base = repository.merge_base(start, head)
    if base is None:
        raise RepoError(f"{since} and HEAD share no commit", f"git fetch --unshallow, or check the name: {since}")
    before, after = repository.tree(base), repository.tree(head)
    moved = {path for path, entry in after.items() if path not in before or before[path].blob != entry.blob}
    return repository.dirty() | moved


def _strays(repository: Repository, layout: Layout, paths: Iterable[Path]) -> Iterator[tuple[str, bytes, bool]]:
    """YAML files that were named but lie nowhere in the layout, and whether they were named themselves."""
    for path in paths:
        named = [path] if path.is_file() else sorted(path.rglob("*"))
        for each in named:
            relative = _relative(repository, each)
            if each.is_file() and each.name.endswith(FLOW_SUFFIXES) and layout.locate(relative) is None:
                yield relative, each.read_bytes(), path.is_file()


def _sorted_out(strays: Iterable[tuple[str, bytes, bool]]) -> tuple[tuple[Source, ...], tuple[Problem, ...]]:
    """Of files outside of the layout: the flows, and what is wrong with those that were named one by one."""
    sources, problems = [], []
    for path, text, named in strays:
        found = identity(text)
        if not isinstance(found, NotAFlow):
            sources.append(Source(path, text))
        elif named:
            problems.append(not_a_flow(path, found))
    return tuple(sources), tuple(problems)


def _keys(repository: Repository, layout: Layout, namespaces: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """The keys in each `kv.yml`, which lies beside the folder of the namespace files."""
    found = {}
    for namespace in namespaces:
        folder = layout.path_of(Kind.FILE, namespace, "")
        pairs = Path(repository.root) / Path(folder).parent / "kv.yml" if folder else None
        if pairs and pairs.is_file():
            found[namespace] = _names(pairs.read_bytes())
    return found


def _names(text: bytes) -> tuple[str, ...]:
    try:
        pairs = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return ()
    return tuple(str(name) for name in pairs) if isinstance(pairs, dict) else ()
