"""How long a run may take, and how the time is shared between its stages."""

from __future__ import annotations

import time
from dataclasses import dataclass

# Share of the limit kept back for what follows the fits: evaluation and report take at most a fifth.
EVALUATION_SHARE = 0.14
# Seconds that no limit shortens: imports, the fresh process that opens the sealed test, the report's figures.
FIXED_TAIL = 6.0


@dataclass(frozen=True)
class Budget:
    """A limit in seconds, counted from the moment the user pressed enter.

    Args:
        limit: seconds for the whole command, or None when a replay obeys counts and no clock.
        started: `time.time()` when the command began.

    Example:
        >>> Budget(limit=None, started=0.0).allows(1e9)
        True
    """

    limit: float | None
    started: float

    def elapsed(self) -> float:
        """Seconds since the command began."""
        return time.time() - self.started

    def remaining(self) -> float:
        """Seconds left for fits, before evaluation and report must begin; infinite without a clock."""
        if self.limit is None:
            return float("inf")
        return self.limit - self.tail() - self.elapsed()

    def tail(self) -> float:
        """Seconds kept for the evaluation, the package, the sealed test and the report."""
        if self.limit is None:
            return 0.0
        return min(FIXED_TAIL + EVALUATION_SHARE * self.limit * 0.5, 0.45 * self.limit)

    def allows(self, seconds: float) -> bool:
        """Whether work of about this many seconds may still start."""
        return self.remaining() >= seconds
