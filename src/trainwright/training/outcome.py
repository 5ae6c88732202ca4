"""From finished trials to a decision: ensemble weights, the chosen candidate, calibration, threshold, leaderboard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trainwright.evaluate.calibration import KINDS, Calibration
from trainwright.evaluate.calibration_choice import CalibrationChoice, choose_calibration
from trainwright.evaluate.thresholds import ThresholdChoice, ThresholdRule, choose_threshold
from trainwright.models.families import families
from trainwright.tasks import Metric, Task
from trainwright.training.calibrate import held_out
from trainwright.training.combine import BAGGING, Combined, combine, kind_of
from trainwright.training.optimism import Optimism, selection_optimism
from trainwright.training.scores import (
    FoldScores,
    OutOfFold,
    blend_scores,
    ensemble_loss,
    fold_scores,
    gather,
    shown_metrics,
)
from trainwright.training.select import Candidate, Choice, Requirements, choose
from trainwright.training.shape import model_size_mb
from trainwright.training.trials import Trial, Work

# Rank among the simplest: below an ensemble of several candidates, above every single one.
BAGGED = 90
NO_TIME_LEFT = "optional: no time was left for it"


@dataclass(frozen=True)
class Outcome:
    """What the development rows say.

    Args:
        trials: finished trials in the order of the plan.
        unfinished: by name, why a planned trial is not among them.
        oof: the out-of-fold rows and predictions.
        scores: metrics per fold of every finished trial and of the ensemble.
        metric: the run's metric.
        weights: share of each member of the chosen candidate.
        choice: what was chosen and why, what was simplest, what beats the baselines.
        calibration: what is done to the blended probabilities.
        threshold: for two classes.
        prediction: (m, k) or (m,) out-of-fold predictions of the chosen candidate, in which each fold's weights and
            temperature came from the other folds: what may be scored.
        candidates: what was compared.
        optimism: how much having been chosen flatters the chosen one, or None when there was one candidate.
        calibrated: which calibration was chosen, and why.
        uncalibrated: `prediction` before it was calibrated.
        kind: the kind of ensemble that was asked for: "none", "greedy", "bagging" or "stacking".
        combined: the ensemble that was compared, chosen or not; None where there was none to make.
        applied: (m, k) out-of-fold probabilities calibrated as the package calibrates: what thresholds are chosen on.
    """

    trials: list[Trial]
    unfinished: dict[str, str]
    oof: OutOfFold
    scores: dict[str, FoldScores]
    metric: Metric
    weights: dict[str, float]
    choice: Choice
    calibration: Calibration
    threshold: ThresholdChoice | None
    prediction: np.ndarray
    candidates: list[Candidate]
    optimism: Optimism | None = None
    calibrated: CalibrationChoice | None = None
    uncalibrated: np.ndarray | None = None
    kind: str = "none"
    combined: Combined | None = None
    applied: np.ndarray | None = None

    @property
    def members(self) -> list[Trial]:
        """The trials that the chosen candidate is made of, in the order of the plan."""
        return [trial for trial in self.trials if self.weights.get(trial.name, 0.0) > 0]

    @property
    def blended(self) -> Combined | None:
        """The ensemble of several candidates, where it is what was chosen."""
        return self.combined if self.combined is not None and self.combined.name == self.choice.selected else None

    @property
    def pull(self) -> dict[str, float]:
        """By member, what its log-odds or its number are multiplied by to give the chosen candidate's."""
        return self.weights if self.blended is None else self.blended.pull

    def mix(self, parts: Mapping[str, np.ndarray]) -> np.ndarray:
        """What the chosen candidate says, before calibration, where its members, by name, say this."""
        return parts[self.choice.selected] if self.blended is None else self.blended.mix(parts)

    @property
    def cut(self) -> float | np.ndarray:
        """The threshold for judging `prediction`: (m,) each chosen without the row's own fold, where there are such."""
        return 0.5 if self.threshold is None else self.threshold.cut


