"""The history fallback: where there is no base, what one side holds may be an older version of the other's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from syncd.errors import RepoError
from syncd.model import Key, Kind, Resource, Snapshot
from syncd.repo import FLOW_LIMIT, Repository


def infer(
    repository: Repository,
    rev: str | None,
    git: Snapshot,
    kestra: Snapshot,
    keys: Iterable[Key],
    revisions: Callable[[Key], Iterable[Resource]],
) -> Mapping[Key, Resource]:
    """
    The base of keys that have none and that both sides hold with different content.

    Args:
        repository: Whose history to look in.
        rev: The commit that Git's side comes from, or `None` before the first.
        git: What Git holds.
        kestra: What the server holds.
        keys: The keys without a base; those not on both sides, or equal there, are passed over.
        revisions: The server's older versions of one object, newest first.

    Returns:
        By key: the server's version where Git's history has it (Git moved on), Git's where the server had it (the
        server moved on). A key whose history says neither is left out: both may have changed.

    Raises:
        RepoError: The clone is shallow, so its history proves nothing (`fetch-depth: 0`).
    """
    pairs = {
        key: (git.resources[key], kestra.resources[key])
        for key in keys
        if key in git.resources
        and key in kestra.resources
        and git.resources[key].digest != kestra.resources[key].digest
    }
    inferred = _behind(repository, rev, pairs) if rev else {}
    for key, (ours, _) in pairs.items():
        if key not in inferred and any(older.digest == ours.digest for older in revisions(key)):
            inferred[key] = ours
    if (unclear := pairs.keys() - inferred.keys()) and repository.is_shallow():
        raise RepoError(
            f"{min(unclear)} differs, and this clone's history is cut off, so nobody can say which side moved on",
            "git fetch --unshallow; in GitHub Actions: actions/checkout with fetch-depth: 0",
        )
    return inferred


def _behind(repository: Repository, rev: str, pairs: Mapping[Key, tuple[Resource, Resource]]) -> dict[Key, Resource]:
    """The server's version of each key whose file once held it."""
    versions = repository.blobs_in_history(rev, [ours.path for ours, _ in pairs.values()])
    texts = {blob for key, (ours, _) in pairs.items() if key.kind is Kind.FLOW for blob in versions[ours.path]}
    digests = _digests(repository, texts)
    return {
        key: theirs
        for key, (ours, theirs) in pairs.items()
        if theirs.digest in {digests.get(blob, blob) for blob in versions[ours.path]}
    }


def _digests(repository: Repository, blobs: Iterable[str]) -> dict[str, str]:
    """The digest of each of these flow texts."""
    readings = {blob: repository.readings.find(blob) for blob in blobs}
    unread = [blob for blob, reading in readings.items() if reading is None]
    small = [blob for blob, size in repository.sizes(unread).items() if size <= FLOW_LIMIT]
    fresh = {blob: repository.readings.of(blob, text).digest for blob, text in repository.blobs(small)}
    return {blob: reading.digest for blob, reading in readings.items() if reading} | fresh
