"""Says where a server is and how to log in to it, without ever showing a secret; talking to it is `transport`'s."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from syncd.errors import ConfigError

_PAGE = re.compile(r"/(?:api/v1|ui)(?:/.*)?\Z")
_MASK = "***"


@dataclass(frozen=True, slots=True)
class Address:
    """
    One Kestra server and the account to use there.

    Args:
        url: Base address; a context path is kept, a pasted `/api/v1/…` or `/ui/…` is dropped, and credentials in it
            move to `username` and `password`.
        tenant: `main` on every open-source server.
        username: For HTTP basic authentication.
        password: Secret.
        token: Secret; an API token of the enterprise edition, used instead of a password.
        headers: Sent with every request, values secret: what a proxy in front of the server asks for.
        ca_file: Certificates to trust; `None` takes the system's, or those `SSL_CERT_FILE` names.
        proxy: Address of a proxy, may hold a password; `None` takes `HTTP_PROXY` and its kin.
        timeout: Seconds to wait for a connection, and for each part of an answer.
        retries: How often something that is safe to repeat is repeated.

    Raises:
        ConfigError: The address is not one of an HTTP server.
    """

    url: str = "http://localhost:8080"
    tenant: str = "main"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_file: str | None = None
    proxy: str | None = field(default=None, repr=False)
    timeout: float = 30.0
    retries: int = 3

    def __post_init__(self) -> None:
        url, username, password = _split(self.url)
        object.__setattr__(self, "url", url)
        object.__setattr__(self, "username", self.username or username)
        object.__setattr__(self, "password", self.password or password)
        object.__setattr__(self, "token", (self.token or "").strip() or None)

    @property
    def authorization(self) -> str | None:
        """The one header that logs in, or `None` where no account is given."""
        if self.token:
            return f"Bearer {self.token}"
        if self.username:
            return f"Basic {self._basic}"
        return None

    @property
    def _basic(self) -> str:
        return b64encode(f"{self.username or ''}:{self.password or ''}".encode()).decode()

    def mask(self, text: str) -> str:
        """The text without this address's secrets, in any of the forms in which they travel."""
        proxy = urlsplit(self.proxy).password if self.proxy else None
        secrets = {self.password, self.token, proxy, self._basic if self.password else None, *self.headers.values()}
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            text = text.replace(secret, _MASK).replace(quote(secret, safe=""), _MASK)
        return text


def _split(url: str) -> tuple[str, str | None, str | None]:
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in {"http", "https"}:
        raise ConfigError(
            f"the server's address {_without_account(url)!r} is not one", "write it like https://kestra.example.com"
        )
    path = _PAGE.sub("", parts.path).rstrip("/")
    place = f"[{host}]" if ":" in host else host
    clean = urlunsplit((parts.scheme, f"{place}:{port}" if port else place, path, "", ""))
    return clean, _decoded(parts.username), _decoded(parts.password)


def _decoded(part: str | None) -> str | None:
    return unquote(part) if part else None


def _without_account(url: str) -> str:
    return re.sub(r"//[^/]*@", "//", url)
