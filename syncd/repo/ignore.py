"""Which paths `.kestraignore` takes out of scope: gitignore syntax, at the root and in any folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from syncd.errors import ConfigError

if TYPE_CHECKING:
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

NAME: Final = ".kestraignore"
_DIRECTORY: Final = "ps_d"
RULES_FILES: Final = frozenset({NAME, ".gitignore", ".gitattributes", ".gitkeep"})


class Ignore:
    """
    The rules of one side; a deeper file's rules come after, and can take back, those above it, as in Git.

    Args:
        rules: Text of every `.kestraignore`, by its path from the root.

    Raises:
        ConfigError: A line is not a pattern; the file and the line are named.
    """

    def __init__(self, rules: Mapping[str, bytes]) -> None:
        self._rules = {path.removesuffix(NAME): _read(path, text) for path, text in rules.items()}
        self._folders: dict[str, bool] = {"": False}

    def covers(self, path: str) -> bool:
        """Whether this path is out of scope: matched by a rule, below a matched folder, or a rules file itself."""
        folder, _, name = path.rpartition("/")
        if name in RULES_FILES:
            return True
        return bool(self._rules) and (self._covers_folder(folder) or self._matches(path))

    def _covers_folder(self, folder: str) -> bool:
        """As in Git, nothing below an ignored folder can be taken back."""
        known = self._folders.get(folder)
        if known is None:
            known = self._covers_folder(folder.rpartition("/")[0]) or self._matches(folder + "/")
            self._folders[folder] = known
        return known

    def _matches(self, path: str) -> bool:
        """Whether the last rule about exactly this path takes it out; a folder ends with "/"."""
        verdict = False
        for folder in _above(path):
            for pattern in self._rules.get(folder, ()):
                if _is_about(pattern, path.removeprefix(folder)):
                    verdict = bool(pattern.include)
        return verdict


def _is_about(pattern: GitIgnoreSpecPattern, path: str) -> bool:
    """
    Whether a pattern means this very path, rather than a folder above it.

    pathspec's expressions match everything below a folder too, up to the slash that they call `ps_d`, and `a/**`
    and `a/**/` match `a/` itself; Git asks about one path at a time. A test holds the two against each other.
    """
    if pattern.regex is None:
        return False
    if str(pattern.pattern).rstrip().endswith("/**/"):
        return path.endswith("/") and any(match.end() < len(path) for match in pattern.regex.finditer(path))
    if _DIRECTORY in pattern.regex.groupindex:
        return any(match[_DIRECTORY] is None or match.end() == len(path) for match in pattern.regex.finditer(path))
    match = pattern.regex.search(path)
    return match is not None and not (pattern.regex.pattern.endswith("/") and match.end() == len(path))


def _read(path: str, text: bytes) -> tuple[GitIgnoreSpecPattern, ...]:
    from pathspec import GitIgnoreSpec

    try:
        return tuple(GitIgnoreSpec.from_lines(text.decode("utf-8-sig").splitlines()).patterns)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}", "write it as a .gitignore is written, in UTF-8") from None


def _above(path: str) -> list[str]:
    """The folders that a path lies in, outermost first, each with its final slash; "" is the root."""
    segments = path.rstrip("/").split("/")[:-1]
    return ["", *("/".join(segments[: count + 1]) + "/" for count in range(len(segments)))]
