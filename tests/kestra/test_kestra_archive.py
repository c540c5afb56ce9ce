"""Zip archives from a server are data of a stranger."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import KestraError
from syncd.kestra import archive
from syncd.kestra.archive import entries, packed
from tests.kestra.doubles import zipped


@given(st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="\0/\\"), min_size=1), st.binary()))
def test_what_is_packed_is_unpacked(files: dict[str, bytes]) -> None:
    assert dict(entries(io.BytesIO(packed(files.items())), "it")) == files


@pytest.mark.parametrize(
    "junk", [b"", b"PK", b"not a zip at all", zipped({"a": b"x" * 99})[:-30]], ids=["empty", "start", "text", "torn"]
)
def test_what_is_no_archive_is_an_error_and_not_an_empty_one(junk: bytes) -> None:
    with pytest.raises(KestraError, match=r"the flows: .*not a readable zip"):
        list(entries(io.BytesIO(junk), "the flows"))


def test_damaged_bytes_are_an_error() -> None:
    data = bytearray(zipped({"a": b"hello" * 100}))
    data[40] ^= 0xFF
    with pytest.raises(KestraError, match="not a readable zip"):
        list(entries(io.BytesIO(bytes(data)), "it"))


def test_a_bomb_in_one_entry_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "ENTRY_LIMIT", 1 << 20)
    with pytest.raises(KestraError, match="unpacks to more than 1 MiB"):
        list(entries(io.BytesIO(zipped({"bomb": b"\0" * (4 << 20)})), "it"))


def test_a_bomb_of_many_entries_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "ARCHIVE_LIMIT", 1 << 20)
    with pytest.raises(KestraError, match="unpacks to more than"):
        list(entries(io.BytesIO(zipped({str(number): b"\0" * (300 << 10) for number in range(5)})), "it"))


def test_more_entries_than_anyone_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "ENTRIES_LIMIT", 2)
    with pytest.raises(KestraError, match="more than 2 files"):
        list(entries(io.BytesIO(zipped({"a": b"", "b": b"", "c": b""})), "it"))


def test_folders_are_left_out() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.mkdir("d")
        made.writestr("d/x", b"1")
    assert list(entries(buffer, "it")) == [("d/x", b"1")]
