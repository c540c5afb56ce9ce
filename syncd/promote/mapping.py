"""Which namespace becomes which, by whole dotted segments; texts are not touched here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from syncd.errors import ConfigError
from syncd.model import Scope, within

_NAMESPACE = re.compile(r"[a-z0-9][a-z0-9._-]{0,149}")


@dataclass(frozen=True, slots=True)
class NamespaceMap:
    """
    Pairs of namespaces, each with its children.

    Args:
        pairs: From and to, the longest "from" first.
    """

    pairs: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> NamespaceMap:
        """
        The map of these pairs.

        Raises:
            ConfigError: There is none, one is no namespace, one is mapped twice, or a promotion would feed on itself.
        """
        pairs = sorted(dict.fromkeys(pairs), key=lambda pair: (-len(pair[0].split(".")), pair))
        problems = list(_problems(pairs))
        if problems:
            raise ConfigError("; ".join(problems), "write it like --from company.team.dev --to company.team.prod")
        return cls(tuple(pairs))

    @classmethod
    def parse(cls, words: Iterable[str]) -> NamespaceMap:
        """
        Reads `company.team.dev=company.team.prod` and the like.

        Raises:
            ConfigError: As for `of`.
        """
        return cls.of((source.strip(), target.strip()) for source, _, target in (word.partition("=") for word in words))

    def __str__(self) -> str:
        return " ".join(f"{source}={target}" for source, target in self.pairs)

    def to(self, namespace: str) -> str | None:
        """What a namespace becomes, or `None` where it is not mapped (`a.dev2` is no child of `a.dev`)."""
        for source, target in self.pairs:
            if within(namespace, source):
                return target + namespace[len(source) :]
        return None

    @property
    def sources(self) -> Scope:
        """The namespaces that are promoted."""
        return Scope(tuple(source for source, _ in self.pairs))

    @property
    def targets(self) -> Scope:
        """The namespaces that are promoted to."""
        return Scope(tuple(target for _, target in self.pairs))

    def mentions(self) -> re.Pattern[bytes]:
        """Finds any promoted namespace, or a child of it, written out as whole segments."""
        names = b"|".join(re.escape(source.encode()) for source, _ in self.pairs)
        return re.compile(rb"(?<![A-Za-z0-9._-])(?:" + names + rb")(?:\.[a-z0-9_][a-z0-9_-]*)*(?![A-Za-z0-9_-])")


def _problems(pairs: list[tuple[str, str]]) -> Iterable[str]:
    if not pairs:
        yield "no namespace is promoted"
    for name in dict.fromkeys(name for pair in pairs for name in pair):
        if not _NAMESPACE.fullmatch(name) or name == "null":  # which YAML takes for no value at all
            yield f"{name!r} is not a namespace"
    sources = [source for source, _ in pairs]
    for source in dict.fromkeys(name for name in sources if sources.count(name) > 1):
        yield f"{source} is mapped twice"
    for source, target in pairs:
        if any(within(target, other) for other in sources):
            yield f"{source} cannot become {target}, which would itself be promoted"
