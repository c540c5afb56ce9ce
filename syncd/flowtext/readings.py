"""What flows said when they were read, by blob id: one text is parsed once, on whichever side and in whichever run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from syncd import __version__
from syncd.flowtext.identity import Identity, NotAFlow, identity
from syncd.model import Kind, digest

_MOST: Final = 100_000  # readings; a daemon forgets them all rather than growing
_UNUSED: Final = 20_000  # readings beyond which those that a run had no use for are not handed on


@dataclass(frozen=True, slots=True)
class Reading:
    """What a flow's bytes say."""

    digest: str
    flow: Identity | NotAFlow


class Readings:
    """Readings of flows that were read before; derivable, so it may be emptied at any time."""

    def __init__(self) -> None:
        self._known: dict[str, Reading] = {}
        self._used: set[str] = set()
        self._learned = False

    def find(self, raw: str) -> Reading | None:
        """What the bytes with this blob id say, if they were read before."""
        if reading := self._known.get(raw):
            self._used.add(raw)
        return reading

    def of(self, raw: str, text: bytes) -> Reading:
        """What these bytes say."""
        if (reading := self.find(raw)) is None:
            if len(self._known) > _MOST:
                self._known, self._used = {}, set()
            reading = self._known[raw] = Reading(digest(Kind.FLOW, text), identity(text))
            self._used.add(raw)
            self._learned = True
        return reading

    def recall(self, document: Any) -> None:
        """Takes over what another run handed on; anything of another form, or of another version, says nothing."""
        try:
            if document["version"] == __version__:
                self._known |= {
                    str(raw): Reading(str(compared), Identity(str(name), str(namespace)))
                    for raw, (compared, name, namespace) in document["flows"].items()
                }
        except (TypeError, KeyError, ValueError, AttributeError):
            return

    def handed_on(self) -> Mapping[str, Any] | None:
        """What the next run is to know, as JSON, or `None` where it is what this run was handed."""
        if not self._learned:
            return None
        names = self._known if len(self._known) <= _UNUSED else self._used
        readings = ((raw, self._known[raw]) for raw in names)
        flows = {
            raw: (reading.digest, reading.flow.id, reading.flow.namespace)
            for raw, reading in readings
            if isinstance(reading.flow, Identity)
        }
        return {"version": __version__, "flows": flows}
