"""Metrics of the order of probabilities: area under the ROC curve, average precision, precision at a recall.

Each sorts once per class. Over folds they are averaged, never pooled: fold models need not share a scale.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trainwright.quiet import without
from trainwright.tasks.metric import Metric, Tally, divide
from trainwright.tasks.names import CLASS_METRICS
from trainwright.tasks.probabilities import quantile_bins

SLOTS = 1024
"""Bins of scores kept for resampling, over all classes together: the exact value needs none of them."""


@dataclass(frozen=True)
class Ranked:
    """Scores in ascending order, equal ones together.

    Args:
        order: (n,) positions that sort the scores.
        start: (g,) first sorted position of each group of equal scores.
        positive, negative: (g,) weight of the positive and of the other rows in each group.
        scores: (g,) the distinct scores.
    """

    order: np.ndarray
    start: np.ndarray
    positive: np.ndarray
    negative: np.ndarray
    scores: np.ndarray


def ranked(score: np.ndarray, label: np.ndarray, weight: np.ndarray | None = None) -> Ranked:
    """Sorts (n,) scores with their (n,) boolean labels."""
    order = np.argsort(score)
    sorted_scores = score[order]
    start = np.flatnonzero(np.concatenate(([True], sorted_scores[1:] != sorted_scores[:-1])))
    labels = label[order].astype(float)
    mass = np.ones(len(score)) if weight is None else np.asarray(weight, dtype=float)[order]
    return Ranked(
        order,
        start,
        np.add.reduceat(labels * mass, start),
        np.add.reduceat((1.0 - labels) * mass, start),
        sorted_scores[start],
    )


def binary_auc(score: np.ndarray, label: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Probability that a positive row scores above another, ties counting half; NaN when either is absent."""
    r = ranked(score, label, weight)
    positive, negative = r.positive.sum(), r.negative.sum()
    if positive == 0 or negative == 0:
        return float("nan")
    below = np.cumsum(r.negative) - r.negative
    return float(r.positive @ (below + r.negative / 2) / (positive * negative))


