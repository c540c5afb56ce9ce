"""One template for each line of servers, one relay for all tests of a process, a fresh copy for each test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import stamina

from syncd.sandbox.refusal import Dialect
from tests.faults.relay import Relay, Rule, relaying
from tests.faults.stage import Stage, build, copied

Staging = Callable[..., Stage]


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No variable of whoever runs the tests, and no waiting between two attempts."""
    for name in list(os.environ):
        if name.startswith(("SYNCD_", "KESTRA_", "KESTRACTL_")):
            monkeypatch.delenv(name)
    with stamina.set_testing(True, attempts=4, cap=True):
        yield


@pytest.fixture(scope="session")
def relay() -> Iterator[Relay]:
    with relaying() as made:
        yield made


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Dialect], Path]:
    """The folder of a stage in each dialect, built when it is first asked for."""
    built: dict[Dialect, Path] = {}

    def of(dialect: Dialect) -> Path:
        if dialect not in built:
            built[dialect] = tmp_path_factory.mktemp(f"template-{dialect}")
            build(built[dialect], dialect)
        return built[dialect]

    return of


@pytest.fixture
def staged(tmp_path: Path, relay: Relay, template: Callable[[Dialect], Path]) -> Iterator[Staging]:
    """Makes a stage: `staged("1.3", *rules)`."""
    with ExitStack() as stack:

        def make(dialect: Dialect, *rules: Rule) -> Stage:
            return stack.enter_context(copied(template(dialect), tmp_path, dialect, relay, *rules))

        yield make
