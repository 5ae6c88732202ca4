"""Bounds beside a predicted number, from errors on rows that the models did not see: which quantile, and the bounds.

Split and CV+ conformal prediction (Vovk, Gammerman and Shafer 2005; Barber, Candès, Ramdas and Tibshirani 2021,
"Predictive inference with the jackknife+", Annals of Statistics 49, section 3.1); where rows come in groups, each group
counts once (Lee, Barber and Willett 2023, "Distribution-free inference with hierarchical data", section 3).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

POINTS = 500  # errors are kept as at most about this many points: a step of 0.2 % in coverage, always to the safe side
CHUNK = 4_000_000  # numbers held at once while bounds are computed


def needed_share(level: float, units: int) -> float | None:
    """Share of `units` errors that bounds must cover, so that they hold one more with probability `level`.

    level (n + 1) / n (Vovk et al. 2005); None when there are too few units for this level.

    Example:
        >>> round(needed_share(0.9, 99), 4), needed_share(0.9, 8)
        (0.9091, None)
    """
    share = level * (units + 1) / units if units > 0 else math.inf
    return None if share > 1 + 1e-12 else min(share, 1.0)


def masses(n: int, group: np.ndarray | None = None) -> tuple[np.ndarray, int]:
    """What each of n rows weighs, and how many units they are: rows by themselves, or groups that count alike.

    Args:
        n: rows.
        group: (n,) codes, or None.

    Returns:
        (n,) weights with the sum 1, and the number of rows or groups.

    Example:
        >>> masses(3, np.array([0, 0, 1]))
        (array([0.25, 0.25, 0.5 ]), 2)
    """
    if group is None:
        return np.full(n, 1.0 / max(n, 1)), n
    _, code, count = np.unique(group, return_inverse=True, return_counts=True)
    return 1.0 / (len(count) * count[code]), len(count)


def upper_quantile(scores: np.ndarray, mass: np.ndarray, share: float) -> float:
    """The smallest of (n,) scores at or below which at least this share of the mass lies.

    Example:
        >>> upper_quantile(np.arange(1.0, 100.0), np.full(99, 1 / 99), 0.9 * 100 / 99)
        90.0
    """
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(mass[order])
    at = int(np.searchsorted(reached, share * reached[-1] * (1 - 1e-12)))
    return float(scores[order][min(at, len(order) - 1)])


def worst_group_quantile(scores: np.ndarray, group: np.ndarray, level: float) -> float:
    """The largest of each group's own quantile: what is left where groups are too few to promise anything."""
    parts = (scores[group == code] for code in np.unique(group))
    return max(upper_quantile(part, np.ones(len(part)), level) for part in parts)


def compress(scores: np.ndarray, mass: np.ndarray, fold: np.ndarray, points: int = POINTS) -> dict[int, np.ndarray]:
    """The scores of each fold as points that all weigh the same, each the largest of those it stands for.

    Args:
        scores, mass, fold: (n,) of each row.
        points: about how many in all; as many as there are rows, and then exact, when these are fewer and weigh alike.

    Returns:
        Ascending points by fold; a fold has as many as its mass deserves.

    Example:
        >>> compress(np.array([3.0, 1.0, 2.0]), np.ones(3) / 3, np.array([0, 0, 1]))
        {0: array([1., 3.]), 1: array([2.])}
    """
    alike = bool(np.ptp(mass) <= 1e-9 * mass.max())
    total = len(scores) if alike and len(scores) <= points else points
    out: dict[int, np.ndarray] = {}
    for number in np.unique(fold).tolist():
        own = fold == number
        count = max(1, round(total * float(mass[own].sum() / mass.sum())))
        order = np.argsort(scores[own], kind="stable")
        reached = np.cumsum(mass[own][order])
        at = np.searchsorted(reached / reached[-1], np.arange(1, count + 1) / count - 1e-9)
        out[int(number)] = scores[own][order][np.minimum(at, len(order) - 1)]
    return out


def cv_plus(
    centres: np.ndarray, sizes: np.ndarray, points: Sequence[np.ndarray], share: float
) -> tuple[np.ndarray, np.ndarray]:
    """CV+ bounds (Barber et al. 2021, equation 3.1): quantiles of prediction plus and minus error over all folds.

    Args:
        centres: (n, k) what each fold's models predict.
        sizes: (n, k) how large errors are expected to be there; scores are errors divided by it.
        points: for each of the k folds its scores, ascending, as `compress` gives them.
        share: see `needed_share`.

    Returns:
        (n,) lower and (n,) upper bounds.

    Example:
        >>> low, high = cv_plus(np.array([[5.0]]), np.array([[1.0]]), [np.array([1.0, 2.0, 3.0])], 2 / 3)
        >>> low, high
        (array([3.]), array([7.]))
    """
    counts = [len(part) for part in points]
    total = sum(counts)
    rank = min(total, math.ceil(share * total - 1e-9)) - 1
    row = np.concatenate(points)  # (total,)
    n = len(centres)
    low, high = np.empty(n), np.empty(n)
    step = max(1, CHUNK // max(total, 1))
    for start in range(0, n, step):
        part = slice(start, start + step)
        middle = np.repeat(centres[part], counts, axis=1)  # (c, total)
        reach = np.repeat(sizes[part], counts, axis=1) * row
        high[part] = np.partition(middle + reach, rank, axis=1)[:, rank]
        low[part] = -np.partition(reach - middle, rank, axis=1)[:, rank]
    return low, high


def promised(level: float, n: int, folds: int) -> float:
    """The coverage that CV+ guarantees for exchangeable rows (Barber et al. 2021, theorem 4), at least 0.

    With one fold it is split conformal, which guarantees the level itself.

    Example:
        >>> promised(0.9, 1000, 1), round(promised(0.9, 1000, 5), 3)
        (0.9, 0.792)
    """
    if folds == 1:
        return level
    slack = min(2 * (1 - 1 / folds) / (n / folds + 1), (1 - folds / n) / (folds + 1))
    return max(0.0, 1 - 2 * (1 - level) - slack)


def bounded(
    low: np.ndarray, high: np.ndarray, prediction: np.ndarray, floor: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """Bounds on either side of the prediction, the lower one not below the floor unless the prediction itself is.

    Example:
        >>> bounded(np.array([-2.0]), np.array([4.0]), np.array([1.0]), 0.0)
        (array([0.]), array([4.]))
    """
    if floor is not None:
        low = np.maximum(low, floor)
    return np.minimum(low, prediction), np.maximum(high, prediction)
