"""What promoted flows rely on: references that must resolve, and the keys and secrets that the target must have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from syncd.flowtext.references import Reference, Refers, references
from syncd.model import Key, Kind, Problem, Resource, Severity

_FLOWS = frozenset({Refers.SUBFLOW, Refers.FLOW_TRIGGER, Refers.TASK})


@dataclass(frozen=True, slots=True)
class Known:
    """
    What will be there once the promotion is deployed.

    Args:
        keys: Every object of the target and of the promotion.
        namespaces: The namespaces that are fully known; nothing can be said of references to others.
    """

    keys: frozenset[Key]
    namespaces: frozenset[str]


@dataclass(frozen=True, slots=True)
class Needs:
    """Names, never values, that the target must hold: KV keys by namespace, and secrets."""

    keys: tuple[tuple[str, str], ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()


def needs(flows: Iterable[Resource]) -> Needs:
    """The KV keys and secrets that these flows read, as (namespace, name), where both can be told."""
    found: dict[Refers, set[tuple[str, str]]] = {Refers.KV: set(), Refers.SECRET: set()}
    for flow in flows:
        for reference in references(flow.load()):
            if reference.kind in found and reference.name and not reference.dynamic:
                found[reference.kind].add((reference.namespace or flow.key.namespace, reference.name))
    return Needs(tuple(sorted(found[Refers.KV])), tuple(sorted(found[Refers.SECRET])))


def unresolved(flows: Mapping[Key, Resource], known: Known) -> tuple[Problem, ...]:
    """The references of these flows to flows and files that will not be there."""
    return tuple(problem for key in sorted(flows) for problem in _unresolved(flows[key], known))


def _unresolved(flow: Resource, known: Known) -> Iterator[Problem]:
    for reference in references(flow.load()):
        target = _target(reference, flow.key.namespace)
        if target is None or target in known.keys:
            continue
        if target.namespace in known.namespaces:
            message = f"{flow.key} uses {target}, which is neither promoted nor in the target"
            yield _problem(flow, reference, Severity.WARNING, message)
        else:
            message = f"{flow.key} uses {target}; nothing is known of that namespace"
            yield _problem(flow, reference, Severity.NOTE, message)


def _target(reference: Reference, own: str) -> Key | None:
    if reference.dynamic or not reference.name:
        return None
    if reference.kind in _FLOWS:
        return Key(Kind.FLOW, reference.namespace or own, reference.name)
    if reference.kind is Refers.FILE:
        return Key(Kind.FILE, reference.namespace or own, reference.name.lstrip("/"))
    return None


def _problem(flow: Resource, reference: Reference, severity: Severity, message: str) -> Problem:
    hint = "promote it too (--map), or name another" if severity is Severity.WARNING else "make sure that it is there"
    return Problem("SYN303", message, flow.path, reference.line, reference.column, severity, flow.key, hint)
