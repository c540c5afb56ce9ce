"""The cache of listings may be lost, damaged or shared at any time."""

import json
from pathlib import Path

import pytest

from syncd.kestra import ListingCache
from syncd.kestra.listing import Known, Stat

KNOWN = {"a/b.txt": Known(Stat(3, 1782907200000), "f" * 40), "é b": Known(Stat(0, 1), "0" * 40)}


def test_what_is_stored_is_loaded_by_server_and_namespace(tmp_path: Path) -> None:
    cache = ListingCache(tmp_path / "deep" / "cache")
    cache.store("uuid main", "a.b", KNOWN)
    assert cache.load("uuid main", "a.b") == KNOWN
    assert cache.load("uuid main", "a.c") == {}
    assert cache.load("other main", "a.b") == {}


@pytest.mark.parametrize(
    "junk",
    ["", "{", "[]", "null", '{"form": 2}', '{"form": 1, "namespace": "a.b"}', "[" * 9000]
    + [
        json.dumps({"form": 1, "namespace": "a.b", "files": files}) for files in (1, [1], {"x": 1}, {"x": ["a", 1, ""]})
    ],
)
def test_a_damaged_file_counts_as_nothing_known(tmp_path: Path, junk: str) -> None:
    cache = ListingCache(tmp_path)
    cache.store("s", "a.b", KNOWN)
    [file] = tmp_path.iterdir()
    file.write_text(junk)
    assert cache.load("s", "a.b") == {}
    cache.store("s", "a.b", KNOWN)
    assert cache.load("s", "a.b") == KNOWN


def test_nothing_is_left_beside_the_cache_file(tmp_path: Path) -> None:
    cache = ListingCache(tmp_path)
    cache.store("s", "a.b", {})
    cache.store("s", "a.b", KNOWN)
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"]


def test_a_folder_that_cannot_be_made_only_means_no_memory(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    cache = ListingCache(tmp_path / "taken")
    cache.store("s", "a.b", KNOWN)
    assert cache.load("s", "a.b") == {}


def test_the_environment_says_where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SYNCD_CACHE_DIR", str(tmp_path))
    ListingCache.default().store("s", "a.b", KNOWN)
    assert list((tmp_path / "files").iterdir())


def test_without_one_it_is_the_users_own_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SYNCD_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    ListingCache.default().store("s", "a.b", KNOWN)
    assert list((tmp_path / "syncd" / "files").iterdir())
