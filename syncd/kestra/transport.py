"""Carries one request to a server and back: login, limits, repeats, one error type; knows no Kestra object."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from urllib.parse import quote, urlencode

import httpx
import stamina

from syncd import __version__
from syncd.errors import ConfigError, KestraError, KestraUnavailable
from syncd.kestra.address import Address
from syncd.kestra.refusal import NOT_KESTRA, classify, plain, read_refusal

ANSWER_LIMIT = 256 << 20
"""Bytes of one answer, unpacked, that are read before it is refused."""

_IN_MEMORY = 16 << 20
_CONNECTIONS = 8
_LONGEST_WAIT = 60.0
_LONGEST_ANSWER = 20
YAML = "application/x-yaml"
"""Media type of a flow's text, without a charset: the bytes are UTF-8."""

stamina.instrumentation.set_on_retry_hooks(())  # a repeat that helps is no news, and one that does not ends in an error


@dataclass(frozen=True, slots=True)
class Call:
    """
    One request.

    Args:
        method: HTTP method.
        path: Below the base address, each segment percent-encoded; see `path_of`.
        what: The object it is about, for error messages.
        query: Parameters, in order.
        body: Bytes to send.
        media: Their content type.
        parts: Multipart form instead of a body: part name, file name, bytes.
    """

    method: str
    path: str
    what: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = field(default=None, repr=False)
    media: str = ""
    parts: tuple[tuple[str, str, bytes], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: what it says and when, by the server's own clock (Unix seconds, or `None`), it was made."""

    body: bytes
    media: str
    made: float | None
    call: Call

    def json(self) -> Any:
        """
        The parsed body.

        Raises:
            KestraError: It is not JSON.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise self._odd(f"not JSON but {self.media or 'untyped'}") from None

    def document(self) -> dict[str, Any]:
        """
        The parsed body, which is one object.

        Raises:
            KestraError: It is something else.
        """
        parsed = self.json()
        if not isinstance(parsed, dict):
            raise self._odd("of an unknown form")
        return parsed

    def documents(self) -> list[dict[str, Any]]:
        """
        The parsed body, which is a list of objects.

        Raises:
            KestraError: It is something else.
        """
        return self._objects(self.json())

    def page(self) -> tuple[list[dict[str, Any]], int]:
        """
        The objects on one page of a listing, and how many all pages have; -1 where the answer does not say.

        Raises:
            KestraError: It is something else.
        """
        document = self.document()
        total = document.get("total")
        return self._objects(document.get("results")), total if isinstance(total, int) else -1

    def _objects(self, parsed: object) -> list[dict[str, Any]]:
        if not isinstance(parsed, list) or not all(isinstance(one, dict) for one in parsed):
            raise self._odd("of an unknown form")
        return parsed

    def _odd(self, how: str) -> KestraError:
        return KestraError(f"{self.call.what}: the answer is {how}", NOT_KESTRA, status=200)


@dataclass(frozen=True, slots=True)
class Download:
    """A large answer, in a file from its first byte on, and when it was made, as for `Answer`."""

    file: IO[bytes]
    made: float | None


def path_of(*segments: str) -> str:
    """The segments as a path, each percent-encoded whole."""
    return "".join("/" + quote(segment, safe="") for segment in segments)


class Transport:
    """
    The only door to HTTP. Reads are repeated; a write is sent once, for whoever sends it to read back.

    Cookies are never kept (0.24 to 2.x look at them before the login header) and redirects never followed.
    """

    def __init__(self, address: Address, transport: httpx.BaseTransport | None = None) -> None:
        self.address = address
        self._client = httpx.Client(
            headers={**address.headers, **_login(address), "user-agent": f"syncd/{__version__}"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            verify=_trust(address),
            proxy=_proxy(address),
            timeout=httpx.Timeout(address.timeout, pool=None),
            limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
            transport=transport,
        )

    def close(self) -> None:
        """Drops the connections."""
        self._client.close()

    def get(self, path: str, what: str, query: Iterable[tuple[str, str]] = ()) -> Answer:
        """
        Reads, repeatedly while the server is busy or away.

        Raises:
            KestraError: One of its subclasses says why there is no usable answer.
        """
        return self.repeat(Call("GET", path, what, tuple(query)))

    def repeat(self, call: Call) -> Answer:
        """As `get`, for any call that changes nothing on the server."""
        return self._repeated(lambda: self.send(call))

    @contextmanager
    def download(self, path: str, what: str, query: Iterable[tuple[str, str]] = ()) -> Iterator[Download]:
        """
        Reads something large into a temporary file that lasts as long as the block.

        Raises:
            KestraError: As for `get`.
        """
        call = Call("GET", path, what, tuple(query))
        with SpooledTemporaryFile(max_size=_IN_MEMORY) as sink:
            answer = self._repeated(lambda: self._exchange(call, sink))
            sink.seek(0)
            yield Download(sink, answer.made)

    def send(self, call: Call) -> Answer:
        """
        Sends once, never again: after `KestraUnavailable` the outcome of a write is unknown.

        Raises:
            KestraError: As for `get`.
        """
        sink = BytesIO()
        answer = self._exchange(call, sink)
        return Answer(sink.getvalue(), answer.media, answer.made, call)

    def _repeated(self, act: Callable[[], Answer]) -> Answer:
        for attempt in stamina.retry_context(on=wait_before_repeat, attempts=self.address.retries + 1, wait_jitter=0.2):
            with attempt:
                return act()
        raise AssertionError  # pragma: no cover

    def _exchange(self, call: Call, sink: IO[bytes]) -> Answer:
        sink.seek(0)
        sink.truncate()
        try:
            with self._client.stream(
                call.method, self._url(call), content=call.body, headers=_typed(call), files=_form(call.parts)
            ) as response:
                self._drain(call, response, sink)
        except (httpx.TransportError, httpx.DecodingError) as error:
            # The chained error may hold a proxy's password, so it goes no further.
            raise self._unreachable(call, error) from None
        media = response.headers.get("content-type", "")
        if response.is_success and "html" not in media:
            return Answer(b"", media, _clock(response.headers), call)
        sink.seek(0)
        raise self._refused(call, response, sink.read(1 << 20))

    def _drain(self, call: Call, response: httpx.Response, sink: IO[bytes]) -> None:
        received, started = 0, time.monotonic()
        for piece in response.iter_bytes():
            received += len(piece)
            if received > ANSWER_LIMIT:
                raise KestraError(
                    f"{call.what}: the answer is larger than {ANSWER_LIMIT >> 20} MiB",
                    "narrow what is read with --namespace",
                    url=self._shown(call),
                    status=response.status_code,
                )
            if time.monotonic() - started > _LONGEST_ANSWER * self.address.timeout:
                raise httpx.ReadTimeout("the answer does not end")
            sink.write(piece)

    def _url(self, call: Call) -> str:
        query = "?" + urlencode(call.query, quote_via=quote, safe="") if call.query else ""
        return self.address.url + call.path + query

    def _shown(self, call: Call) -> str:
        return self.address.mask(self.address.url + call.path)

    def _unreachable(self, call: Call, error: Exception) -> KestraUnavailable:
        reason = plain(self.address.mask(str(error))) or type(error).__name__
        hint = "check the address and that Kestra runs: syncd doctor"
        if "CERTIFICATE_VERIFY_FAILED" in reason:
            hint = "name the certificates to trust with ca_file, or SSL_CERT_FILE"
        return KestraUnavailable(
            f"{call.what}: no answer from {self.address.url}: {reason}", hint, url=self._shown(call)
        )

    def _refused(self, call: Call, response: httpx.Response, body: bytes) -> KestraError:
        status, media = response.status_code, response.headers.get("content-type", "")
        refusal = read_refusal(media, body)
        kind, fallback, hint = classify(status, media, refusal)
        reason, url = self.address.mask(refusal.reason or fallback), self._shown(call)
        if response.is_redirect:
            reason = self.address.mask(f"the server redirects to {plain(response.headers['location'])}")
            hint = "set url to the address where Kestra itself answers"
        error = kind(f"{call.what}: {reason} (HTTP {status}, {call.method} {url})", hint, url=url, status=status)
        if isinstance(error, KestraUnavailable):
            error.retry_after = _seconds(response.headers.get("retry-after", ""))
        return error


def wait_before_repeat(error: Exception) -> bool | float:
    """Whether to repeat after this error: no, yes in a while, or after the seconds that the server asked for."""
    if not isinstance(error, KestraUnavailable):
        return False
    return min(error.retry_after, _LONGEST_WAIT) or True


def _login(address: Address) -> Mapping[str, str]:
    return {"authorization": address.authorization} if address.authorization else {}


def _trust(address: Address) -> ssl.SSLContext:
    if address.url.startswith("http:") and not address.proxy and not address.ca_file:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, and costs nothing to make
    try:
        return ssl.create_default_context(cafile=address.ca_file)
    except OSError as error:
        raise ConfigError(f"ca_file {address.ca_file!r} cannot be used: {error}", "name a PEM file") from None


def _proxy(address: Address) -> httpx.Proxy | None:
    if not address.proxy:
        return None
    if not address.proxy.startswith(("http://", "https://")):
        raise ConfigError("proxy: not the address of an HTTP proxy", "write it like http://proxy.example.com:3128")
    return httpx.Proxy(address.proxy)


def _typed(call: Call) -> Mapping[str, str] | None:
    return {"content-type": call.media} if call.media else None


def _form(parts: tuple[tuple[str, str, bytes], ...]) -> list[tuple[str, tuple[str, bytes]]] | None:
    return [(part, (filename, data)) for part, filename, data in parts] or None


def _clock(headers: httpx.Headers) -> float | None:
    try:
        return parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError):
        return None


def _seconds(retry_after: str) -> float:
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (ValueError, TypeError):
        return 0.0
