"""Running one Git command: a clean environment, a time limit that also ends its children, errors that can be shown."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NoReturn, cast

from syncd.errors import RepoError, RepoLocked

# A hook, or `git` itself, that starts us leaves these behind; they would send commands to another repository or index.
REDIRECTING: Final = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_EXTERNAL_DIFF",
    "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
)
# Nothing that a repository brings along is executed: no hooks, no file system monitor, no clean-up behind our back.
CLOSED: Final = (
    "--no-pager",
    "--no-replace-objects",
    "-c",
    f"core.hooksPath={os.devnull}",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "gc.auto=0",
    "-c",
    "maintenance.auto=false",
    "-c",
    "core.fsync=committed,reference",
)
QUIET: Final = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GCM_INTERACTIVE": "never"}
PROTOCOLS: Final = "file:git:http:https:ssh"

_CREDENTIALS = re.compile(r"(?<=://)[^/\s'\"@]+@")
_HEADER = re.compile(r"(?i)\b(authorization|private-token|x-[a-z-]*token)(\s*[:=]\s*)[^\r\n]+")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[^\S\n]*\r|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LOCK = re.compile(r"Unable to create '([^']+\.lock)'")
_OWNER = re.compile(r"dubious ownership")


@dataclass(frozen=True, slots=True)
class Output:
    """What a command left: its exit code, standard output as bytes, and standard error fit to be shown."""

    code: int
    out: bytes
    err: str


@dataclass(frozen=True, slots=True)
class Git:
    """
    Git commands in one folder.

    Args:
        directory: Where they run.
        timeout: Seconds one command may take.
        environment: Variables on top of those of this process.
    """

    directory: Path
    timeout: float = 120.0
    environment: Mapping[str, str] = field(default_factory=dict)

    def with_variables(self, **variables: str) -> Git:
        """The same with more environment variables, such as an index file of one's own."""
        return Git(self.directory, self.timeout, {**self.environment, **variables})

    def run(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Standard output of a command. Raises RepoError, or RepoLocked naming the lock file, when it fails."""
        output = self.attempt(*arguments, stdin=stdin)
        if output.code:
            self.refuse(arguments, output)
        return output.out

    def line(self, *arguments: str) -> str:
        """Standard output of a command that prints one line."""
        return decode(self.run(*arguments)).rstrip("\n")

    def attempt(self, *arguments: str, stdin: bytes = b"") -> Output:
        """
        Runs a command whose failure is an answer too.

        Raises:
            RepoError: Git is not installed, or the command took longer than the limit.
        """
        process = self.start(*arguments)
        try:
            out, err = process.communicate(stdin, timeout=self.timeout)
        except subprocess.TimeoutExpired:
            end(process)
            raise RepoError(
                f"git {arguments[0]} in {self.directory} took longer than {self.timeout:g} s and was ended",
                "check the network and the remote; then try again",
            ) from None
        except BaseException:
            end(process)
            raise
        return Output(process.returncode, out, presentable(err))

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A command with pipes on all sides, in a session of its own; `end` ends it. Raises RepoError without Git."""
        from git import Git as Command
        from git import GitCommandNotFound

        variables = {"GIT_ALLOW_PROTOCOL": os.environ.get("GIT_ALLOW_PROTOCOL", PROTOCOLS), **QUIET, **self.environment}
        folder = ("-C", str(self.directory))  # GitPython would start elsewhere if the folder went away
        command = [*_without_redirections(self.environment), "git", *folder, *CLOSED, *arguments]
        try:
            started = Command(self.directory).execute(
                command, istream=subprocess.PIPE, as_process=True, env=variables, start_new_session=True
            )
        except (GitCommandNotFound, OSError) as error:
            raise RepoError(
                f"git cannot be started in {self.directory}: {error}", "install Git 2.31 or newer"
            ) from None
        process, started.proc = started.proc, None  # GitPython would end it, without its children
        return cast("subprocess.Popen[bytes]", process)

    def refuse(self, arguments: Sequence[str], output: Output) -> NoReturn:
        """Raises the error that a failed command stands for."""
        if lock := _LOCK.search(output.err):
            raise RepoLocked(
                f"git {arguments[0]}: {lock[1]} is in the way: another Git command runs, or one was killed",
                f"wait for it; if none runs: rm '{lock[1]}'",
            )
        if _OWNER.search(output.err):
            raise RepoError(
                f"{self.directory} belongs to another user, so Git does not trust it",
                f"git config --global --add safe.directory '{self.directory}'",
            )
        cause = " ".join(output.err.split()) or f"exit code {output.code}"
        raise RepoError(f"git {arguments[0]} in {self.directory} failed: {cause}")


def _without_redirections(kept: Mapping[str, str]) -> list[str]:
    """The start of a command line that drops what would redirect Git; GitPython can only add variables."""
    present = [name for name in REDIRECTING if name in os.environ and name not in kept]
    return ["env", *(f"--unset={name}" for name in present)] if present else []


def end(process: subprocess.Popen[bytes]) -> None:
    """Kills a process started in a session of its own together with its children (ssh, remote helpers)."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    with suppress(subprocess.TimeoutExpired, OSError, ValueError):
        process.communicate(timeout=5)


def presentable(err: bytes) -> str:
    """What Git or a remote said, without credentials and terminal escapes, at most 2,000 characters."""
    text = _CREDENTIALS.sub("***@", err.decode("utf-8", "replace"))
    return _CONTROL.sub("", _HEADER.sub(r"\1\2***", text)).strip()[:2000]


def decode(name: bytes) -> str:
    """A name as Python knows it; bytes that are not UTF-8 survive the way back through `encode`."""
    return name.decode("utf-8", "surrogateescape")


def encode(name: str) -> bytes:
    """The bytes of a name from `decode`."""
    return name.encode("utf-8", "surrogateescape")
