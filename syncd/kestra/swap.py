"""Writes one object only if it still is what was seen, and believes only what it reads back; one way for every kind."""

from __future__ import annotations

from typing import Protocol

import stamina

from syncd.errors import KestraError, KestraRejected, KestraUnavailable, ObjectMoved
from syncd.kestra.transport import wait_before_repeat
from syncd.model import Change, Key, Resource

_READ_BACKS = 4
_FIRST_WAIT = 0.1


class Store(Protocol):
    """Objects of one kind on one server, one at a time."""

    def read(self, key: Key) -> Resource | None:
        """The object as it is now, or `None`."""

    def create(self, key: Key, data: bytes) -> None:
        """Makes it, or raises `KestraExists` where the server can tell."""

    def update(self, key: Key, data: bytes) -> None:
        """Overwrites it."""

    def delete(self, key: Key) -> None:
        """Deletes it."""


def swap(store: Store, change: Change, repeats: int) -> Resource | None:
    """
    Makes the server hold `change.write` in place of `change.target`; every repeat starts with a new look.

    Args:
        store: Where the object lives.
        change: What was seen, and what is to be.
        repeats: How often a write of unknown outcome is tried again.

    Returns:
        What the server holds now.

    Raises:
        ObjectMoved: The object is not, or did not stay, what was seen.
        KestraRejected: The server refused it, or took it and holds something else.
        KestraError: The server cannot be used.
    """
    try:
        for attempt in stamina.retry_context(on=_unclear, attempts=repeats + 1, wait_jitter=0.2):
            with attempt:
                return _swapped(store, change)
    except _UnclearError as unclear:
        raise _final(change.key, unclear.cause) from None
    raise AssertionError  # pragma: no cover


class _UnclearError(Exception):
    """A write whose outcome is not known."""

    def __init__(self, cause: KestraUnavailable) -> None:
        super().__init__(str(cause))
        self.cause = cause


class _StaleError(KestraRejected):
    """A write that was accepted and does not show."""


def _swapped(store: Store, change: Change) -> Resource | None:
    held = store.read(change.key)
    if _equal(held, change.write):
        return held
    if _raw(held) != _raw(change.target):
        raise ObjectMoved(
            f"{change.key} changed during the run: {_shown(change.target)} was seen, now it is {_shown(held)}",
            "run the command again to decide anew",
        )
    try:
        _write(store, change, held)
    except KestraUnavailable as error:
        raise _UnclearError(error) from None
    except KestraRejected as refused:
        return _after_refusal(store, change, held, refused)
    return _confirmed(store, change, held)


def _write(store: Store, change: Change, held: Resource | None) -> None:
    if change.write is None:
        store.delete(change.key)
    elif held is None:
        store.create(change.key, change.write.load())
    else:
        store.update(change.key, change.write.load())


def _after_refusal(store: Store, change: Change, held: Resource | None, refused: KestraRejected) -> Resource | None:
    """Somebody else may have been faster, with the same result or another one; otherwise the refusal stands."""
    observed = store.read(change.key)
    if _equal(observed, change.write):
        return observed
    if _raw(observed) != _raw(held):
        raise _moved(change, observed)
    raise refused


def _confirmed(store: Store, change: Change, held: Resource | None) -> Resource | None:
    for attempt in stamina.retry_context(on=_StaleError, attempts=_READ_BACKS, wait_initial=_FIRST_WAIT, wait_jitter=0):
        with attempt:
            observed = store.read(change.key)
            if _equal(observed, change.write):
                return observed
            if _raw(observed) != _raw(held):
                raise _moved(change, observed)
            raise _StaleError(
                f"{change.key}: the server accepted the write but still holds {_shown(observed)}"
                f" instead of {_shown(change.write)}",
                "look into Kestra's own log",
            )
    raise AssertionError  # pragma: no cover


def _moved(change: Change, observed: Resource | None) -> ObjectMoved:
    return ObjectMoved(
        f"{change.key} changed while it was written: {_shown(change.write)} was sent, {_shown(observed)} is there",
        "run the command again to decide anew",
    )


def _final(key: Key, error: KestraUnavailable) -> KestraError:
    """A 500 concerns this object alone, since the server answered the read before it; anything else stops the run."""
    if error.status != 500:
        return error
    return KestraRejected(f"{key}: {error}", "look into Kestra's own log", url=error.url, status=error.status)


def _unclear(error: Exception) -> bool | float:
    return wait_before_repeat(error.cause) if isinstance(error, _UnclearError) else False


def _equal(one: Resource | None, other: Resource | None) -> bool:
    return (one and one.digest) == (other and other.digest)


def _raw(resource: Resource | None) -> str | None:
    return resource.raw if resource else None


def _shown(resource: Resource | None) -> str:
    if resource is None:
        return "nothing"
    return resource.raw[:9] + (f" (revision {resource.revision})" if resource.revision is not None else "")
