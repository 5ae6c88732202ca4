"""From finished trials to a decision: ensemble weights, the chosen candidate, calibration and threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from trainwright.evaluate.calibration import KINDS, Calibration
from trainwright.evaluate.calibration_choice import CalibrationChoice, choose_calibration
from trainwright.evaluate.thresholds import ThresholdChoice, ThresholdRule, choose_threshold
from trainwright.tasks import Metric, Task
from trainwright.training.calibrate import held_out
from trainwright.training.candidates import candidate_of, ensemble_of
from trainwright.training.combine import Combined, combine, kind_of
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
from trainwright.training.trials import Trial, Work

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
    done = [t for t in trials if t.finished(work)]
    unfinished = {t.name: _why_unfinished(t, work) for t in trials if t not in done}
    oof = gather(done, work)
    metrics = shown_metrics(task, metric)
    scores = {trial.name: fold_scores(trial, work, metrics) for trial in done}
    candidates = [candidate_of(trial, scores[trial.name], metric, work, done) for trial in done]

    blendable = [t.name for t in done if not t.step.handed_over and t.step.family != "baseline" and not t.step.bags]
    kind = kind_of(use_ensemble)
    units = oof.of(work.dataset.columns.units)
    combined = combine(kind, blendable, oof, ensemble_loss(task, metric), units=units, seed=work.seed)
    blended = None if combined is None else combined.honest
    if combined is not None:
        scores[combined.name] = FoldScores(blend_scores(combined.honest, oof, metrics), {})
        candidates.append(ensemble_of(combined, candidates, scores[combined.name], metric))

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


def _why_unfinished(trial: Trial, work: Work) -> str:
    if trial.failure is not None:
        return f"failed: {trial.failure}"
    if trial.step.optional and not trial.fits:
        return NO_TIME_LEFT
    return f"{len(trial.fits)} of {len(work.folds)} folds were done when the time was up"
