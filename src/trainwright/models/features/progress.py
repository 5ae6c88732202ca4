"""Progress of a boosting run, passed on a few times a second at most, and its loss by round, thinned out."""

from __future__ import annotations

import time

from trainwright.models.spec import Report

PERIOD = 0.33  # seconds between two events
MOST_POINTS = 100  # of a curve: enough to see its shape


class Progress:
    """Counts rounds and tells the caller's `report`; the clock only thins the events, it steers nothing.

    Args:
        report: receives `{"kind": "iteration", "family", "step", "of", "loss"}`.
        family: name of the family.
        total: rounds to come at most.
    """

    def __init__(self, report: Report, family: str, total: int):
        self._report, self._family, self._total = report, family, total
        self._last = time.monotonic()

    def step(self, step: int, loss: float | None) -> None:
        """One round is done; `loss` is on validation rows if there are some, else on training rows, or
        None."""
        now = time.monotonic()
        if now - self._last >= PERIOD or step == self._total:
            self._last = now
            self._report({"kind": "iteration", "family": self._family, "step": step, "of": self._total, "loss": loss})


def thinned(losses: list[float], after: int = 0) -> dict[str, list[float]] | None:
    """A loss by round with at most `MOST_POINTS` points, the first, the best and the last among them; None without any.

    Args:
        losses: one for each round.
        after: rounds that were there before the first of them.

    Example:
        >>> thinned([0.6, 0.5, 0.4])
        {'steps': [1.0, 2.0, 3.0], 'validation': [0.6, 0.5, 0.4]}
    """
    if not losses:
        return None
    best = min(range(len(losses)), key=losses.__getitem__)
    spread = range(0, len(losses), -(-len(losses) // (MOST_POINTS - 2)))
    kept = sorted({*spread, best, len(losses) - 1})
    return {"steps": [float(after + at + 1) for at in kept], "validation": [float(losses[at]) for at in kept]}
