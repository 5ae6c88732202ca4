"""Out-of-fold predictions and scores of every candidate, aligned on the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.data.columns import Dataset
from trainwright.evaluate.compare import Comparison, compare
from trainwright.tasks.metric import Metric
from trainwright.tasks.task import Task
from trainwright.training.trials import Trial, Work

# Metrics shown for every candidate, beside the run's own: few, because each costs time on many rows.
SHOWN = {"classes": ("log_loss", "accuracy", "weighted_f1"), "number": ("mae", "r2")}


@dataclass(frozen=True)
class OutOfFold:
    """The rows that some fold held out, and what every finished candidate predicted for them.

    Args:
        positions: (m,) positions within the development rows, in their order.
        fold: (m,) number of the fold that held the row out (of the first repeat that did).
        y: (m,) truth.
        weight: (m,) sample weights or None.
        predictions: by candidate, (m, k) or (m,); the mean over repeats.
    """

    positions: np.ndarray
    fold: np.ndarray
    y: np.ndarray
    weight: np.ndarray | None
    predictions: dict[str, np.ndarray]

    def of(self, values: np.ndarray | None) -> np.ndarray | None:
        """(m,) what a column of all development rows, such as their groups, holds for these rows."""
        return None if values is None else values[self.positions]


@dataclass(frozen=True)
class FoldScores:
    """A candidate's metrics per fold: on held-out rows, and on a sample of the rows it learned from."""

    validation: dict[str, np.ndarray]
    training: dict[str, np.ndarray]

    def mean(self, metric: str) -> float:
        return float(np.nanmean(self.validation[metric]))

    def std(self, metric: str) -> float:
        values = self.validation[metric]
        return float(np.nanstd(values, ddof=1)) if len(values) > 1 else float("nan")


def finite_mean(values: np.ndarray) -> float:
    """The mean of the folds on which a metric is defined; NaN without any.

    Example:
        >>> finite_mean(np.array([0.5, np.nan, 0.7]))
        0.6
    """
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")


def gather(trials: list[Trial], work: Work) -> OutOfFold:
    """Aligns the held-out predictions of trials whose folds are all done.

    Args:
        trials: finished trials, each with a fit for every fold.
        work: the folds and the development rows.
    """
    n = len(work.dataset)
    fold_of = np.full(n, -1, dtype=np.int64)
    times = np.zeros(n, dtype=np.int64)
    for index, fold in enumerate(work.folds):
        fresh = fold.validation[fold_of[fold.validation] < 0]
        fold_of[fresh] = index
        times[fold.validation] += 1
    positions = np.flatnonzero(times > 0)
    predictions = {}
    for trial in trials:
        first = next(iter(trial.fits.values())).prediction
        total = np.zeros((n, *first.shape[1:]), dtype=np.float64)
        for index in sorted(trial.fits):  # not as they finished: the order of a sum shows in its last digit
            total[work.folds[index].validation] += trial.fits[index].prediction
        shape = (-1,) + (1,) * (first.ndim - 1)
        predictions[trial.name] = total[positions] / times[positions].reshape(shape)
    data = work.dataset
    return OutOfFold(
        positions=positions,
        fold=fold_of[positions],
        y=data.y[positions],
        weight=None if data.weight is None else data.weight[positions],
        predictions=predictions,
    )


def fold_scores(trial: Trial, work: Work, metrics: list[Metric]) -> FoldScores:
    """The metrics of one candidate for each fold, in the order of the folds."""
    validation: dict[str, list[float]] = {metric.name: [] for metric in metrics}
    training: dict[str, list[float]] = {metric.name: [] for metric in metrics}
    for index in sorted(trial.fits):
        fit = trial.fits[index]
        held_out = work.folds[index].validation
        for metric in metrics:
            validation[metric.name].append(work.score(metric, held_out, fit.prediction))
            training[metric.name].append(work.score(metric, fit.training_rows, fit.training_prediction))
    return FoldScores(
        {name: np.asarray(values) for name, values in validation.items()},
        {name: np.asarray(values) for name, values in training.items()},
    )


def blend_scores(prediction: np.ndarray, oof: OutOfFold, metrics: list[Metric]) -> dict[str, np.ndarray]:
    """The metrics of a blended prediction (m, k) or (m,) for each fold."""
    out: dict[str, list[float]] = {metric.name: [] for metric in metrics}
    for index in np.unique(oof.fold):
        own = oof.fold == index
        weight = None if oof.weight is None else oof.weight[own]
        for metric in metrics:
            out[metric.name].append(metric(oof.y[own], prediction[own], weight))
    return {name: np.asarray(values) for name, values in out.items()}


def compared(
    oof: OutOfFold, data: Dataset, predictions: dict[str, np.ndarray], against: str, metric: Metric, *, seed: int
) -> list[Comparison]:
    """Each prediction against one of them on the out-of-fold rows; groups and stretches of time count as units.

    Args:
        oof: the rows.
        data: the development rows, with their roles.
        predictions: by name, (m, k) or (m,).
        against: a name among them.
        metric: what is compared.
        seed: of resamples.
    """
    return compare(
        oof.y,
        predictions,
        against,
        metric,
        fold=oof.fold,
        group=oof.of(data.group),
        time=oof.of(data.time),
        weight=oof.weight,
        seed=seed,
    )


def shown_metrics(task: Task, metric: Metric) -> list[Metric]:
    """The run's metric first, then the few that the leaderboard shows beside it."""
    names = [name for name in SHOWN[task.name] if name != metric.name]
    return [metric, *(task.metrics[name] for name in names)]


def ensemble_loss(task: Task, metric: Metric) -> Any:
    """The loss that greedy weights minimise: smooth where the metric is a rank or a count.

    Weights chosen on log-loss or squared error overfit small validation data less than weights chosen on accuracy or
    ROC-AUC, which jump.
    """
    smooth = task.metrics["log_loss"] if task.name == "classes" else task.metrics["rmse"]
    if task.name == "number" and metric.name in ("mae", "median_absolute_error", "mape"):
        smooth = task.metrics["mae"]

    def loss(y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None) -> float:
        return smooth(y, prediction, weight)

    return loss
