"""Says what a Kestra version can do, from its version string alone; asking the server for it is `side`'s."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBERS = re.compile(r"v?(\d+)\.(\d+)")
_NEWEST = (2, 0)


@dataclass(frozen=True, slots=True)
class Dialect:
    """
    The facts of one line of versions, 0.19 to 2.x: seen on running servers (1.3.25, 2.0.0) unless said otherwise.

    Args:
        version: Major and minor number.
        enterprise: Whether it is the enterprise edition.
    """

    version: tuple[int, int]
    enterprise: bool = False

    @classmethod
    def of(cls, version: str, edition: str = "OSS") -> Dialect:
        """The dialect of `/configs`' version string; one without numbers (`develop`) counts as the newest."""
        found = _NUMBERS.match(version)
        return cls((int(found[1]), int(found[2])) if found else _NEWEST, edition == "EE")

    @property
    def tenant_segment(self) -> bool:
        """Whether paths name the tenant: `/api/v1/main/flows` from 0.23 (migration guide), before only enterprise."""
        return self.version >= (0, 23) or self.enterprise

    @property
    def filters(self) -> bool:
        """Whether `filters[namespace][PREFIX]` is understood (OpenAPI document of 0.24); before, `namespace`."""
        return self.version >= (0, 24)

    @property
    def instance_schemas(self) -> bool:
        """Whether `/plugins/schemas` lies outside of the tenant (OpenAPI documents of 0.23 and 0.24)."""
        return self.version >= (0, 24)

    @property
    def multipart_validation(self) -> bool:
        """Whether many flows can be validated at once without being cut at `---` (OpenAPI document of 1.2)."""
        return self.version >= (1, 2)

    @property
    def file_revisions(self) -> bool:
        """Whether older versions of a namespace file can be read (1.2)."""
        return self.version >= (1, 2)

    @property
    def lists_keys(self) -> bool:
        """Whether key-value pairs of all namespaces can be listed (1.1)."""
        return self.version >= (1, 1)

    @property
    def zip_import_safe(self) -> bool:
        """Whether a zip of flows is stored verbatim with its triggers: 1.x; early 2.0 builds forgot the triggers."""
        return (1, 0) <= self.version < (2, 0)

    @property
    def search_lists_files(self) -> bool:
        """Whether `files/search?q=` names every file: up to 1.x; 2.0.0 answers an empty list."""
        return self.version < (2, 0)

    @property
    def spaces_become_plus(self) -> bool:
        """Whether `a b.txt` is stored as `a+b.txt`, so that the two are one object: up to 1.x."""
        return self.version < (2, 0)

    @property
    def percent_refused(self) -> bool:
        """Whether a `%` that opens no escape is refused (422): up to 1.x."""
        return self.version < (2, 0)

    @property
    def brackets_refused(self) -> bool:
        """Whether `[`, `]` and `"` in a file's name are refused (422): up to 1.x; the 2.0.0 engine stores them."""
        return self.version < (2, 0)

    @property
    def swaps_file_and_folder(self) -> bool:
        """Whether a file can take the place of a folder, or the reverse; 1.x on local storage loses it silently."""
        return self.version >= (2, 0)

    @property
    def reserves_flow_ids(self) -> bool:
        """Whether `search` and other words are refused as flow ids: 1.x."""
        return (1, 0) <= self.version < (2, 0)

    @property
    def reserves_flows_prefix(self) -> bool:
        """Whether every path that merely starts with `_flows` is refused (source of 0.21)."""
        return self.version <= (0, 21)


@dataclass(frozen=True, slots=True)
class Server:
    """
    What `GET /api/v1/configs` says of a server.

    Args:
        version: As the server spells it, such as `1.3.25`.
        edition: `OSS` or `EE`; servers before 0.24 do not say and count as `OSS` unless they list tenants.
        uuid: Identity of the instance; "" where the server names none.
        line: What this version can do.
        plugins: Fingerprint of the plugins it has (1.0 and newer); "" where it names none.
    """

    version: str
    edition: str
    uuid: str
    line: Dialect
    plugins: str = ""
