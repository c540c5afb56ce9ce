"""Reads and writes zip archives in memory and within limits; what their entries mean is decided elsewhere."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import IO
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from syncd.errors import KestraError

ENTRY_LIMIT = 128 << 20
"""Bytes of one unpacked entry."""

ARCHIVE_LIMIT = 1 << 30
"""Bytes of everything that is unpacked from one archive."""

ENTRIES_LIMIT = 200_000
"""Entries of one archive."""

_HINT = "narrow what is read with --namespace, or look at what the server holds"


def entries(archive: IO[bytes], what: str) -> Iterator[tuple[str, bytes]]:
    """
    The files of a zip archive, one at a time; names are as hostile as whoever wrote them.

    Raises:
        KestraError: It is not a zip archive, or it unpacks to more than the limits.
    """
    left = ARCHIVE_LIMIT
    try:
        with ZipFile(archive) as opened:
            infos = opened.infolist()
            if len(infos) > ENTRIES_LIMIT:
                raise KestraError(f"{what}: the archive holds more than {ENTRIES_LIMIT} files", _HINT)
            for info in infos:
                if not info.is_dir():
                    data = _unpacked(opened, info, min(left, ENTRY_LIMIT), what)
                    left -= len(data)
                    yield info.filename, data
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise KestraError(f"{what}: the answer is not a readable zip archive: {error}", _HINT) from None


def packed(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A zip archive that holds these files."""
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return buffer.getvalue()


def _unpacked(archive: ZipFile, info: ZipInfo, limit: int, what: str) -> bytes:
    with archive.open(info) as entry:
        data = entry.read(limit + 1)
    if len(data) > limit:
        raise KestraError(f"{what}: the archive, or one entry of it, unpacks to more than {limit >> 20} MiB", _HINT)
    return data
