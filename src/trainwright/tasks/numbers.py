"""Metrics of predicted numbers: RMSE, MAE, R2, percentage, median and logarithmic errors."""

from __future__ import annotations

import numpy as np

from trainwright.tasks.metric import Metric, Tally, divide, from_tally, mean_metric
from trainwright.tasks.names import NUMBER_METRICS
from trainwright.tasks.probabilities import quantile_bins

MEDIAN_BINS = 256


def squared_error_rows(y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """(n,) squared errors."""
    return (np.asarray(prediction, dtype=float) - y) ** 2


def absolute_error_rows(y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """(n,) absolute errors."""
    return np.abs(np.asarray(prediction, dtype=float) - y)


def percentage_error_rows(y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """(n,) absolute errors as shares of the target; NaN where the target is 0."""
    return divide(absolute_error_rows(y, prediction), np.abs(y))


def log_error_rows(y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """(n,) squared differences of log(1 + value); predictions below 0 count as 0, targets below 0 as NaN."""
    target = np.where(y < 0, np.nan, y)
    return (np.log1p(np.maximum(np.asarray(prediction, dtype=float), 0.0)) - np.log1p(target)) ** 2


def _zeros(y: np.ndarray) -> str | None:
    zero = int((y == 0).sum())
    return f"{zero:,} rows whose target is 0 are left out: they have no percentage error" if zero else None


def _below_zero(y: np.ndarray) -> str | None:
    below = int((y < 0).sum())
    return f"{below:,} rows whose target is below 0 are left out: they have no logarithm" if below else None


def _r2_tally(y: np.ndarray, prediction: np.ndarray) -> Tally:
    """Rows, target and its square about their mean (so that nothing cancels), squared error."""
    centred = y - y.mean()
    return Tally(4, ((0, 1.0), (1, centred), (2, centred**2), (3, squared_error_rows(y, prediction))))


def _r2_finish(totals: np.ndarray) -> np.ndarray:
    n, first, second, error = (totals[..., i] for i in range(4))
    spread = second - divide(first**2, n)
    return 1.0 - divide(error, np.where(spread > 0, spread, 0.0))


def weighted_median(values: np.ndarray, weight: np.ndarray | None = None) -> float:
    """The median; with weights the mean of the lowest and highest values that halve the weight."""
    if weight is None:
        return float(np.median(values))
    order = np.argsort(values)
    ordered, mass = values[order], np.cumsum(np.asarray(weight, dtype=float)[order])
    half = mass[-1] / 2
    low = min(int(np.searchsorted(mass, half * (1 - 1e-12), side="left")), len(ordered) - 1)
    high = min(int(np.searchsorted(mass, half * (1 + 1e-12), side="right")), len(ordered) - 1)
    return float((ordered[low] + ordered[high]) / 2)


def _median_absolute_error(y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None) -> float:
    return weighted_median(absolute_error_rows(y, prediction), weight)


def _median_tally(y: np.ndarray, prediction: np.ndarray) -> Tally:
    """Rows by bin of absolute error, and the total error in each."""
    errors = absolute_error_rows(y, prediction)
    bins, count = quantile_bins(errors, MEDIAN_BINS)
    return Tally(2 * count, ((bins, 1.0), (count + bins, errors)))


def _median_finish(totals: np.ndarray) -> np.ndarray:
    """The mean error of the bin where half of the rows are reached."""
    count = totals.shape[-1] // 2
    rows, errors = totals[..., :count], totals[..., count:]
    reached = np.cumsum(rows, -1) >= rows.sum(-1, keepdims=True) / 2
    at = reached.argmax(-1)[..., None]
    return divide(np.take_along_axis(errors, at, -1), np.take_along_axis(rows, at, -1))[..., 0]


def number_metrics() -> list[Metric]:
    """The metrics of (n,) predicted numbers, the default first."""
    return [
        mean_metric("rmse", NUMBER_METRICS["rmse"], squared_error_rows, "number", root=True),
        mean_metric("mae", NUMBER_METRICS["mae"], absolute_error_rows, "number"),
        Metric(
            "r2",
            NUMBER_METRICS["r2"],
            True,
            "number",
            from_tally(_r2_tally, _r2_finish),
            per_row=squared_error_rows,
            high=1.0,
            tally=_r2_tally,
            finish=_r2_finish,
        ),
        mean_metric("mape", NUMBER_METRICS["mape"], percentage_error_rows, "number", note=_zeros),
        Metric(
            "median_absolute_error",
            NUMBER_METRICS["median_absolute_error"],
            False,
            "number",
            _median_absolute_error,
            per_row=None,
            low=0.0,
            tally=_median_tally,
            finish=_median_finish,
            binned=True,
        ),
        mean_metric("rmsle", NUMBER_METRICS["rmsle"], log_error_rows, "number", root=True, note=_below_zero),
    ]
