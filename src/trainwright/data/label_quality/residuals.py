"""Likely wrong numbers: targets far from what models that did not see them expect.

How far is far depends on the row (errors grow with the number itself in many tables), so the residual is divided by a
robust scale of rows with like predictions, measured on the other folds. Beyond the bulk, errors may die out as slowly
as exponentially (the bulk's own rate, from its quantiles): what lies beyond even that is named.
"""

from __future__ import annotations

import numpy as np

from trainwright.data.label_quality.suspects import Suspects

BINS = 10
BIN_ROWS = 50
# A bin's scale is never below this share of the whole table's: a quiet corner must not make everything suspicious.
LEAST_SCALE = 0.3
# Median absolute deviation to standard deviation of a normal law.
NORMAL = 1.4826
# Never fewer than this many robust standard deviations.
LEAST = 6.0
# The median error of useful predictions, as a share of what the median of all numbers would leave.
USEFUL = 0.95
# Rows expected beyond the limit by chance.
BY_CHANCE = 0.02


def suspect_numbers(y: np.ndarray, prediction: np.ndarray, fold: np.ndarray) -> Suspects:
    """The rows whose number is probably wrong, the farthest first.

    Args:
        y: (n,) numbers as given.
        prediction: (n,) of models that did not see the row.
        fold: (n,) the fold that held the row out.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> truth = rng.uniform(10, 20, 400)
        >>> y = truth + rng.normal(0, 0.5, 400)
        >>> y[7] *= 10  # a decimal point was lost
        >>> suspect_numbers(y, truth, np.arange(400) % 4).positions.tolist()
        [7]
    """
    size = np.abs(scaled_residuals(y, prediction, fold))
    limit = far_limit(size) if _says_something(y, prediction) else float("inf")
    rows = np.flatnonzero(size > limit)
    rows = rows[np.argsort(-size[rows], kind="stable")]
    return Suspects(
        positions=rows,
        given=y[rows],
        suggested=prediction[rows],
        probability=size[rows],
        given_probability=np.full(len(rows), np.nan),
        share=len(rows) / max(len(y), 1),
        overlap=False,
        pairs={},
        rows=len(y),
    )


def _says_something(y: np.ndarray, prediction: np.ndarray) -> bool:
    """Whether predictions are nearer to most numbers than their median is; a constant answer accuses nobody."""
    if len(y) < 2:
        return False
    return float(np.median(np.abs(y - prediction))) < USEFUL * float(np.median(np.abs(y - np.median(y))))


def scaled_residuals(y: np.ndarray, prediction: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """(n,) residuals in robust standard deviations of rows with like predictions in the other folds."""
    residual = y - prediction
    out = np.zeros(len(y))
    for number in np.unique(fold):
        held = fold == number
        other = ~held if (~held).any() else held
        centre, scale = _by_bin(prediction[other], residual[other], prediction[held])
        out[held] = (residual[held] - centre) / scale
    return out


def _by_bin(known: np.ndarray, residual: np.ndarray, asked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median and robust scale of the residuals in the bin of each asked prediction."""
    median = float(np.median(residual))
    whole = NORMAL * float(np.median(np.abs(residual - median)))
    if whole <= 0:  # most predictions are exactly right: any other scale would be arbitrary
        whole = float(np.std(residual)) or 1.0
    bins = int(np.clip(len(known) // BIN_ROWS, 1, BINS))
    edges = np.unique(np.quantile(known, np.arange(1, bins) / bins))
    of_known, of_asked = np.searchsorted(edges, known), np.searchsorted(edges, asked)
    centre, scale = np.full(len(edges) + 1, median), np.full(len(edges) + 1, whole)
    for i in range(len(edges) + 1):
        inside = residual[of_known == i]
        if len(inside) >= BIN_ROWS // 2:
            centre[i] = np.median(inside)
            scale[i] = max(NORMAL * float(np.median(np.abs(inside - centre[i]))), LEAST_SCALE * whole)
    return centre[of_asked], scale[of_asked]


def far_limit(size: np.ndarray) -> float:
    """The distance beyond which exponential tails would leave hardly any of these rows.

    Example:
        >>> 9 < far_limit(np.random.default_rng(0).exponential(1, 10_000)) < 18
        True
    """
    if len(size) < 2:
        return float("inf")
    middle, high = np.quantile(size, [0.5, 0.85])
    rate = np.log(0.5 / 0.15) / max(high - middle, 1e-12)
    return max(LEAST, float(high + np.log(max(0.15 * len(size), 1.0) / BY_CHANCE) / rate))
