"""How sure a figure is: Wilson's interval for shares, DeLong's for ROC-AUC, the bootstrap, the spread over
folds.

Every bound that cannot be given honestly is NaN, with the reason in words; nothing here fails on degenerate
rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from trainwright.evaluate.resampling import Resampler, Units
from trainwright.tasks.metric import Metric

NAN = float("nan")


@dataclass(frozen=True)
class Interval:
    """A figure with its bounds.

    Args:
        value: the figure.
        low, high: the bounds; NaN when there are none, and `reason` says why.
        level: the share of repetitions in which such an interval holds the truth.
        method: how the bounds were found, in words, with the number of resamples made.
        reason: why there are no bounds, or None.
        note: what the reader must know about the figure, or None.
    """

    value: float
    low: float
    high: float
    level: float = 0.95
    method: str = ""
    reason: str | None = None
    note: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data; NaN becomes None."""
        out: dict[str, Any] = {
            "value": json_number(self.value),
            "low": json_number(self.low),
            "high": json_number(self.high),
            "method": self.method,
        }
        if self.reason:
            out["reason"] = self.reason
        if self.note:
            out["note"] = self.note
        return out


def json_number(value: float) -> float | None:
    """The number, or None when it is NaN or infinite: JSON has neither."""
    return float(value) if math.isfinite(value) else None


def normal_quantile(level: float) -> float:
    """z such that a standard normal lies within +-z with this probability."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def t_quantile(level: float, degrees: float) -> float:
    """t such that Student's t with these degrees of freedom lies within +-t with this probability."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.5 + level / 2))


def wilson(successes: float, trials: float, level: float = 0.95) -> Interval:
    """Wilson's score interval for a share (Wilson 1927): sound for few rows and for shares of 0 and 1.

    Example:
        >>> interval = wilson(9, 10)
        >>> round(interval.low, 3), round(interval.high, 3)
        (0.596, 0.982)
    """
    if not trials > 0:
        return Interval(NAN, NAN, NAN, level, "Wilson", "no row counts towards it")
    z2 = normal_quantile(level) ** 2
    share = successes / trials
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = math.sqrt(z2 * (share * (1 - share) / trials + z2 / (4 * trials**2))) / (1 + z2 / trials)
    low = 0.0 if share == 0 else max(0.0, middle - half)
    high = 1.0 if share == 1 else min(1.0, middle + half)
    return Interval(share, low, high, level, "Wilson")


def validation_interval(
    per_fold_values: Sequence[float] | np.ndarray,
    *,
    level: float = 0.95,
    ratio: float | None = None,
    low: float | None = None,
    high: float | None = None,
) -> Interval:
    """The mean of a figure over folds, with an interval that allows for training rows shared between folds.

    Student's t with the corrected variance (1/k + ratio) s^2 of Nadeau and Bengio 2003.

    Args:
        per_fold_values: (k,) one value for each fold; NaN ones are left out and counted.
        level: of the interval.
        ratio: validation rows over training rows in a fold; 1/(k - 1) by default, as in k-fold
        cross-validation.
        low, high: bounds of the figure itself.

    Example:
        >>> round(validation_interval([0.90, 0.92, 0.91, 0.89, 0.93]).value, 3)
        0.91
    """
    given = np.asarray(per_fold_values, dtype=float)
    values = given[np.isfinite(given)]
    k = len(values)
    note = None if k == len(given) else f"{len(given) - k} of {len(given)} folds do not define it"
    method = f"mean of {k} folds, t with the variance corrected for shared training rows"
    if k < 2:
        value = float(values[0]) if k else NAN
        return Interval(value, NAN, NAN, level, method, "fewer than two folds define it", note)
    spread = float(values.std(ddof=1)) * math.sqrt(1 / k + (1 / (k - 1) if ratio is None else ratio))
    half = t_quantile(level, k - 1) * spread
    mean = float(values.mean())
    return Interval(mean, *_clip(mean - half, mean + half, low, high), level, method, note=note)


