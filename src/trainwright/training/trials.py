"""Runs the trials of a plan: every fold is fitted, predicts its held-out rows, and is handed over before the next.

Fits run side by side in threads (the learning libraries release Python's lock). Each fold depends on its rows, seed
and settings alone, so the order in which they finish changes nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.data.columns import Dataset
from trainwright.data.schema import Target
from trainwright.data.split import Fold, inner_cut
from trainwright.errors import UserError
from trainwright.models.families import families
from trainwright.models.more import learn_more
from trainwright.models.recalibrated import Recalibration
from trainwright.models.selected import Selected, View
from trainwright.models.spec import Estimator, Report
from trainwright.training import rebalance_plan
from trainwright.training.bags import fit_bag
from trainwright.training.budget import Budget
from trainwright.training.pace import MARGIN, fit_into, slowness
from trainwright.training.plan import FITS_SHARE, Step
from trainwright.training.rebalance import Rebalance, stopping_rows
from trainwright.training.weak_columns import Selector

if TYPE_CHECKING:
    from trainwright.training.incremental import Continuing

# Rows of the training part on which the training score is measured.
TRAINING_SAMPLE = 5_000
# Share of a limit that optional steps leave to what follows the fits.
OPTIONAL_RESERVE = 0.12


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
        shortened: why it has fewer rounds than planned, "" when it has them all.
        correction: what rebalanced classes did to its probabilities, undone; see `recalibrate`.
    """

    step: Step
    fits: dict[int, FoldFit] = field(default_factory=dict)
    failure: str | None = None
    shortened: str = ""
    correction: Recalibration | None = None

    @property
    def name(self) -> str:
        return self.step.name


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

    @property
    def everything(self) -> np.ndarray:
        """Positions of all rows that may be learned from."""
        return np.arange(len(self.dataset)) if self.kept is None else self.kept


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
    if step.family.startswith("custom:"):
        name = step.family.removeprefix("custom:")
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
    if work.continuing is None:
        fitted = fit_part(step, train, work, seed, report)
    else:
        fitted = work.continuing.fit(step, index, train, work, seed, report)
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


def fit_rows(step: Step, rows: np.ndarray, work: Work, seed: int, report: Report) -> tuple[Estimator, float]:
    """The model of `fit_part`, and its seconds."""
    fitted = fit_part(step, rows, work, seed, report)
    return fitted.estimator, fitted.seconds


def fit_part(
    step: Step, rows: np.ndarray, work: Work, seed: int, report: Report, *, begin: Estimator | None = None
) -> RowsFit:
    """Fits the step on these development rows; a validation part is cut from them where the step asks for one.

    Weak columns are left out first, as these rows show them. Classes are rebalanced among what is left after the cut; a
    majority, which knows classes only, stays as it is.
    With `begin`, a fitted model, a new one learns on from it instead.
    """
    if begin is not None:
        return _fit_one(step, rows, seed, None, work=work, view=None, report=report, begin=begin)
    before = time.perf_counter()
    columns = None
    if work.selector is not None and step.family != "baseline":
        columns = work.selector.columns(work, rows, seed)
    seconds = time.perf_counter() - before
    view = None if columns is None else View(work.dataset.columns.layout, columns)
    if step.bags:
        fitted = fit_bag(step, rows, work, seed, lambda *one: _fit_one(*one, work=work, view=view, report=report))
    else:
        fitted = _fit_one(step, rows, seed, None, work=work, view=view, report=report)
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
) -> RowsFit:
    """One model of the step on these rows; `stopping` are rows kept apart to stop it, None to cut some from `rows`."""
    estimator = new_estimator(step, work.target, work.custom)
    part = work.dataset.take(rows) if len(rows) < len(work.dataset) else work.dataset
    validation = None if stopping is None else _seen(work.dataset.take(stopping), view)
    part = _seen(part, view)
    learn = part
    if step.inner > 0 and stopping is None:
        cut = inner_cut(
            step.inner,
            task=work.target.task,
            y=part.y,
            group=part.group,
            time=part.time,
            gap=work.gap,
            seed=seed,
        )
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
    given |= {"threads": work.threads, "report": report}
    if begin is None:
        estimator.fit(learn.columns, learn.y, **given)
    else:
        spec = families()[step.family]
        rounds = None if spec.iterations is None else int((spec.defaults() | step.settings)[spec.iterations])
        estimator = learn_more(begin, learn.columns, learn.y, rounds=rounds, **given)
    return RowsFit(estimator, time.perf_counter() - before, rebalanced)


def _seen(part: Dataset, view: View | None) -> Dataset:
    return part if view is None else view.rows(part)


