"""Curves and histograms of an evaluation, thinned to what a figure can show."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainwright.tasks.metric import divide
from trainwright.tasks.probabilities import quantile_bins
from trainwright.tasks.ranking import ranked

POINTS = 200
RELIABILITY_BINS = 10
CURVE_CLASSES = 12
EXAMPLES = 20
CELLS_WITH_EXAMPLES = 2_500


def order_curves(score: np.ndarray, label: np.ndarray) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The ROC and the precision-recall curve of (n,) scores, at most `POINTS` points each; None when a
    class is
    absent."""
    r = ranked(score, label)
    found = np.concatenate(([0.0], np.cumsum(r.positive[::-1])))
    wrong = np.concatenate(([0.0], np.cumsum(r.negative[::-1])))
    if found[-1] == 0 or wrong[-1] == 0:
        return None
    recall, fpr = found / found[-1], wrong / wrong[-1]
    precision = divide(found, found + wrong)
    precision[0] = precision[1]  # before the first row there is no precision; the curve begins level
    roc, pr = thin(fpr, recall), thin(recall, precision)
    return (
        {"fpr": _rounded(fpr[roc]), "tpr": _rounded(recall[roc])},
        {"recall": _rounded(recall[pr]), "precision": _rounded(precision[pr])},
    )


def thin(x: np.ndarray, y: np.ndarray, points: int = POINTS) -> np.ndarray:
    """Positions of at most `points` points of a curve, evenly along its length, both ends kept."""
    if len(x) <= points:
        return np.arange(len(x))
    length = np.concatenate(([0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))))
    at = np.searchsorted(length, np.linspace(0, length[-1], points), side="left")
    at[0], at[-1] = 0, len(x) - 1
    return np.unique(np.minimum(at, len(x) - 1))


def reliability(probability: np.ndarray, hit: np.ndarray) -> list[dict[str, float | int]]:
    """Mean probability against the share that came true, in bins with about the same number of rows."""
    if len(hit) == 0:
        return []
    bins, count = quantile_bins(probability, min(RELIABILITY_BINS, max(1, len(hit) // 10)))
    n = np.bincount(bins, minlength=count)
    mean = divide(np.bincount(bins, weights=probability, minlength=count), n)
    share = divide(np.bincount(bins, weights=hit, minlength=count), n)
    return [
        {"mean_probability": float(mean[b]), "share": float(share[b]), "n": int(n[b])} for b in range(count) if n[b]
    ]


def confidence_histogram(confidence: np.ndarray, right: np.ndarray, k: int) -> dict[str, list[float]]:
    """Rows decided rightly and wrongly by confidence, in bins of 0.05 from the least confidence possible."""
    edges = np.round(np.arange(np.floor(20 / k), 21) * 0.05, 2)
    return {
        "edges": edges.tolist(),
        "right": np.histogram(confidence[right], edges)[0].tolist(),
        "wrong": np.histogram(confidence[~right], edges)[0].tolist(),
    }


def class_curves(y: np.ndarray, prediction: np.ndarray, classes: tuple[str, ...]) -> dict[str, Any]:
    """For more than two classes: the curves of each class against the rest, the most frequent classes
    first."""
    roc, pr = [], []
    frequent = np.argsort(-np.bincount(y, minlength=len(classes)), kind="stable")[:CURVE_CLASSES]
    for c in frequent:
        both = order_curves(prediction[:, c], y == c)
        if both is not None:
            roc.append({"class": classes[c], **both[0]})
            pr.append({"class": classes[c], **both[1]})
    return {"roc": roc, "precision_recall": pr}


def confusion(
    y: np.ndarray,
    decided: np.ndarray,
    classes: tuple[str, ...],
    *,
    rows: np.ndarray | None = None,
    confidence: np.ndarray | None = None,
) -> dict[str, Any]:
    """How often class i was decided as class j, with the rows behind each cell when they may be shown.

    Args:
        y, decided: (n,) class positions.
        classes: their names.
        rows: (n,) row numbers, or None to show none.
        confidence: (n,): in a cell of mistakes the surest come first; at most `EXAMPLES` rows a cell.
    """
    k = len(classes)
    cell = y * k + decided
    counts = np.bincount(cell, minlength=k * k)
    out: dict[str, Any] = {"classes": list(classes), "matrix": counts.reshape(k, k).tolist()}
    if rows is None:
        return out
    wrong_first = np.lexsort((rows, np.zeros(len(y)) if confidence is None else -confidence, cell))
    start = np.concatenate(([0], np.cumsum(counts)))
    shown = np.flatnonzero(counts)
    if len(shown) > CELLS_WITH_EXAMPLES:
        shown = np.sort(shown[np.argsort(-counts[shown], kind="stable")[:CELLS_WITH_EXAMPLES]])
    out["examples"] = {
        f"{c // k},{c % k}": rows[wrong_first[start[c] : min(start[c] + EXAMPLES, start[c + 1])]].tolist()
        for c in shown
    }
    return out


def residuals(y: np.ndarray, prediction: np.ndarray, *, points: int | None, seed: int = 0) -> dict[str, list[float]]:
    """Histogram of actual minus predicted, and for `points` rows drawn at random both numbers."""
    error = y - prediction
    low, high = (float(v) for v in np.quantile(error, [0.005, 0.995]))
    if low == high:
        low, high = low - 0.5, high + 0.5
    # The half percent beyond each end is counted in the outermost bins: an outlier must not flatten all.
    counts, edges = np.histogram(np.clip(error, low, high), bins=40, range=(low, high))
    out: dict[str, list[float]] = {"edges": edges.tolist(), "counts": counts.tolist()}
    if points is not None:
        chosen = np.arange(len(y))
        if len(y) > points:
            chosen = np.sort(np.random.default_rng([seed, 4]).choice(len(y), points, replace=False))
        out = {"predicted": prediction[chosen].tolist(), "actual": y[chosen].tolist(), **out}
    return out


def _rounded(values: np.ndarray) -> list[float]:
    return np.round(values, 5).tolist()
