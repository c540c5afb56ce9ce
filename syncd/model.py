"""
The vocabulary of the program: keys, resources, snapshots, changes, problems, and the digest that compares them.

Values only. Nothing here reads a file, a clock or a server, and nothing here decides; deciding is `plan`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha1
from types import MappingProxyType


class Kind(StrEnum):
    """What an object is; the value is the word users see in `--format json`."""

    FLOW = "flow"
    FILE = "file"
    KV = "kv"


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """
    Identity of one object, the same on every side.

    Args:
        kind: Flow, namespace file or key-value pair.
        namespace: Dotted name, such as `company.team`.
        name: The flow's id, the file's path below the namespace (no leading slash), or the key.
    """

    kind: Kind
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


def blob_id(data: bytes) -> str:
    """Git's own name for these bytes (SHA-1 of a blob), so that what Git holds is compared unread."""
    return sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


_REVISION = re.compile(rb"^revision:[ \t]*\d+[ \t]*(?:\n|\Z)", re.MULTILINE)
_ENABLED = re.compile(rb"^disabled:[ \t]*false[ \t]*(?:\n|\Z)", re.MULTILINE)
_BOM = b"\xef\xbb\xbf"


def normal_form(text: bytes) -> bytes:
    """
    A flow's text without what makes no difference.

    Dropped: a byte order mark, CR before LF, one top-level `revision:` line (the server's number counts; 1.3 and
    2.0 ignore the line when they compare), a top-level `disabled: false` line (what resuming a flow in the UI
    leaves behind) and trailing blank lines.
    """
    text = text.removeprefix(_BOM).replace(b"\r\n", b"\n")
    if b"revision:" in text:
        text = _REVISION.sub(b"", text, count=1)
    if b"disabled:" in text:
        text = _ENABLED.sub(b"", text, count=1)
    return text.rstrip(b" \t\n")


def digest(kind: Kind, data: bytes) -> str:
    """What is compared: the blob id of a flow's normal form, or of a file's bytes as they are."""
    return blob_id(normal_form(data) if kind is Kind.FLOW else data)


@dataclass(frozen=True, slots=True)
class Resource:
    """
    One object as one side holds it.

    Args:
        key: Its identity.
        digest: What is compared; see `digest`.
        raw: Blob id of the exact bytes.
        path: Where it lies in the repository, or "" where that is not known.
        revision: The server's number for it, or `None`.
        load: Reads the exact bytes. A handle, not part of the value.
    """

    key: Key
    digest: str
    raw: str
    path: str = field(default="", compare=False)
    revision: int | None = field(default=None, compare=False)
    load: Callable[[], bytes] = field(default=bytes, compare=False, repr=False)

    @classmethod
    def of(cls, key: Key, data: bytes, *, path: str = "", revision: int | None = None) -> Resource:
        """The resource that holds exactly these bytes in memory."""
        return cls(key, digest(key.kind, data), blob_id(data), path, revision, lambda: data)


