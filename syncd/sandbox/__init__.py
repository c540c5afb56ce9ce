"""The embedded Kestra-compatible server for newcomers, tests and pipelines; it stores, validates and runs nothing."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from syncd.sandbox.call import SENTENCE
from syncd.sandbox.refusal import Dialect
from syncd.sandbox.server import create_app
from syncd.sandbox.store import Store

__all__ = ["Dialect", "RunningSandbox", "Store", "create_app", "running", "serve"]

USERNAME = "admin@kestra.io"
PASSWORD = "Admin1234"  # noqa: S105 - the documented login of a sandbox that holds no secrets

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class RunningSandbox:
    """
    A sandbox that answers on a socket.

    Attributes:
        url: Its address, without a trailing slash.
        store: Its state, to look at or to change behind the clients' backs.
        app: The application, for use without a socket.
    """

    url: str
    store: Store
    app: Starlette
    _server: uvicorn.Server
    _thread: threading.Thread

    def stop(self) -> None:
        """Stop answering and close the store; doing it twice is harmless."""
        self._server.should_exit = True
        self._thread.join()
        self.store.close()


@contextmanager
def running(
    *,
    dialect: Dialect = "1.3",
    port: int = 0,
    data: Path | None = None,
    username: str = USERNAME,
    password: str = PASSWORD,
) -> Iterator[RunningSandbox]:
    """
    A sandbox in a thread of this process, on 127.0.0.1 and a free port unless `port` says otherwise.

    Raises:
        OSError: If the port is taken.
    """
    listener = socket.create_server(("127.0.0.1", port))
    # asyncio only does so for sockets that name their protocol; without it every answer waits 40 ms for an ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    store = Store(data)
    app = create_app(store, dialect=dialect, username=username, password=password)
    server = uvicorn.Server(_config(app))
    thread = threading.Thread(target=server.run, args=([listener],), name="sandbox", daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    sandbox = RunningSandbox(url, store, app, server, thread)
    try:
        yield sandbox
    finally:
        sandbox.stop()


def serve(host: str, port: int, data: Path | None, dialect: Dialect, username: str, password: str) -> None:
    """
    Answer on a socket until interrupted; the first log line says what this is and what it is not.

    Args:
        host: The address to listen on.
        port: The port to listen on.
        data: The directory that keeps the state; in memory without.
        dialect: The server line whose answers to give.
        username: Of the one account there is.
        password: Of that account.
    """
    store = Store(data)
    try:
        where = f"http://{host}:{port}"
        kept = f"state in {data}" if data else "state in memory only"
        _log.warning("%s It answers as Kestra %s on %s, %s.", SENTENCE, dialect, where, kept)
        app = create_app(store, dialect=dialect, username=username, password=password)
        uvicorn.run(app, host=host, port=port, log_config=None, access_log=False, lifespan="off")
    finally:
        store.close()


def _config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1)
