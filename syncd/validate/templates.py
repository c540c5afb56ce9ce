"""Looks into Pebble expressions for names that the flow does not have; what an expression computes is not asked."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from functools import partial

from syncd.flowtext.pebble import Token, expressions, paths, unclosed_comments
from syncd.flowtext.spans import Source, position, source_of
from syncd.flowtext.tree import Mapping, Sequence
from syncd.validate.document import Document
from syncd.validate.rules import Remark

_GUARDS = frozenset({"??", "defined", "null", "empty"})
_HASH = re.compile(r"\$\{#")
_GENERATED = re.compile(r"_(?:items|split|merge)\Z")
_NOT_RENDERED = frozenset({"description"})


def remarks(document: Document) -> Iterator[Remark]:
    """Outputs of tasks that do not exist, inputs that are not declared, and comments opened by accident."""
    tasks = {name for part in document.components if (name := part.node.text("id"))}
    inputs = _declared(document)
    for leaf in document.leaves:
        value = leaf.scalar.value
        if leaf.path in _NOT_RENDERED or not ("{{" in value or "{%" in value or "{#" in value):
            continue
        source = source_of(document.text, leaf.scalar)
        if "{#" in source.text:
            yield from _comments(document, source)
        for tokens in expressions(source.text):
            if not _guarded(tokens):
                yield from _names(document, source, tokens, tasks, inputs)


def _declared(document: Document) -> frozenset[str] | None:
    """The inputs of the flow, or `None` where some come from elsewhere."""
    listed = document.root.get("inputs")
    items = [item for item in listed.items if isinstance(item, Mapping)] if isinstance(listed, Sequence) else []
    if any(
        item.text("type") == "REUSABLE_INPUTS" or item.text("id") is None for item in items if not item.text("name")
    ):
        return None
    return frozenset(name for item in items for key in ("id", "name") if (name := item.text(key)))


def _comments(document: Document, source: Source) -> Iterator[Remark]:
    hint = "put the script into {% raw %} … {% endraw %}, or into a namespace file"
    for start in {
        *unclosed_comments(source.text),
        *(match.start() + 1 for match in _HASH.finditer(_unraw(source.text))),
    }:
        line, column = position(document.text, source.span(start, start)[0])
        yield Remark(
            "SYN076", "`{#` opens a Pebble comment here, and everything up to `#}` is lost", line, column, hint
        )


def _unraw(text: str) -> str:
    """The text with verbatim blocks blanked out, so that places stay what they are."""
    return re.sub(
        r"(?s)\{%-?\s*(raw|verbatim)\s*-?%\}.*?\{%-?\s*end\1\s*-?%\}", lambda match: " " * len(match[0]), text
    )


def _guarded(tokens: tuple[Token, ...]) -> bool:
    """Whether the expression itself asks if something is there."""
    texts = [token.text for token in tokens]
    return bool(_GUARDS & set(texts)) or any(pair == ("?", "?") for pair in itertools.pairwise(texts))


def _names(
    document: Document, source: Source, tokens: tuple[Token, ...], tasks: set[str], inputs: frozenset[str] | None
) -> Iterator[Remark]:
    for path in paths(tokens):
        root, name = path.parts[0].text, path.parts[1]
        known = tasks if root == "outputs" else inputs if root == "inputs" else None
        if known is None or name.text in known or _GENERATED.sub("", name.text) in known:
            continue
        at = partial(position, document.text, source.span(name.start, name.end)[0])
        hyphenated = _hyphenated(tokens, name, known)
        if hyphenated:
            message = f"{root}.{hyphenated} is read as {root}.{name.text} minus something"
            yield Remark("SYN075", message, *at(), f"write {root}['{hyphenated}']")
        elif root == "outputs":
            yield Remark("SYN073", f"there is no task {name.text!r} in this flow", *at(), _list("tasks", known))
        else:
            yield Remark("SYN074", f"there is no input {name.text!r} in this flow", *at(), _list("inputs", known))


def _hyphenated(tokens: tuple[Token, ...], name: Token, known: frozenset[str] | set[str]) -> str:
    """The known name that begins here and goes on behind a hyphen."""
    text, end = name.text, name.end
    for token in tokens:
        if token.start == end and (token.text == "-" or text.endswith("-")):
            text, end = text + token.text, token.end
    return text if text in known else ""


def _list(word: str, known: frozenset[str] | set[str]) -> str:
    return f"its {word}: {', '.join(sorted(known)[:8])}" if known else f"it has no {word}"
