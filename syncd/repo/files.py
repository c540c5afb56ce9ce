"""The work tree's files: read without following a link, replaced in one step, removed; nothing outside the root."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha1
from pathlib import Path
from secrets import token_hex
from typing import Final

from syncd.errors import ObjectMoved, RepoError
from syncd.model import blob_id
from syncd.repo.stats import Stats

_CHUNK: Final = 1024 * 1024
_TRIES: Final = 3
_SAFE: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_TEMPORARY: Final = ".syncd-"
HEAD_SIZE: Final = 256  # bytes; enough to know a Git LFS pointer
POINTER: Final = b"version https://git-lfs.github.com/spec/"


class Unreadable(Exception):
    """Why one file cannot be read, in words."""


class Files:
    """
    The files below a folder.

    Args:
        root: The folder.
        scratch: A folder for files that are not finished; on the same file system, or the target's folder is used.
        stats: What files looked like when they were read.
    """

    def __init__(self, root: Path, scratch: Path, stats: Stats) -> None:
        self.root = root
        self._scratch = scratch
        self._stats = stats
        self._at = f"{root}/"  # joining by hand: thousands of paths through pathlib take longer than reading them
        self._plain: dict[str, str] = {"": ""}
        self._nears: dict[str, Path] = {}

    def forget(self) -> None:
        """Looks for links anew from now on."""
        self._plain = {"": ""}

    def link_above(self, path: str) -> str:
        """The first folder above a path that is a symbolic link, or ""; asked once a folder."""
        folder = path.rpartition("/")[0]
        known = self._plain.get(folder)
        if known is None:
            known = self.link_above(folder) or (folder if self._is_link(folder) else "")
            self._plain[folder] = known
        return known

    def _is_link(self, path: str) -> bool:
        try:
            return stat.S_ISLNK(self.stat(path).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def exists(self, path: str) -> bool:
        """Whether anything lies there, a broken link included."""
        return os.path.lexists(self._at + path)

    def stat(self, path: str) -> os.stat_result:
        """What lies there, links not followed. Raises OSError."""
        return os.lstat(self._at + path)

    def read(self, path: str, limit: int | None = None) -> bytes:
        """
        The bytes of a regular file, read while it did not change.

        Args:
            path: From the root.
            limit: Bytes after which reading stops.

        Raises:
            Unreadable: It is gone, a link, no file, may not be read, or kept changing.
        """
        for _ in range(_TRIES):
            with self._opened(path) as (file, before):
                data = _read(file, before.st_size if limit is None else min(limit, before.st_size))
                if _same(before, os.fstat(file)):
                    if len(data) == before.st_size and not data.startswith(POINTER):
                        self._stats.note(path, before, blob_id(data))
                    return data
        raise Unreadable("it kept changing while it was read")

    def known(self, path: str, stat: os.stat_result) -> str:
        """The blob id of this file where it looks as it did when it was read, else ""."""
        return self._stats.blob(path, stat)

    def fingerprint(self, path: str) -> tuple[str, bytes]:
        """The blob id and the first bytes of a file of any size, without holding it. Raises Unreadable."""
        for _ in range(_TRIES):
            with self._opened(path) as (file, before):
                seen = sha1(b"blob %d\0" % before.st_size, usedforsecurity=False)
                head = chunk = os.read(file, _CHUNK)
                while chunk:
                    seen.update(chunk)
                    chunk = os.read(file, _CHUNK) if before.st_size >= _CHUNK else b""
                if _same(before, os.fstat(file)):
                    if not head.startswith(POINTER):
                        self._stats.note(path, before, seen.hexdigest())
                    return seen.hexdigest(), head[:HEAD_SIZE]
        raise Unreadable("it kept changing while it was read")

    @contextmanager
    def _opened(self, path: str) -> Iterator[tuple[int, os.stat_result]]:
        try:
            file = os.open(self._at + path, _SAFE)
        except OSError as error:
            raise Unreadable(_reason(error)) from None
        try:
            found = os.fstat(file)
            if not stat.S_ISREG(found.st_mode):
                raise Unreadable("it is not a regular file")
            yield file, found
        except OSError as error:
            raise Unreadable(_reason(error)) from None
        finally:
            os.close(file)

    def raw(self, path: str) -> str | None:
        """Blob id of what lies there now, `None` where nothing does. Raises ObjectMoved where it cannot be read."""
        if not self.exists(path):
            return None
        try:
            return self.fingerprint(path)[0]
        except Unreadable as error:
            raise ObjectMoved(f"{path}: {error}") from None

    def replace(self, path: str, data: bytes, expected: str | None) -> None:
        """
        Puts these bytes there in one step, if what is there now is what is expected; the file's mode is kept.

        Args:
            path: From the root.
            data: The new content.
            expected: Blob id of the old content, `None` for no file.

        Raises:
            ObjectMoved: Something else is there.
            RepoError: The path leads through a link, or cannot be written.
        """
        self._check_way(path)
        target = self.root / path
        try:
            with self._written(path, data) as temporary:
                self._check(path, expected)
                if expected is None:
                    _place(temporary, target)
                else:
                    temporary.chmod(stat.S_IMODE(target.stat(follow_symlinks=False).st_mode))
                    temporary.replace(target)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise ObjectMoved(f"{path}: something else is there now ({error.strerror})") from None
        except OSError as error:
            raise RepoError(f"{path} cannot be written: {_reason(error)}", "look at its folder and the disk") from None

    def remove(self, path: str, expected: str) -> None:
        """
        Removes a file if it holds what is expected, and the folders that this leaves empty, but not the outermost.

        Args:
            path: From the root.
            expected: Blob id of its content.

        Raises:
            ObjectMoved: Something else is there.
            RepoError: It cannot be removed.
        """
        self._check_way(path)
        self._check(path, expected)
        try:
            (self.root / path).unlink()
        except OSError as error:
            raise RepoError(f"{path} cannot be removed: {_reason(error)}", "look at its folder") from None
        folder = path.rpartition("/")[0]
        self._nears.clear()
        with suppress(OSError):
            while "/" in folder:
                (self.root / folder).rmdir()
                folder = folder.rpartition("/")[0]

    def _check(self, path: str, expected: str | None) -> None:
        found = self.raw(path)
        if found != expected:
            what = "is gone" if found is None else "was edited" if expected else "exists by now"
            raise ObjectMoved(f"{path} {what}")

    def _check_way(self, path: str) -> None:
        if {"..", ".", "", ".git"} & set(path.lower().split("/")) or "\0" in path:
            raise RepoError(f"{path!r} is not a path inside the repository", "rename the object")
        self.forget()
        if link := self.link_above(path):
            raise RepoError(f"{path} cannot be written: {link} is a symbolic link", f"replace {link} by a folder")

    @contextmanager
    def _written(self, path: str, data: bytes) -> Iterator[Path]:
        """A finished file beside or near its place, gone afterwards."""
        temporary = self._near(path.rpartition("/")[0]) / f"{_TEMPORARY}{token_hex(8)}"
        try:
            file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            with os.fdopen(file, "wb") as stream:
                stream.write(data)
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)

    def _near(self, folder: str) -> Path:
        """Makes a folder, and says where files for it can be finished: on the same file system."""
        if folder not in self._nears:
            place = self.root / folder
            place.mkdir(parents=True, exist_ok=True)
            self._scratch.mkdir(exist_ok=True)
            self._nears[folder] = self._scratch if self._scratch.stat().st_dev == place.stat().st_dev else place
        return self._nears[folder]


def _place(temporary: Path, target: Path) -> None:
    """Moves a file to where none is; a link fails if one has appeared, but not every file system has links."""
    try:
        os.link(temporary, target)
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.EMLINK}:
            raise
        temporary.replace(target)


def _read(file: int, size: int) -> bytes:
    data = bytearray()
    while len(data) < size and (chunk := os.read(file, size - len(data))):
        data += chunk
    return bytes(data)


def _same(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)


def _reason(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "it is a symbolic link"
    if error.errno == errno.ENOENT:
        return "it vanished while it was being read"
    return (error.strerror or str(error)).lower()
