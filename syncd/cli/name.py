"""Which object a user means by `NAMESPACE/NAME`."""

from __future__ import annotations

from collections.abc import Iterable

from syncd.errors import SyncdError
from syncd.model import Key, Kind


def key_of(name: str, known: Iterable[Key], kind: str | None = None) -> Key:
    """
    The object of this name among those that are known.

    Args:
        name: `company.team/hello-world`, or `company.team/scripts/run.py`.
        known: Everything that can be meant.
        kind: `flow`, `file` or `kv`, where the name alone is not enough.

    Raises:
        SyncdError: There is none, or there are several.
    """
    namespace, _, rest = name.partition("/")
    found = sorted(
        key for key in set(known) if key.namespace == namespace and key.name == rest and kind in (None, key.kind.value)
    )
    if not found:
        raise SyncdError(
            f"there is nothing called {name!r} here", "write it like company.team/hello-world; 'syncd diff' lists them"
        )
    if len(found) > 1:
        raise SyncdError(f"{name!r} is both a flow and a file", f"add --kind {Kind.FLOW} or --kind {Kind.FILE}")
    return found[0]
