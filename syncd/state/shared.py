"""A ref that several clones write: brought up to date before it is read, moved there before it is moved here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from syncd.errors import ConfigError, RefMoved, RepoError
from syncd.repo import Repository

PREFIX: Final = "refs/syncd/"
TRIES: Final = 5
_ENVIRONMENT = re.compile(r"[a-z0-9-]+\Z")


def checked(environment: str) -> str:
    """The name of an environment. Raises ConfigError where it cannot be one."""
    if not _ENVIRONMENT.match(environment) or environment == "rescue":
        raise ConfigError(
            f"{environment!r} cannot name an environment", "use a-z, 0-9 and '-', and any word but 'rescue'"
        )
    return environment


@dataclass(frozen=True, slots=True)
class Shared:
    """
    One ref, kept in this clone and, where there is a remote, there.

    Args:
        repository: This clone.
        ref: Full name.
        remote: By name, or `None`.
    """

    repository: Repository
    ref: str
    remote: str | None

    def catch_up(self) -> str | None:
        """
        Where the ref is, after looking at the remote, whose history wins where the two have parted.

        Raises:
            RepoError: The remote is away.
        """
        here = self.repository.read_ref(self.ref)
        there = self.repository.fetch_ref(self.remote, self.ref) if self.remote else None
        if there is None or there == here or (here and self.repository.is_ancestor(there, here)):
            return here
        self.repository.update_ref(self.ref, there, here, reason=f"syncd: as {self.remote} has it")
        return there

    def move(self, new: str, old: str | None) -> None:
        """
        Moves the ref, on the remote first; what the remote could not take stays in this clone and goes next time.

        Raises:
            RefMoved: It is not where it was expected to be, here or there. Nothing was moved here.
            RepoError: The remote is away or refuses; the ref was moved in this clone.
        """
        trouble = self._move_there(new)
        if new != old:
            self.repository.update_ref(self.ref, new, old, reason="syncd")
        if trouble:
            raise trouble

    def _move_there(self, new: str) -> RepoError | None:
        if not self.remote:
            return None
        there = self.seen()
        if there == new:
            return None
        if there and not self.repository.is_ancestor(there, new):
            raise RefMoved(f"{self.ref} of {self.remote} has gone another way", "run the same command again")
        try:
            self.repository.push_ref(self.remote, self.ref, new, there)
        except RefMoved:
            raise
        except RepoError as error:
            return error
        self.repository.note_remote(self.remote, self.ref, new)
        return None

    def seen(self) -> str | None:
        """Where the remote had it when it was last fetched or pushed."""
        return self.repository.read_remote(self.remote, self.ref) if self.remote else None
