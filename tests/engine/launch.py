"""Starts an engine as a process of its own, waits until it answers, and stops it. It downloads nothing itself."""

import os
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from .install import HERE, EngineUnavailableError, Installation, install

VERSIONS = ("1.3.31", "2.0.0")
USERNAME, PASSWORD = "admin@kestra.io", "Admin1234"
_START_SECONDS = 180.0
_STOP_SECONDS = 15.0


@dataclass(frozen=True)
class RunningEngine:
    """A server to test against; `stop` ends what `start` began and does nothing to a server that was given."""

    version: str
    url: str
    username: str = USERNAME
    password: str = field(default=PASSWORD, repr=False)
    resources: ExitStack = field(default_factory=ExitStack, repr=False, compare=False)

    @property
    def line(self) -> str:
        """`1.3` or `2.0`, as the recordings are named."""
        return ".".join(self.version.split(".")[:2])

    def client(self) -> httpx.Client:
        """A client that is logged in; paths are relative to the tenant, `/flows` for example."""
        login = (self.username, self.password)
        return httpx.Client(base_url=f"{self.url}/api/v1/main", auth=login, timeout=90)

    def stop(self) -> None:
        """Ends the process and deletes its files."""
        self.resources.close()


def start(version: str, port: int = 0) -> RunningEngine:
    """Starts an empty engine of that Kestra version on 127.0.0.1; port 0 takes a free one.

    Raises:
        EngineUnavailableError: it cannot be installed, or it ended or did not answer within three minutes.
    """
    installation = install(version)
    chosen = port or _free_port()
    with ExitStack() as resources:
        folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="syncd-engine-")))
        process = _spawn(installation, chosen, folder)
        resources.callback(_end, process)
        _wait_until_ready(process, f"http://127.0.0.1:{chosen}", folder / "engine.log", version)
        return RunningEngine(version, f"http://127.0.0.1:{chosen}", resources=resources.pop_all())


def given(url: str) -> RunningEngine:
    """A server that is already running; its login is `SYNCD_ENGINE_USERNAME` and `SYNCD_ENGINE_PASSWORD`.

    Raises:
        EngineUnavailableError: it does not answer, or not as a Kestra server.
    """
    username = os.environ.get("SYNCD_ENGINE_USERNAME", USERNAME)
    password = os.environ.get("SYNCD_ENGINE_PASSWORD", PASSWORD)
    try:
        answer = httpx.get(f"{url}/api/v1/configs", auth=(username, password), timeout=30).raise_for_status()
        version = str(answer.json()["version"])
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise EngineUnavailableError(
            f"SYNCD_ENGINE_URL is set, but {url}/api/v1/configs does not answer as Kestra does: {error!r}. "
            "Start that server, or unset the variable to start engines here."
        ) from None
    return RunningEngine(version, url.rstrip("/"), username, password)


def _spawn(installation: Installation, port: int, folder: Path) -> subprocess.Popen[bytes]:
    options = {
        "--libraries": installation.libraries,
        "--jdk": installation.jdk,
        "--directory": folder,
        "--port": port,
        "--grpc-port": _free_port(),
    }
    arguments = [str(word) for option in options.items() for word in option]
    with (folder / "engine.log").open("wb") as log:
        # The facade ends when its standard input does, so it never outlives a killed test run.
        return subprocess.Popen(
            [str(installation.python), "-m", "facade", *arguments],
            cwd=HERE,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path, version: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(url):
        if process.poll() is not None:
            raise EngineUnavailableError(_failure(version, f"ended with exit code {process.returncode}", log))
        if time.monotonic() > deadline:
            raise EngineUnavailableError(_failure(version, f"did not answer within {_START_SECONDS:.0f} s", log))
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ping", timeout=5).text == "pong"
    except httpx.TransportError:
        return False


def _failure(version: str, what: str, log: Path) -> str:
    ending = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
    return f"The engine of Kestra {version} {what}. Look at the end of its log and start again:\n{ending}"


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
