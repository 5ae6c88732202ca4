"""A learning rate by a range test: the rate rises from step to step, and the loss tells where learning is fastest.

After Smith (2017, Cyclical learning rates, section 3.3). The rate chosen is a tenth of the one where the smoothed loss
was lowest before it rose again, or the one of the steepest fall where that is lower.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from trainwright.config.resolve import Choice
from trainwright.engine.batches import Batches
from trainwright.engine.learner import Batch

LOWEST, HIGHEST = 1e-6, 1.0
STEPS = 100
SMOOTH = 0.9
RUNS_AWAY = 4.0
USUAL = 1e-3


def find(batches: Batches, take: Callable[[Batch, float], float]) -> Choice:
    """The rate and why.

    Args:
        batches: read from their first epoch on, as often as the test needs.
        take: takes a step on a batch at a rate and returns the mean loss before it; the caller puts weights and random
            state back afterwards.
    """
    rates, losses = [], []
    smooth = 0.0
    source = _endless(batches)
    for number in range(STEPS):
        rate = LOWEST * (HIGHEST / LOWEST) ** (number / (STEPS - 1))
        loss = take(next(source), rate)
        if not math.isfinite(loss):
            break
        smooth = SMOOTH * smooth + (1 - SMOOTH) * loss
        rates.append(rate)
        losses.append(smooth / (1 - SMOOTH ** (number + 1)))
        if losses[-1] > RUNS_AWAY * min(losses) and number > STEPS // 5:
            break
    batches.restore({"epoch": 1, "position": 0})
    return suggest(rates, losses)


def suggest(rates: Sequence[float], losses: Sequence[float]) -> Choice:
    """The rate from a finished test.

    Args:
        rates: ascending.
        losses: smoothed, at each rate.

    Example:
        >>> rates = [10.0**-e for e in (6, 5, 4, 3, 2, 1, 0)]
        >>> suggest(rates, [1.0, 1.0, 0.95, 0.7, 0.4, 0.6, 3.0]).value
        0.001
    """
    if len(rates) < 3:
        return Choice(USUAL, "the range test broke off at once, so the usual rate is taken")
    low = min(range(len(losses)), key=losses.__getitem__)
    if losses[low] > losses[0] * 0.99:
        return Choice(
            USUAL, f"the loss fell at no rate from {rates[0]:.0e} to {rates[-1]:.0e}: the usual rate is taken"
        )
    falls = [losses[i] - losses[i + 1] for i in range(low)]
    steepest = max(range(low), key=falls.__getitem__)
    chosen = min(rates[low] / 10, rates[steepest])
    chosen = float(f"{chosen:.2g}")
    reason = (
        f"range test: the loss falls fastest at {rates[steepest]:.2g} and is lowest at {rates[low]:.2g}, a tenth of "
        "which leaves room"
    )
    return Choice(chosen, reason)


def _endless(batches: Batches) -> Iterator[Batch]:
    batches.restore({"epoch": 1, "position": 0})
    while True:
        yield from batches
        batches.next_epoch()
