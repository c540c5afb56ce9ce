"""The commits of promotions and the branches that they lie on; never the work tree, and no forge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from syncd.errors import RepoError
from syncd.layout import Layout
from syncd.model import Change, Snapshot
from syncd.plan import Plan
from syncd.promote import Recipe
from syncd.promotions.trail import trailers
from syncd.repo import Repository, TreeEntry

OBSERVED = "refs/syncd/observed/"
"""Where what a server held is kept, so that promotions from it have a source commit like all others."""


def observe(repository: Repository, layout: Layout, environment: str, held: Snapshot) -> str:
    """
    What a server holds as a commit of its own, so that it can be promoted like any other.

    Returns:
        The commit, on top of what was observed before; `keep_observed` puts it where it is found again.
    """
    entries: dict[str, str | TreeEntry | None] = {}
    for key, resource in sorted(held.resources.items()):
        if path := resource.path or layout.path_of(key.kind, key.namespace, key.name):
            entries[path] = repository.write_blob(resource.load())
    old = repository.read_ref(OBSERVED + environment)
    message = f"What {environment} holds, to be promoted\n"
    return repository.commit_tree(parent=old, entries=entries, base_tree_of=None, message=message)


def keep_observed(repository: Repository, environment: str, commit: str, remote: str | None) -> None:
    """Puts an observed commit at the tip of `refs/syncd/observed/<environment>`, here and, if wanted, on a remote."""
    ref = OBSERVED + environment
    old = repository.read_ref(ref)
    if commit != old:
        repository.update_ref(ref, commit, old)
    if remote is None:
        return
    there = repository.fetch_ref(remote, ref)
    if commit != there:
        repository.push_ref(remote, ref, commit, there)


def tip_to_build_on(repository: Repository, branch: str | None, start: str, targets: Sequence[str]) -> str:
    """
    Where the next commit of a promotion branch goes: on top of it, or anew where it is merged.

    Args:
        repository: Where.
        branch: The branch's commit, or `None` where there is no such branch.
        start: The commit that it is to be merged into.
        targets: Folders of the target; a branch that differs in none of them was merged by squashing.
    """
    if branch is None or repository.is_ancestor(branch, start):
        return start
    same = repository.tree(branch, targets) == repository.tree(start, targets)
    return start if same else branch


def commit(repository: Repository, tip: str, plan: Plan, recipe: Recipe, source: str) -> str:
    """
    Commits what a promotion writes; nothing points at the commit yet, and no work tree is touched.

    Args:
        repository: Where.
        tip: The parent, which the plan's target was read from.
        plan: What to write.
        recipe: For the trailers.
        source: The commit that is promoted.

    Returns:
        The commit, or `tip` where there is nothing to write.
    """
    if not plan.writes:
        return tip
    entries: dict[str, str | TreeEntry | None] = {}
    for change in plan.writes:
        entries[_path(change)] = repository.write_blob(change.write.load()) if change.write else None
    message = f"{subject(recipe)}\n\n{_listing(plan.writes)}\n\n{trailers(recipe, source)}"
    return repository.commit_tree(parent=tip, entries=entries, base_tree_of=tip, message=message)


def _path(change: Change) -> str:
    """An object that lies in the target keeps its path there."""
    return change.target.path if change.target else change.path


def subject(recipe: Recipe) -> str:
    """One line for a commit or a pull request."""
    source, target = min(recipe.names.pairs, key=lambda pair: len(pair[0]))
    others = len(recipe.names.pairs) - 1
    more = f" and {others} more namespace{'' if others == 1 else 's'}" if others else ""
    return f"Promote {source} to {target}{more}"


def _listing(changes: Iterable[Change]) -> str:
    return "\n".join(f"{change.verdict} {change.key}" for change in changes)


def move(repository: Repository, branch: str, new: str, old: str | None) -> None:
    """
    Puts a local branch at a commit, if it still is where it was.

    Raises:
        RepoError: It is checked out, here or in another work tree, which would then no longer fit it.
        RefMoved: Somebody else moved it.
    """
    repository.check_branch(branch)
    elsewhere = repository.checked_out_elsewhere(branch)
    if repository.branch() == branch or elsewhere:
        raise RepoError(f"branch {branch} is checked out in {elsewhere or repository.root}", "git switch another one")
    repository.update_ref(f"refs/heads/{branch}", new, old, reason="syncd promote")
