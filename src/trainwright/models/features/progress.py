"""Progress of a boosting run, passed on a few times a second at most."""

from __future__ import annotations

import time

from trainwright.models.spec import Report

PERIOD = 0.33  # seconds between two events


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