def conclude(
    trials: list[Trial],
    work: Work,
    task: Task,
    metric: Metric,
    requirements: Requirements,
    *,
    rule: ThresholdRule | None = None,
    recorded: str | None = None,
    use_ensemble: bool | str = True,
    calibration: str = "auto",
    kinds: tuple[str, ...] = KINDS,
    searched: Mapping[str, np.ndarray] | None = None,
) -> Outcome:
    """Chooses among the finished trials.

    Args:
        trials: every planned trial, finished or not.
        work: folds and development rows.
        task, metric: how predictions are judged.
        requirements: what the chosen candidate must keep.
        rule: what the threshold is chosen for.
        recorded: the candidate that a run being repeated chose; None to choose.
        use_ensemble: whether an ensemble may be a candidate, or which kind of it; see `combine.kind_of`.
        calibration: the kind asked for, "auto" or "none".
        kinds: of calibration that there are to choose from; one when a run is repeated that took it.
        searched: out-of-fold predictions of a search's trials, which were compared too before one became a contender.
    """
    done = [t for t in trials if len(t.fits) == len(work.folds) and t.failure is None]
    unfinished = {t.name: _why_unfinished(t, work) for t in trials if t not in done}
    oof = gather(done, work)
    metrics = shown_metrics(task, metric)
    scores = {trial.name: fold_scores(trial, work, metrics) for trial in done}
    candidates = [_candidate(trial, scores[trial.name], metric, work, done) for trial in done]

    blendable = [t.name for t in done if _packageable(t) and t.step.family != "baseline" and not t.step.bags]
    kind = kind_of(use_ensemble)
    units = oof.of(work.dataset.columns.units)
    combined = combine(kind, blendable, oof, ensemble_loss(task, metric), units=units, seed=work.seed)
    blended = None if combined is None else combined.honest
    if combined is not None:
        scores[combined.name] = FoldScores(blend_scores(combined.honest, oof, metrics), {})
        candidates.append(_ensemble_candidate(combined, candidates, scores[combined.name], metric))

    choice = choose(candidates, oof, task, metric, requirements, blended=blended, recorded=recorded)
    if combined is not None and choice.selected == combined.name:
        weights, raw, honest = combined.weights, combined.prediction, combined.honest
    else:
        weights = {choice.selected: 1.0}
        raw = honest = oof.predictions[choice.selected]
    calibrated = choose_calibration(
        held_out(oof, work, raw), asked=calibration, allowed=kinds, classes=task.target.classes
    )
    uncalibrated, honest = honest, calibrated.scored(held_out(oof, work, honest))
    applied = calibrated.calibration.apply(raw)
    threshold = choose_threshold(task.target, oof.y, applied, rule=rule, fold=oof.fold, weight=oof.weight)
    compared = {c.name: oof.predictions[c.name] for c in candidates if c.name in oof.predictions}
    if combined is not None:
        compared[combined.name] = combined.honest
    compared |= {name: p for name, p in (searched or {}).items() if p.shape == raw.shape}
    optimism = selection_optimism(compared, oof.y, metric, choice.selected, weight=oof.weight, seed=work.seed)
    return Outcome(
        done,
        unfinished,
        oof,
        scores,
        metric,
        weights,
        choice,
        calibrated.calibration,
        threshold,
        honest,
        candidates,
        optimism,
        calibrated,
        uncalibrated,
        kind,
        combined,
        applied,
    )


def leaderboard(outcome: Outcome) -> list[dict[str, Any]]:
    """One row per candidate, best first, as the result document has them."""
    rows = []
    for candidate in outcome.candidates:
        scores = outcome.scores[candidate.name]
        verdict = outcome.choice.verdicts.get(candidate.name, {})
        rows.append(
            {
                "name": candidate.name,
                "family": candidate.family,
                "role": candidate.role,
                "metrics": {name: _number(values) for name, values in scores.validation.items()},
                "std": {name: scores.std(name) for name in scores.validation},
                "folds": {name: list(map(float, values)) for name, values in scores.validation.items()},
                "training": {name: _number(values) for name, values in scores.training.items()},
                "training_folds": {n: list(map(float, v)) for n, v in scores.training.items()},
                "fit_s": candidate.fit_s,
                "predict_ms_per_row": candidate.predict_ms_per_row,
                "row_ms": candidate.row_ms,
                "size_mb": candidate.size_mb,
                "explainability": candidate.explainability,
                "upkeep": candidate.upkeep,
                "settings": candidate.settings,
                "weight": outcome.weights.get(candidate.name, 0.0),
                "packageable": candidate.packageable,
                **verdict,
            }
        )
    name, sign = outcome.metric.name, 1 if outcome.metric.greater_is_better else -1
    worst = -np.inf
    return sorted(
        rows, key=lambda r: -(sign * r["metrics"][name] if r["metrics"][name] == r["metrics"][name] else worst)
    )


def _number(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")


def _why_unfinished(trial: Trial, work: Work) -> str:
    if trial.failure is not None:
        return f"failed: {trial.failure}"
    if trial.step.optional and not trial.fits:
        return NO_TIME_LEFT
    return f"{len(trial.fits)} of {len(work.folds)} folds were done when the time was up"


def _packageable(trial: Trial) -> bool:
    return not trial.step.family.startswith("custom:")


def _candidate(trial: Trial, scores: FoldScores, metric: Metric, work: Work, others: list[Trial]) -> Candidate:
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
        packageable=_packageable(trial),
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


def _ensemble_candidate(
    combined: Combined, candidates: list[Candidate], scores: FoldScores, metric: Metric
) -> Candidate:
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
    import time

    estimator = trial.fits[min(trial.fits)].estimator
    times = []
    for i in range(8):
        row = work.dataset.columns.take(np.array([i % len(work.dataset)]))
        before = time.perf_counter()
        estimator.predict(row)
        times.append(time.perf_counter() - before)
    return float(np.median(times[2:]) * 1e3)
