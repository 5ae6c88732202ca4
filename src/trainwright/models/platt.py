"""Scores of classes to probabilities by a fitted slope and offsets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trainwright.models.inner import inner_folds
from trainwright.models.prepared import softmax

Scores = Callable[[np.ndarray, np.ndarray], np.ndarray]

# More rows would cost several fits on all of them and hardly move a slope.
_ROWS = 6000


def fit_scale(scores: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """The slope a > 0 and the offsets b of softmax(a * score + b) that make y most likely.

    This is the method of Platt (1999, "Probabilistic outputs for support vector machines"), with one slope
    for all classes. His smoothed targets keep it finite when scores separate the classes.

    Args:
        scores: (n, k), of rows that the scoring model was not fitted on.
        y: (n,) class positions.
        weight: (n,) weights, or None.

    Returns:
        (1 + k,) the slope and the offsets, the first of which is 0.
    """
    from scipy.optimize import minimize

    n, k = scores.shape
    spread = float(scores.std()) or 1.0
    w = np.ones(n) if weight is None or weight.sum() <= 0 else weight * (n / weight.sum())
    counts = np.bincount(y, weights=w, minlength=k)
    truth = np.zeros((n, k))
    truth[np.arange(n), y] = 1.0
    # Platt's targets (N + 1) / (N + 2), for k classes: each class has seen one more row of every class.
    truth = (truth * counts[:, None].T + 1.0 / k) / ((truth * counts).sum(axis=1, keepdims=True) + 1.0)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        slope = np.exp(parameters[0])
        offsets = np.concatenate([[0.0], parameters[1:]])
        shares = softmax(slope * scores / spread + offsets)
        value = -(w[:, None] * truth * np.log(np.maximum(shares, 1e-300))).sum() / n
        pull = w[:, None] * (shares - truth) / n  # (n, k) derivative by the exponent; rows of truth sum to 1
        return float(value), np.concatenate([[(pull * scores / spread).sum() * slope], pull.sum(axis=0)[1:]])

    found = minimize(loss, np.zeros(k), jac=True, method="L-BFGS-B", bounds=[(-8, 8)] + [(-30, 30)] * (k - 1))
    return np.concatenate([[np.exp(found.x[0]) / spread, 0.0], found.x[1:]])


def apply_scale(scores: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """(n, k) scores to probabilities with `fit_scale`'s slope and offsets."""
    return softmax(scale[0] * scores + scale[1:])


def cross_scores(
    score: Scores,
    y: np.ndarray,
    n_classes: int,
    seed: int,
    folds: int = 3,
    units: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray] | None:
    """Scores of rows by models that were not fitted on them.

    Args:
        score: from positions to fit on and positions to score to (rows, k) scores.
        y: (n,) class positions.
        n_classes: k.
        seed: decides the folds.
        folds: how many models are fitted.
        units: (n,) units that folds keep whole, or None.

    Returns:
        (m,) row positions, at most 6,000 of them, and (m, k) scores; None when a class has fewer rows than
        folds.
    """
    drawn = np.arange(len(y))
    if len(y) > _ROWS:
        drawn = np.sort(np.random.default_rng(seed).choice(len(y), _ROWS, replace=False))
    if np.bincount(y[drawn], minlength=n_classes).min() < folds:
        return None
    own = None if units is None else units[drawn]
    fold = inner_folds(y[drawn], folds, seed, n_classes=n_classes, units=own)
    if own is not None and any(len(np.unique(y[drawn][fold != k])) < n_classes for k in range(folds)):
        return None  # whole units can take a class along
    rows = [drawn[fold == k] for k in range(folds)]
    parts = [score(drawn[fold != k], rows[k]) for k in range(folds)]
    return np.concatenate(rows), np.concatenate(parts)
