"""Finds secrets that are written out in a flow; never repeats one in a message."""

from __future__ import annotations

import re
from collections.abc import Iterator

from syncd.flowtext.components import Leaf
from syncd.flowtext.spans import position, source_of
from syncd.validate.document import Document, place
from syncd.validate.rules import Remark

_KEY = re.compile(
    r"(?:\A|[._\]-]|(?<=[a-z]))(?:password|passwd|passphrase|secret|token|api_?key|access_?key|secret_?key|private_?key"
    r"|client_?secret|access_?key_?id|secret_?access_?key)\Z",
    re.IGNORECASE,
)
_SHAPES = (
    ("a GitHub token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})")),
    ("a GitLab token", re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("a Slack token", re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{20,}")),
    ("a Slack webhook", re.compile(r"hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{16,}")),
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")),
    ("a Google API key", re.compile(r"\bAIza[A-Za-z0-9_-]{35}")),
    ("a password in an address", re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s:/@{}]+:(?!\*)[^\s:/@{}<>$]{3,}@[\w.-]+")),
)
_HINT = "use {{ secret('NAME') }}, and set SECRET_NAME on the server"
_PLACEHOLDER = re.compile(
    r"\A(?:<.*>|\$\{.*\}|\$[A-Z_]+|\*+|x+|\.\.\.|changeme|your[-_ ].*|none|true|false|\d{1,3})\Z", re.IGNORECASE
)


def remarks(document: Document) -> Iterator[Remark]:
    """Values of properties that are named like secrets, and texts that look like well-known tokens."""
    for leaf in document.leaves:
        if _is_named(leaf):
            yield Remark("SYN080", f"`{leaf.path}` holds a secret as plain text", *place(leaf.scalar), _HINT)
        else:
            yield from _shaped(document, leaf)


def _is_named(leaf: Leaf) -> bool:
    value = leaf.scalar.value.strip()
    name = leaf.path.rpartition(".")[2]
    if not value or "{{" in value or "\n" in value or leaf.scalar.is_null or leaf.scalar.style == "*":
        return False
    return bool(_KEY.search(name)) and not _PLACEHOLDER.match(value)


def _shaped(document: Document, leaf: Leaf) -> Iterator[Remark]:
    value = leaf.scalar.value
    if len(value) < 16:
        return
    for name, pattern in _SHAPES:
        if pattern.search(value):
            source = source_of(document.text, leaf.scalar)
            found = pattern.search(source.text)
            at = position(document.text, source.span(found.start(), found.end())[0]) if found else place(leaf.scalar)
            yield Remark("SYN080", f"`{leaf.path}` holds {name}", *at, _HINT)
