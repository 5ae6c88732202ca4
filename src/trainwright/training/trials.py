"""One trial of a plan: a family fitted on the training rows of a fold, which predicts the rows that were held out."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.data.columns import Columns, Dataset
from trainwright.data.schema import Target
from trainwright.data.split import Fold, inner_cut
from trainwright.errors import UserError
from trainwright.models.families import families
from trainwright.models.more import learn_more, within
from trainwright.models.recalibrated import Recalibration
from trainwright.models.selected import Selected, View
from trainwright.models.spec import Estimator, Report
from trainwright.tasks import Metric
from trainwright.training.bags import fit_bag
from trainwright.training.rebalance import Rebalance, stopping_rows
from trainwright.training.steps import CUSTOM, Step
from trainwright.training.weak_columns import Selector

if TYPE_CHECKING:
    from trainwright.training.incremental import Continuing

# Rows of the training part on which the training score is measured.
TRAINING_SAMPLE = 5_000
# How the folders of states of refits on all rows are named, before the number of the copy; those of folds are numbers.
ALL_ROWS = "all"


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


def new_estimator(step: Step, target: Target, custom: dict[str, Callable[[], Estimator]]) -> Estimator:
    """An unfitted estimator of the step's family."""
    if step.handed_over:
        name = step.family.removeprefix(CUSTOM)
        if name not in custom:
            raise UserError(
                f"the estimator {name!r} was handed over in Python and is not kept with the run",
                remedy="train again with it; everything else goes on without it",
            )
        return custom[name]()
    spec = families()[step.family]
    return spec.load()(target, spec.defaults() | step.settings)


def fit_fold(step: Step, index: int, work: Work, report: Report) -> FoldFit:
    """Fits the step on one fold's training rows and predicts its held-out rows."""
    fold = work.folds[index]
    seed = work.seed * 1_000 + index
    train = sampled(fold.train, step.max_rows, seed)
    tell = _of_fold(report, step, index)
    if work.continuing is None:
        fitted = fit_part(step, train, work, seed, tell, states=states_of(step, str(index), work))
    else:
        fitted = work.continuing.fit(step, index, train, work, seed, tell)
    estimator = fitted.estimator
    held_out = work.dataset.columns.take(fold.validation)
    before = time.perf_counter()
    prediction = estimator.predict(held_out)
    per_row = (time.perf_counter() - before) * 1e3 / max(len(held_out), 1)
    sample = np.sort(sampled(train, TRAINING_SAMPLE, seed + 1))
    return FoldFit(
        step=step,
        fold=index,
        estimator=estimator,
        prediction=prediction,
        training_prediction=estimator.predict(work.dataset.columns.take(sample)),
        training_rows=sample,
        fit_s=fitted.seconds,
        predict_ms_per_row=per_row,
        n_train=len(train),
        rebalanced=fitted.rebalanced,
    )


def fit_again(trial: Trial, rows: np.ndarray, columns: Columns, work: Work, seed: int) -> np.ndarray:
    """What the trial's step says about other rows when it is fitted on these, corrected as the trial is.

    Args:
        trial: a finished one; only its step and its correction count.
        rows: positions of the rows to learn from.
        columns: of the rows to predict.
        work: development rows.
        seed: of the fit.
    """
    estimator = fit_part(trial.step, rows, work, seed, lambda event: None).estimator
    prediction = np.asarray(estimator.predict(columns))
    return prediction if trial.correction is None else trial.correction.apply(prediction)


def states_of(step: Step, part: str, work: Work) -> Path | None:
    """The folder for states within a fit, named by what decides them; `part` is the fold, or the copy of a refit."""
    if work.scratch is None:
        return None
    settings = json.dumps(step.settings, sort_keys=True, default=str)
    return work.scratch / f"{step.name}.{part}.{hashlib.sha256(settings.encode()).hexdigest()[:12]}"


def _of_fold(report: Report, step: Step, index: int) -> Report:
    """What a fit tells by epoch, step and round, with its trial and fold; everything else as it is."""

    def tell(event: dict[str, Any]) -> None:
        if ("message" in event or event["kind"] == "iteration") and "trial" not in event:
            event = {**event, "trial": step.name, "fold": index}
            if event.get("points"):
                event["points"] = [[f"fold{index + 1}/{name}", *rest] for name, *rest in event["points"]]
        report(event)

    return tell


