"""A PostgreSQL and a small web server for the tests of this folder."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from . import postgres


@pytest.fixture(scope="session")
def database() -> Iterator[postgres.Postgres]:
    """A database server of this session. Where none is installed the tests are skipped and say how to get one."""
    binaries = postgres.find_binaries()
    if binaries is None:
        pytest.skip(postgres.HOW_TO_GET)
    with postgres.running(binaries) as server:
        yield server


class Website:
    """A web server on 127.0.0.1 that answers with `pages` and remembers what it was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.requests: list[tuple[str, str, bytes]] = []
        self.authorizations: list[str] = []
        website = self

        class Answers(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                website.requests.append((self.command, self.path, body))
                website.authorizations.append(self.headers.get("Authorization", ""))
                page = website.pages.get(self.path)
                self.send_response(200 if page is not None else 404)
                self.send_header("Content-Length", str(len(page or b"")))
                self.end_headers()
                self.wfile.write(page or b"")

            do_GET = do_PUT = _answer  # noqa: N815 - the names that http.server calls

            def log_message(self, *_arguments: object) -> None:
                """Silence."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        """Stops serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def website() -> Iterator[Website]:
    """A fresh web server without pages."""
    serving = Website()
    yield serving
    serving.close()
