"""The contract, kept by memory, by the three ways of writing to Git, and by the sandbox in both dialects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from syncd.kestra import Address, Kestra
from syncd.repo import GitSide
from syncd.sandbox import PASSWORD, USERNAME, Dialect, running
from tests.memory import MemorySide
from tests.repositories import LAYOUT, started
from tests.sides.contract import *  # noqa: F403
from tests.sides.contract import Subject

NAMESPACE = "company.team"


@contextmanager
def memory(_: Path) -> Iterator[Subject]:
    yield Subject(MemorySide(), NAMESPACE)


@contextmanager
def worktree(folder: Path) -> Iterator[Subject]:
    yield Subject(GitSide.worktree(started(folder, {}), LAYOUT), NAMESPACE)


@contextmanager
def checkout(folder: Path) -> Iterator[Subject]:
    side = GitSide.checkout(started(folder, {"README.md": b""}), LAYOUT)
    yield Subject(side, NAMESPACE, lambda: side.commit("pull"))


@contextmanager
def branch(folder: Path) -> Iterator[Subject]:
    side = GitSide.on(started(folder, {"README.md": b""}), LAYOUT, "from-kestra", start="main")
    yield Subject(side, NAMESPACE, lambda: side.commit("pull"))


def sandbox(dialect: Dialect) -> Callable[[Path], AbstractContextManager[Subject]]:
    @contextmanager
    def made(_: Path) -> Iterator[Subject]:
        with (
            running(dialect=dialect) as box,
            Kestra(Address(box.url, username=USERNAME, password=PASSWORD)) as side,
        ):
            yield Subject(side, NAMESPACE)

    return made


SIDES = {
    "memory": memory,
    "worktree": worktree,
    "checkout": checkout,
    "branch": branch,
    "sandbox 1.3": sandbox("1.3"),
    "sandbox 2.0": sandbox("2.0"),
}


@pytest.fixture(params=list(SIDES))
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    """Each side in turn, with nothing in it."""
    with SIDES[request.param](tmp_path / "r") as made:
        yield made
