"""When a trial of a search may be stopped after some of its folds: it is clearly worse than the best on the same folds.

Trials are compared fold by fold, because folds differ far more from each other than two good settings do on the same
fold. How much two settings differ by chance on one fold is taken from the trials that are complete, not from the few
folds at hand, which would call almost anything clear. Comparing settings while they run, and dropping
those that fall behind, is known as racing (Maron and Moore 1994; Birattari et al. 2002, F-race).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Folds that must be done before a trial may be stopped, and complete trials before any may be.
FEWEST_FOLDS = 2
FEWEST_TRIALS = 3
# Standard errors by which the mean must lie behind.
BEHIND = 2.0


def usual_spread(
    complete: Sequence[Sequence[float]], best: Sequence[float], *, greater_is_better: bool
) -> float | None:
    """How much the gap between a trial and the best one usually differs from fold to fold; None with too few trials.

    Args:
        complete: for each complete trial its score on every fold, the best one among them.
        best: the scores of the best one.
        greater_is_better: direction of the metric.

    Example:
        >>> round(usual_spread([[1, 2, 3], [1.1, 2, 2.9], [0.9, 2.2, 3]], [1, 2, 3], greater_is_better=True), 3)
        0.126
    """
    reference = np.asarray(best, dtype=float)
    spreads = []
    for scores in complete:
        gaps = np.asarray(scores, dtype=float) - reference
        if len(gaps) > 1 and np.isfinite(gaps).all() and gaps.any():
            spreads.append(float(gaps.std(ddof=1)))
    if len(complete) < FEWEST_TRIALS or not spreads:
        return None
    return float(np.median(spreads))


def clearly_worse(
    scores: Sequence[float | None], best: Sequence[float | None], spread: float | None, *, greater_is_better: bool
) -> str:
    """Why a trial need not go on, in words; empty when it may still win.

    Args:
        scores: by fold, None where a fold is not done yet.
        best: the best trial's scores on the same folds.
        spread: see `usual_spread`.
        greater_is_better: direction of the metric.

    Example:
        >>> clearly_worse([0.70, 0.71, None], [0.80, 0.80, 0.80], 0.01, greater_is_better=True)
        'behind the best trial on all 2 folds done, by 0.095 on average'
        >>> clearly_worse([0.79, 0.81, None], [0.80, 0.80, 0.80], 0.01, greater_is_better=True)
        ''
    """
    sign = 1.0 if greater_is_better else -1.0
    gaps = [sign * (b - s) for s, b in zip(scores, best) if s is not None and b is not None]
    if spread is None or len(gaps) < FEWEST_FOLDS or len(gaps) == len(scores) or not np.isfinite(gaps).all():
        return ""
    mean = float(np.mean(gaps))
    if min(gaps) <= 0 or mean <= BEHIND * spread / len(gaps) ** 0.5:
        return ""
    return f"behind the best trial on all {len(gaps)} folds done, by {mean:.3g} on average"