def binary_auc_influence(score: np.ndarray, label: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """(n,) each row's pull on the area; the sum of squares over n^2 is its variance.

    The structural components of DeLong, DeLong and Clarke-Pearson 1988; summed by cluster they are those of
    Obuchowski 1997. Found from ranks in n log n (Sun and Xu 2014).
    """
    r = ranked(score, label, weight)
    positive, negative = r.positive.sum(), r.negative.sum()
    n = len(score)
    rows_positive = int(label.sum())
    if positive == 0 or negative == 0 or rows_positive < 2 or n - rows_positive < 2:
        return np.full(n, np.nan)
    below = (np.cumsum(r.negative) - r.negative / 2) / negative  # (g,) what a positive row of the group beats
    above = 1.0 - (np.cumsum(r.positive) - r.positive / 2) / positive  # (g,) what beats another row of it
    area = float(r.positive @ below / positive)
    group = np.repeat(np.arange(len(r.start)), np.diff(np.append(r.start, n)))
    labels = label[r.order]
    mass = np.ones(n) if weight is None else np.asarray(weight, dtype=float)[r.order]
    # The factors make the variance unbiased in each class: m - 1 rather than m.
    up = np.sqrt(rows_positive / (rows_positive - 1)) / positive
    down = np.sqrt((n - rows_positive) / (n - rows_positive - 1)) / negative
    pull = n * mass * np.where(labels, up * (below[group] - area), down * (above[group] - area))
    out = np.empty(n)
    out[r.order] = pull
    return out


def binary_average_precision(score: np.ndarray, label: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Precision averaged over the gains in recall, highest scores first; NaN without a positive row."""
    r = ranked(score, label, weight)
    return float(_average_precision(r.positive[::-1], r.negative[::-1]))


def _average_precision(positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """From (..., g) counts by score, highest first."""
    found = np.cumsum(positive, -1)
    precision = divide(found, found + np.cumsum(negative, -1), empty=0.0)
    return divide((positive * precision).sum(-1), found[..., -1])


def _precision_at(recall: float, positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """The best precision with at least this recall, from (..., g) counts by score, highest first."""
    found = np.cumsum(positive, -1)
    precision = divide(found, found + np.cumsum(negative, -1), empty=0.0)
    reached = divide(found, found[..., -1:], empty=0.0) >= recall - 1e-12
    best = np.where(reached, precision, -1.0).max(-1)
    return np.where(found[..., -1] > 0, best, np.nan)


def _over_classes(
    one: Callable[[np.ndarray, np.ndarray, np.ndarray | None], float], positive: int | None
) -> Callable[[np.ndarray, np.ndarray, np.ndarray | None], float]:
    """The value for the positive class, or the mean over classes, each against the rest, where it is
    defined."""

    def compute(y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None) -> float:
        if positive is not None:
            return one(prediction[:, positive], y == positive, weight)
        values = np.array([one(prediction[:, c], y == c, weight) for c in range(prediction.shape[1])])
        return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")

    return compute


def _score_tally(positive: int | None, k: int) -> Callable[[np.ndarray, np.ndarray], Tally]:
    """Rows by class, bin of score and truth: k' blocks of (others by bin, positives by bin)."""
    of = [positive] if positive is not None else list(range(k))
    width = max(8, SLOTS // 4 // len(of))

    def tally(y: np.ndarray, prediction: np.ndarray) -> Tally:
        entries = []
        for place, c in enumerate(of):
            bins, _ = quantile_bins(prediction[:, c], width)
            entries.append((place * 2 * width + (y == c) * width + bins, 1.0))
        return Tally(2 * width * len(of), tuple(entries))

    return tally


def _by_score(
    one: Callable[[np.ndarray, np.ndarray], np.ndarray], positive: int | None, k: int
) -> Callable[[np.ndarray], np.ndarray]:
    blocks = 1 if positive is not None else k

    def finish(totals: np.ndarray) -> np.ndarray:
        counts = totals.reshape(*totals.shape[:-1], blocks, 2, -1)[..., ::-1]  # highest scores first
        values = one(counts[..., 1, :], counts[..., 0, :])  # (..., blocks)
        with without(RuntimeWarning):  # a resample without any class: NaN, as it should be
            return np.nanmean(values, -1)

    return finish


def precision_at_recall(recall: float, positive: int, k: int = 2) -> Metric:
    """The metric "best precision of the positive class with at least this recall" (0 < recall <= 1)."""

    def one(score: np.ndarray, label: np.ndarray, weight: np.ndarray | None) -> float:
        r = ranked(score, label, weight)
        return float(_precision_at(recall, r.positive[::-1], r.negative[::-1]))

    percent = round(recall * 100)
    return Metric(
        f"precision_at_recall_{percent}",
        f"precision at {percent} % recall",
        True,
        "rank",
        _over_classes(one, positive),
        low=0.0,
        high=1.0,
        needs="two classes",
        tally=_score_tally(positive, k),
        finish=_by_score(lambda p, q: _precision_at(recall, p, q), positive, k),
        binned=True,
    )


def ranking_metrics(positive: int | None, k: int) -> list[Metric]:
    """The metrics of order; `positive` is the position of the positive class of two, or None."""

    def influence(y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        of = [positive] if positive is not None else range(k)
        pulls = [binary_auc_influence(prediction[:, c], y == c, weight) for c in of]
        defined = [pull for pull in pulls if np.isfinite(pull).all()]
        return np.mean(defined, axis=0) if defined else np.full(len(y), np.nan)

    area = Metric(
        "roc_auc",
        CLASS_METRICS["roc_auc"],
        True,
        "rank",
        _over_classes(binary_auc, positive),
        low=0.0,
        high=1.0,
        influence=influence,
    )
    precision = Metric(
        "average_precision",
        CLASS_METRICS["average_precision"],
        True,
        "rank",
        _over_classes(binary_average_precision, positive),
        low=0.0,
        high=1.0,
        tally=_score_tally(positive, k),
        finish=_by_score(_average_precision, positive, k),
        binned=True,
    )
    extra = [precision_at_recall(0.80, positive, k)] if positive is not None else []
    return [area, precision, *extra]
