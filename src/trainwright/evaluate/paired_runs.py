"""Two runs compared row by row, on the rows that neither learned from when it predicted them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.evaluate.compare import Comparison, compare
from trainwright.tasks import Metric, task_for


@dataclass(frozen=True)
class HeldOut:
    """Predictions for m rows, each by models that did not learn from it.

    Args:
        rows: (m,) their numbers in the dataset version, ascending.
        fold: (m,) the fold that held each out.
        prediction: (m, k) probabilities or (m,) numbers.
        cut: (m,) the probability from which the positive class is decided; 0.5 where there are not two classes.
    """

    rows: np.ndarray
    fold: np.ndarray
    prediction: np.ndarray
    cut: np.ndarray

    def at(self, rows: np.ndarray) -> HeldOut:
        """The same for some of the rows."""
        place = np.searchsorted(self.rows, rows)
        return HeldOut(rows, self.fold[place], self.prediction[place], self.cut[place])


@dataclass(frozen=True)
class Truth:
    """What is known about n development rows besides their features.

    Args:
        target: what is predicted.
        rows: (n,) their numbers in the dataset version, ascending.
        y, weight, group, time, cluster: (n,) or None, as in `data.columns.Dataset`.
    """

    target: Target
    rows: np.ndarray
    y: np.ndarray
    weight: np.ndarray | None = None
    group: np.ndarray | None = None
    time: np.ndarray | None = None
    cluster: np.ndarray | None = None

    def at(self, rows: np.ndarray) -> Truth:
        """The same for some of the rows."""
        place = np.searchsorted(self.rows, rows)

        def part(values: np.ndarray | None) -> np.ndarray | None:
            return None if values is None else values[place]

        return Truth(
            self.target, rows, self.y[place], part(self.weight), part(self.group), part(self.time), part(self.cluster)
        )


def compare_runs(
    new: HeldOut, old: HeldOut, truth: Truth, metric: str, *, names: tuple[str, str], level: float = 0.95, seed: int = 0
) -> Comparison:
    """How much better one run is than another on the rows that both held out.

    Args:
        new, old: what each predicted.
        truth: of the development rows.
        metric: by which they are compared; one that depends on what is decided takes each run's own threshold.
        names: of the two.
        level: a verdict needs a p below 1 - level.
        seed: of the bootstrap.

    Raises:
        UserError: they have no held-out row in common.
    """
    rows = np.intersect1d(new.rows, old.rows)
    if not len(rows):
        raise UserError(
            f"{names[0]} and {names[1]} held out no row in common", remedy="compare runs on one dataset version"
        )
    a, b, known = new.at(rows), old.at(rows), truth.at(rows)
    judged = task_for(truth.target).metric(metric)
    pair = {names[0]: _as_judged(a, truth.target, judged), names[1]: _as_judged(b, truth.target, judged)}
    return compare(
        known.y,
        pair,
        names[1],
        judged,
        fold=b.fold,
        group=known.group if known.group is not None else known.cluster,
        time=known.time,
        weight=known.weight,
        level=level,
        seed=seed,
    )[0]


def same_folds(new: HeldOut, old: HeldOut) -> bool:
    """Whether both cut the same rows into the same folds."""
    return np.array_equal(new.rows, old.rows) and np.array_equal(new.fold, old.fold)


def _as_judged(held: HeldOut, target: Target, metric: Metric) -> np.ndarray:
    """The prediction, or for a figure of decisions what each run decides at its own threshold, as sure answers."""
    if target.task != "classes" or len(target.classes) != 2 or metric.kind not in ("proportion", "decision"):
        return held.prediction
    positive = target.positive_index
    flagged = held.prediction[:, positive] >= held.cut
    decided = np.zeros_like(held.prediction)
    decided[np.arange(len(decided)), np.where(flagged, positive, 1 - positive)] = 1.0
    return decided
