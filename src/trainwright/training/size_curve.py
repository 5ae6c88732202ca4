"""Fits the chosen candidate on parts of each fold's training rows: what the figure was with fewer rows.

Held-out rows stay the same at every size; the full size is already fitted. Groups stay whole, and with a time column
the latest rows are kept, so that a smaller part is a shorter history and not an older one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.evaluate.size_curve import size_curve
from trainwright.models.spec import Report
from trainwright.tasks import Metric
from trainwright.training.fitting import fit_again, sampled
from trainwright.training.row_parts import blocks_of, part_of, words_of_parts
from trainwright.training.steps import done_after
from trainwright.training.trials import Trial, Work

if TYPE_CHECKING:
    from trainwright.training.outcome import Outcome

SHARES = (0.125, 0.25, 0.5)
MORE_SHARES = (0.0625, 0.125, 0.1875, 0.25, 0.375, 0.5, 0.75)
FEWEST_ROWS, FEWEST_PER_CLASS, FEWEST_FOLDS = 30, 8, 3
# A member of an ensemble with less weight says little about it.
LEAST_WEIGHT = 0.15
# A part of a training's time limit, and what a fit on few rows still costs of one on all.
SHARE_OF_LIMIT, FIXED_COST = 0.10, 0.15


@dataclass(frozen=True)
class Member:
    """Whose curve is measured, and why this one."""

    trial: Trial
    reason: str


def members(outcome: Outcome) -> list[Member]:
    """The chosen candidate, or an ensemble's members that matter, heaviest first; none for a constant answer."""
    weights = outcome.weights
    trials = sorted((t for t in outcome.members if t.step.family != "baseline"), key=lambda t: -weights[t.name])
    if len(trials) == 1:
        return [Member(trials[0], f"{trials[0].name}, the chosen candidate")]
    out: list[Member] = []
    for trial in trials:
        share = f"{weights[trial.name]:.0%} of its weight"
        reason = f"{trial.name}, the heaviest member of the ensemble ({share})"
        if out:
            reason = (
                f"{trial.name}, a member of the ensemble ({share}): {out[0].trial.name}, the heaviest, takes too long"
            )
        if not out or weights[trial.name] >= LEAST_WEIGHT:
            out.append(Member(trial, reason))
    return out


