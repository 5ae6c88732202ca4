"""What the model leans on: permutation importance on out-of-fold rows."""

from __future__ import annotations

import math
import time as clock
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trainwright.data.columns import Columns
from trainwright.evaluate.intervals import json_number, validation_interval
from trainwright.tasks.metric import Metric

Predict = Callable[[np.ndarray, Columns], np.ndarray]


@dataclass(frozen=True)
class Importance:
    """How much worse the metric becomes when one column is shuffled among the rows of a fold.

    Args:
        feature: the column in the file.
        value: mean worsening, in the metric's units; near 0 the model does without it.
        low, high: interval over folds; NaN with fewer than two.
    """

    feature: str
    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, Any]:
        return {
            "feature": self.feature,
            "value": json_number(self.value),
            "low": json_number(self.low),
            "high": json_number(self.high),
        }


@dataclass(frozen=True)
class Importances:
    """The importance of every feature, the greatest first.

    Args:
        metric: whose worsening it is.
        features: one entry for each feature measured.
        left_out: features for which there was no time.
        n_rows: rows used in one round over all folds.
        rounds: folds times repeats finished.
        note: how to read it.
    """

    metric: str
    features: tuple[Importance, ...]
    left_out: tuple[str, ...]
    n_rows: int
    rounds: int
    note: str = "columns that carry the same information share it: each alone then looks less important"

    def to_json(self) -> dict[str, Any]:
        return {
            **vars(self),
            "features": [feature.to_json() for feature in self.features],
            "left_out": list(self.left_out),
        }


def permutation_importance(
    columns: Columns,
    y: np.ndarray,
    fold: np.ndarray,
    predict: Predict,
    metric: Metric,
    *,
    weight: np.ndarray | None = None,
    features: Sequence[str] | None = None,
    repeats: int = 2,
    max_rows: int = 5_000,
    seconds: float | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Importances:
    """Shuffles one original column at a time among the held-out rows of a fold: Breiman 2001, section 10.

    The first round over one fold covers every feature, then come the other folds, then the repeats, so that a
    deadline costs precision before it costs features.

    Args:
        columns: n rows as the models see them.
        y: (n,) class positions or numbers.
        fold: (n,) number of the fold that held the row out; negative for none.
        predict: `predict(positions, columns)` -> prediction of the rows at these positions, all of one
        fold, made by
            the models that did not learn from them, with `columns` in place of the rows' own.
        metric: whose worsening is measured.
        weight: (n,) or None.
        features: names; all by default.
        repeats: shuffles per fold and column.
        max_rows: rows over all folds; more are drawn at random.
        seconds: after which no further round is started; None for no limit.
        level: of the intervals.
        seed: of draws and shuffles.
    """
    deadline = math.inf if seconds is None else clock.monotonic() + seconds
    names = list(features if features is not None else columns.layout.names)
    numbers = [int(f) for f in np.unique(fold) if f >= 0]
    drawn = {f: _rows_of(fold, f, max(50, max_rows // max(len(numbers), 1)), seed) for f in numbers}
    drops: dict[int, list[list[float]]] = {f: [] for f in numbers}
    measured, rounds = names, 0
    for repeat, f in [(repeat, f) for repeat in range(repeats) for f in numbers]:
        if rounds and clock.monotonic() > deadline:
            break
        row = _one_round(columns, y, drawn[f], predict, metric, weight, names, seed, repeat, f, deadline)
        if len(row) < len(names):  # the time was up in the middle of a round
            if rounds:
                break
            measured = names[: len(row)]
            drops[f].append(row)
            rounds = 1
            break
        drops[f].append(row)
        rounds += 1
    by_fold = np.array([np.mean(rows, axis=0) for rows in drops.values() if rows])  # (folds, features)
    found = []
    for j, name in enumerate(measured):
        interval = validation_interval(by_fold[:, j], level=level)
        found.append(Importance(name, interval.value, interval.low, interval.high))
    found.sort(key=lambda item: (-item.value if math.isfinite(item.value) else math.inf, item.feature))
    n_rows = sum(len(rows) for rows in drawn.values())
    return Importances(metric.name, tuple(found), tuple(names[len(measured) :]), n_rows, rounds)


def shuffled(columns: Columns, feature: str, order: np.ndarray) -> Columns:
    """The same rows with one feature's values in another order, all others untouched.

    Example:
        >>> from trainwright.data.columns import Layout
        >>> none = np.empty((2, 0))
        >>> rows = Columns(np.array([[1.0], [2.0]]), none, none, none, Layout(("age",), (), (), (), ()))
        >>> shuffled(rows, "age", np.array([1, 0])).numbers.ravel().tolist()
        [2.0, 1.0]
    """
    layout = columns.layout
    for block, names in (
        ("numbers", layout.numbers),
        ("codes", layout.categories),
        ("times", layout.times),
        ("texts", layout.texts),
    ):
        if feature in names:
            values = getattr(columns, block).copy()
            at = names.index(feature)
            values[:, at] = values[order, at]
            return replace(columns, **{block: values})
    raise KeyError(feature)


def _one_round(
    columns: Columns,
    y: np.ndarray,
    rows: np.ndarray,
    predict: Predict,
    metric: Metric,
    weight: np.ndarray | None,
    names: Sequence[str],
    seed: int,
    repeat: int,
    fold: int,
    deadline: float,
) -> list[float]:
    """The worsening by each feature on one fold; shorter than `names` when the time was up."""
    own, truth = columns.take(rows), y[rows]
    part = None if weight is None else weight[rows]
    sign = 1.0 if metric.greater_is_better else -1.0
    before = metric(truth, predict(rows, own), part)
    out: list[float] = []
    for j, name in enumerate(names):
        if out and clock.monotonic() > deadline:
            break
        order = np.random.default_rng([seed, 5, repeat, fold, j]).permutation(len(rows))
        out.append(sign * (before - metric(truth, predict(rows, shuffled(own, name, order)), part)))
    return out


def _rows_of(fold: np.ndarray, number: int, most: int, seed: int) -> np.ndarray:
    rows = np.flatnonzero(fold == number)
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng([seed, 6, number]).choice(rows, most, replace=False))
