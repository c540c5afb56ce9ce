"""Refs, here and on a remote: read, compare-and-swap, fetch and push, each with the old id that is expected."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from syncd.errors import RefMoved, RepoError
from syncd.repo.git import Git, Output, decode

_MOVED_HERE: Final = re.compile(
    r"but expected|reference already exists|unable to resolve reference|reference is missing"
)
_MOVED_THERE: Final = re.compile(
    r"stale info|fetch first|non-fast-forward|needs force|remote ref updated|but expected|reference already exists"
)
_NOT_THERE: Final = re.compile(r"couldn't find remote ref|no such ref was fetched")
_ABSENT: Final = "0" * 40


class Refs:
    """The part of a repository that reads and moves refs."""

    git: Git

    def read_ref(self, ref: str) -> str | None:
        """The commit that a full ref name points at, or `None`."""
        arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        output = self.git.attempt(*arguments)
        if output.code not in {0, 1}:  # 1 is "no such ref"; anything else says nothing about it
            self.git.refuse(arguments, output)
        return decode(output.out).strip() or None

    def refs(self, prefix: str) -> Mapping[str, str]:
        """The commits of all refs below a full prefix, such as `refs/syncd/`, by full name."""
        raw = self.git.run("for-each-ref", "--format=%(objectname) %(refname)", prefix)
        return {name: commit for commit, _, name in (line.partition(" ") for line in decode(raw).splitlines())}

    def update_ref(self, ref: str, new: str | None, old: str | None, *, reason: str = "syncd") -> None:
        """Moves a ref if it still holds `old` (`None` = absent), else raises RefMoved. `new=None` deletes it."""
        expected = old or _ABSENT
        options = ("-m", reason, "--create-reflog") if new else ("-m", reason, "-d")
        arguments = ("update-ref", *options, ref, *((new, expected) if new else (expected,)))
        output = self.git.attempt(*arguments)
        if output.code and _MOVED_HERE.search(output.err):
            raise RefMoved(f"{ref} is no longer at {_short(old)}: somebody else wrote it", "run the same command again")
        if output.code:
            self.git.refuse(arguments, output)

    def remote_refs(self, remote: str, pattern: str) -> frozenset[str]:
        """A remote's refs that fit a pattern such as `refs/syncd/*`, by full name. Raises RepoError if it is away."""
        self._check_remote(remote)
        listed = self.git.run("ls-remote", "--quiet", "--end-of-options", remote, pattern)
        return frozenset(line.partition("\t")[2] for line in decode(listed).splitlines())

    def remotes(self) -> tuple[str, ...]:
        """The configured remotes by name."""
        return tuple(decode(self.git.run("remote")).split())

    def remote_url(self, remote: str) -> str:
        """Where a remote is fetched from, as configured; it may hold a login. "" where there is no such remote."""
        return decode(self.git.attempt("remote", "get-url", "--", remote).out).strip()

    def remote_of(self, branch: str) -> str:
        """The remote that a branch is pushed to; `origin` or the only one where nothing else is configured."""
        for setting in (f"branch.{branch}.pushRemote", "remote.pushDefault", f"branch.{branch}.remote"):
            if (name := decode(self.git.attempt("config", "--get", setting).out).strip()) not in {"", "."}:
                return name
        known = self.remotes()
        if "origin" in known or len(known) == 1:
            return "origin" if "origin" in known else known[0]
        raise RepoError(
            f"branch {branch} belongs to no remote" + (f" ({', '.join(known)} are configured)" if known else ""),
            f"git push --set-upstream REMOTE {branch}" if known else "git remote add origin URL",
        )

    def fetch(self, remote: str, *branches: str) -> None:
        """
        Brings remote-tracking branches up to date (all of them when none is named), following rewritten history.

        Raises:
            RepoError: The remote is away, or has no such branch; nothing is deleted because of that.
        """
        names = branches or ("*",)
        try:
            self._fetch(remote, *(f"+refs/heads/{name}:refs/remotes/{remote}/{name}" for name in names))
        except RepoError as error:
            if not _NOT_THERE.search(str(error)):
                raise
            raise RepoError(f"{remote} has no branch {' or '.join(names)}", f"git ls-remote --heads {remote}") from None

    def fetch_ref(self, remote: str, ref: str) -> str | None:
        """Fetches one ref, without touching the local ref of that name; `None` where the remote has none."""
        seen = _seen(remote, ref)
        try:
            self._fetch(remote, f"+{ref}:{seen}")
        except RepoError as error:
            if not _NOT_THERE.search(str(error)):
                raise
            if stale := self.read_ref(seen):
                self.update_ref(seen, None, stale)
            return None
        return self.read_ref(seen)

    def read_remote(self, remote: str, ref: str) -> str | None:
        """Where a remote had a ref when `fetch_ref` or `note_remote` last saw it."""
        return self.read_ref(_seen(remote, ref))

    def note_remote(self, remote: str, ref: str, commit: str) -> None:
        """Remembers that a remote's ref is now at this commit."""
        seen = _seen(remote, ref)
        self.update_ref(seen, commit, self.read_ref(seen))

    def _fetch(self, remote: str, *refspecs: str) -> None:
        self._check_remote(remote)
        self.git.run(
            "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules",
            "--no-auto-maintenance", "--end-of-options", remote, *refspecs,
        )  # fmt: skip

    def _check_remote(self, remote: str) -> None:
        if remote not in self.remotes():
            known = ", ".join(self.remotes()) or "none"
            raise RepoError(f"there is no remote {remote!r} (configured: {known})", f"git remote add {remote} URL")

    def push_ref(self, remote: str, ref: str, new: str, old: str | None) -> None:
        """
        Sets a remote's ref if it still holds `old` (`None` = absent); an answer that was lost is looked up.

        Raises:
            RefMoved: The remote's ref holds another commit.
            RepoError: The remote refused for another reason (a protected branch, a hook, credentials), or is away.
        """
        self._check_remote(remote)
        arguments = (
            "push", "--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no",
            f"--force-with-lease={ref}:{old or ''}", "--end-of-options", remote, f"{new}:{ref}",
        )  # fmt: skip
        try:
            output = self.git.attempt(*arguments)
        except RepoError:
            if self._at_remote(remote, ref) == new:
                return
            raise
        if output.code:
            self._judge(remote, ref, new, old, arguments, output)

    def drop_remote_ref(self, remote: str, ref: str, old: str) -> None:
        """Deletes a remote's ref if it still holds `old`. Raises RepoError where it does not, or the remote refuses."""
        self._check_remote(remote)
        self.git.run(
            "push", "--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no",
            f"--force-with-lease={ref}:{old}", "--end-of-options", remote, f":{ref}",
        )  # fmt: skip

    def _judge(
        self, remote: str, ref: str, new: str, old: str | None, arguments: tuple[str, ...], output: Output
    ) -> None:
        result = next((line for line in decode(output.out).splitlines() if line.startswith("!")), "")
        if _MOVED_THERE.search(result):
            if self._at_remote(remote, ref) == new:
                return
            raise RefMoved(
                f"{ref} of {remote} is no longer at {_short(old)}: somebody else pushed",
                f"git fetch {remote}; try again",
            )
        if not result and self._at_remote(remote, ref) == new:
            return
        reason = result.split("\t")[-1] if result else ""
        said = " ".join(filter(None, (reason, *output.err.split("\n"))))
        if result:
            raise RepoError(f"{remote} refused {ref}: {said}", f"look at the rules of {remote} for {ref}")
        self.git.refuse(arguments, output)

    def _at_remote(self, remote: str, ref: str) -> str | None:
        output = self.git.attempt("ls-remote", "--quiet", "--end-of-options", remote, ref)
        return decode(output.out).partition("\t")[0].strip() or None if output.code == 0 else None


def _seen(remote: str, ref: str) -> str:
    return f"refs/syncd-remote/{remote}/{ref.removeprefix('refs/')}"


def _short(commit: str | None) -> str:
    return commit[:12] if commit else "nothing (it was not there)"