def delong(
    metric: Metric,
    y: np.ndarray,
    prediction: np.ndarray,
    *,
    units: Units | None = None,
    weight: np.ndarray | None = None,
    level: float = 0.95,
) -> Interval:
    """DeLong's interval for ROC-AUC on the logit scale, in n log n; by group or block when the units are
    such.

    Args:
        metric: one with an `influence`: ROC-AUC, for more classes the mean over classes.
        y, prediction, weight: the rows.
        units: what varies independently; single rows by default.
        level: of the interval.
    """
    value = metric(y, prediction, weight)
    words = "DeLong" if units is None or units.how == "rows" else f"DeLong, {units.words[3:]}"
    if math.isnan(value) or metric.influence is None:
        return Interval(value, NAN, NAN, level, words, "the rows hold only one class")
    influence = metric.influence(y, prediction, weight)
    if not np.isfinite(influence).all():
        return Interval(value, NAN, NAN, level, words, "fewer than two rows of one class")
    one_each = Units(np.arange(len(y)), len(y)) if units is None or units.how == "rows" else units
    error = one_each.standard_error(influence)
    if error < 1e-9 or value in (0.0, 1.0):
        rarest = float(np.bincount(y.astype(int))[np.unique(y.astype(int))].min())
        edge = wilson(round(value * rarest), rarest, level)
        return Interval(value, min(edge.low, value), max(edge.high, value), level, f"{words}, Wilson at the edge")
    q = normal_quantile(level) if one_each.how == "rows" else t_quantile(level, max(one_each.drawn - 1, 1))
    middle, half = math.log(value / (1 - value)), q * error / (value * (1 - value))
    return Interval(value, _logistic(middle - half), _logistic(middle + half), level, words)


def bootstrap(metric: Metric, resampler: Resampler, level: float = 0.95) -> Interval:
    """The percentile bootstrap of any metric (Efron 1979), widened for few units (Hesterberg 2015, section
    5).

    Args:
        metric: whose value is resampled.
        resampler: the draws, the rows they are made of, and the time there is.
        level: of the interval.
    """
    value = metric(resampler.y, resampler.prediction, resampler.weight)
    if math.isnan(value):
        return Interval(value, NAN, NAN, level, "bootstrap", "the rows do not define it")
    return bootstrap_interval(
        value, resampler.values(metric), resampler.units, level, metric.low, metric.high, metric.binned
    )


def bootstrap_interval(
    value: float,
    values: np.ndarray,
    units: Units,
    level: float,
    low: float | None,
    high: float | None,
    centre: bool = False,
) -> Interval:
    """The interval from (b,) resampled values; `centre` moves them so that their mean is the value itself."""
    values = values[np.isfinite(values)]
    method = f"bootstrap {units.words}, {len(values):,} resamples"
    if len(values) < 20:
        return Interval(value, NAN, NAN, level, method, "the resamples do not define it")
    if values.max() - values.min() < 1e-12:
        if high is not None and value >= high - 1e-12:
            return Interval(value, wilson(units.drawn, units.drawn, level).low * high, value, level, method)
        return Interval(value, value, value, level, method, note="every resample gives the same value")
    q = t_quantile(level, max(units.drawn - 1, 1)) * math.sqrt(units.drawn / max(units.drawn - 1, 1))
    tail = NormalDist().cdf(-q)
    ends = np.quantile(values, [tail, 1 - tail])
    if centre:
        ends = ends + (value - values.mean())
    bottom, top = _clip(float(ends[0]), float(ends[1]), low, high)
    return Interval(value, min(bottom, value), max(top, value), level, method)


def _clip(bottom: float, top: float, low: float | None, high: float | None) -> tuple[float, float]:
    return (
        bottom if low is None else max(bottom, low),
        top if high is None else min(top, high),
    )


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value > -700 else 0.0
