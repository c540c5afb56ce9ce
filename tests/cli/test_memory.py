"""What runs remember saves work and never decides anything: it may be lost, damaged or out of date at any time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Place

FLOW = "flows/company.team/hello.yml"
SCRIPT = "namespaces/company.team/files/scripts/query.sql"


def remembered(place: Place) -> list[Path]:
    """The files of the cache."""
    return [path for path in Path(place.variables["SYNCD_CACHE_DIR"]).rglob("*") if path.is_file()]


@pytest.fixture
def settled(agreed: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A place whose files are remembered, as if they had been written long ago."""
    monkeypatch.setattr("syncd.repo.stats._MARGIN", 0)
    agreed.syncd("diff", "--exit-code")
    return agreed


def test_a_second_look_reads_no_file_of_the_work_tree(settled: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    really = os.open

    def watched(path: str, *arguments: int) -> int:
        opened.append(str(path))
        return really(path, *arguments)

    monkeypatch.setattr("syncd.repo.files.os.open", watched)
    settled.syncd("diff", "--exit-code")
    assert not [path for path in opened if path.startswith(f"{settled.root}/")]


@pytest.mark.parametrize("path", [FLOW, SCRIPT])
def test_an_edit_that_keeps_size_and_time_is_seen(settled: Place, path: str) -> None:
    file = settled.root / path
    before = file.stat()
    text = file.read_bytes()
    file.write_bytes(text.replace(b"1", b"2") if path == SCRIPT else text.replace(b"Hello!", b"Hallo!"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size
    assert list(settled.verdicts("diff").values()) == ["update"]


@pytest.mark.parametrize("junk", ["", "{", "null", "[]", '{"form": 1, "files": 3}'])
def test_a_damaged_memory_changes_nothing(settled: Place, junk: str) -> None:
    assert remembered(settled)
    for file in remembered(settled):
        file.write_text(junk)
    settled.syncd("diff", "--exit-code")


def test_looking_writes_nothing_into_the_repository(settled: Place) -> None:
    before = {path: path.stat().st_mtime_ns for path in settled.root.rglob("*")}
    settled.syncd("diff")
    assert {path: path.stat().st_mtime_ns for path in settled.root.rglob("*")} == before


def test_starting_imports_nothing_that_a_look_has_no_use_for() -> None:
    heavy = {"rich", "pygments", "starlette", "uvicorn", "watchdog", "jsonschema_rs", "structlog"}
    ask = "import sys, syncd.cli.main, syncd.cli.diff, syncd.cli.push; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.split()
    assert "httpx" in modules
    assert not heavy & set(modules)
