"""Real file events, through the real `watchdog`; tests wait on the bell, not on the clock."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from syncd.watch import Bell, Burst, Files, Ripe, Territory

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning:watchdog")

PATIENCE = 20.0
NO_RIPE = 0.05


@pytest.fixture(autouse=True)
def _plain_logs() -> Iterator[None]:
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    (root / "flows" / "company.team").mkdir(parents=True)
    (root / "namespaces" / "company.team" / "files").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", "-b", "main", root], check=True)
    return root


class Heard:
    """Files with everything around them."""

    def __init__(self, territory: Territory, observe: type[BaseObserver] | None = None) -> None:
        self.bell = Bell()
        self.ahead = 0.0
        self.files = Files(
            territory, self.bell, self._clock, burst=Burst(quiet=NO_RIPE), **({"observe": observe} if observe else {})
        )

    def _clock(self) -> float:
        return time.monotonic() + self.ahead

    def next(self) -> Ripe:
        """The next burst."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if ripe := self.files.take():
                return ripe
            self.bell.wait(min(self.files.due - self._clock(), 1.0))
        pytest.fail("nothing was heard")

    def all(self, path: Path) -> Ripe:
        """Everything up to the burst that has this path: a fence behind whatever came before it."""
        paths: set[str] = set()
        refs = False
        while str(path) not in paths:
            ripe = self.next()
            paths |= ripe.paths
            refs |= ripe.refs
        return Ripe(frozenset(paths), refs, more=False)

    def check_now(self) -> None:
        """As if the time for the next check had come."""
        self.ahead += 60


@pytest.fixture
def heard(root: Path) -> Iterator[Heard]:
    heard = Heard(Territory(root, ("flows", "namespaces"), (root / ".git",)))
    with heard.files:
        yield heard


def test_a_saved_file_is_heard(heard: Heard, root: Path) -> None:
    flow = root / "flows" / "company.team" / "a.yml"
    flow.write_text("id: a\n")
    assert str(flow) in heard.next().paths


def test_an_atomic_save_is_heard_from_inside_and_from_outside(heard: Heard, root: Path, tmp_path: Path) -> None:
    folder = root / "flows" / "company.team"
    inside, outside = folder / ".a.yml.swp", tmp_path / "b.tmp"
    inside.write_text("id: a\n")
    outside.write_text("id: b\n")
    inside.replace(folder / "a.yml")
    outside.replace(folder / "b.yml")
    assert {str(folder / "a.yml"), str(folder / "b.yml")} <= heard.all(folder / "b.yml").paths


def test_a_file_in_a_folder_that_is_new_is_heard(heard: Heard, root: Path) -> None:
    new = root / "flows" / "company.other" / "deep" / "er"
    new.mkdir(parents=True)
    (new / "a.yml").write_text("id: a\n")
    heard.all(new / "a.yml")


def test_a_folder_moved_away_is_heard(heard: Heard, root: Path, tmp_path: Path) -> None:
    (root / "flows" / "company.team").replace(tmp_path / "elsewhere")
    assert str(root / "flows" / "company.team") in heard.next().paths


def test_reading_everything_is_not_heard(heard: Heard, root: Path) -> None:
    flow = root / "flows" / "company.team" / "a.yml"
    flow.write_text("id: a\n")
    heard.all(flow)
    for _ in range(50):
        flow.read_text()
        list(root.rglob("*"))
    last = root / "flows" / "company.team" / "last.yml"
    last.write_text("id: last\n")
    assert heard.all(last).paths == {str(last)}


def test_git_at_work_is_not_heard_but_a_commit_is(heard: Heard, root: Path) -> None:
    git = ["git", "-C", str(root), "-c", "user.name=n", "-c", "user.email=n@example.com"]
    subprocess.run([*git, "add", "--all"], check=True)
    subprocess.run([*git, "update-ref", "refs/syncd/dev", _blob_commit(git)], check=True)
    fence = root / "flows" / "company.team" / "fence.yml"
    fence.write_text("id: fence\n")
    assert heard.all(fence).refs is False
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "one"], check=True)
    assert heard.next().refs is True


def _blob_commit(git: list[str]) -> str:
    tree = subprocess.run([*git, "mktree"], check=True, input=b"", capture_output=True).stdout.decode().strip()
    commit = subprocess.run([*git, "commit-tree", tree, "-m", "base"], check=True, capture_output=True)
    return commit.stdout.decode().strip()


def test_files_that_are_none_of_ours_are_not_heard(heard: Heard, root: Path) -> None:
    (root / "README.md").write_text("hello\n")
    (root / "src").mkdir()
    (root / "src" / "main.py").write_text("1\n")
    (root / "flows" / "company.team" / ".syncd-0123").write_text("not finished\n")
    fence = root / "syncd.yaml"
    fence.write_text("environments: {}\n")
    assert heard.all(fence).paths == {str(fence)}


