"""One paired comparison of two candidates on the same rows, before any correction for several."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.evaluate.intervals import NAN, json_number, t_quantile
from trainwright.evaluate.resampling import Resampler, make_units
from trainwright.evaluate.scores import FEWEST_ROWS, fold_influence, per_fold
from trainwright.tasks.metric import Metric

BETTER, WORSE, SAME = "better", "worse", "not distinguishable"
TOO_FEW = "too few rows"


@dataclass(frozen=True)
class Comparison:
    """One candidate against another on the same rows.

    Args:
        name, against: the two candidates.
        metric: what is compared.
        difference: how much better `name` is, in the metric's own units; negative when it is worse.
        low, high: interval of the difference at `level`.
        p: two-sided probability of such a difference when there is none.
        p_corrected: the same after Holm's correction over all comparisons made together.
        verdict: "better", "worse", "not distinguishable" or "too few rows".
        n_rows: rows compared.
        method: how, in words.
    """

    name: str
    against: str
    metric: str
    difference: float
    low: float
    high: float
    p: float
    p_corrected: float
    verdict: str
    n_rows: int
    method: str
    level: float = 0.95

    def to_json(self) -> dict[str, Any]:
        """Plain data; NaN becomes None."""
        out = dict(vars(self))
        for key in ("difference", "low", "high", "p", "p_corrected"):
            out[key] = json_number(out[key])
        return out


def paired(
    name: str,
    against: str,
    y: np.ndarray,
    candidates: Mapping[str, np.ndarray],
    metric: Metric,
    fold: np.ndarray | None,
    group: np.ndarray | None,
    time: np.ndarray | None,
    weight: np.ndarray | None,
    level: float,
    seed: int,
) -> Comparison:
    """One comparison before correction over several."""
    a, b = candidates[name], candidates[against]
    sign = 1.0 if metric.greater_is_better else -1.0
    several = fold is not None and len(np.unique(fold)) > 1
    loss = None
    if metric.per_row is not None:
        loss = metric.per_row(y, b) - metric.per_row(y, a)  # positive where `name` is better
    units = make_units(len(y), group=group, time=time, loss=_finite(loss), seed=seed)
    if metric.kind == "rank" and several:
        assert fold is not None
        differences = sign * _fold_differences(y, a, b, metric, fold, weight)
        differences = differences[np.isfinite(differences)]
        value = float(differences.mean()) if len(differences) else NAN
    else:
        value = sign * (metric(y, a, weight) - metric(y, b, weight))
    if len(y) < FEWEST_ROWS or not math.isfinite(value):
        return Comparison(name, against, metric.name, value, NAN, NAN, NAN, NAN, TOO_FEW, len(y), "none", level)
    if loss is not None:
        mass = np.ones(len(y)) if weight is None else weight / weight.mean()
        known = np.isfinite(loss)
        mass, loss = np.where(known, mass, 0.0), np.where(known, loss, 0.0)
        mean = float((mass * loss).sum() / mass.sum())
        error = units.standard_error(mass * (loss - mean) * (len(y) / mass.sum()))
        how = f"paired t {units.words}"
        p, half = _t_test(mean, error, units.drawn, level)
        # The test is on the mean loss; the interval is carried over to the metric's own units by their ratio.
        scale = value / mean if mean != 0 and value / mean > 0 else 1.0
        return _made(name, against, metric, value, half * scale, p, len(y), how, level)
    if metric.influence is not None:
        each = fold if fold is not None and several else np.zeros(len(y), dtype=int)
        pull = fold_influence(metric, y, a, each, weight) - fold_influence(metric, y, b, each, weight)
        error, how = units.standard_error(pull), f"paired DeLong {units.words}"
        if several:
            # Fold models share training rows, so their orders err alike: the variance of the mean over
            # k folds is (1/k + 1/(k-1)) that of one fold rather than 1/k (Nadeau and Bengio 2003).
            k = len(np.unique(each))
            error *= math.sqrt(1 + k / (k - 1))
            how += " within folds, variance corrected for shared training rows"
        p, half = _t_test(value, error, units.drawn, level)
        return _made(name, against, metric, value, half, p, len(y), how, level)
    if metric.kind == "rank" and several:
        assert fold is not None
        values = sign * _fold_differences(y, a, b, metric, fold, weight)
        values = values[np.isfinite(values)]
        p, half = _folds_t(values, level)
        how = f"corrected t over {len(values)} folds"
        return _made(name, against, metric, value, half, p, len(y), how, level)
    first, second = (Resampler(y, q, units, weight, seed=seed) for q in (a, b))
    values = sign * (first.values(metric) - second.values(metric))
    p, half = _t_test(value, float(np.nanstd(values, ddof=1)), units.drawn, level)
    how = f"paired bootstrap {units.words}, {len(values):,} resamples"
    return _made(name, against, metric, value, half, p, len(y), how, level)


def corrected_t(differences: Sequence[float] | np.ndarray, level: float = 0.95) -> tuple[float, float, float]:
    """Mean, half width of the interval and two-sided p of differences between two candidates over k folds.

    Student's t with the variance corrected for shared training rows: Nadeau and Bengio 2003.
    """
    values = np.asarray(differences, dtype=float)
    p, half = _folds_t(values, level)
    return float(values.mean()), half, p


def _folds_t(values: np.ndarray, level: float) -> tuple[float, float]:
    k = len(values)
    if k < 2:
        return NAN, NAN
    error = values.std(ddof=1) * math.sqrt(1 / k + 1 / (k - 1))
    return _t_test(float(values.mean()), error, k, level)


def _t_test(mean: float, error: float, units: int, level: float) -> tuple[float, float]:
    """Two-sided p and half width of the interval of a mean with this standard error over so many units."""
    from scipy.special import stdtr

    if units < 2 or not math.isfinite(error):
        return NAN, NAN
    if error < 1e-12 * max(1.0, abs(mean)):
        return (1.0 if abs(mean) < 1e-12 else 0.0), 0.0
    return float(2 * stdtr(units - 1, -abs(mean) / error)), t_quantile(level, units - 1) * error


def _made(
    name: str,
    against: str,
    metric: Metric,
    value: float,
    half: float,
    p: float,
    n: int,
    how: str,
    level: float,
) -> Comparison:
    return Comparison(name, against, metric.name, value, value - half, value + half, p, p, SAME, n, how, level)


def _finite(loss: np.ndarray | None) -> np.ndarray | None:
    return None if loss is None else np.nan_to_num(loss)


def _fold_differences(
    y: np.ndarray, a: np.ndarray, b: np.ndarray, metric: Metric, fold: np.ndarray, weight: np.ndarray | None
) -> np.ndarray:
    """(f,) metric of a minus metric of b in each fold."""
    return per_fold(metric, y, a, fold, weight) - per_fold(metric, y, b, fold, weight)
