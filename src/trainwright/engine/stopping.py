"""Which epoch is the best one, and when waiting for a better one ends: pure rules on the figure of each epoch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from trainwright.engine.settings import EngineSettings


@dataclass(frozen=True)
class Standing:
    """Where a training stands after some epochs.

    Args:
        best: the best figure so far, or None while there is none.
        best_epoch: its epoch, counted from 1; 0 while there is none.
        reference: the figure that an epoch must beat by min_delta to count as progress.
        waited: epochs since the last progress.
    """

    best: float | None = None
    best_epoch: int = 0
    reference: float | None = None
    waited: int = 0

    def after(self, epoch: int, figure: float, settings: EngineSettings) -> Standing:
        """The standing after an epoch with this figure; one that is no number is never progress.

        Small improvements add up: the best epoch is the one with the best figure, while waiting starts anew only when
        the figure is better than at the last progress by more than min_delta. An epoch that is asked for counts as the
        best one, whatever the figures say.

        Example:
            >>> settings = EngineSettings(min_delta=0.1)
            >>> standing = Standing().after(1, 1.0, settings).after(2, 0.95, settings)
            >>> standing.best_epoch, standing.waited
            (2, 1)
            >>> standing.after(3, 0.85, settings).waited
            0
        """
        if settings.keep_epoch is not None:
            return Standing(figure, epoch) if epoch == settings.keep_epoch else self
        sign = 1.0 if settings.greater_is_better and settings.best_by != "loss" else -1.0
        if not math.isfinite(figure):
            return Standing(self.best, self.best_epoch, self.reference, self.waited + 1)
        better = self.best is None or sign * figure > sign * self.best
        progress = self.reference is None or sign * (figure - self.reference) > settings.min_delta
        return Standing(
            figure if better else self.best,
            epoch if better else self.best_epoch,
            figure if progress else self.reference,
            0 if progress else self.waited + 1,
        )

    def over(self, settings: EngineSettings) -> bool:
        """Waiting has lasted long enough."""
        return settings.early_stopping and self.waited >= settings.patience
