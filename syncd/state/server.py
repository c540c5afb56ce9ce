"""Which server a base is about, as the trailer of its commit says it, and whether that is the one at hand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SERVER: Final = "Syncd-Server"
_CREDENTIALS = re.compile(r"(?<=://)[^/@]*@")
_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """Which server a base is about. `uuid` is "" where it is not known (the server was not asked)."""

    url: str
    tenant: str
    uuid: str

    @property
    def trailer(self) -> str:
        """`<url> <tenant> <uuid>` without credentials, with "-" for what is empty."""
        parts = (_CREDENTIALS.sub("", self.url).rstrip("/"), self.tenant, self.uuid)
        return " ".join(_BREAKS.sub("", part).replace(" ", "%20") or "-" for part in parts)

    @classmethod
    def parse(cls, text: str) -> ServerIdentity:
        """The server of a trailer; empty where there is none."""
        url, tenant, uuid = (*("" if part == "-" else part for part in text.split(" ")), "", "", "")[:3]
        return cls(url, tenant, uuid)


def other_server(trailers: Mapping[str, str], server: ServerIdentity) -> str:
    """The server that these trailers are about, where it is certainly another one than this, else ""."""
    text = trailers.get(SERVER, "")
    if len(text.split(" ")) != 3:
        return ""
    before = ServerIdentity.parse(text)
    if before.tenant != server.tenant:
        return f"{before.url}, tenant {before.tenant or 'none'}"
    if before.uuid and server.uuid:
        return f"{before.url}, instance {before.uuid}" if before.uuid != server.uuid else ""
    return before.url if ServerIdentity.parse(server.trailer).url != before.url else ""


def one_line(text: str) -> str:
    """A text that cannot begin a line of its own."""
    return _BREAKS.sub(" ", text).strip()