class Severity(StrEnum):
    """How bad a problem is: an error blocks its object, a warning and a note do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """
    Something wrong with one object or file, as data.

    Args:
        code: Stable name of the rule, such as `SYN001`; `docs/rules.md` explains each.
        message: Names the object and the cause.
        path: File in the repository, or "" for an object that only the server has.
        line: 1-based, or `None` where no line is known.
        column: 1-based, or `None`.
        severity: Error, warning or note.
        key: The object, where it is known.
        hint: What to do about it.
    """

    code: str
    message: str
    path: str = ""
    line: int | None = None
    column: int | None = None
    severity: Severity = Severity.ERROR
    key: Key | None = None
    hint: str = ""

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """Sorts problems by place, then by rule."""
        return (self.path, self.line or 0, self.column or 0, self.code, self.message)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    Everything one side holds within a scope, and what could not be read. Unknown is never empty.

    Args:
        resources: What was observed.
        unknown: Objects that exist or may exist but could not be read (invalid, duplicate, draft, unreadable).
        incomplete: Namespaces in which more may exist than was seen; absence means nothing there.
        problems: Everything worth telling, including the problems of `unknown` and `incomplete`.
        emptied: Namespaces whose whole folder is gone: what they held is absent, but a guard asks whether it is meant.
    """

    resources: Mapping[Key, Resource] = field(default_factory=lambda: MappingProxyType({}))
    unknown: Mapping[Key, Problem] = field(default_factory=lambda: MappingProxyType({}))
    incomplete: Mapping[tuple[Kind, str], Problem] = field(default_factory=lambda: MappingProxyType({}))
    problems: tuple[Problem, ...] = ()
    emptied: Mapping[tuple[Kind, str], Problem] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, resources: Iterable[Resource]) -> Snapshot:
        """A snapshot of exactly these resources, with nothing unknown."""
        return cls({resource.key: resource for resource in resources})

    @property
    def uncertain(self) -> frozenset[str]:
        """Namespaces in which nothing may be deleted, because something there could not be read."""
        return frozenset({key.namespace for key in self.unknown} | {namespace for _, namespace in self.incomplete})


def within(namespace: str, root: str) -> bool:
    """Whether a namespace is this one or a child of it: `a.b` holds `a.b.c`, never `a.b2`."""
    return namespace == root or namespace.startswith(root + ".")


@dataclass(frozen=True, slots=True)
class Scope:
    """
    The namespaces that a run may look at.

    Args:
        roots: Namespaces by name.
        children: Whether their children belong to it too.
        everything: All namespaces of the server, whatever `roots` says (`--all-namespaces`).
        excluded: Never, unless one of `roots` names it or lies in it (`system`, `tutorial`).
    """

    roots: tuple[str, ...] = ()
    children: bool = True
    everything: bool = False
    excluded: tuple[str, ...] = ("system", "tutorial")

    def covers(self, namespace: str) -> bool:
        """Whether this namespace is in scope."""
        if namespace in self.roots:
            return True
        if self.children and any(within(namespace, root) for root in self.roots):
            return True
        return self.everything and not any(within(namespace, closed) for closed in self.excluded)


class Verdict(StrEnum):
    """What the decision table says about one object; the words are those of `--format json`."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    DRIFT = "drift"
    PAUSED = "paused"
    UNMANAGED = "unmanaged"
    CONFLICT = "conflict"
    BLOCKED = "blocked"
    SETTLED = "settled"

    @property
    def writes(self) -> bool:
        """Whether the target is changed."""
        return self is Verdict.CREATE or self is Verdict.UPDATE or self is Verdict.DELETE


@dataclass(frozen=True, slots=True)
class Change:
    """
    One row of a plan.

    Args:
        key: The object.
        verdict: What is to happen.
        reason: What happened, in words.
        base: What both sides last agreed on, or `None` for absent or not known.
        source: What the source holds, or `None` for absent or unknown.
        target: What the target holds: an overwrite or delete happens only if it still does.
        write: What the target is to hold afterwards; `None` for a deletion and for verdicts that do not write.
    """

    key: Key
    verdict: Verdict
    reason: str
    base: Resource | None = None
    source: Resource | None = None
    target: Resource | None = None
    write: Resource | None = None

    @property
    def path(self) -> str:
        """Where the object lies, lay, or is to lie in the repository; "" where it never did."""
        sides = (self.source, self.target, self.base, self.write)
        return next((side.path for side in sides if side and side.path), "")

    @property
    def revision(self) -> int | None:
        """The server's number of the version that was seen, where there is one."""
        return next((side.revision for side in (self.target, self.source) if side and side.revision is not None), None)


def held_by_base(change: Change) -> bool:
    """Whether the base holds the target's exact bytes, so that overwriting them loses nothing."""
    return bool(change.base and change.target and change.base.raw == change.target.raw)
