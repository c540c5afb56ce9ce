"""Carries requests to a forge's API: login, pages, repeats, one error type; knows no pull request."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx
import stamina
import stamina.instrumentation

from syncd import __version__
from syncd.errors import ForgeDenied, ForgeError, ForgeMissing
from syncd.forge.address import Address, Product
from syncd.render.terminal import printable

stamina.instrumentation.set_on_retry_hooks(())  # a repeat that helps is no news, and one that does not ends in an error

ATTEMPTS = 4
TIMEOUT = 30.0
"""Seconds that one answer may take."""
LONGEST_WAIT = 60.0
"""Seconds; a forge that asks for more is not waited for."""
PAGES = 100
_BUSY = frozenset({429, 502, 503, 504})
_KINDS = {401: ForgeDenied, 403: ForgeDenied, 404: ForgeMissing}
_HINTS = {
    401: "set SYNCD_FORGE_TOKEN, or the forge's own variable, to a valid token",
    403: "the token needs write access to pull requests, issues or statuses ('permissions:' in GitHub Actions)",
    404: "check SYNCD_FORGE_PROJECT, and that the token may see the project",
}


class Client:
    """
    HTTP to one project. Reads and edits are repeated while the forge is busy, creations only if it refused to look.

    Args:
        address: Where, and the token.
        transport: In place of the network.
    """

    def __init__(self, address: Address, transport: httpx.BaseTransport | None = None) -> None:
        self.address = address
        self._http = httpx.Client(
            headers={"accept": "application/json", "user-agent": f"syncd/{__version__}", **_login(address)},
            timeout=TIMEOUT,
            transport=transport,
        )

    def get_all(self, path: str, what: str, **query: str) -> Iterator[dict[str, Any]]:
        """
        Every entry of a listing, following its pages on the same host.

        Raises:
            ForgeError: A page cannot be had or is no listing; nothing is told as if it were all.
        """
        url: str | None = self.address.api + path
        parameters: dict[str, str] | None = {**query, "per_page": "100", "limit": "50"}
        for _ in range(PAGES):
            if url is None:
                return
            response = self._send("GET", url, what, params=parameters)
            entries = _json(response, what)
            if not isinstance(entries, list):
                raise ForgeError(f"{what}: {_shown(url)} answered with something that is no list")
            yield from entries
            url, parameters = _next(response, url), None
        raise ForgeError(f"{what}: more than {PAGES} pages", "close what is no longer needed")

    def send(self, method: str, path: str, what: str, **body: Any) -> dict[str, Any]:
        """
        One request with a JSON body, answered with one object.

        Raises:
            ForgeError: The forge refused, is away, or answered with something else.
            ForgeDenied: The token is missing, wrong, or not enough.
        """
        answer = _json(self._send(method, self.address.api + path, what, json=body), what)
        if not isinstance(answer, dict):
            raise ForgeError(f"{what}: {_shown(self.address.api + path)} answered with something that is no object")
        return answer

    def _send(self, method: str, url: str, what: str, **content: Any) -> httpx.Response:
        for attempt in stamina.retry_context(
            on=lambda error: _wait(error, edits=method == "POST"), attempts=ATTEMPTS, wait_jitter=0.2
        ):
            with attempt:
                return self._exchange(method, url, what, content)
        raise AssertionError  # pragma: no cover

    def _exchange(self, method: str, url: str, what: str, content: Mapping[str, Any]) -> httpx.Response:
        try:
            response = self._http.request(method, url, **content)
        except httpx.HTTPError as error:
            # The chained error may hold a proxy's password, so it goes no further.
            reason = self._masked(str(error)) or type(error).__name__
            unseen = isinstance(error, httpx.ConnectError)
            raise _BusyError(f"{what}: no answer from {_shown(url)}: {reason}", unseen=unseen) from None
        if response.is_success:
            return response
        raise self._refusal(response, what)

    def _refusal(self, response: httpx.Response, what: str) -> ForgeError:
        status = response.status_code
        request = f"HTTP {status}, {response.request.method} {_shown(str(response.request.url))}"
        message = f"{what}: {self._masked(_reason(response))} ({request})"
        limited = status == 403 and (
            "retry-after" in response.headers or response.headers.get("x-ratelimit-remaining") == "0"
        )
        if status in _BUSY or limited:
            return _BusyError(message, unseen=status in {403, 429}, seconds=_seconds(response.headers))
        if response.is_redirect:
            return ForgeError(message, "the project was moved: set SYNCD_FORGE_PROJECT to its new name")
        return _KINDS.get(status, ForgeError)(message, _HINTS.get(status, ""))

    def _masked(self, text: str) -> str:
        return text.replace(self.address.token, "***") if self.address.token else text


class _BusyError(ForgeError):
    """
    Worth another try.

    Args:
        message: As for any error.
        unseen: Whether the forge surely has not acted on the request.
        seconds: How long it asked to wait, or 0.
    """

    def __init__(self, message: str, *, unseen: bool, seconds: float = 0.0) -> None:
        super().__init__(message, "try again in a while")
        self.unseen = unseen
        self.seconds = seconds


def _wait(error: Exception, *, edits: bool) -> bool | float:
    """Whether to repeat: no, yes in a while, or after the seconds that the forge asked for."""
    if not isinstance(error, _BusyError) or (edits and not error.unseen) or error.seconds > LONGEST_WAIT:
        return False
    return error.seconds or True


def _seconds(headers: httpx.Headers) -> float:
    if (after := headers.get("retry-after", "")).isdecimal():
        return float(after)
    reset = headers.get("x-ratelimit-reset", "")
    return max(0.0, float(reset) - time.time()) if reset.isdecimal() else 0.0


def _reason(response: httpx.Response) -> str:
    """What the forge says is wrong, in one line."""
    try:
        body = response.json()
    except ValueError:
        return f"refused with {response.headers.get('content-type', 'nothing')}"
    if not isinstance(body, dict):
        return "refused"
    errors = body.get("errors") or []
    parts = [body.get("message") or body.get("error") or "refused", *(errors if isinstance(errors, list) else [errors])]
    return printable("; ".join(str(part) for part in parts))[:500]


def _json(response: httpx.Response, what: str) -> Any:
    try:
        return response.json()
    except ValueError:
        url = _shown(str(response.request.url))
        raise ForgeError(
            f"{what}: {url} did not answer with JSON", "set SYNCD_FORGE_URL to the API's address"
        ) from None


def _next(response: httpx.Response, url: str) -> str | None:
    """The next page, if it is on the same host: the token goes nowhere else."""
    link = response.links.get("next", {}).get("url")
    if link is None:
        return None
    there = urljoin(url, link)
    if urlsplit(there)[:2] != urlsplit(url)[:2]:
        raise ForgeError(f"{_shown(url)} continues on another host", "set SYNCD_FORGE_URL to the API's public address")
    return there


def _shown(url: str) -> str:
    """A URL without login and query, either of which may hold a secret."""
    split = urlsplit(url)
    port = f":{split.port}" if split.port else ""
    return f"{split.scheme}://{split.hostname or ''}{port}{split.path}"


def _login(address: Address) -> dict[str, str]:
    if not address.token:
        return {}
    if address.product is Product.GITLAB:
        return {"private-token": address.token}
    return {"authorization": f"{'Bearer' if address.product is Product.GITHUB else 'token'} {address.token}"}


def segment(text: str) -> str:
    """One path segment, percent-encoded whole."""
    return quote(text, safe="")
