"""Engines for the tests: each version once a session, or the one server that `SYNCD_ENGINE_URL` names."""

import os
import uuid
from collections.abc import Iterator

import httpx
import pytest

from .install import HERE
from .launch import VERSIONS, RunningEngine, given, start

GIVEN_URL = os.environ.get("SYNCD_ENGINE_URL")


_DOWNLOAD_SECONDS = 1800


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder needs an engine, and the first one may have to wait for its download."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.engine)
            item.add_marker(pytest.mark.timeout(_DOWNLOAD_SECONDS))


@pytest.fixture(scope="session", params=[GIVEN_URL] if GIVEN_URL else VERSIONS)
def engine(request: pytest.FixtureRequest) -> Iterator[RunningEngine]:
    """A running server; tests share it, so each works in a namespace of its own."""
    running = given(GIVEN_URL) if GIVEN_URL else start(request.param)
    yield running
    running.stop()


@pytest.fixture
def namespace() -> str:
    """A namespace that no other test uses."""
    return f"engine.{uuid.uuid4().hex}"


@pytest.fixture
def client(engine: RunningEngine) -> Iterator[httpx.Client]:
    """A client of the engine, logged in, below the tenant."""
    with engine.client() as client:
        yield client
