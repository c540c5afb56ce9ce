"""`syncd watch` as a process of its own, against the sandbox: what a user sees when both sides move under it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from syncd import sandbox
from syncd.kestra.side import MANY
from syncd.sandbox import RunningSandbox

PATIENCE = 60.0
HOUR = "3600"
LOGIN = (sandbox.USERNAME, sandbox.PASSWORD)


def flow(name: str, message: str = "hello") -> str:
    log = "io.kestra.plugin.core.log.Log"
    return f"id: {name}\nnamespace: company.team\ntasks:\n  - id: say\n    type: {log}\n    message: {message}\n"


class Repo:
    """A repository with one flow in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        subprocess.run(["git", "init", "-q", "-b", "main", root], check=True)
        self.git("config", "user.name", "Ada")
        self.git("config", "user.email", "ada@example.com")
        self.save("hello", flow("hello"))
        self.commit()

    def git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.root), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "-q", "-m", "edit")

    def path(self, name: str) -> Path:
        return self.root / "flows" / "company.team" / f"{name}.yml"

    def save(self, name: str, text: str) -> None:
        """As editors do: written beside, then moved into its place."""
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path(name).with_suffix(".tmp")
        unfinished.write_text(text)
        unfinished.replace(self.path(name))

    def configure(self, text: str) -> None:
        (self.root / "syncd.yaml").write_text(text)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


@pytest.fixture
def server() -> Iterator[RunningSandbox]:
    with sandbox.running() as running:
        yield running


