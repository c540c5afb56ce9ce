"""SIGTERM, SIGINT and SIGHUP as flags that the worker asks for; nothing is done inside a handler."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any, Final, Self

from syncd.watch.bell import Bell

_STOPS: Final = (signal.SIGTERM, signal.SIGINT)
_EXIT_CODES: Final = {None: 0, signal.SIGTERM: 0, signal.SIGINT: 130}


class Signals:
    """
    While entered: SIGTERM and SIGINT ask for a stop after the object in hand, SIGHUP for another look.

    After the first request to stop, the next one ends the process at once, as the system would.

    Args:
        bell: Rung on every signal.
    """

    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._stop: int | None = None
        self._again = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        handlers = {**dict.fromkeys(_STOPS, self._on_stop), signal.SIGHUP: self._on_hangup}
        self._before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def stopping(self) -> bool:
        """Whether to stop after the object in hand."""
        return self._stop is not None

    def again(self) -> bool:
        """Whether SIGHUP came since this was last asked."""
        again, self._again = self._again, False
        return again

    @property
    def exit_code(self) -> int:
        """0 after SIGTERM, which is how a supervisor stops a daemon; 130 after Ctrl-C."""
        return _EXIT_CODES[None if self._stop is None else signal.Signals(self._stop)]

    def _on_stop(self, number: int, _frame: FrameType | None) -> None:
        self._stop = number
        for stop in _STOPS:
            signal.signal(stop, signal.SIG_DFL)
        self._bell.ring()

    def _on_hangup(self, _number: int, _frame: FrameType | None) -> None:
        self._again = True
        self._bell.ring()
