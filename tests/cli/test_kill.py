"""
A run that is killed between any two of its steps loses nothing, and the next run converges.

A step is anything that reaches the outside: a request, a Git command, a file put in place.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from syncd.repo.git import Git
from syncd.sandbox import running
from tests.cli.conftest import Place, flow_text, make_place

EDITED = flow_text("drifted", "edited in the UI")
FLOWS = "flows/company.team"


class Killed(BaseException):
    """What no handler of the program expects, like the end of its process."""


class Killer:
    """Ends the run just before its step number `last`, and whatever it still tries afterwards."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.taken = 0

    def watching(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, as a step."""

        def step(*arguments: Any, **settings: Any) -> Any:
            self.taken += 1
            if self.taken >= self.last:
                raise Killed
            return function(*arguments, **settings)

        return step


@contextmanager
def killing(last: int) -> Iterator[Killer]:
    """Within: the run is killed before this step."""
    killer = Killer(last)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx.HTTPTransport, "handle_request", killer.watching(httpx.HTTPTransport.handle_request))
        patch.setattr(Git, "start", killer.watching(Git.start))
        patch.setattr(os, "replace", killer.watching(os.replace))
        yield killer


def killed_before(step: int, place: Place, *arguments: str) -> bool:
    """Whether the run was long enough to be killed there."""
    with killing(step) as killer:
        try:
            place.syncd(*arguments)
        except Killed:
            return True
        return killer.taken >= step


def prepared(root: Path) -> tuple[Any, Place]:
    """A server and a repository that want an update, a create, a deletion, a file and a repair."""
    context = running(dialect="1.3")
    server = context.__enter__()
    place = make_place(root / "repository", server.url, root / "cache")
    for name in ("updated", "drifted", *(f"kept-{number}" for number in range(3)), "deleted"):
        place.flow(name)
    place.commit()
    place.syncd("push")
    place.flow("updated", "edited in Git")
    place.flow("created")
    place.write("namespaces/company.team/files/query.sql", "select 1")
    (place.root / FLOWS / "deleted.yml").unlink()
    place.ui.edit(EDITED, "drifted")
    return context, place


@pytest.mark.parametrize("residue", range(4))
def test_a_push_killed_anywhere_is_finished_by_the_next(tmp_path: Path, residue: int) -> None:
    for step in count(1 + residue, 4):
        root = tmp_path / str(step)
        root.mkdir()
        context, place = prepared(root)
        try:
            if not killed_before(step, place, "push", "--prune", "--heal"):
                assert step > 20
                return
            place.syncd("push", "--prune", "--heal")
            assert place.ui.text("updated") == flow_text("updated", "edited in Git")
            assert place.ui.text("created") == flow_text("created")
            assert place.ui.text("drifted") == flow_text("drifted")
            assert place.ui.text("deleted") is None
            assert place.ui.file("query.sql") == b"select 1"
            place.syncd("rescue", "restore", "company.team/drifted", "--to", str(root / "rescued"))
            assert (root / "rescued").read_text() == EDITED
            assert place.json("push", "--prune", "--heal")["items"] == []
            assert place.ui.revision("updated") == 2
        finally:
            place.ui.client.close()
            context.__exit__(None, None, None)


@pytest.mark.parametrize("residue", range(4))
def test_a_committing_pull_killed_anywhere_is_finished_by_the_next(tmp_path: Path, residue: int) -> None:
    for step in count(1 + residue, 4):
        root = tmp_path / str(step)
        root.mkdir()
        context, place = prepared(root)
        try:
            place.git("checkout", "--quiet", ".")
            (place.root / FLOWS / "created.yml").unlink()
            place.ui.delete("deleted")
            if not killed_before(step, place, "pull", "--commit", "--prune"):
                assert step > 20
                return
            place.syncd("pull", "--commit", "--prune")
            assert (place.root / FLOWS / "drifted.yml").read_text() == EDITED
            assert not (place.root / FLOWS / "deleted.yml").exists()
            assert place.git("status", "--short", "flows") == ""
            assert place.json("pull", "--commit", "--prune")["commit"] is None
        finally:
            place.ui.client.close()
            context.__exit__(None, None, None)
