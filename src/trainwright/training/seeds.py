"""The chosen candidate fitted again with other seeds: how much of its figure, and of its decisions, is luck.

The folds stay the same, so that nothing but the seed differs; where time allows, folds drawn anew say what the cut
adds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.data.split import Fold, SplitRule, make_split
from trainwright.evaluate.seed_stability import seed_stability
from trainwright.models.spec import Report
from trainwright.tasks import Metric, Task
from trainwright.training.ensemble import blend
from trainwright.training.fitting import fit_again, sampled
from trainwright.training.scores import finite_mean
from trainwright.training.steps import done_after
from trainwright.training.trials import Trial, Work

if TYPE_CHECKING:
    from trainwright.training.outcome import Outcome

# Seeds of fits are 1,000 times the run's seed plus the fold: other seeds begin far from them.
APART = 1_000_003
MARGIN = 1.15
Mix = Callable[[list[np.ndarray]], np.ndarray]


def measure_seeds(
    outcome: Outcome,
    work: Work,
    task: Task,
    metric: Metric,
    seeds: int,
    seconds: float,
    report: Report,
    *,
    splits: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """Fits the chosen candidate with other seeds on the same folds, as the result document has it.

    Args:
        outcome: what was chosen, with its fold models: the first of the seeds.
        work: development rows and folds.
        task: whose decisions are compared.
        metric: whose spread is measured.
        seeds: how many in all, the run's own among them.
        seconds: for all fits; fewer seeds, or the heaviest member alone, when they are few.
        report: told what happens.
        splits: fit once more on folds drawn anew for each seed, when time is left.
        clock: seconds.

    Returns:
        `evaluate.seed_stability.seed_stability(...)` with "candidate", "asked" and "shortened"; or {"skipped": why}.
    """
    trials = sorted(outcome.members, key=lambda t: -outcome.weights[t.name])
    if all(trial.step.family == "baseline" for trial in trials):
        return {"skipped": "the chosen candidate is a constant answer, which has no seed"}
    per_seed = sum(_seconds(trial, work) for trial in trials)
    shortened = ""
    if per_seed > seconds:
        alone = _seconds(trials[0], work)
        if len(trials) == 1 or alone > seconds:
            return {"skipped": f"one more seed takes about {alone:.0f} s and {max(seconds, 0):.0f} s are left"}
        shortened = f"only {trials[0].name}, the heaviest member, because the time is short"
        trials, per_seed = trials[:1], alone
    weights = np.array([outcome.weights[t.name] for t in trials])
    weights = weights / weights.sum()
    names = [t.name for t in trials]

    def mix(parts: list[np.ndarray]) -> np.ndarray:
        if len(trials) < len(outcome.weights):
            return blend(parts, weights)
        return outcome.mix(dict(zip(names, parts)))

    held = [work.folds[index].validation for index in range(len(work.folds))]
    answers = [blend_folds([[t.fits[i].prediction for i in range(len(held))] for t in trials], mix)]
    end = clock() + seconds
    report({"kind": "stage", "stage": f"{trials[0].name} with other seeds"})
    used = [work.seed]
    for number in range(1, seeds):
        if clock() + per_seed > end and number > 1:
            shortened = f"{len(used)} of {seeds} seeds, which is what the time affords" + (
                f"; {shortened}" if shortened else ""
            )
            break
        used.append(work.seed + number * APART)
        answers.append(_refit(trials, mix, work, work.folds, used[-1]))
    other = []
    if splits and not shortened:
        for number in range(1, seeds):
            if clock() + per_seed > end:
                break
            folds = _other_folds(work, work.seed + number)
            if folds is None:
                break
            predictions = _refit(trials, mix, work, folds, work.seed)
            other.append(_mean_score(metric, work, [fold.validation for fold in folds], predictions))
    scores = [_mean_score(metric, work, held, predictions) for predictions in answers]
    found = seed_stability(
        metric,
        scores,
        _decisions(outcome, task, held, answers, work),
        lead=_lead(outcome, metric),
        splits=other,
    )
    name = outcome.choice.selected if len(trials) == len(outcome.weights) else trials[0].name
    return {**found, "candidate": name, "asked": seeds, "seeds": used, "shortened": shortened}


def blend_folds(members: list[list[np.ndarray]], mix: Mix) -> list[np.ndarray]:
    """For each fold the members' predictions as one.

    Args:
        members: for each member its prediction of each fold's held-out rows.
        mix: makes one prediction of one from each member.
    """
    return [mix([member[i] for member in members]) for i in range(len(members[0]))]


def _refit(trials: list[Trial], mix: Mix, work: Work, folds: tuple[Fold, ...], seed: int) -> list[np.ndarray]:
    """For each fold the blended prediction of its held-out rows, fitted with this seed."""
    again = replace(work, seed=seed, folds=folds)

    def fit(task: tuple[Trial, int]) -> np.ndarray:
        trial, index = task
        own = seed * 1_000 + index
        rows = sampled(folds[index].train, trial.step.max_rows, own)
        held_out = work.dataset.columns.take(folds[index].validation)
        return fit_again(trial, rows, held_out, again, own % (2**31 - 1))

    tasks = [(trial, index) for trial in trials for index in range(len(folds))]
    with ThreadPoolExecutor(max_workers=work.jobs, thread_name_prefix="seed") as pool:
        flat = list(pool.map(fit, tasks))
    size = len(folds)
    return blend_folds([flat[m * size : (m + 1) * size] for m in range(len(trials))], mix)


def _seconds(trial: Trial, work: Work) -> float:
    """What every fold of a trial takes again."""
    return done_after(trial.step, [fit.fit_s for fit in trial.fits.values()], work.jobs) * MARGIN


def _mean_score(metric: Metric, work: Work, held: list[np.ndarray], predictions: list[np.ndarray]) -> float:
    """The metric's mean over folds."""
    values = [work.score(metric, rows, prediction) for rows, prediction in zip(held, predictions)]
    return finite_mean(np.asarray(values))


