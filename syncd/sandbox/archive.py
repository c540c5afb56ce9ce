"""Zip files that come in and go out, with a bound on what is unpacked; what the entries mean is up to the routes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable

from syncd.sandbox.refusal import Refused

UNPACKED_LIMIT = 256 * 1024 * 1024


def unpacked(data: bytes, wanted: Callable[[str], bool]) -> list[tuple[str, bytes]]:
    """
    Name and content of the files in a zip.

    Raises:
        Refused: If it is no zip, or holds more than `UNPACKED_LIMIT` bytes.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [each for each in archive.infolist() if not each.is_dir() and wanted(each.filename)]
            if sum(each.file_size for each in entries) > UNPACKED_LIMIT:
                raise Refused("payload-too-large", f"The zip holds more than {UNPACKED_LIMIT} bytes")
            return [(each.filename, archive.read(each)) for each in entries]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise Refused("invalid-argument", f"The zip cannot be read: {error}") from None


def packed(entries: Iterable[tuple[str, bytes]]) -> bytes:
    """A zip of the entries, in their order."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return buffer.getvalue()
