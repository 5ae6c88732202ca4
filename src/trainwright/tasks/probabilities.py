"""Metrics of probabilities: log-loss, Brier score, calibration error."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trainwright.tasks.metric import Metric, Tally, divide, from_tally, mean_metric
from trainwright.tasks.names import CLASS_METRICS

CALIBRATION_BINS = 15


def log_loss_rows(y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """(n,) minus the logarithm of the probability given to each row's class, bounded away from zero."""
    smallest = np.finfo(prediction.dtype).eps if prediction.dtype.kind == "f" else np.finfo(float).eps
    own = prediction[np.arange(len(y)), y]
    return -np.log(np.clip(own, smallest, 1.0)).astype(float)


def brier_rows(y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """(n,) squared distance between the probabilities and the truth.

    For two classes it is that of one class (0 to 1), for more the sum over classes (0 to 2): Brier 1950.
    """
    own = prediction[np.arange(len(y)), y].astype(float)
    if prediction.shape[1] == 2:
        return (1.0 - own) ** 2
    squares = np.einsum("ij,ij->i", prediction, prediction, dtype=float)
    return squares - own**2 + (1.0 - own) ** 2


def quantile_bins(values: np.ndarray, most: int) -> tuple[np.ndarray, int]:
    """Bins with about the same number of values each; equal values share a bin.

    Returns:
        (n,) int bin of each value, ascending, and the number of bins.
    """
    inner = np.quantile(values, np.linspace(0, 1, most + 1)[1:-1], method="inverted_cdf")
    edges = np.unique(inner)
    return np.searchsorted(edges, values, side="left"), len(edges) + 1


def _calibration_tally(positive: int | None) -> Callable[[np.ndarray, np.ndarray], Tally]:
    """Per bin the totals of rows, probability and truth; of the top class when there are more than two."""

    def tally(y: np.ndarray, prediction: np.ndarray) -> Tally:
        if positive is not None:
            p, hit = prediction[:, positive].astype(float), (y == positive).astype(float)
        else:
            top = prediction.argmax(1)
            p, hit = prediction[np.arange(len(y)), top].astype(float), (y == top).astype(float)
        bins, count = quantile_bins(p, min(CALIBRATION_BINS, max(2, len(y) // 10)))
        return Tally(3 * count, ((bins, 1.0), (count + bins, p), (2 * count + bins, hit)))

    return tally


def calibration_finish(totals: np.ndarray) -> np.ndarray:
    """Root mean squared difference between probability and share, bins weighted by rows, with the part that
    sampling noise alone adds taken out: Kumar, Liang and Ma 2019, "Verified Uncertainty Calibration",
    section 4."""
    count = totals.shape[-1] // 3
    rows, p, hit = totals[..., :count], totals[..., count : 2 * count], totals[..., 2 * count :]
    share = divide(hit, rows, empty=0.0)
    noise = divide(share * (1 - share), np.maximum(rows - 1, 0.0), empty=0.0)
    squared = (divide(p, rows, empty=0.0) - share) ** 2 - noise
    return np.sqrt(np.maximum(divide((rows * squared).sum(-1), rows.sum(-1)), 0.0))


def probability_metrics(positive: int | None, k: int) -> list[Metric]:
    """The metrics of (n, k) probabilities; `positive` is the position of the positive class of two, or
    None."""
    tally = _calibration_tally(positive)
    return [
        mean_metric("log_loss", CLASS_METRICS["log_loss"], log_loss_rows, "probability"),
        mean_metric("brier", CLASS_METRICS["brier"], brier_rows, "probability", high=1.0 if k == 2 else 2.0),
        Metric(
            "calibration_error",
            CLASS_METRICS["calibration_error"],
            False,
            "probability",
            from_tally(tally, calibration_finish),
            low=0.0,
            high=1.0,
            tally=tally,
            finish=calibration_finish,
            binned=True,
        ),
    ]