def _decisions(
    outcome: Outcome, task: Task, held: list[np.ndarray], answers: list[list[np.ndarray]], work: Work
) -> tuple[np.ndarray, float]:
    """(seeds, rows) what each seed decides for each held-out row; the usual error of numbers, 0 for classes."""
    rows = np.concatenate(held)
    table = [np.concatenate(list(predictions)) for predictions in answers]
    if task.name == "number":
        error = float(np.sqrt(np.mean((work.dataset.y[rows] - table[0]) ** 2)))
        return np.stack(table), error
    calibrated = [outcome.calibration.apply(prediction) for prediction in table]
    if outcome.threshold is not None and len(task.target.classes) == 2:
        positive = task.target.positive_index
        return np.stack([(p[:, positive] >= outcome.threshold.value).astype(int) for p in calibrated]), 0.0
    return np.stack([p.argmax(axis=1) for p in calibrated]), 0.0


def _lead(outcome: Outcome, metric: Metric) -> tuple[str, float] | None:
    """The next best candidate and how far the chosen one is ahead of it, in the metric's units."""
    chosen = outcome.choice.selected
    sign = 1.0 if metric.greater_is_better else -1.0
    others = [
        (sign * outcome.scores[c.name].mean(metric.name), c.name)
        for c in outcome.candidates
        if c.name != chosen and np.isfinite(outcome.scores[c.name].mean(metric.name))
    ]
    if not others:
        return None
    best, name = max(others)
    return name, float(sign * outcome.scores[chosen].mean(metric.name) - best)


def _other_folds(work: Work, seed: int) -> tuple[Fold, ...] | None:
    """As many folds drawn anew over the development rows; None where folds follow time or groups leave no choice."""
    data = work.dataset
    if data.time is not None or len(work.folds) < 2:
        return None
    count = max(fold.number for fold in work.folds) + 1
    rule = SplitRule(
        test_size=0.0,
        folds=max(count, 2),
        repeats=1,
        group=None if data.group is None else "groups",
        seed=seed + APART,
    )
    drawn = make_split(rule, len(data), task=work.target.task, y=data.y, group=data.group, classes=work.target.classes)
    if work.kept is None:
        return drawn.folds
    return tuple(replace(fold, train=np.intersect1d(fold.train, work.kept)) for fold in drawn.folds)
