"""What a metric is: its name, its direction, its value on rows, and the sums that let it be resampled
cheaply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Compute = Callable[[np.ndarray, np.ndarray, np.ndarray | None], float]
PerRow = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Tally:
    """Per-row statistics whose weighted totals determine a metric.

    A row adds `value` to the slot `index` for each entry, so a confusion table over 150 classes needs three
    numbers
    per row instead of a row of 450. Totals by fold, group or block of time come from one `bincount` per
    entry, and
    a bootstrap resample is a weighted sum of such totals.

    Args:
        size: the number of slots, s.
        entries: pairs (index, value), each an int/float or an (n,) array.
    """

    size: int
    entries: tuple[tuple[np.ndarray | int, np.ndarray | float], ...]

    def totals(self, unit: np.ndarray, n_units: int, weight: np.ndarray | None = None) -> np.ndarray:
        """(n_units, s) weighted totals of the rows of each unit; `unit` is (n,) int."""
        out = np.zeros(n_units * self.size)
        for index, value in self.entries:
            values = np.broadcast_to(np.asarray(value, dtype=float), unit.shape)
            if weight is not None:
                values = values * weight
            out += np.bincount(unit * self.size + index, weights=values, minlength=n_units * self.size)
        return out.reshape(n_units, self.size)

    def total(self, n: int, weight: np.ndarray | None = None) -> np.ndarray:
        """(s,) weighted totals of all n rows."""
        out = np.zeros(self.size)
        for index, value in self.entries:
            if isinstance(index, np.ndarray):
                values = np.broadcast_to(np.asarray(value, dtype=float), (n,))
                weighted = values if weight is None else values * weight
                out += np.bincount(index, weights=weighted, minlength=self.size)
            elif isinstance(value, np.ndarray):
                out[index] += value.sum() if weight is None else value @ weight
            else:
                out[index] += value * (n if weight is None else weight.sum())
        return out


@dataclass(frozen=True)
class Metric:
    """A figure of merit of predictions.

    Args:
        name: the key in YAML, on the command line and in documents.
        title: the name in words.
        greater_is_better: the direction.
        kind: "proportion" (a share of rows; Wilson's interval applies), "decision" (depends on the classes
        decided),
            "probability" (on the probabilities), "rank" (on their order: averaged over folds, never pooled),
            "number" (on predicted numbers) or "user".
        compute: `compute(y, prediction, weight)` -> value; NaN where the rows do not define it.
        per_row: `per_row(y, prediction)` -> (n,) loss, less is better, or None where no row has a loss of
        its own.
        low, high: bounds of the value, or None.
        needs: what the target must be, in words; empty when nothing.
        tally: `tally(y, prediction)` -> `Tally`, or None.
        finish: (..., s) totals of the tally -> (...) values.
        binned: the tally is a coarser stand-in; its resamples are re-centred on the exact value.
        influence: `influence(y, prediction, weight)` -> (n,) each row's pull on the value (mean zero), or
        None.
        counts: `counts(y, prediction, weight)` -> (successes, trials) for proportions.
        note: `note(y)` -> what the reader must know about these rows, or None.
    """

    name: str
    title: str
    greater_is_better: bool
    kind: str
    compute: Compute
    per_row: PerRow | None = None
    low: float | None = None
    high: float | None = None
    needs: str = ""
    tally: Callable[[np.ndarray, np.ndarray], Tally] | None = None
    finish: Callable[[np.ndarray], np.ndarray] | None = None
    binned: bool = False
    influence: Callable[[np.ndarray, np.ndarray, np.ndarray | None], np.ndarray] | None = None
    counts: Callable[[np.ndarray, np.ndarray, np.ndarray | None], tuple[float, float]] | None = None
    note: Callable[[np.ndarray], str | None] | None = None

    def __call__(self, y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None) -> float:
        """The metric's value on n rows.

        Args:
            y: (n,) class positions or numbers.
            prediction: (n, k) probabilities or (n,) numbers.
            weight: (n,) weights, or None.
        """
        if len(y) == 0:
            return float("nan")
        return float(self.compute(y, prediction, weight))

    def better(self, a: float, b: float) -> bool:
        """Whether a is better than b; a NaN is never better and always worse."""
        if np.isnan(a) or np.isnan(b):
            return bool(np.isnan(b) and not np.isnan(a))
        return a > b if self.greater_is_better else a < b


def from_tally(tally: Callable[[np.ndarray, np.ndarray], Tally], finish: Callable[[np.ndarray], np.ndarray]) -> Compute:
    """The `compute` of a metric that its tally determines exactly."""

    def compute(y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None) -> float:
        return float(finish(tally(y, prediction).total(len(y), weight)))

    return compute


def divide(top: Any, bottom: Any, empty: float = np.nan) -> np.ndarray:
    """top / bottom, with `empty` where the bottom is zero."""
    top, bottom = np.asarray(top, dtype=float), np.asarray(bottom, dtype=float)
    shape = np.broadcast_shapes(top.shape, bottom.shape)
    return np.divide(top, bottom, out=np.full(shape, empty), where=np.broadcast_to(bottom != 0, shape))


def mean_metric(
    name: str,
    title: str,
    loss: PerRow,
    kind: str,
    *,
    root: bool = False,
    low: float | None = 0.0,
    high: float | None = None,
    note: Callable[[np.ndarray], str | None] | None = None,
) -> Metric:
    """A metric that is the mean of a per-row loss, or its square root; rows with a NaN loss are left out."""

    def tally(y: np.ndarray, prediction: np.ndarray) -> Tally:
        values = loss(y, prediction)
        missing = np.isnan(values)
        if missing.any():
            return Tally(2, ((0, np.where(missing, 0.0, values)), (1, (~missing).astype(float))))
        return Tally(2, ((0, values), (1, 1.0)))

    def finish(totals: np.ndarray) -> np.ndarray:
        mean = divide(totals[..., 0], totals[..., 1])
        return np.sqrt(mean) if root else mean

    return Metric(
        name,
        title,
        False,
        kind,
        from_tally(tally, finish),
        per_row=loss,
        low=low,
        high=high,
        tally=tally,
        finish=finish,
        note=note,
    )
