"""What the development rows let one expect of the sealed test: a range said before the test is opened.

The interval of a validation figure is about the figure of endless new rows. The sealed test has few rows, and its
figure moves by their chance as well; on new groups or a later period it moves as much as one fold differs from another.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.evaluate.intervals import NAN, json_number, t_quantile
from trainwright.evaluate.resampling import Units
from trainwright.evaluate.scores import per_fold
from trainwright.tasks.metric import Metric

DRAWS = 400
# A draw of more rows than this hardly moves the figure any less.
MOST_ROWS = 20_000


@dataclass(frozen=True)
class Expected:
    """The range in which the sealed test's figure is expected.

    Args:
        value: the validation figure.
        low, high: the range; NaN when none can be given.
        level: the share of trainings whose sealed figure should lie inside.
        n_rows: of the sealed test.
        method: how it was found, in words.
    """

    value: float
    low: float
    high: float
    level: float
    n_rows: int
    method: str

    def to_json(self) -> dict[str, Any]:
        """Plain data; NaN becomes None."""
        numbers = {key: json_number(getattr(self, key)) for key in ("value", "low", "high")}
        return {**numbers, "level": self.level, "n_rows": self.n_rows, "method": self.method}


def expect(
    metric: Metric,
    figure: dict[str, Any],
    y: np.ndarray,
    prediction: np.ndarray,
    units: Units,
    n_ahead: int,
    *,
    fold: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    seed: int = 0,
    level: float = 0.95,
) -> Expected:
    """The range for a part of `n_ahead` rows that nobody has looked at.

    Two sources are added as variances: what the validation figure leaves open, and the chance of which rows the part
    holds, measured by drawing parts of its size from the out-of-fold rows. Where whole groups or a later period are
    held out, the range is at least that of one more fold (Student's t, s sqrt(1 + 1/k)).

    Args:
        metric: whose figure is expected.
        figure: the validation figure: {"value", "low", "high"}.
        y, prediction, weight: (n,), (n, k) or (n,), (n,): the out-of-fold rows.
        units: what varies independently among them.
        n_ahead: rows of the sealed part.
        fold: (n,) fold numbers.
        seed: of the draws.
        level: of the range.

    Example:
        >>> from trainwright.data.schema import Target
        >>> from trainwright.tasks import task_for
        >>> rng = np.random.default_rng(0)
        >>> y = rng.normal(size=800)
        >>> error = task_for(Target("y", "number")).metrics["rmse"]
        >>> figure = {"value": 1.0, "low": 0.95, "high": 1.05}
        >>> found = expect(error, figure, y, y + rng.normal(size=800), Units(np.arange(800), 800), 100)
        >>> found.low < 0.9 and found.high > 1.1
        True
    """
    value, low, high = (NAN if figure.get(key) is None else float(figure[key]) for key in ("value", "low", "high"))
    drawn = _draws(metric, y, prediction, units, n_ahead, weight, seed)
    if not math.isfinite(value + low + high) or len(drawn) < DRAWS // 4:
        return Expected(value, NAN, NAN, level, n_ahead, "the validation figure has no interval to build on")
    tail = (1 - level) / 2
    middle, bottom, top = np.quantile(drawn, [0.5, tail, 1 - tail])
    below = math.hypot(value - low, middle - bottom)
    above = math.hypot(high - value, top - middle)
    method = f"the validation interval and the chance of {n_ahead:,} rows, by {len(drawn)} draws {units.words}"
    if fold is not None and units.how != "rows":
        folds = per_fold(metric, y, prediction, fold, weight)
        folds = folds[np.isfinite(folds)]
        if len(folds) > 2:
            half = t_quantile(level, len(folds) - 1) * float(folds.std(ddof=1)) * math.sqrt(1 + 1 / len(folds))
            if half > max(below, above):
                method = f"as far as one of {len(folds)} folds lies from the others: the sealed rows are other " + (
                    "groups" if units.how == "groups" else "times"
                )
            below, above = max(below, half), max(above, half)
    bounds = (value - below, value + above)
    if metric.low is not None:
        bounds = (max(bounds[0], metric.low), bounds[1])
    if metric.high is not None:
        bounds = (bounds[0], min(bounds[1], metric.high))
    return Expected(value, *bounds, level, n_ahead, method)


def _draws(
    metric: Metric,
    y: np.ndarray,
    prediction: np.ndarray,
    units: Units,
    n_ahead: int,
    weight: np.ndarray | None,
    seed: int,
) -> np.ndarray:
    """(b,) figures of parts of the sealed part's size, drawn from the out-of-fold rows in whole units."""
    if not len(y) or not n_ahead or metric.kind == "user":  # what a user's own metric costs is not known
        return np.array([])
    rng = np.random.default_rng([seed, 4])
    order = np.argsort(units.code, kind="stable")
    start = np.searchsorted(units.code[order], np.arange(units.count + 1))
    rows_each = len(y) / units.count * units.block
    picks = max(1, round(min(n_ahead, MOST_ROWS) / rows_each))
    choices = max(1, units.count - units.block + 1)
    found = []
    for _ in range(DRAWS):
        if units.how == "rows":
            rows = rng.integers(0, len(y), min(n_ahead, MOST_ROWS))
        else:
            units_drawn = rng.integers(0, choices, picks)
            rows = np.concatenate([order[start[u] : start[min(u + units.block, units.count)]] for u in units_drawn])
        found.append(metric(y[rows], prediction[rows], None if weight is None else weight[rows]))
    values = np.array(found)
    return values[np.isfinite(values)]
