"""All metrics of a set of predictions with their intervals, each by the method that fits the metric and the
rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from trainwright.evaluate.intervals import (
    NAN,
    Interval,
    bootstrap,
    delong,
    normal_quantile,
    validation_interval,
    wilson,
)
from trainwright.evaluate.resampling import RESAMPLES, Resampler, Units, make_units
from trainwright.quiet import without
from trainwright.tasks import Task
from trainwright.tasks.metric import Metric

FEWEST_ROWS = 10
FEWEST_GROUPS = 5


def metric_intervals(
    task: Task,
    resampler: Resampler,
    *,
    metrics: Sequence[Metric] | None = None,
    fold: np.ndarray | None = None,
    level: float = 0.95,
) -> dict[str, Interval]:
    """Every metric of a task with its interval, each by the method that fits it.

    Figures of order are averaged over folds where folds are given; shares of independent rows get Wilson's
    interval; ROC-AUC DeLong's; all others the bootstrap of rows, groups or blocks of time.

    Args:
        task: whose metrics, and at which threshold.
        resampler: the rows with their roles, and the draws (`make_resampler`).
        metrics: which ones; all of the task by default.
        fold: (n,) number of the fold whose model made each prediction, or None.
        level: of the intervals.

    Example:
        >>> from trainwright.data.schema import Target
        >>> from trainwright.tasks import task_for
        >>> task, y = task_for(Target("price", "number")), np.arange(40.0)
        >>> intervals = metric_intervals(task, make_resampler(task, y, y + 1))
        >>> intervals["mae"].value
        1.0
    """
    listed = list(task.metrics.values()) if metrics is None else list(metrics)
    with without(RuntimeWarning):  # undefined figures are NaN and carry a reason
        return {metric.name: _interval(metric, resampler, fold, level) for metric in listed}


def make_resampler(
    task: Task,
    y: np.ndarray,
    prediction: np.ndarray,
    *,
    group: np.ndarray | None = None,
    cluster: np.ndarray | None = None,
    time: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
    budget_seconds: float = 10.0,
) -> Resampler:
    """The draws for these rows; dependence over time is measured in the loss that belongs to the task."""
    loss = None
    if time is not None:
        loss = task.losses(y, prediction, "log_loss" if task.target.task == "classes" else "mae")
    units = make_units(len(y), group=group, cluster=cluster, time=time, loss=loss, seed=seed)
    # Some metrics share their sums, a few are measured row by row: a quarter of the time each is a fair guess.
    return Resampler(y, prediction, units, weight, resamples, seed, budget_seconds / 4)


def _interval(metric: Metric, resampler: Resampler, fold: np.ndarray | None, level: float) -> Interval:
    y, prediction, weight, units = resampler.y, resampler.prediction, resampler.weight, resampler.units
    note = metric.note(y) if metric.note is not None else None
    if metric.kind == "rank" and fold is not None and len(np.unique(fold)) > 1:
        values = per_fold(metric, y, prediction, fold, weight)
        found = validation_interval(values, level=level, low=metric.low, high=metric.high)
        if metric.influence is not None:
            found = _at_least(found, metric, resampler, fold)
    elif (few := too_few(units, len(y))) is not None:
        found = Interval(metric(y, prediction, weight), NAN, NAN, level, "none", few)
    elif metric.influence is not None:
        found = delong(metric, y, prediction, units=units, weight=weight, level=level)
    elif metric.counts is not None and units.how == "rows":
        found = wilson(*effective_counts(metric, y, prediction, weight), level)
    else:
        found = bootstrap(metric, resampler, level)
    if note is None:
        return found
    return Interval(found.value, found.low, found.high, level, found.method, found.reason, note)


def _at_least(found: Interval, metric: Metric, resampler: Resampler, fold: np.ndarray) -> Interval:
    """Widened to what the held-out rows alone leave open: few folds sometimes agree by luck."""
    pull = fold_influence(metric, resampler.y, resampler.prediction, fold, resampler.weight)
    half = normal_quantile(found.level) * resampler.units.standard_error(pull)
    if not half > (found.high - found.low) / 2:
        return found
    low = found.value - half if metric.low is None else max(found.value - half, metric.low)
    high = found.value + half if metric.high is None else min(found.value + half, metric.high)
    return replace(found, low=low, high=high, method=found.method + "; widened to DeLong's within folds")


def fold_influence(
    metric: Metric, y: np.ndarray, prediction: np.ndarray, fold: np.ndarray, weight: np.ndarray | None
) -> np.ndarray:
    """(n,) each row's pull on the mean over folds of a metric with an influence; NaN when no fold defines
    it."""
    assert metric.influence is not None
    out, used = np.zeros(len(y)), 0
    for number in np.unique(fold):
        rows = np.flatnonzero(fold == number)
        pull = metric.influence(y[rows], prediction[rows], None if weight is None else weight[rows])
        if np.isfinite(pull).all():
            out[rows] = pull * (len(y) / len(rows))
            used += 1
    return out / used if used else np.full(len(y), np.nan)


def per_fold(
    metric: Metric, y: np.ndarray, prediction: np.ndarray, fold: np.ndarray, weight: np.ndarray | None = None
) -> np.ndarray:
    """(f,) the metric on the rows of each fold, in the order of fold numbers."""
    out = []
    for number in np.unique(fold):
        rows = np.flatnonzero(fold == number)
        part = None if weight is None else weight[rows]
        out.append(metric(y[rows], prediction[rows], part))
    return np.array(out)


def effective_counts(
    metric: Metric, y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None
) -> tuple[float, float]:
    """Successes and trials of a share; weights reduce the trials to the effective number (Kish 1965)."""
    assert metric.counts is not None
    successes, trials = metric.counts(y, prediction, weight)
    if weight is None or not trials > 0:
        return successes, trials
    rows = metric.counts(y, prediction, None)[1]
    effective = rows * float(weight.mean() ** 2 / (weight**2).mean())
    return successes / trials * effective, effective


def too_few(units: Units, n: int) -> str | None:
    """Why these rows carry no interval, or None."""
    if n < FEWEST_ROWS:
        return f"{n} rows: fewer than {FEWEST_ROWS} carry no interval"
    if units.how != "rows" and units.drawn < FEWEST_GROUPS:
        return f"{units.drawn} independent parts: fewer than {FEWEST_GROUPS} carry no interval"
    return None
