"""Test figures of the peers and of ours, by scikit-learn's own functions, with the spread of their difference."""

from __future__ import annotations

import numpy as np

RESAMPLES = 500


def name_of(task: str, n_classes: int) -> str:
    """The metric by which tables of this kind are compared."""
    if task == "number":
        return "RMSE"
    return "ROC-AUC" if n_classes == 2 else "log-loss"


def score(metric: str, y: np.ndarray, prediction: np.ndarray, positive: int = 1) -> float:
    """The metric of predictions.

    Args:
        y: (n,) class positions or numbers.
        prediction: (n, k) probabilities or (n,) numbers.
        positive: the position of the positive class.
    """
    from sklearn.metrics import log_loss, roc_auc_score, root_mean_squared_error

    if metric == "RMSE":
        return float(root_mean_squared_error(y, prediction))
    if metric == "ROC-AUC":
        return float(roc_auc_score(y == positive, prediction[:, positive]))
    clipped = np.clip(prediction, 1e-15, 1)
    return float(log_loss(y, clipped / clipped.sum(1, keepdims=True), labels=np.arange(prediction.shape[1])))


def gain(
    metric: str, y: np.ndarray, ours: np.ndarray, theirs: np.ndarray, positive: int = 1
) -> tuple[float, float, float]:
    """How much better ours is than theirs on the same rows, with a 95 % percentile interval from resampled rows.

    Returns:
        (gain, low, high); above zero is better for ours, whatever the metric's direction.
    """
    sign = 1.0 if metric == "ROC-AUC" else -1.0

    def at(rows: np.ndarray) -> float:
        pair = [score(metric, y[rows], p[rows], positive) for p in (ours, theirs)]
        return sign * (pair[0] - pair[1])

    rng = np.random.default_rng(0)
    n = len(y)
    draws = [rng.integers(0, n, n) for _ in range(RESAMPLES)]
    if metric == "ROC-AUC":
        draws = [rows for rows in draws if 0 < (y[rows] == positive).mean() < 1]
    low, high = np.quantile([at(rows) for rows in draws], [0.025, 0.975])
    return at(np.arange(n)), float(low), float(high)
