"""What wakes the worker, from any thread and from inside a signal handler; it carries no message."""

from __future__ import annotations

from contextlib import suppress
from queue import Empty, SimpleQueue


class Bell:
    """
    Rung by whoever has set something down for the worker, who looks at everything when it wakes.

    A queue and not a lock, because `SimpleQueue.put` is the one primitive that Python's documentation calls
    reentrant: a signal handler may run while its own thread is inside of it.
    """

    def __init__(self) -> None:
        self._rings: SimpleQueue[None] = SimpleQueue()

    def ring(self) -> None:
        """Wakes the worker, or the next wait. Ringing many times is ringing once."""
        if self._rings.empty():
            self._rings.put(None)

    def wait(self, seconds: float) -> None:
        """Returns when rung, at the latest after so many seconds."""
        with suppress(Empty):
            self._rings.get(timeout=max(0.0, seconds))