def measure_size_curve(
    outcome: Outcome,
    work: Work,
    metric: Metric,
    seconds: float,
    report: Report,
    *,
    shares: tuple[float, ...] = SHARES,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """The curve of the chosen candidate against the number of its training rows, as the result document has it.

    Args:
        outcome: what was chosen, with its fold models.
        work: development rows and folds.
        metric: what is measured.
        seconds: for all fits; fewer folds or sizes are fitted when they are few.
        report: told what happens.
        shares: of each fold's training rows, ascending, below 1.
        clock: seconds.

    Returns:
        `SizeCurve.to_json()` with "candidate" and "fits"; or {"skipped": why}.
    """
    candidates = members(outcome)
    if not candidates:
        return {"skipped": "the chosen candidate is a constant answer, which no number of rows changes"}
    chosen = _first_affordable(candidates, work, shares, seconds)
    if isinstance(chosen, str):
        return {"skipped": chosen}
    member, folds, sizes = chosen
    trial = member.trial
    report({"kind": "stage", "stage": "curve against data size"})
    end, cut = clock() + seconds, ""
    done: list[np.ndarray] = []
    with ThreadPoolExecutor(max_workers=work.jobs, thread_name_prefix="size") as pool:
        for index in sorted(trial.fits)[:folds]:
            late = clock() + _fold_seconds(trial, work, index, sizes) - end
            if late > (0.0 if len(done) >= FEWEST_FOLDS else 0.5 * seconds):
                cut = f"{len(done)} of {len(work.folds)} folds, which is what the time affords"
                break
            done.append(_one_fold(trial, work, metric, index, sizes, pool, report))
    if len(done) < len(work.folds) and not cut:
        cut = f"{len(done)} of {len(work.folds)} folds, which is what the time affords"
    if not done:
        return {"skipped": "the time was up before the first fold"}
    scores = np.vstack(done)
    mean_rows = float(np.mean([trial.fits[i].n_train for i in sorted(trial.fits)[: len(done)]]))
    rows = [*(share * mean_rows for share in sizes), mean_rows]
    usable = np.isfinite(scores).all(axis=1)
    if usable.sum() < 2:
        return {"skipped": f"{metric.title} is not defined on parts of the rows"}
    held = float(np.mean([len(work.folds[i].validation) for i in trial.fits]))
    found = size_curve(metric, rows, scores, ratio=held / mean_rows, seed=work.seed)
    return {
        **found.to_json(),
        "candidate": trial.name,
        "reason": member.reason,
        "folds": len(done),
        "fits": len(done) * len(sizes),
        "shortened": cut,
        "rule": words_of_parts(work),
    }


def _one_fold(
    trial: Trial,
    work: Work,
    metric: Metric,
    index: int,
    sizes: tuple[float, ...],
    pool: ThreadPoolExecutor,
    report: Report,
) -> np.ndarray:
    """(b, s + 1) the metric at each size and at the full one; b is 1, or blocks of a single validation part."""
    fold, full = work.folds[index], trial.fits[index]
    seed = work.seed * 1_000 + index
    held_out = work.dataset.columns.take(fold.validation)

    def fit(share: float) -> np.ndarray:
        rows = part_of(fold.train, share, work, seed + 500_000)
        most = None if trial.step.max_rows is None else max(1, round(share * trial.step.max_rows))
        return fit_again(trial, sampled(rows, most, seed), held_out, work, seed)

    predictions = [*pool.map(fit, sizes), full.prediction]
    y = work.dataset.y[fold.validation]
    weight = None if work.dataset.weight is None else work.dataset.weight[fold.validation]
    blocks = [np.arange(len(y))] if len(work.folds) > 1 else blocks_of(work, fold.validation, seed)
    out = []
    for own in blocks:
        part = None if weight is None else weight[own]
        out.append([metric(y[own], prediction[own], part) for prediction in predictions])
    return np.array(out, dtype=float)


def _usable_shares(work: Work, trial: Trial, shares: tuple[float, ...]) -> tuple[float, ...]:
    """The shares that leave rows enough, of each class too."""
    fewest = min(trial.fits[index].n_train for index in trial.fits)
    least = FEWEST_ROWS
    if work.target.task == "classes":
        counts = np.bincount(work.dataset.y[work.folds[0].train], minlength=len(work.target.classes))
        rarest = counts[counts > 0].min() / max(len(work.folds[0].train), 1)
        least = max(least, min(FEWEST_PER_CLASS / max(rarest, 1e-9), 0.25 * fewest))
    return tuple(share for share in shares if share * fewest >= least)


def _fold_seconds(trial: Trial, work: Work, index: int, sizes: tuple[float, ...]) -> float:
    """What one fold's fits take, as an estimate from its full fit."""
    each = [trial.fits[index].fit_s * (FIXED_COST + (1 - FIXED_COST) * share) for share in sizes]
    return done_after(trial.step, each, work.jobs) * 1.15


def _first_affordable(
    candidates: list[Member], work: Work, shares: tuple[float, ...], seconds: float
) -> tuple[Member, int, tuple[float, ...]] | str:
    """The first member whose fits the time affords, with its folds and sizes; or why there is none."""
    why = ""
    for member in candidates:
        trial = member.trial
        if len(trial.fits) < len(work.folds):
            continue
        sizes = _usable_shares(work, trial, shares)
        if len(sizes) < 2:
            n = min(len(work.folds[index].train) for index in trial.fits)
            return f"{n} training rows are too few to leave any out"
        folds, sizes = _affordable(trial, work, sizes, seconds)
        if folds:
            return member, folds, sizes
        needed = sum(_fold_seconds(trial, work, index, sizes) for index in sorted(trial.fits)[:FEWEST_FOLDS])
        short = f"{max(seconds, 0):.1f} s are left for it and the fewest fits would take about {needed:.1f} s"
        why = why or short
    return why or "no member has all its folds"


def _affordable(trial: Trial, work: Work, sizes: tuple[float, ...], seconds: float) -> tuple[int, tuple[float, ...]]:
    """How many folds at which sizes: every size if that leaves three folds, else two of them; 0 for none."""
    choices = [sizes] if len(sizes) <= 2 else [sizes, (sizes[len(sizes) // 3], sizes[-1]), sizes[:2]]
    for chosen in choices:
        each = [_fold_seconds(trial, work, index, chosen) for index in sorted(trial.fits)]
        affordable = int(np.searchsorted(np.cumsum(each), seconds, side="right"))
        if affordable >= min(FEWEST_FOLDS, len(each)):
            return affordable, chosen
    return 0, choices[-1]