@dataclass
class Process:
    """A running daemon: every JSON line that it prints, and every log line."""

    process: subprocess.Popen[str]
    printed: Queue[dict[str, Any]]
    logged: Queue[dict[str, Any]]
    notes: list[str]

    def news(self, timeout: float = PATIENCE) -> dict[str, Any]:
        """The next cycle that it tells of."""
        try:
            return self.printed.get(timeout=timeout)
        except Empty:
            pytest.fail(f"nothing was printed; {self.notes} {list(self.logged.queue)}")

    def verdicts(self, environment: str = "default") -> dict[str, str]:
        """The verdict of each object in the next cycle of this environment."""
        while (news := self.news())["environment"] != environment:
            pass
        return {item["name"]: item["verdict"] for item in news["items"]}

    def log(self, event: str, timeout: float = PATIENCE) -> dict[str, Any]:
        """The next log line of this name."""
        try:
            while (entry := self.logged.get(timeout=timeout))["event"] != event:
                pass
        except Empty:
            pytest.fail(f"{event} was not logged; {self.notes}")
        return entry

    def logs_for(self, seconds: float) -> set[str]:
        """The names of all log lines until nothing more has come for so many seconds."""
        names: set[str] = set()
        with suppress(Empty):
            while True:
                names.add(self.logged.get(timeout=seconds)["event"])
        return names

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def variables(url: str | None, more: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SYNCD_", "KESTRA"))}
    login = {"SYNCD_USERNAME": LOGIN[0], "SYNCD_PASSWORD": LOGIN[1]}
    return inherited | login | ({"SYNCD_URL": url} if url else {}) | dict(more)


@contextmanager
def watching(repo: Repo, url: str | None, *arguments: str, **more: str) -> Iterator[Process]:
    command = [sys.executable, "-m", "syncd", "watch", "--repo", str(repo.root), "--format", "json", "-v", *arguments]
    with subprocess.Popen(
        command, env=variables(url, more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        running = Process(process, Queue(), Queue(), [])
        readers = [Thread(target=_read_printed, args=(running,)), Thread(target=_read_logged, args=(running,))]
        for reader in readers:
            reader.start()
        try:
            yield running
        finally:
            process.kill()
            for reader in readers:
                reader.join()


def _read_printed(running: Process) -> None:
    for line in running.process.stdout or ():
        if line.startswith("{"):
            running.printed.put(json.loads(line))


def _read_logged(running: Process) -> None:
    for line in running.process.stderr or ():
        if line.startswith("{"):
            running.logged.put(json.loads(line))
        else:
            running.notes.append(line.rstrip())


def once(repo: Repo, url: str | None, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "syncd", "watch", "--once", "--repo", str(repo.root), *arguments]
    return subprocess.run(command, env=variables(url, more), capture_output=True, text=True, check=False)


def on_server(url: str, name: str) -> str | None:
    answer = httpx.get(f"{url}/api/v1/main/flows/company.team/{name}?source=true", auth=LOGIN)
    return answer.json()["source"] if answer.status_code == 200 else None


def all_on_server(url: str) -> set[str]:
    answer = httpx.get(f"{url}/api/v1/main/flows/search?size=100", auth=LOGIN)
    return {each["id"] for each in answer.json()["results"]}


def edit_on_server(url: str, name: str, text: str, *, new: bool = False) -> None:
    address = f"{url}/api/v1/main/flows" + ("" if new else f"/company.team/{name}")
    headers = {"content-type": "application/x-yaml"}
    answer = httpx.request("POST" if new else "PUT", address, content=text, headers=headers, auth=LOGIN)
    assert answer.status_code == 200, answer.text


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_saved_file_is_on_the_server_without_waiting_for_the_interval(repo: Repo, server: RunningSandbox) -> None:
    with watching(repo, server.url, "--interval", HOUR) as daemon:
        assert daemon.verdicts() == {"hello": "create"}
        repo.save("hello", flow("hello", "edited"))
        assert daemon.verdicts() == {"hello": "update"}
        assert on_server(server.url, "hello") == flow("hello", "edited")
        assert daemon.stop() == 0
    assert daemon.notes == []


def test_the_first_lines_say_what_is_watched_and_how_to_stop(repo: Repo, server: RunningSandbox) -> None:
    with watching(repo, server.url, "--interval", "7", "--format", "text") as daemon:
        daemon.log("watch.cycle")
        assert daemon.stop(signal.SIGINT) == 130
    assert daemon.notes == [
        f"syncd watches {repo.root}",
        f"  default: Git → Kestra  {server.url}  tenant main",
        "    from worktree, namespaces: all that the repository holds; looks at least every 7 s",
        "Ctrl-C or SIGTERM stops, SIGHUP looks again at once.",
        "stopped",
    ]


def test_an_edit_in_the_ui_is_reported_as_drift_once_and_left_alone(repo: Repo, server: RunningSandbox) -> None:
    with watching(repo, server.url, "--interval", "1") as daemon:
        daemon.news()
        edit_on_server(server.url, "hello", flow("hello", "ui"))
        assert daemon.verdicts() == {"hello": "drift"}
        for _ in range(3):
            daemon.log("watch.look")
        assert daemon.printed.empty()
        assert on_server(server.url, "hello") == flow("hello", "ui")
        edit_on_server(server.url, "hello", flow("hello", "ui again"))
        assert daemon.verdicts() == {"hello": "drift"}


def test_cycles_without_news_write_nothing(repo: Repo, server: RunningSandbox) -> None:
    with watching(repo, server.url, "--interval", "0.5") as daemon:
        daemon.news()
        before = (repo.git("for-each-ref"), repo.git("status", "--porcelain"))
        for _ in range(4):
            daemon.log("watch.look")
        assert daemon.printed.empty()
        assert (repo.git("for-each-ref"), repo.git("status", "--porcelain")) == before
    flows = httpx.get(f"{server.url}/api/v1/main/flows/company.team/hello/revisions", auth=LOGIN).json()
    assert [each["revision"] for each in flows] == [1]


def test_a_server_that_is_not_there_yet_is_waited_for_and_a_restart_is_survived(repo: Repo, tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with watching(repo, url, "--interval", "1") as daemon:
        assert daemon.log("watch.waiting")["url"] == url
        with sandbox.running(port=port, data=tmp_path / "data"):
            daemon.log("watch.recovered")
            assert daemon.verdicts() == {"hello": "create"}
        assert daemon.log("watch.waiting")["url"] == url
        repo.save("hello", flow("hello", "meanwhile"))
        daemon.log("watch.look")
        with sandbox.running(port=port, data=tmp_path / "data"):
            assert daemon.log("watch.recovered")["environment"] == "default"
            assert daemon.verdicts() == {"hello": "update"}
            assert on_server(url, "hello") == flow("hello", "meanwhile")


class Gate:
    """Holds back every creation of a flow until it is opened."""

    def __init__(self, app: ASGIApp, reached: Event, opened: Event) -> None:
        self.app, self.reached, self.opened = app, reached, opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"].endswith("/flows"):
            self.reached.set()
            await asyncio.to_thread(self.opened.wait)
        await self.app(scope, receive, send)


def test_sigterm_finishes_what_is_in_hand_and_the_next_run_does_the_rest(repo: Repo, server: RunningSandbox) -> None:
    names = {"hello", *(f"flow-{number}" for number in range(MANY - 2))}  # one more, and they go as one archive
    for name in names:
        repo.save(name, flow(name))
    reached, opened = Event(), Event()
    server.app.add_middleware(Gate, reached=reached, opened=opened)
    with watching(repo, server.url, "--interval", HOUR) as daemon:
        assert reached.wait(PATIENCE)
        daemon.process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            daemon.process.wait(0.5)
        opened.set()
        assert daemon.process.wait(PATIENCE) == 0
    written = all_on_server(server.url)
    assert 0 < len(written) < len(names)
    based = repo.git("ls-tree", "-r", "--name-only", "refs/syncd/default").splitlines()
    assert {Path(path).stem for path in based} == written
    assert once(repo, server.url).returncode == 0
    assert all_on_server(server.url) == names


def test_a_flow_made_in_the_ui_is_pulled_and_our_own_write_wakes_nobody(repo: Repo, server: RunningSandbox) -> None:
    with watching(repo, server.url, "--interval", HOUR, "--direction", "both") as daemon:
        daemon.news()
        edit_on_server(server.url, "made-in-ui", flow("made-in-ui"), new=True)
        daemon.process.send_signal(signal.SIGHUP)
        assert daemon.verdicts() == {"made-in-ui": "create"}
        assert repo.path("made-in-ui").read_text() == flow("made-in-ui")
        assert daemon.log("watch.look")["reason"] == "start"
        assert daemon.log("watch.look")["reason"] == "SIGHUP"
        assert daemon.logs_for(2) == {"watch.cycle"}
        repo.save("made-in-ui", flow("made-in-ui", "edited"))
        assert daemon.verdicts() == {"made-in-ui": "update"}


def test_two_environments_get_the_same_file_and_one_that_is_down_holds_up_nobody(repo: Repo) -> None:
    with ExitStack() as stack:
        one, two = (stack.enter_context(sandbox.running()) for _ in range(2))
        nowhere = f"http://127.0.0.1:{free_port()}"
        repo.configure(
            "environments:\n"
            + "".join(
                f"  {name}: {{url: '{url}', interval: 3600}}\n"
                for name, url in (("dev", one.url), ("down", nowhere), ("prod", two.url))
            )
        )
        daemon = stack.enter_context(watching(repo, None))
        seen = {daemon.news()["environment"] for _ in range(2)}
        assert seen == {"dev", "prod"}
        repo.save("hello", flow("hello", "edited"))
        seen = {daemon.news()["environment"] for _ in range(2)}
        assert seen == {"dev", "prod"}
        assert on_server(one.url, "hello") == on_server(two.url, "hello") == flow("hello", "edited")
        assert daemon.log("watch.waiting")["environment"] == "down"
        assert daemon.stop() == 0


def test_only_the_environments_that_were_named_are_watched(repo: Repo, server: RunningSandbox) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    repo.configure(f"environments:\n  dev: {{url: '{server.url}'}}\n  down: {{url: '{nowhere}'}}\n")
    assert once(repo, None, "--env", "dev").returncode == 0
    assert once(repo, None).returncode == 1


def test_a_local_commit_is_deployed_at_once_where_the_source_is_a_branch(repo: Repo, server: RunningSandbox) -> None:
    with watching(repo, server.url, "--interval", HOUR, "--ref", "main") as daemon:
        assert daemon.verdicts() == {"hello": "create"}
        repo.save("hello", flow("hello", "not committed"))
        repo.save("other", flow("other"))
        repo.git("add", "flows/company.team/other.yml")
        repo.git("commit", "-q", "-m", "other")
        assert daemon.verdicts() == {"other": "create"}
        assert on_server(server.url, "hello") == flow("hello")


def test_a_push_to_the_remote_is_deployed(repo: Repo, server: RunningSandbox, tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "-q", "--bare", repo.root, tmp_path / "origin.git"], check=True)
    subprocess.run(["git", "clone", "-q", tmp_path / "origin.git", tmp_path / "clone"], check=True)
    repo.configure(f"environments:\n  prod: {{url: '{server.url}', source: origin/main, interval: 1}}\n")
    repo.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    with watching(repo, None) as daemon:
        assert daemon.verdicts("prod") == {"hello": "create"}
        clone = tmp_path / "clone" / "flows" / "company.team" / "hello.yml"
        clone.write_text(flow("hello", "pushed"))
        git = ["git", "-C", str(tmp_path / "clone"), "-c", "user.name=n", "-c", "user.email=n@example.com"]
        subprocess.run([*git, "commit", "-q", "-a", "-m", "edit"], check=True)
        subprocess.run([*git, "push", "-q"], check=True)
        assert daemon.verdicts("prod") == {"hello": "update"}
        assert on_server(server.url, "hello") == flow("hello", "pushed")
        (tmp_path / "origin.git").replace(tmp_path / "away.git")
        assert "origin" in daemon.log("watch.failed")["error"]
        (tmp_path / "away.git").replace(tmp_path / "origin.git")
        daemon.log("watch.recovered")


def test_an_invalid_flow_is_reported_and_the_others_go_on(repo: Repo, server: RunningSandbox) -> None:
    repo.save("broken", "id: broken\nnamespace: company.team\ntasks: [\n")
    result = once(repo, server.url, "--format", "json")
    assert result.returncode == 3, result.stderr
    news = json.loads(result.stdout)
    assert {item["name"]: item["verdict"] for item in news["items"]}["hello"] == "create"
    assert [problem["path"] for problem in news["problems"]] == ["flows/company.team/broken.yml"]
    assert on_server(server.url, "hello") == flow("hello")


def test_a_corrected_password_file_counts_without_a_restart(repo: Repo, server: RunningSandbox, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("wrong")
    repo.configure(
        f"environments:\n  dev: {{url: '{server.url}', username: '{LOGIN[0]}', password_file: {password}}}\n"
    )
    with watching(repo, None, SYNCD_PASSWORD="") as daemon:
        failed = daemon.log("watch.failed")
        assert "wrong" not in str(failed["error"])
        password.write_text(LOGIN[1])
        daemon.process.send_signal(signal.SIGHUP)
        daemon.log("watch.recovered")
        assert daemon.verdicts("dev") == {"hello": "create"}


def test_a_repository_that_goes_away_and_comes_back_is_survived(
    repo: Repo, server: RunningSandbox, tmp_path: Path
) -> None:
    outer = Repo(tmp_path)
    outer.save("outer", flow("outer"))
    with watching(repo, server.url, "--interval", "1") as daemon:
        daemon.news()
        repo.root.replace(tmp_path / "elsewhere")
        failed = daemon.log("watch.failed")
        assert failed["error"] == f"{repo.root} is gone, or no longer a Git repository"
        assert on_server(server.url, "outer") is None
        repo.root.mkdir()
        daemon.log("watch.look")
        daemon.log("watch.look")
        assert on_server(server.url, "outer") is None
        repo.root.rmdir()
        (tmp_path / "elsewhere").replace(repo.root)
        daemon.log("watch.recovered")
        repo.save("hello", flow("hello", "back"))
        assert daemon.verdicts() == {"hello": "update"}
        assert on_server(server.url, "hello") == flow("hello", "back")


@pytest.mark.parametrize(
    ("prepare", "arguments", "said"),
    [
        (lambda _: None, ["--env", "nowhere"], "there is no environment 'nowhere'"),
        (
            lambda repo: repo.configure("environments: {dev: {}, prod: {}}"),
            ["--url", "http://localhost:1"],
            "cannot be the address of 2 environments: dev, prod",
        ),
        (lambda repo: repo.configure("environments: {dev: {intervall: 3}}"), [], "intervall"),
    ],
    ids=["unknown environment", "one url for two", "wrong setting"],
)
def test_a_wrong_configuration_ends_it_before_the_first_look(
    repo: Repo, prepare: Callable[[Repo], None], arguments: list[str], said: str
) -> None:
    prepare(repo)
    result = once(repo, None, *arguments)
    assert result.returncode == 1
    assert said in result.stderr
