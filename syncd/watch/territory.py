"""Which folders of a repository are worth watching, and what an event at a path means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

RULES = frozenset({"syncd.yaml", ".kestraignore", ".gitignore", ".gitattributes"})
_OURS = ("refs/syncd/", "refs/syncd-remote/")
_UNFINISHED = ".syncd-"  # files that a pull is about to move into their place


class Meaning(Enum):
    """What an event at a path says."""

    CONTENT = "content"
    REFS = "refs"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Territory:
    """
    The part of a repository whose changes matter.

    Args:
        root: The top of the work tree.
        folders: Relative to the root, as the layout has them; "" stands for every folder that is not hidden. None at
            all where the content comes from a ref.
        git: The repository's Git folders (of this work tree, and the common one), where a local commit matters.
        names: Files at the root that matter.
    """

    root: Path
    folders: tuple[str, ...] = ()
    git: tuple[Path, ...] = ()
    names: frozenset[str] = field(default=RULES)

    def places(self) -> dict[Path, bool]:
        """
        The folders to watch that exist now, and whether with everything below.

        Those with everything below come first: inotify drops folders below silently when its limit is reached, but
        fails aloud for the folder that was asked for, so the flat ones behind them tell.
        """
        deep = [*self._content(), *(git / "refs" for git in self.git)]
        flat = [place for place in (*self.git, *self._waiting(), self.root) if place not in deep]
        wanted = dict.fromkeys(deep, True) | dict.fromkeys(flat, False)
        return {place: recursive for place, recursive in wanted.items() if place.is_dir()}

    def _content(self) -> Iterator[Path]:
        for folder in self.folders:
            if folder:
                yield self.root / folder
            elif self.root.is_dir():
                yield from sorted(
                    place
                    for place in self.root.iterdir()
                    if place.is_dir() and not place.is_symlink() and not place.name.startswith(".")
                )

    def _waiting(self) -> Iterator[Path]:
        """For a folder several levels deep: the folders above it, in which it may yet appear."""
        for folder in self.folders:
            yield from (self.root / parent for parent in Path(folder).parents if folder)

    def meaning(self, path: str) -> Meaning:
        """What an event at this path says. Strings, because it is asked for every single event."""
        if path.rpartition("/")[2].startswith(_UNFINISHED):
            return Meaning.NOTHING
        for git in self.git:
            if (inside := _below(path, str(git))) is not None:
                return _of_git(inside)
        inside = _below(path, str(self.root))
        return Meaning.CONTENT if inside is not None and self._matters(inside) else Meaning.NOTHING

    def _matters(self, path: str) -> bool:
        """Whether this is a file of rules, lies in one of the folders, or is one of them or a folder above them."""
        if path in self.names or path == "":
            return True
        if ".git" in path.split("/"):
            return False
        return any(self._in_or_above(path, folder) for folder in self.folders)

    def _in_or_above(self, path: str, folder: str) -> bool:
        if folder:
            return _below(path, folder) is not None or _below(folder, path) is not None
        return "/" in path or (self.root / path).is_dir()


def _below(path: str, folder: str) -> str | None:
    """The rest of a path below a folder, "" for the folder itself, `None` elsewhere."""
    if path.startswith(folder + "/"):
        return path[len(folder) + 1 :]
    return "" if path == folder else None


def _of_git(path: str) -> Meaning:
    if path.endswith(".lock") or path.startswith(_OURS):
        return Meaning.NOTHING
    return Meaning.REFS if path in {"HEAD", "packed-refs"} or path.startswith("refs/") else Meaning.NOTHING
