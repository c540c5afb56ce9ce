"""Git behind one door: a repository's content as a side of the sync, its objects, its refs and its remotes.

What a base or a rescue is, and when anything is written, is decided above.
"""

from syncd.repo.content import Commit, Entry, Glance
from syncd.repo.files import Unreadable
from syncd.repo.history import Author, CommitInfo
from syncd.repo.ignore import RULES_FILES, Ignore
from syncd.repo.objects import TreeEntry
from syncd.repo.reading import FLOW_LIMIT, take
from syncd.repo.repository import Repository
from syncd.repo.side import GitSide

__all__ = [
    "FLOW_LIMIT",
    "RULES_FILES",
    "Author",
    "Commit",
    "CommitInfo",
    "Entry",
    "GitSide",
    "Glance",
    "Ignore",
    "Repository",
    "TreeEntry",
    "Unreadable",
    "take",
]
