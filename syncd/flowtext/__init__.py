"""Reads and edits the text of a flow, byte for byte; never re-serialises it and never decides what to write where."""

from syncd.flowtext.edits import (
    differs_only_by_pause,
    is_disabled,
    with_namespace,
    with_pause,
    without_pause,
    without_revision,
)
from syncd.flowtext.identity import Identity, NotAFlow, identity
from syncd.flowtext.readings import Reading, Readings
from syncd.flowtext.references import Reference, Refers, references, subflows

__all__ = [
    "Identity",
    "NotAFlow",
    "Reading",
    "Readings",
    "Reference",
    "Refers",
    "differs_only_by_pause",
    "identity",
    "is_disabled",
    "references",
    "subflows",
    "with_namespace",
    "with_pause",
    "without_pause",
    "without_revision",
]
