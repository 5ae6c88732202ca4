"""Finished trials, and what is made of several of them, as the candidates that are chosen among."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from trainwright.models.families import families
from trainwright.tasks import Metric
from trainwright.training.combine import BAGGING, Combined
from trainwright.training.scores import FoldScores
from trainwright.training.select import Candidate
from trainwright.training.shape import model_size_mb
from trainwright.training.trials import Trial, Work

# Rank among the simplest: below an ensemble of several candidates, above every single one.
BAGGED = 90


def candidate_of(trial: Trial, scores: FoldScores, metric: Metric, work: Work, others: list[Trial]) -> Candidate:
    """A finished trial; a bag takes the family of its kind and the settings of the candidate that it repeats.

    Args:
        trial: a trial whose folds are all done.
        scores: its metrics per fold.
        metric: of the run.
        work: development rows, on some of which one model is timed.
        others: every finished trial.
    """
    fits = [trial.fits[index] for index in sorted(trial.fits)]
    spec = families().get(trial.step.family)
    found = Candidate(
        name=trial.name,
        family=trial.step.family,
        role=trial.step.role,
        complexity=spec.complexity if spec else 45,
        folds=scores.validation[metric.name],
        fit_s=float(sum(fit.fit_s for fit in fits)),
        predict_ms_per_row=float(np.median([fit.predict_ms_per_row for fit in fits])),
        row_ms=_row_ms(trial, work),
        size_mb=model_size_mb(fits[0].estimator),
        n_fits=len(fits),
        explainability=spec.explainability if spec else "unknown",
        upkeep=spec.upkeep if spec else "yours",
        settings=trial.step.settings,
        packageable=not trial.step.handed_over,
    )

    if not trial.step.bags:
        return found
    bag: dict[str, Any] = {"of": bagged_from(trial, others), "models": trial.step.bags}
    return replace(
        found,
        family=BAGGING,
        complexity=BAGGED,
        explainability="low",
        upkeep="as many models as parts of the rows",
        settings={**bag, **trial.step.settings},
    )


def bagged_from(trial: Trial, others: list[Trial]) -> str:
    """The name of the single candidate that a bag repeats."""
    alike = ("family", "settings", "inner", "max_rows")
    step = trial.step
    same = (t.name for t in others if not t.step.bags and all(getattr(t.step, k) == getattr(step, k) for k in alike))
    return next(same, step.family)


def ensemble_of(combined: Combined, candidates: list[Candidate], scores: FoldScores, metric: Metric) -> Candidate:
    """Several candidates made into one: it costs what its members cost together."""
    members = [c for c in candidates if c.name in combined.weights]
    settings: dict[str, Any] = {"weights": combined.weights}
    if combined.level is not None:
        settings["second_level"] = combined.level.to_json()
    return Candidate(
        name=combined.name,
        family=combined.name,
        role="candidate",
        complexity=100,
        folds=scores.validation[metric.name],
        fit_s=sum(c.fit_s for c in members),
        predict_ms_per_row=sum(c.predict_ms_per_row for c in members),
        row_ms=sum(c.row_ms for c in members),
        size_mb=sum(c.size_mb for c in members),
        n_fits=max(c.n_fits for c in members),
        explainability="low",
        upkeep="as many models as members",
        settings=settings,
        packageable=True,
    )


def _row_ms(trial: Trial, work: Work) -> float:
    """The median milliseconds that one model of the trial needs for one row."""
    estimator = trial.fits[min(trial.fits)].estimator
    times = []
    for i in range(8):
        row = work.dataset.columns.take(np.array([i % len(work.dataset)]))
        before = time.perf_counter()
        estimator.predict(row)
        times.append(time.perf_counter() - before)
    return float(np.median(times[2:]) * 1e3)
