"""Greedy ensemble weights over out-of-fold predictions, and their honest score.

Source: Caruana et al., "Ensemble Selection from Libraries of Models", ICML 2004 (selection with replacement).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

ROUNDS = 25
Loss = Callable[[np.ndarray, np.ndarray, np.ndarray | None], float]


def greedy_weights(
    predictions: list[np.ndarray],
    y: np.ndarray,
    loss: Loss,
    *,
    sample_weight: np.ndarray | None = None,
    rounds: int = ROUNDS,
) -> np.ndarray:
    """Weights that add up to 1, found by adding the model that lowers the loss most, with replacement.

    Args:
        predictions: m arrays, each (n, k) or (n,): out-of-fold predictions of the same rows.
        y: (n,) truth.
        loss: `loss(y, prediction, weight) -> float`, lower is better.
        sample_weight: (n,) or None.
        rounds: how many times a model is added.

    Returns:
        (m,) weights; the best prefix of the rounds is kept, so one model may take all.

    Example:
        >>> y = np.array([0.0, 1.0, 2.0])
        >>> mse = lambda y, p, w: float(np.mean((y - p) ** 2))
        >>> greedy_weights([y + 1, y - 1], y, mse, rounds=2)
        array([0.5, 0.5])
    """
    counts = np.zeros(len(predictions), dtype=np.int64)
    total = np.zeros_like(predictions[0], dtype=np.float64)
    best_loss, best_counts = np.inf, counts.copy()
    for size in range(1, rounds + 1):
        losses = [loss(y, (total + p) / size, sample_weight) for p in predictions]
        pick = int(np.argmin(losses))
        counts[pick] += 1
        total += predictions[pick]
        if losses[pick] < best_loss - 1e-12:
            best_loss, best_counts = losses[pick], counts.copy()
    return best_counts / best_counts.sum()


def blend(predictions: list[np.ndarray], weights: np.ndarray) -> np.ndarray:
    """The weighted average of m predictions, each (n, k) or (n,)."""
    out = np.zeros_like(predictions[0], dtype=np.float64)
    for prediction, weight in zip(predictions, weights):
        if weight > 0:
            out += weight * prediction
    return out


def cross_fitted(
    predictions: list[np.ndarray],
    y: np.ndarray,
    fold: np.ndarray,
    loss: Loss,
    *,
    sample_weight: np.ndarray | None = None,
) -> np.ndarray:
    """Blended predictions in which each fold's weights were chosen on the other folds only: what may be scored.

    Args:
        fold: (n,) fold number of each row. With a single fold the rows are cut in five blocks by position.

    Returns:
        (n, k) or (n,) predictions.
    """
    parts = np.unique(fold)
    if len(parts) < 2:
        fold = np.arange(len(y)) % 5
        parts = np.unique(fold)
    out = np.empty_like(predictions[0], dtype=np.float64)
    for part in parts:
        own = fold == part
        other = ~own
        weights = greedy_weights(
            [p[other] for p in predictions],
            y[other],
            loss,
            sample_weight=None if sample_weight is None else sample_weight[other],
        )
        out[own] = blend([p[own] for p in predictions], weights)
    return out