def test_a_folder_that_appears_later_is_heard_and_then_watched(tmp_path: Path) -> None:
    heard = Heard(Territory(tmp_path, ("kestra/flows",)))
    with heard.files:
        (tmp_path / "kestra").mkdir()
        heard.all(tmp_path / "kestra")
        heard.check_now()
        assert heard.files.take() is None
        (tmp_path / "kestra" / "flows").mkdir()
        heard.all(tmp_path / "kestra" / "flows")
        heard.check_now()
        heard.next()
        (tmp_path / "kestra" / "flows" / "a.yml").write_text("id: a\n")
        heard.all(tmp_path / "kestra" / "flows" / "a.yml")


def test_with_the_whole_repository_as_folder_hidden_ones_are_left_out(tmp_path: Path) -> None:
    for name in (".venv", "company.team"):
        (tmp_path / name / "flows").mkdir(parents=True)
    heard = Heard(Territory(tmp_path, ("",)))
    with heard.files:
        (tmp_path / ".venv" / "flows" / "a.yml").write_text("id: a\n")
        (tmp_path / "company.team" / "flows" / "b.yml").write_text("id: b\n")
        fence = tmp_path / "company.team" / "flows" / "b.yml"
        assert heard.all(fence).paths == {str(fence)}


@pytest.mark.parametrize("again", ["at once", "after a check"])
def test_a_root_that_was_replaced_is_watched_anew(heard: Heard, root: Path, again: str) -> None:
    with capture_logs() as logs:
        shutil.rmtree(root)
        heard.next()
        if again == "after a check":
            heard.check_now()
            heard.files.take()
            heard.check_now()
            heard.files.take()
        (root / "flows").mkdir(parents=True)
        heard.check_now()
        assert str(root / "flows") in heard.next().paths
        (root / "flows" / "a.yml").write_text("id: a\n")
        heard.all(root / "flows" / "a.yml")
    said = [entry["event"] for entry in logs if entry["log_level"] == "warning"]
    assert said == (["watch.replaced"] if again == "at once" else ["watch.fallback"])


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EMFILE])
def test_without_inotify_it_polls_and_says_so_once(root: Path, code: int) -> None:
    def none_left() -> BaseObserver:
        raise OSError(code, os.strerror(code))

    with capture_logs() as logs:
        heard = Heard(Territory(root, ("flows", "namespaces")), none_left)  # type: ignore[arg-type]
        with heard.files:
            assert heard.files.polling
            flow = root / "flows" / "company.team" / "a.yml"
            flow.write_text("id: a\n")
            heard.all(flow)
            heard.check_now()
            heard.files.take()
    said = [entry for entry in logs if entry["event"] == "watch.fallback"]
    assert [entry["cause"] for entry in said] == [os.strerror(code)]


def test_a_limit_reached_at_the_last_folder_makes_it_poll(root: Path) -> None:
    class Limited(Observer):  # type: ignore[misc,valid-type]
        left = 2

        def schedule(self, *arguments: object, **options: object) -> object:
            Limited.left -= 1
            if Limited.left < 0:
                raise OSError(errno.ENOSPC, "inotify watch limit reached")
            return super().schedule(*arguments, **options)

    heard = Heard(Territory(root, ("flows", "namespaces")), Limited)
    with heard.files:
        assert heard.files.polling
        flow = root / "namespaces" / "company.team" / "files" / "a.py"
        flow.write_text("1\n")
        heard.all(flow)


def test_a_folder_that_vanishes_while_its_watch_begins_is_no_reason_to_poll(root: Path) -> None:
    class Late(Observer):  # type: ignore[misc,valid-type]
        late = True

        def schedule(self, handler: object, path: str, **options: object) -> object:
            if Late.late and path.endswith("flows"):
                Late.late = False
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            return super().schedule(handler, path, **options)

    heard = Heard(Territory(root, ("flows", "namespaces")), Late)
    with heard.files:
        assert not heard.files.polling
        heard.check_now()
        assert str(root / "flows") in heard.next().paths


def test_a_root_that_is_missing_at_the_start_is_waited_for(tmp_path: Path) -> None:
    heard = Heard(Territory(tmp_path / "repo", ("flows",)))
    with capture_logs() as logs, heard.files:
        (tmp_path / "repo" / "flows").mkdir(parents=True)
        heard.check_now()
        heard.next()
        (tmp_path / "repo" / "flows" / "a.yml").write_text("id: a\n")
        heard.all(tmp_path / "repo" / "flows" / "a.yml")
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == ["watch.fallback"]


def test_thousands_of_writes_are_bursts_without_repetition(heard: Heard, root: Path) -> None:
    folder = root / "flows" / "company.team"
    for number in range(5_000):
        (folder / f"{number % 500}.yml").write_text(str(number))
    ripe = heard.next()
    assert 0 < len(ripe.paths) <= 500
