"""The trials of a plan, fold by fold: what each is, what it came to, and what all their fits share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.data.columns import Dataset
from trainwright.data.schema import Target
from trainwright.data.split import Fold, inner_cut
from trainwright.models.recalibrated import Recalibration
from trainwright.models.spec import Estimator
from trainwright.tasks import Metric
from trainwright.training.rebalance import Rebalance
from trainwright.training.steps import Step
from trainwright.training.weak_columns import Selector

if TYPE_CHECKING:
    from trainwright.training.incremental import Continuing


@dataclass(frozen=True)
class FoldFit:
    """One fit of a candidate: the model, and its predictions for the rows it did not see.

    Args:
        step: the step as it was fitted.
        fold: index into the split's folds.
        estimator: the fitted model.
        prediction: (n_validation, k) or (n_validation,) for the fold's held-out rows.
        training_prediction: the same for a sample of its training rows.
        training_rows: positions of that sample within the development rows.
        fit_s: seconds of the fit.
        predict_ms_per_row: milliseconds per row in a batch.
        n_train: rows it learned from, before any were copied, left out or made up.
        rebalanced: rows and weights of each class before and after, where classes were rebalanced.
    """

    step: Step
    fold: int
    estimator: Estimator
    prediction: np.ndarray
    training_prediction: np.ndarray
    training_rows: np.ndarray
    fit_s: float
    predict_ms_per_row: float
    n_train: int
    rebalanced: dict[str, Any] | None = None


@dataclass
class Trial:
    """The folds of one step that are done.

    Args:
        step: as it is fitted; the clock may have taken rounds from the planned one.
        fits: by fold.
        failure: why the family failed, or None.
        error: what it failed with.
        shortened: why it has fewer rounds than planned, "" when it has them all.
        correction: what rebalanced classes did to its probabilities, undone; see `recalibrate`.
    """

    step: Step
    fits: dict[int, FoldFit] = field(default_factory=dict)
    failure: str | None = None
    error: Exception | None = None
    shortened: str = ""
    correction: Recalibration | None = None

    @property
    def name(self) -> str:
        return self.step.name

    def finished(self, work: Work) -> bool:
        """Whether every fold is done."""
        return len(self.fits) == len(work.folds) and self.failure is None


@dataclass(frozen=True)
class Work:
    """What every fit of a run shares.

    Args:
        dataset: the development rows.
        target: what is predicted.
        folds: the split's folds, as positions within the development rows.
        seed: seed of the run; each fit derives its own from it and its fold.
        threads: threads of one fit.
        jobs: fits side by side.
        gap: left out before a cut in time, as in the split's rule.
        custom: factories of estimators handed over in Python, by name.
        rebalance: how rare classes get more say among the rows that a fit learns from, or None.
        kept: (m,) positions of the rows that may be learned from, as the folds' training rows are; None for all.
        selector: leaves weak columns out within the rows that a fit learns from, or None.
        continuing: the models of an earlier version that the fits learn on from, or None.
        scratch: a folder for states within a fold's fit, from which a resumed run goes on, or None.
    """

    dataset: Dataset
    target: Target
    folds: tuple[Fold, ...]
    seed: int
    threads: int
    jobs: int
    gap: float = 0.0
    custom: dict[str, Callable[[], Estimator]] = field(default_factory=dict)
    rebalance: Rebalance | None = None
    kept: np.ndarray | None = None
    selector: Selector | None = None
    continuing: Continuing | None = None
    scratch: Path | None = None

    @property
    def everything(self) -> np.ndarray:
        """Positions of all rows that may be learned from."""
        return np.arange(len(self.dataset)) if self.kept is None else self.kept

    def score(self, metric: Metric, rows: np.ndarray, prediction: np.ndarray) -> float:
        """The metric of what was predicted for the development rows at these positions."""
        data = self.dataset
        return metric(data.y[rows], prediction, None if data.weight is None else data.weight[rows])

    def inner_cut(self, part: Dataset, share: float, seed: int) -> tuple[np.ndarray, np.ndarray] | None:
        """Positions within `part` to learn from, and those set aside to stop a fit; None where there is no cut."""
        return inner_cut(
            share,
            task=self.target.task,
            y=part.y,
            group=part.group,
            time=part.time,
            gap=self.gap,
            seed=seed,
        )


@dataclass(frozen=True)
class RowsFit:
    """A model fitted on some rows.

    Args:
        estimator: the model.
        seconds: of rebalancing and fitting.
        rebalanced: as in `FoldFit`.
    """

    estimator: Estimator
    seconds: float
    rebalanced: dict[str, Any] | None = None
