"""The sandbox's whole state under one name; each kind of object is kept by its own store."""

from __future__ import annotations

from syncd.sandbox.filestore import FileEntry, FileStore
from syncd.sandbox.flowstore import FlowRevision, FlowStore
from syncd.sandbox.pairstore import Pair, PairStore

__all__ = ["FileEntry", "FlowRevision", "Pair", "Store"]


class Store(FlowStore, FileStore, PairStore):
    """
    Flows with revisions and drafts, namespace files with revisions, key-value pairs.

    Give it a directory to keep them: `Store(Path("data"))`. Without one they are in memory.
    """
