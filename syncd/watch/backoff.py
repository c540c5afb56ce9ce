"""How long to wait after a failure, as a value; who waits, and for what, is decided in `loop`."""

from __future__ import annotations

from dataclasses import dataclass, replace

FIRST = 1.0
CAP = 60.0
LONGEST_ASKED = 600.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """
    Failures in a row, and the wait that follows from them: 1, 2, 4 … 60 seconds, less up to a half by chance.

    Args:
        failures: In a row; 0 after a success, a new commit or an edited file.
    """

    failures: int = 0

    def failed(self) -> Backoff:
        """After one more failure."""
        return replace(self, failures=self.failures + 1)

    def delay(self, chance: float, asked: float = 0.0) -> float:
        """
        Seconds to wait before the next attempt.

        Args:
            chance: Between 0 and 1; spreads many clients that lost the same server.
            asked: What the server asked for (`Retry-After`), in seconds; believed up to ten minutes.
        """
        if not self.failures:
            return 0.0
        full = min(CAP, FIRST * 2.0 ** min(self.failures - 1, 16))
        return max(full * (0.5 + chance / 2), min(asked, LONGEST_ASKED))
