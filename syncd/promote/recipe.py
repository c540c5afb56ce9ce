"""
How one flow's text becomes that of another namespace: spans of bytes, and a list of everything left alone.

Which flows are promoted, and what happens to them, is `decision`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from syncd.flowtext import with_namespace
from syncd.flowtext.references import Reference, Refers, references
from syncd.flowtext.spans import replaced
from syncd.promote.mapping import NamespaceMap
from syncd.promote.triggers import with_triggers_off


class Rewrite(StrEnum):
    """How far references are rewritten."""

    NONE = "none"
    """Only the flow's own namespace."""
    CALLS = "calls"
    """Also calls of flows that move along (previews)."""
    SAFE = "safe"
    """Also everything whose meaning is certain: calls, triggers, keys, secrets, files, conditions."""
    ALL = "all"
    """Also Git and Kestra-API tasks, addresses, and any quoted literal in an expression."""


_SAFE = frozenset(
    {Refers.SUBFLOW, Refers.FLOW_TRIGGER, Refers.KV, Refers.SECRET, Refers.FILE, Refers.TASK},
)
_CONDITIONS = frozenset({"when", "runIf", "condition", "expression"})


@dataclass(frozen=True, slots=True)
class Recipe:
    """
    What a promotion does to a text.

    Args:
        names: Which namespace becomes which.
        rewrite: How far references follow.
        triggers_off: Whether triggers arrive switched off.
        moving: With `Rewrite.CALLS`, the flows that calls follow, as (namespace, id).
    """

    names: NamespaceMap
    rewrite: Rewrite = Rewrite.SAFE
    triggers_off: bool = False
    moving: frozenset[tuple[str, str]] = frozenset()

    def follows(self, reference: Reference) -> bool:
        """Whether this reference, which names a mapped namespace, is rewritten."""
        if self.rewrite is Rewrite.ALL:
            return True
        if self.rewrite is Rewrite.CALLS:
            return reference.kind is Refers.SUBFLOW and (reference.namespace, reference.name) in self.moving
        if self.rewrite is Rewrite.NONE:
            return False
        return reference.kind in _SAFE or (reference.kind is Refers.LITERAL and _in_condition(reference))


@dataclass(frozen=True, slots=True)
class Edit:
    """One place that was rewritten; line and column are those of the source's text."""

    line: int
    column: int
    place: str
    old: str
    new: str
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Left:
    """
    One place that names a promoted namespace, or may, and was left as it is.

    Args:
        line: 1-based, in the source's text.
        column: 1-based.
        text: What stands there.
        reason: Why it was left.
        matters: Whether somebody should look at it: the promoted flow would still use the source namespace, or
            the value means something else in the new one.
    """

    line: int
    column: int
    text: str
    reason: str
    matters: bool = False


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A text in its new namespace, with everything that was and was not rewritten in it."""

    text: bytes
    edits: tuple[Edit, ...] = ()
    left: tuple[Left, ...] = ()


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    new: bytes
    edit: Edit


def rewritten(text: bytes, namespace: str, recipe: Recipe) -> Rewritten:
    """
    A flow's text as it is to be in the namespace that `recipe` maps its own to.

    Args:
        text: A readable flow.
        namespace: Its namespace; one that the recipe maps.
        recipe: What to do.
    """
    target = recipe.names.to(namespace)
    if target is None:
        raise ValueError(f"{namespace} is not promoted")
    spans: dict[int, _Span] = {}
    left: list[Left] = []
    for reference in references(text):
        if span := _span(text, reference, recipe):
            spans[span.start] = span
        else:
            left += _left(reference, recipe)
    left += mentions(text, recipe.names, [(reference.start, reference.end) for reference in references(text)])
    new = text
    for start in sorted(spans, reverse=True):
        new = replaced(new, start, spans[start].end, spans[start].new)
    new = with_namespace(new, target)
    if recipe.triggers_off:
        off = with_triggers_off(new)
        left += [] if off else [Left(1, 1, "triggers", "they could not be switched off without other changes", True)]
        new = off or new
    edits = tuple(spans[start].edit for start in sorted(spans))
    return Rewritten(new, edits, tuple(sorted(set(left), key=lambda item: (item.line, item.column, item.reason))))


def _span(text: bytes, reference: Reference, recipe: Recipe) -> _Span | None:
    """What to exchange for this reference: nothing, or the namespace where it stands literally in the text."""
    new = recipe.names.to(reference.namespace) if reference.namespace else None
    if reference.namespace is None or new is None or reference.kind is Refers.OWN or not recipe.follows(reference):
        return None
    raw = text[reference.start : reference.end]
    if raw.strip() != reference.namespace.encode():
        return None
    start = reference.start + len(raw) - len(raw.lstrip())
    warning = "it deletes in the new namespace now" if "Purge" in reference.owner or "Delete" in reference.owner else ""
    edit = Edit(reference.line, reference.column, reference.place, reference.namespace, new, warning)
    return _Span(start, start + len(raw.strip()), new.encode(), edit)


def _left(reference: Reference, recipe: Recipe) -> Iterator[Left]:
    where = (reference.line, reference.column, reference.value.strip())
    mapped = reference.namespace is not None and recipe.names.to(reference.namespace) is not None
    if reference.kind is Refers.OWN:
        return
    if reference.kind is Refers.REVISION:
        if mapped or reference.namespace is None:
            yield Left(*where, "a pinned revision: numbers differ between namespaces", matters=True)
    elif reference.dynamic:
        yield Left(*where, f"{reference.kind}: computed when the flow runs")
    elif mapped:
        yield Left(*where, f"{reference.kind}: {_why(reference, recipe)}", matters=True)


def _why(reference: Reference, recipe: Recipe) -> str:
    if recipe.follows(reference):
        return "written in a way that cannot be edited safely"
    if recipe.rewrite is Rewrite.SAFE:
        return "only --rewrite all follows it"
    return f"not rewritten with --rewrite {recipe.rewrite}"


def _in_condition(reference: Reference) -> bool:
    return reference.place.startswith("triggers[") or reference.place.rpartition(".")[2] in _CONDITIONS


def mentions(text: bytes, names: NamespaceMap, known: Iterable[tuple[int, int]] = ()) -> Iterator[Left]:
    """
    Promoted namespaces that stand anywhere in a text: in comments, scripts, SQL, messages, namespace files.

    Args:
        text: A flow or a namespace file; nothing is said of binary ones.
        names: What is promoted.
        known: Spans that are references, and so told elsewhere.
    """
    known = tuple(known)
    if b"\0" in text:
        return
    for match in names.mentions().finditer(text):
        if not any(start <= match.start() < end for start, end in known):
            line = text.count(b"\n", 0, match.start()) + 1
            column = match.start() - text.rfind(b"\n", 0, match.start())
            yield Left(line, column, match[0].decode(), "text, a comment or a script")
