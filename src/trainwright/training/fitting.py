"""One fit of a trial: a family learns from the training rows of a fold, and predicts the rows that were held out."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from trainwright.data.columns import Columns, Dataset
from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.models.families import families
from trainwright.models.more import learn_more, within
from trainwright.models.selected import Selected, View
from trainwright.models.spec import Estimator, Report
from trainwright.training.bags import fit_bag
from trainwright.training.rebalance import stopping_rows
from trainwright.training.steps import CUSTOM, Step
from trainwright.training.trials import FoldFit, RowsFit, Trial, Work

# Rows of the training part on which the training score is measured.
TRAINING_SAMPLE = 5_000
# How the folders of states of refits on all rows are named, before the number of the copy; those of folds are numbers.
ALL_ROWS = "all"


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