def fit_part(
    step: Step,
    rows: np.ndarray,
    work: Work,
    seed: int,
    report: Report,
    *,
    begin: Estimator | None = None,
    states: Path | None = None,
) -> RowsFit:
    """Fits the step on these development rows; a validation part is cut from them where the step asks for one.

    Weak columns are left out first, as these rows show them. Classes are rebalanced among what is left after the cut; a
    majority, which knows classes only, stays as it is.
    With `begin`, a fitted model, a new one learns on from it instead. `states` is a folder for states within the fit.
    """
    if begin is not None:
        return _fit_one(step, rows, seed, None, work=work, view=None, report=report, begin=begin, states=states)
    before = time.perf_counter()
    columns = None
    if work.selector is not None and step.family != "baseline":
        columns = work.selector.columns(work, rows, seed)
    seconds = time.perf_counter() - before
    view = None if columns is None else View(work.dataset.columns.layout, columns)
    if step.bags:

        def fit(alone: Step, learn: np.ndarray, own: int, stopping: np.ndarray | None) -> RowsFit:
            kept = within(states, f"bag-{own}")
            return _fit_one(alone, learn, own, stopping, work=work, view=view, report=report, states=kept)

        fitted = fit_bag(step, rows, work, seed, fit)
    else:
        fitted = _fit_one(step, rows, seed, None, work=work, view=view, report=report, states=states)
    estimator = fitted.estimator if columns is None else Selected(fitted.estimator, columns)
    return replace(fitted, estimator=estimator, seconds=fitted.seconds + seconds)


def _fit_one(
    step: Step,
    rows: np.ndarray,
    seed: int,
    stopping: np.ndarray | None,
    *,
    work: Work,
    view: View | None,
    report: Report,
    begin: Estimator | None = None,
    states: Path | None = None,
) -> RowsFit:
    """One model of the step on these rows; `stopping` are rows kept apart to stop it, None to cut some from `rows`."""
    estimator = new_estimator(step, work.target, work.custom)
    part = work.dataset.take(rows) if len(rows) < len(work.dataset) else work.dataset
    validation = None if stopping is None else _seen(work.dataset.take(stopping), view)
    part = _seen(part, view)
    learn = part
    if step.inner > 0 and stopping is None:
        cut = work.inner_cut(part, step.inner, seed)
        if cut is not None:
            learn, validation = part.take(cut[0]), part.take(cut[1])
    before = time.perf_counter()
    rebalanced = None
    if work.rebalance is not None and step.family != "baseline":
        found = work.rebalance.apply(learn, seed)
        learn, rebalanced = found.dataset, found.to_json()
        if validation is not None:
            validation = stopping_rows(validation, found.shift)
            if learn.weight is None:  # weights stand on both parts or on none
                learn = replace(learn, weight=np.ones(len(learn)))
    given: dict[str, Any] = {"sample_weight": learn.weight, "validation": validation, "seed": seed}
    # Beside a fit that uses all threads no other needs one.
    given |= {"threads": work.threads * (work.jobs if step.uses_all_threads else 1), "report": report}
    if begin is None:
        estimator.checkpoints = states
        estimator.fit(learn.columns, learn.y, **given)
    else:
        spec = families()[step.family]
        rounds = None if spec.iterations is None else int((spec.defaults() | step.settings)[spec.iterations])
        estimator = learn_more(begin, learn.columns, learn.y, rounds=rounds, **given, checkpoints=states)
    return RowsFit(estimator, time.perf_counter() - before, rebalanced)


def _seen(part: Dataset, view: View | None) -> Dataset:
    return part if view is None else view.rows(part)


def sampled(rows: np.ndarray, most: int | None, seed: int) -> np.ndarray:
    """Ascending rows, at most so many of them, drawn by the seed; all where `most` is None.

    Example:
        >>> sampled(np.arange(5), None, seed=0).tolist(), len(sampled(np.arange(5), 3, seed=0))
        ([0, 1, 2, 3, 4], 3)
    """
    if most is None or len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
