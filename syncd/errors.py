"""
Every error that `syncd` raises on purpose, as one tree with exit codes.

Expected outcomes (drift, conflicts, problems) are data and do not belong here.

    SyncdError                 1  something is wrong that the user can mend
    ├── ConfigError            1  a setting is missing or contradicts another one
    ├── RepoError              1  Git refused, or the repository is not what it should be
    │   ├── RefMoved           1  a compare-and-swap of a ref found another value
    │   └── RepoLocked         1  another process, or a stale lock file, is in the way
    ├── KestraError            1  the server's answer cannot be used; names URL, status and object
    │   ├── KestraUnavailable  1  no answer, or 429/502/503/504: worth another try later
    │   ├── KestraDenied       1  401 or 403: nothing else will work either
    │   ├── KestraRejected     1  the server understood and refused this one object
    │   │   ├── KestraMissing  1  404
    │   │   └── KestraExists   1  409, or 422 that says so: the object is there already
    │   └── KestraReplaced     1  another instance answers at the same address
    ├── ForgeError             1  GitHub, GitLab or Gitea refused
    │   ├── ForgeDenied        1  the token may not do this (401, 403)
    │   └── ForgeMissing       1  404
    ├── ObjectMoved            4  an object is no longer what the plan saw
    ├── PlanMoved              4  a reviewed plan no longer fits either side
    └── Interrupted          130  stopped by the user
"""

from __future__ import annotations


class SyncdError(Exception):
    """
    The root. `str(error)` names the object and the cause.

    Args:
        message: What is wrong, with the object's name in it.
        hint: The next command to type, or the setting to change.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ConfigError(SyncdError):
    """A setting is missing, unknown, or contradicts another one; the message lists every problem at once."""


class RepoError(SyncdError):
    """Git refused a command, or the repository is not what it should be."""


class RefMoved(RepoError):
    """A ref did not hold the expected old commit, so somebody else wrote it first."""


class RepoLocked(RepoError):
    """Another process holds the lock of this repository and environment, or left a lock file behind."""


class KestraError(SyncdError):
    """
    The server's answer cannot be used.

    Args:
        message: What failed, naming the object.
        hint: What to do about it.
        url: The address without credentials.
        status: HTTP status code, or `None` where there was no answer.
    """

    def __init__(self, message: str, hint: str = "", *, url: str = "", status: int | None = None) -> None:
        super().__init__(message, hint)
        self.url = url
        self.status = status


class KestraUnavailable(KestraError):
    """
    No answer, or one that says to come back later (408, 429, 500, 502, 503, 504).

    Attributes:
        retry_after: Seconds that the server asked to wait; 0 where it named none.
    """

    retry_after: float = 0.0


class KestraDenied(KestraError):
    """The credentials are wrong or not enough (401, 403); nothing else will work either."""


class KestraRejected(KestraError):
    """The server understood the request and refused this one object."""


class KestraMissing(KestraRejected):
    """The object is not there (404)."""


class KestraExists(KestraRejected):
    """The object is there already (409 on 2.x, 422 before)."""


class KestraReplaced(KestraError):
    """Another instance (uuid) answers at the same address than at the start of this run."""


class ForgeError(SyncdError):
    """GitHub, GitLab or Gitea refused a request."""


class ForgeDenied(ForgeError):
    """The token is missing, wrong, or may not do this (401, 403); pull requests from forks get such a token."""


class ForgeMissing(ForgeError):
    """What was asked for is not there, or the token may not see it (404)."""


class ObjectMoved(SyncdError):
    """One object is no longer what the plan saw, so it was not touched; the run counts it as a conflict."""

    exit_code = 4


class PlanMoved(SyncdError):
    """A reviewed plan no longer fits, because Git or Kestra has moved since."""

    exit_code = 4


class Interrupted(SyncdError):
    """Stopped by the user between two objects."""

    exit_code = 130
