"""The engines keep the contract that every side of a sync keeps."""

from collections.abc import Iterator

import pytest

from syncd.kestra import Address, Kestra
from tests.sides.contract import *  # noqa: F403
from tests.sides.contract import Subject

from .launch import RunningEngine


@pytest.fixture
def subject(engine: RunningEngine, namespace: str) -> Iterator[Subject]:
    """An engine, through the client that users have."""
    with Kestra(Address(engine.url, username=engine.username, password=engine.password)) as side:
        yield Subject(side, namespace)
