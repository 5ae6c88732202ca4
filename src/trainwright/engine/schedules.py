"""How the learning rate moves: pure functions of the step, and one small state machine for what follows the loss.

With W steps of warm-up, T steps in all and t = 0, 1, ... the factor of the base rate is (t + 1) / W while t < W; after
it, with s = t - W of S = T - W steps:

- fixed: 1
- step: gamma ** (finished epochs // step_size)
- cosine_annealing: (1 + cos(pi s / S)) / 2 (Loshchilov & Hutter 2017, SGDR, equation 5, without restarts)
- linear: 1 - s / S
- one_cycle: from 1/25 up to 1 over the first 30 % of the steps, then down to 1/250,000, both along half a cosine
  (Smith & Topin 2018); the momentum stays as it is
- plateau: 1, times what `Plateau` says
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from trainwright.engine.settings import EngineSettings

RISE, FIRST, LAST = 0.3, 1 / 25, 1 / (25 * 1e4)


def rate(step: int, total: int, settings: EngineSettings, steps_per_epoch: int) -> float:
    """The factor of the base learning rate at a step.

    Args:
        step: 0, 1, ..., total - 1.
        total: steps of the whole training, if nothing stops it.
        settings: scheduler, step_size, gamma, warmup_steps, warmup_ratio are read.
        steps_per_epoch: for what counts epochs.

    Example:
        >>> cosine = EngineSettings(scheduler="cosine_annealing", warmup_steps=2)
        >>> [round(rate(step, 6, cosine, 3), 3) for step in range(6)]
        [0.5, 1.0, 1.0, 0.854, 0.5, 0.146]
    """
    warmup = settings.warmup(total)
    if step < warmup:
        return (step + 1) / warmup
    at, of = step - warmup, max(total - warmup, 1)
    match settings.scheduler:
        case "step":
            return settings.gamma ** (step // steps_per_epoch // settings.step_size)
        case "cosine_annealing":
            return (1 + math.cos(math.pi * at / of)) / 2
        case "linear":
            return 1 - at / of
        case "one_cycle":
            return _one_cycle(at, of)
        case _:
            return 1.0


def is_constant(settings: EngineSettings) -> bool:
    """The factor is 1 at every step."""
    return settings.scheduler == "fixed" and not settings.warmup_steps and not settings.warmup_ratio


def _one_cycle(at: int, of: int) -> float:
    top = max(RISE * of - 1, 0.0)
    if at <= top:
        return _half_cosine(FIRST, 1.0, at / top) if top else 1.0
    return _half_cosine(1.0, LAST, (at - top) / max(of - 1 - top, 1e-12))


def _half_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * min(share, 1.0))) / 2


@dataclass(frozen=True)
class Plateau:
    """The rate of scheduler plateau: reduced whenever the loss has not improved for some epochs.

    Args:
        factor: of the base rate now.
        best: the lowest loss so far, or None.
        waited: epochs since it.
    """

    factor: float = 1.0
    best: float | None = None
    waited: int = 0

    def after(self, loss: float, settings: EngineSettings) -> Plateau:
        """The state after an epoch with this loss.

        It waits half as long as early stopping does, so that a smaller rate has its chance before the end.

        Example:
            >>> patient = EngineSettings(scheduler="plateau", patience=2, gamma=0.5)
            >>> Plateau(1.0, 0.3, 0).after(0.4, patient).after(0.4, patient).factor
            0.5
        """
        if self.best is None or loss < self.best - settings.min_delta:
            return Plateau(self.factor, loss, 0)
        if self.waited + 1 > patience(settings):
            return Plateau(self.factor * settings.gamma, self.best, 0)
        return Plateau(self.factor, self.best, self.waited + 1)


def patience(settings: EngineSettings) -> int:
    """Epochs without progress that plateau accepts before it reduces the rate."""
    return settings.patience // 2
