"""The server's own schema is fetched once for each version and set of plugins, and done without where there is none."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from syncd.cli.schemacache import against
from syncd.errors import KestraError
from syncd.kestra import Address, Kestra
from syncd.schemas import document

SCHEMA = json.dumps(document("2.0")).encode()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNCD_CACHE_DIR", str(tmp_path))


def server(asked: list[str], *, plugins: str = "p1", schema: bytes | None = SCHEMA) -> Kestra:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/configs"):
            return httpx.Response(200, json={"version": "2.0.1", "edition": "OSS", "uuid": "u", "pluginsHash": plugins})
        asked.append(request.url.path)
        return httpx.Response(404, json={}) if schema is None else httpx.Response(200, content=schema)

    return Kestra(Address(url="http://kestra.example", tenant="main"), transport=httpx.MockTransport(answer))


def test_one_answer_lasts_until_the_plugins_change() -> None:
    asked: list[str] = []
    assert against(server(asked)).own is not None
    assert against(server(asked)).own is not None
    assert len(asked) == 1
    against(server(asked, plugins="p2"))
    assert len(asked) == 2


def test_a_server_without_a_schema_is_checked_by_the_packaged_one_of_its_line() -> None:
    found = against(server([], schema=None))
    assert (found.line, found.own) == ("2.0", None)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"definitions": 1}'])
def test_anything_but_a_schema_is_an_error(body: bytes) -> None:
    with pytest.raises(KestraError, match="not one"):
        against(server([], schema=body))
