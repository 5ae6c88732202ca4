"""Makes the probabilities of models that learned from rebalanced classes mean what they say again.

Every candidate's correction is fitted on its held-out predictions: rows that no fit learned from, in the mix of
classes that the data has. What is scored comes from corrections that other folds gave.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import metadata
from typing import Any

import numpy as np

from trainwright.evaluate.calibration import log_loss
from trainwright.evaluate.intervals import json_number
from trainwright.models.recalibrated import Recalibrated, Recalibration, fit_recalibration
from trainwright.training.rebalance import Rebalance
from trainwright.training.trials import FoldFit, Trial, Work

# Held-out rows from which a correction of so few numbers is fitted.
MOST_ROWS = 100_000


def recalibrated(trials: list[Trial], work: Work) -> list[Trial]:
    """The trials with corrected models and predictions; as they are when nothing was rebalanced.

    The models of a candidate share one correction, fitted on the held-out rows of all its folds. The predictions that
    are scored are corrected fold by fold, by what the other folds' rows say.

    Args:
        trials: every planned trial, finished or not.
        work: folds and development rows, with what was rebalanced.
    """
    if work.rebalance is None:
        return trials
    return [_recalibrated(trial, work) if trial.fits and trial.failure is None else trial for trial in trials]


def _recalibrated(trial: Trial, work: Work) -> Trial:
    if all(fit.rebalanced is None for fit in trial.fits.values()):
        return trial  # the majority learns from the rows as they are
    candidates = [_by_fold(trial, work, sharpen=sharpen) for sharpen in (False, True)]
    plain, sharpened = (_loss(trial, by_fold, work) for by_fold in candidates)
    # With few rows of a class a sharpness follows noise: it is kept only where it does better on rows it did not see.
    sharpen = len(trial.fits) > 1 and sharpened < plain
    overall = _fitted(list(trial.fits.values()), work, leave=np.zeros(0, dtype=np.int64), sharpen=sharpen)
    fits = {
        index: replace(
            fit,
            estimator=Recalibrated(fit.estimator, overall),
            prediction=candidates[sharpen][index].apply(fit.prediction),
            training_prediction=candidates[sharpen][index].apply(fit.training_prediction),
        )
        for index, fit in sorted(trial.fits.items())
    }
    return replace(trial, fits=fits, correction=overall)


def _by_fold(trial: Trial, work: Work, *, sharpen: bool) -> dict[int, Recalibration]:
    """For each fold the correction that the other folds ask for; with a single fold its own."""
    out = {}
    for index in sorted(trial.fits):
        # With repeats the rows of this fold stand in folds of other repeats too; they are left out there.
        others = [fit for i, fit in trial.fits.items() if i != index]
        own = work.folds[index].validation
        given, leave = (others, own) if others else (list(trial.fits.values()), own[:0])
        out[index] = _fitted(given, work, leave=leave, sharpen=sharpen)
    return out


def _loss(trial: Trial, by_fold: dict[int, Recalibration], work: Work) -> float:
    """The log-loss of the held-out predictions, each corrected by what the other folds say."""
    losses, data = [], work.dataset
    for index, fit in sorted(trial.fits.items()):
        rows = work.folds[index].validation
        weight = None if data.weight is None else data.weight[rows]
        losses.append(log_loss(data.y[rows], by_fold[index].apply(fit.prediction), weight))
    return float(np.mean(losses))


def _fitted(fits: list[FoldFit], work: Work, *, leave: np.ndarray, sharpen: bool) -> Recalibration:
    """The correction that the held-out predictions of these fits ask for, without the rows to leave."""
    keep = np.ones(len(work.dataset), dtype=bool)
    keep[leave] = False
    rows, parts = [], []
    for fit in sorted(fits, key=lambda fit: fit.fold):
        held_out = work.folds[fit.fold].validation
        chosen = keep[held_out]
        rows.append(held_out[chosen])
        parts.append(fit.prediction[chosen])
    positions, prediction = np.concatenate(rows), np.concatenate(parts)
    if not len(positions):
        return Recalibration(1.0, (0.0,) * work.target.n_outputs)
    if len(positions) > MOST_ROWS:
        drawn = np.sort(np.random.default_rng(work.seed).choice(len(positions), MOST_ROWS, replace=False))
        positions, prediction = positions[drawn], prediction[drawn]
    weight = work.dataset.weight
    weights = None if weight is None else weight[positions]
    return fit_recalibration(work.dataset.y[positions], prediction, weights, sharpen=sharpen)


def imbalance_document(
    rebalance: Rebalance | None, trials: list[Trial], y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None
) -> dict[str, Any] | None:
    """What was rebalanced, for the result document; None when nothing was.

    Args:
        rebalance: what was asked for.
        trials: finished trials.
        y, prediction, weight: (m,) truth, (m, k) out-of-fold probabilities of the chosen candidate, (m,) weights.
    """
    if rebalance is None:
        return None
    classes = rebalance.target.classes
    share = np.bincount(y, weights=weight, minlength=len(classes))
    mean = np.average(prediction, axis=0, weights=weight)
    rows: dict[str, np.ndarray] = {}
    done = [fit.rebalanced for trial in trials for _, fit in sorted(trial.fits.items()) if fit.rebalanced]
    for key in ("before", "after", "weight"):
        values = [found[key] for found in done]
        rows[key] = np.median(values, axis=0) if values else np.full(len(classes), np.nan)
    return {
        "kind": rebalance.kind,
        "title": rebalance.title,
        "fits": len(done),
        "library": _library() if rebalance.kind == "smote" else None,
        "classes": [
            {
                "class": name,
                "before": json_number(rows["before"][i]),
                "after": json_number(rows["after"][i]),
                "weight": json_number(rows["weight"][i]),
                "share": float(share[i] / share.sum()),
                "mean_probability": float(mean[i]),
            }
            for i, name in enumerate(classes)
        ],
        "corrections": {trial.name: trial.correction.to_json() for trial in trials if trial.correction is not None},
        "note": (
            f"{rebalance.title}, on the rows that each fit learned from ({_told(rebalance, rows)}); held-out, stopping "
            "and test rows keep their classes as they are, and the probabilities are calibrated again on held-out rows"
        ),
    }


def _library() -> str | None:
    """The library that makes rows up, with its version, which can change a figure."""
    try:
        return f"imbalanced-learn {metadata.version('imbalanced-learn')}"
    except metadata.PackageNotFoundError:
        return None


def _told(rebalance: Rebalance, rows: dict[str, np.ndarray]) -> str:
    """Rows or weights of the rarest and the most frequent class, per fit."""
    before, after, weight = rows["before"], rows["after"], rows["weight"]
    if not np.isfinite(before).all() or not (before > 0).any():
        return "no fit was finished"
    there = np.flatnonzero(before > 0)
    ends = dict.fromkeys([int(there[before[there].argmin()]), int(there[before[there].argmax()])])
    names = rebalance.target.classes
    if rebalance.kind == "weights":
        return ", ".join(f"{names[c]} weighs {weight[c]:.3g}" for c in ends)
    return ", ".join(f"{names[c]} {before[c]:,.0f} -> {after[c]:,.0f} rows" for c in ends)
