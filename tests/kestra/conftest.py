"""What the tests of the Kestra edge share: no waiting between repeats, and sandboxes of both lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import stamina

from syncd.kestra import Address, Kestra, ListingCache
from syncd.sandbox import PASSWORD, USERNAME, RunningSandbox, running
from tests.kestra.doubles import LINES, Wire


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Repeats are made at once, as many as outside of tests."""
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


@pytest.fixture(params=LINES)
def line(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sandbox(line: str) -> Iterator[RunningSandbox]:
    with running(dialect=line) as server:
        yield server


@pytest.fixture
def wire() -> Iterator[Wire]:
    network = httpx.HTTPTransport()
    yield Wire(server=network)
    network.close()


@pytest.fixture
def kestra(sandbox: RunningSandbox, wire: Wire, tmp_path: Path) -> Iterator[Kestra]:
    address = Address(sandbox.url, username=USERNAME, password=PASSWORD)
    with Kestra(address, transport=wire, cache=ListingCache(tmp_path / "cache")) as side:
        yield side