def run_steps(
    steps: tuple[Step, ...],
    work: Work,
    budget: Budget,
    *,
    finished: dict[tuple[str, int], FoldFit],
    on_fold: Callable[[Step, FoldFit], None],
    report: Report,
    stop: threading.Event,
) -> list[Trial]:
    """Runs every fold of every step in order, while the clock and the user allow it.

    Args:
        finished: folds already done by an earlier attempt, by step name and fold.
        on_fold: called with each finished fold, in the calling thread, before more work is handed out.
        stop: set by Ctrl-C: nothing new starts, what runs is awaited.

    Returns:
        One trial per step; a trial that lacks folds was cut short, one with `failure` raised an error.
    """
    trials = {step.name: Trial(step) for step in steps}
    for (name, index), fit in finished.items():
        if name in trials:
            trials[name].fits[index] = fit
            trials[name].step = fit.step
    todo = _tasks(steps, work, trials)
    running: dict[Future[FoldFit], Trial] = {}
    begun: set[str] = set()
    cut: set[str] = set()
    with ThreadPoolExecutor(max_workers=work.jobs, thread_name_prefix="fit") as pool:
        upcoming = next(todo, None)
        while running or upcoming is not None:
            while upcoming is not None and len(running) < work.jobs and not stop.is_set():
                name, index = upcoming
                trial = trials[name]
                if name not in begun:
                    begun.add(name)
                    _pace(trial, trials, begun, work, budget, report)
                if trial.failure is None and name not in cut:
                    if budget.allows(_expected(trial, trials, work, budget)):
                        report({"kind": "fold_started", "trial": name, "fold": index})
                        running[pool.submit(fit_fold, trial.step, index, work, report)] = trial
                    else:
                        cut.add(name)
                        report({"kind": "cut", "trial": name, "reason": "time limit"})
                upcoming = next(todo, None)
            if stop.is_set():
                upcoming = None
            if not running:
                continue
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                _collect(future, running.pop(future), on_fold, report)
    return [trials[step.name] for step in steps]


def _pace(trial: Trial, trials: dict[str, Trial], begun: set[str], work: Work, budget: Budget, report: Report) -> None:
    """Gives a contender that begins no more rounds than the clock allows."""
    if trial.step.role != "candidate" or trial.step.optional or trial.fits or budget.limit is None:
        return  # an optional one begins as it is or not at all
    later = [t.step for n, t in trials.items() if n not in begun and t.step.role == "candidate" and not t.step.optional]
    slower = slowness(trials.values())
    remaining = budget.remaining() * FITS_SHARE
    trial.step, why = fit_into(
        trial.step, later, n_folds=len(work.folds), jobs=work.jobs, slower=slower, remaining=remaining
    )
    if why:
        trial.shortened = why
        report({"kind": "shortened", "trial": trial.name, "reason": why})


def _collect(
    future: Future[FoldFit],
    trial: Trial,
    on_fold: Callable[[Step, FoldFit], None],
    report: Report,
) -> None:
    """Keeps a finished fold; a family that fails is left out and named, it never ends the run."""
    try:
        fit = future.result()
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - any failure of a learning library is reported, not raised
        trial.failure = f"{type(error).__name__}: {error}"
        report({"kind": "trial_failed", "trial": trial.name, "error": trial.failure})
        return
    trial.fits[fit.fold] = fit
    on_fold(trial.step, fit)


def _tasks(steps: tuple[Step, ...], work: Work, trials: dict[str, Trial]) -> Iterator[tuple[str, int]]:
    for step in steps:
        for index in range(len(work.folds)):
            if index not in trials[step.name].fits:
                yield step.name, index


def _expected(trial: Trial, trials: dict[str, Trial], work: Work, budget: Budget) -> float:
    """Seconds until the step's remaining folds are done: baselines always run, others are measured as they go.

    An optional step that is to begin needs room for what follows the fits too: refitting and the size curve.
    """
    step = trial.step
    if step.role == "baseline":
        return float("-inf") if step.family == "baseline" else 0.0
    if not trial.fits:
        rounds = -(-len(work.folds) // work.jobs)
        each = step.seconds + rebalance_plan.seconds(work.rebalance, work.dataset.y)
        if not step.optional or budget.limit is None:
            return each * rounds
        slower = slowness([t for t in trials.values() if t.step.family == step.family], least=0.5)
        return each * rounds * slower * MARGIN + OPTIONAL_RESERVE * budget.limit
    each = max(fit.fit_s for fit in trial.fits.values()) * 1.15
    rounds = -(-(len(work.folds) - len(trial.fits)) // work.jobs)
    return each * rounds


def sampled(rows: np.ndarray, most: int | None, seed: int) -> np.ndarray:
    """Ascending rows, at most so many of them, drawn by the seed; all where `most` is None.

    Example:
        >>> sampled(np.arange(5), None, seed=0).tolist(), len(sampled(np.arange(5), 3, seed=0))
        ([0, 1, 2, 3, 4], 3)
    """
    if most is None or len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
