"""What flows said when they were read, by blob id, so that one text on three sides is parsed once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from syncd.flowtext import Identity, NotAFlow, identity
from syncd.model import Kind, digest

_MOST: Final = 100_000  # readings; a daemon forgets them all rather than growing


@dataclass(frozen=True, slots=True)
class Reading:
    """What a flow's bytes say, by their blob id: read once, whichever side they lie on."""

    digest: str
    flow: Identity | NotAFlow


@dataclass(frozen=True)
class Readings:
    """Readings of flows that were read before; derivable, so it may be emptied at any time."""

    known: dict[str, Reading] = field(default_factory=dict)

    def of(self, raw: str, text: bytes) -> Reading:
        """What these bytes say."""
        if (reading := self.known.get(raw)) is None:
            if len(self.known) > _MOST:
                self.known.clear()
            reading = self.known[raw] = Reading(digest(Kind.FLOW, text), identity(text))
        return reading
