"""Fits one trial of a search on every fold, and stops where it is clearly worse, the time is up or the user says so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import numpy as np

from trainwright.evaluate.pruning import clearly_worse
from trainwright.models.spec import Report
from trainwright.training.fitting import fit_fold
from trainwright.training.recalibrate import recalibrated
from trainwright.training.scores import gather
from trainwright.training.shape import model_size_mb
from trainwright.training.steps import Step
from trainwright.training.trials import FoldFit, Trial
from trainwright.training.tuning.ground import Ground


@dataclass(frozen=True)
class Fitted:
    """What came out of a trial.

    Args:
        state: "completed", "pruned", "failed" or "released" (not finished, through no fault of its own).
        scores: the metric by fold, None where it was not fitted.
        reason: why it was not completed.
        prediction: (m, k) or (m,) out-of-fold predictions of a completed trial.
        fit_seconds: of all fits that were done.
        predict_ms_per_row, size_mb: of one model.
        iterations: rounds kept in each fold, where the family counts them.
    """

    state: str
    scores: list[float | None]
    reason: str = ""
    prediction: np.ndarray | None = None
    fit_seconds: float = 0.0
    predict_ms_per_row: float | None = None
    size_mb: float | None = None
    iterations: list[int] = field(default_factory=list)


def fit_trial(
    step: Step,
    ground: Ground,
    *,
    best: Sequence[float | None] = (),
    spread: float | None = None,
    stop: threading.Event,
    time_left: Callable[[], float],
    report: Report,
) -> Fitted:
    """Fits the step's folds side by side, as a training does; those that use all threads follow one another.

    Whether it is worse than the best is asked of its first fold, its first two, and so on, whichever ends first: what
    becomes of a trial does not depend on which of two fits was quicker. Where all its folds have begun it may end.

    Args:
        step: the trial's settings as a step.
        ground: rows, folds and metric.
        best: scores of the best trial so far; empty to stop no trial for being worse.
        spread: see `evaluate.pruning.usual_spread`.
        stop: set to end after the folds that run.
        time_left: seconds until the search must end.
        report: told of each finished fold.
    """
    work, greater = ground.work, ground.metric.greater_is_better
    trial = Trial(step)
    scores: list[float | None] = [None] * len(work.folds)
    running: set[Future[FoldFit]] = set()
    waiting = list(range(len(work.folds)))
    state, reason = "", ""
    asked = 0  # so many of its first folds were compared with the best trial's
    beside = 1 if step.uses_all_threads else work.jobs  # a fit that waits for another one's threads would seem slow
    with ThreadPoolExecutor(max_workers=beside, thread_name_prefix="trial") as pool:
        while running or (waiting and not state):
            while waiting and not state and len(running) < beside:
                running.add(pool.submit(fit_fold, step, waiting.pop(0), work, report))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                try:
                    fit = future.result()
                except MemoryError:
                    raise
                except Exception as error:  # noqa: BLE001 - any failure of a learning library is a failed trial
                    if not state:
                        state, reason = "failed", f"{type(error).__name__}: {error}"
                    continue
                trial.fits[fit.fold] = fit
                scores[fit.fold] = _score(ground, fit)
                report({"kind": "search_fold", "fold": fit.fold, "folds": len(work.folds), "score": scores[fit.fold]})
            while best and not state and asked in trial.fits and asked + beside < len(work.folds):
                asked += 1
                first = [score if fold < asked else None for fold, score in enumerate(scores)]
                if reason := clearly_worse(first, best, spread, greater_is_better=greater):
                    state = "pruned"
            if not state and (waiting or running) and (stop.is_set() or time_left() <= 0):
                state, reason = "released", "stopped" if stop.is_set() else "the time was up"
    if state == "pruned":  # what ran beside those folds is left out
        trial.fits = {fold: fit for fold, fit in trial.fits.items() if fold < asked}
        scores = [score if fold < asked else None for fold, score in enumerate(scores)]
    return _fitted(ground, trial, scores, state or "completed", reason)


def _fitted(ground: Ground, trial: Trial, scores: list[float | None], state: str, reason: str) -> Fitted:
    fits = [trial.fits[index] for index in sorted(trial.fits)]
    if len(fits) == len(ground.work.folds) and state == "released":
        state, reason = "completed", ""  # the folds that ran beside it were its last ones
    prediction = None
    if state == "completed":
        trial = recalibrated([trial], ground.work)[0]
        scores = [_score(ground, trial.fits[index]) for index in sorted(trial.fits)]
        prediction = gather([trial], ground.work).predictions[trial.name]
    return Fitted(
        state,
        scores,
        reason,
        prediction,
        float(sum(fit.fit_s for fit in fits)),
        float(np.median([fit.predict_ms_per_row for fit in fits])) if fits else None,
        model_size_mb(fits[0].estimator) if fits else None,
        [int(fit.estimator.iterations) for fit in fits if fit.estimator.iterations],
    )


def _score(ground: Ground, fit: FoldFit) -> float | None:
    """The metric on a fold's held-out rows; None where it is not defined there."""
    value = ground.work.score(ground.metric, ground.work.folds[fit.fold].validation, fit.prediction)
    return float(value) if np.isfinite(value) else None
