"""A relay on real sockets between the command line and a server, which spoils the answers that rules name."""

from __future__ import annotations

import re
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import httpx

ALWAYS = 1_000_000
PATIENCE = 10.0
"""Seconds after which an answer that never comes is no longer waited for."""


class CutError(Exception):
    """The connection is reset here, without an answer."""


class SilenceError(Exception):
    """The answer never comes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the client."""

    status: int
    body: bytes = b""
    media: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """
    One request in the relay's hands.

    Args:
        line: Method, path and query, decoded.
        relay: Where it came by.
        relayed: Sends it on, as often as it is called, with this body instead of its own if one is given.
    """

    line: str
    relay: Relay
    relayed: Callable[..., Answer]


Spoil = Callable[[Asked], Answer]


@dataclass(slots=True)
class Rule:
    """
    Which requests to spoil, and how.

    Args:
        on: A regular expression for method, path and query.
        spoil: What to answer instead.
        first: The first request that fits and is spoiled, counted from 1.
        times: How many are, from there on.
    """

    on: str
    spoil: Spoil
    first: int = 1
    times: int = ALWAYS
    met: int = 0

    def takes(self, line: str) -> bool:
        """Whether this request is spoiled; counts those that fit."""
        if not re.search(self.on, line):
            return False
        self.met += 1
        return self.first <= self.met < self.first + self.times


class Relay:
    """
    The relay's state.

    Attributes:
        upstream: The server behind it.
        rules: What is spoiled; the first that takes a request wins.
        log: Every request that came by.
    """

    def __init__(self) -> None:
        self.upstream = ""
        self.rules: list[Rule] = []
        self.log: list[str] = []
        self.lock = threading.Lock()
        self.client = httpx.Client(timeout=30)
        self.url = ""

    @property
    def writes(self) -> list[str]:
        """The requests that were meant to change something."""
        return [line for line in self.log if not line.startswith("GET ") and "/flows/validate" not in line]

    def point(self, upstream: str, *rules: Rule) -> None:
        """Starts anew, in front of this server."""
        self.upstream, self.rules, self.log = upstream, list(rules), []

    def heal(self) -> None:
        """No answer is spoiled any more."""
        self.rules, self.log = [], []

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The server's answer, or a spoiled one."""

        def relayed(other: bytes | None = None) -> Answer:
            sent = body if other is None else other
            kept = {name: value for name, value in headers.items() if name.lower() not in {"host", "content-length"}}
            got = self.client.request(method, self.upstream + target, headers=kept, content=sent)
            media = got.headers.get("content-type", "")
            dated = {"date": got.headers["date"]} if "date" in got.headers else {}
            return Answer(got.status_code, got.content, media, dated)

        line = f"{method} {unquote(target)}"
        with self.lock:
            self.log.append(line)
            rule = next((rule for rule in self.rules if rule.takes(line)), None)
        return rule.spoil(Asked(line, self, relayed)) if rule else relayed()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    relay: Relay

    def _relay(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            answer = self.relay.answer(self.command, self.path, dict(self.headers), body)
        except CutError:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        except SilenceError:
            select.select([self.connection], [], [], PATIENCE)  # readable once the client gives up
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        for name, value in {"content-type": answer.media, **answer.headers}.items():
            self.send_header(name, value)
        if "content-length" not in answer.headers:
            self.send_header("content-length", str(len(answer.body)))
        else:
            self.close_connection = True
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = do_DELETE = _relay  # noqa: N815 - names that http.server asks for

    def log_message(self, *_: Any) -> None:
        """Nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    disable_nagle_algorithm = True

    def handle_error(self, *_: Any) -> None:
        """A client that went away is part of the game."""


@contextmanager
def relaying() -> Iterator[Relay]:
    """A relay that listens on a free port."""
    relay = Relay()
    handler = type("_Bound", (_Handler,), {"relay": relay, "disable_nagle_algorithm": True})
    server = _Server(("127.0.0.1", 0), handler)
    relay.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield relay
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        relay.client.close()
