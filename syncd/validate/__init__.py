"""Everything that can be said of flows without a server, as problems with places; reads no file and asks nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from syncd.flowtext import Identity, NotAFlow, identity, tree
from syncd.model import Key, Kind, Problem
from syncd.validate import links, schema, secrets, structure, templates
from syncd.validate.document import Document
from syncd.validate.links import Surroundings
from syncd.validate.locate import located, merged
from syncd.validate.rules import RULES, Remark, Rule
from syncd.validate.schema import Against
from syncd.validate.silence import graded, unsilenced

__all__ = [
    "RULES",
    "Against",
    "Rule",
    "Source",
    "Surroundings",
    "check",
    "graded",
    "located",
    "merged",
    "not_a_flow",
    "surroundings",
    "unsilenced",
]


@dataclass(frozen=True, slots=True)
class Source:
    """A flow's text and the file it is from."""

    path: str
    text: bytes


def check(source: Source, against: Against, around: Surroundings) -> tuple[Problem, ...]:
    """
    Every problem of one file, in the order of its lines; silencing comments are obeyed.

    Args:
        source: The file.
        against: Which Kestra it is for.
        around: What else the repository holds.
    """
    document = _document(source.text)
    if document is None:
        found = identity(source.text)
        problems = [not_a_flow(source.path, found)] if isinstance(found, NotAFlow) else []
    else:
        key = Key(Kind.FLOW, document.namespace, document.id)
        problems = [_problem(source.path, key, remark) for remark in set(_remarks(document, against, around))]
    return tuple(sorted(unsilenced(problems, source.text), key=lambda problem: problem.order))


def not_a_flow(path: str, found: NotAFlow) -> Problem:
    """The problem of a file that is no flow, under the code that fits its reason."""
    codes = {
        "Git LFS": "SYN007",
        "two documents": "SYN003",
        "no `": "SYN002",
        "empty": "SYN002",
        "has no text": "SYN002",
    }
    code = next((code for words, code in codes.items() if words in found.reason), "SYN001")
    hint = "mend it, or name it in .kestraignore if it is not meant to be a flow"
    return Problem(code, f"{path}: {found.reason}", path, found.line, found.column, hint=hint)


def surroundings(
    sources: Iterable[Source], files: Iterable[tuple[str, str]], keys: Mapping[str, Iterable[str]]
) -> Surroundings:
    """
    What a repository holds, out of its content.

    Args:
        sources: All its flows.
        files: All its namespace files as (namespace, name).
        keys: The keys it holds by namespace; a namespace that is left out may have any.
    """
    texts = {source.text: found for source in sources if isinstance(found := identity(source.text), Identity)}
    named: defaultdict[str, set[str]] = defaultdict(set)
    for namespace, name in files:
        named[namespace].add(name)
    known = {namespace: set(names) for namespace, names in keys.items()}
    for namespace, key in (pair for text in texts for pair in links.set_keys(text)):
        if namespace in known:
            known[namespace].add(key)
    return Surroundings(
        flows=frozenset((found.namespace, found.id) for found in texts.values()),
        files={namespace: frozenset(names) for namespace, names in named.items()},
        keys={namespace: frozenset(names) for namespace, names in known.items()},
        filled=frozenset(namespace for text in texts for namespace in links.filled_namespaces(text)),
    )


def _document(text: bytes) -> Document | None:
    found = identity(text)
    root = tree.parse(text)
    if isinstance(found, Identity) and isinstance(root, tree.Mapping):
        return Document(text, root, found.namespace, found.id)
    return None


def _remarks(document: Document, against: Against, around: Surroundings) -> Iterator[Remark]:
    judgement = against.judge(document)
    yield from schema.remarks(document, against, judgement)
    yield from structure.remarks(document, judgement.line, certain=against.line is not None)
    yield from templates.remarks(document)
    yield from secrets.remarks(document)
    yield from links.remarks(document, around)


def _problem(path: str, key: Key, remark: Remark) -> Problem:
    severity = remark.severity or RULES[remark.code].severity
    return Problem(remark.code, remark.message, path, remark.line, remark.column, severity, key, remark.hint)
