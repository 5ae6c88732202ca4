"""The chosen candidate's own curves, and those of families asked for by name: loss by round on rows learned from and
on others, with their verdict.

Measured once, after the choice, from the fitted models; nothing is chosen by it.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from trainwright.evaluate.convergence import judge_document, over_folds
from trainwright.tasks import Metric, Task
from trainwright.training.outcome import Outcome
from trainwright.training.steps import ASKED
from trainwright.training.trials import FoldFit, Trial, Work

POINTS = 20
FOLDS = 3
MOST_ROWS = 1_000
SECONDS = 3.0


def run_curves(outcome: Outcome, work: Work, task: Task, *, seconds: float = SECONDS) -> list[dict[str, Any]]:
    """The curves of the chosen candidate's members, heaviest first, then those of families asked for by name.

    Who asks for a network by name and gets a simpler model wants to see why: its curves are part of the report.

    Args:
        outcome: what was chosen, with its fold models.
        work: development rows and folds.
        task: whose loss is measured: log-loss for classes, RMSE for a number.
        seconds: after which no further fold is looked at.

    Returns:
        For each member and up to three of its folds: {"name", "family", "fold", "unit", "loss", "steps", "training",
        "validation", "rows" (which rows validation means), "kept", "of", "tail", "reference", "verdict"}.
    """
    loss = task.metrics["log_loss" if task.name == "classes" else "rmse"]
    end = time.monotonic() + seconds
    out: list[dict[str, Any]] = []
    members = sorted(outcome.members, key=lambda t: -outcome.weights[t.name])
    chosen = {trial.name for trial in members}
    others = [trial for trial in outcome.trials if trial.step.reason == ASKED and trial.name not in chosen]
    for trial in [*members, *others]:
        for index in sorted(trial.fits)[:FOLDS]:
            if time.monotonic() > end:
                return out
            found = _curve(trial, trial.fits[index], work, loss)
            if found is None:
                break
            out.append(found)
    return out


def convergence(curves: list[dict[str, Any]], outcome: Outcome) -> dict[str, Any] | None:
    """The verdict on the heaviest member that has a curve; see `evaluate.convergence.over_folds`."""
    chosen = {trial.name for trial in outcome.members}
    name = next((curve["name"] for curve in curves if curve["name"] in chosen), None)
    return None if name is None else over_folds(curves, name)


def _curve(trial: Trial, fit: FoldFit, work: Work, loss: Metric) -> dict[str, Any] | None:
    """The curve of one fold's model; None for a family without rounds."""
    estimator, data = fit.estimator, work.dataset
    last = estimator.iterations
    if last is not None and estimator.curve is not None and len(estimator.curve.get("training", ())) > 1:
        return _by_epoch(trial, fit, work, loss)
    if last is None or last < 3:
        return None
    rounds = np.unique(np.linspace(1, last, min(POINTS, last)).round().astype(int)).tolist()
    seen = fit.training_rows[:: -(-len(fit.training_rows) // MOST_ROWS)]
    stages = estimator.staged(data.columns.take(seen), rounds)
    if stages is None:
        return None
    training = [work.score(loss, seen, stage) for stage in stages]
    tail: dict[str, list[float]] | None = None
    if estimator.curve is not None:
        steps, losses = (np.asarray(estimator.curve[key], dtype=float) for key in ("steps", "validation"))
        validation = np.interp(rounds, steps, losses).tolist()
        after = steps > last
        tail = {"steps": steps[after].tolist(), "validation": _short(losses[after].tolist())} if after.any() else None
        rows = "rows of the fold's training part that were set aside to stop it"
    else:
        held = work.folds[fit.fold].validation
        held = held[:: -(-len(held) // MOST_ROWS)]
        ahead = estimator.staged(data.columns.take(held), rounds)
        assert ahead is not None
        validation = [work.score(loss, held, stage) for stage in ahead]
        rows = "the fold's held-out rows"
    y = data.y[seen]
    document = {
        "name": trial.name,
        "family": trial.step.family,
        "fold": fit.fold,
        "unit": "round",
        "loss": loss.title,
        "steps": rounds,
        "training": _short(training),
        "validation": _short(validation),
        "rows": rows,
        "kept": last,
        "of": _most_rounds(trial),
        "tail": tail,
        "reference": float(f"{work.score(loss, seen, _constant(y, work)):.5g}"),
    }
    return {**document, "verdict": judge_document(document).to_json()}


def _by_epoch(trial: Trial, fit: FoldFit, work: Work, loss: Metric) -> dict[str, Any]:
    """The curve that a network's training told itself: no model of an earlier epoch is kept to be asked."""
    curve = fit.estimator.curve
    assert curve is not None
    seen = fit.training_rows[:: -(-len(fit.training_rows) // MOST_ROWS)]
    document = {
        "name": trial.name,
        "family": trial.step.family,
        "fold": fit.fold,
        "unit": "epoch",
        "loss": loss.title,
        "steps": [int(step) for step in curve["steps"]],
        "training": _short(curve["training"]),
        "validation": _short(curve["validation"]),
        "rows": "rows of the fold's training part that were set aside to choose the best epoch",
        "kept": fit.estimator.iterations,
        "of": _most_rounds(trial),
        "tail": None,
        "reference": float(f"{work.score(loss, seen, _constant(work.dataset.y[seen], work)):.5g}"),
    }
    return {**document, "verdict": judge_document(document).to_json()}


def _constant(y: np.ndarray, work: Work) -> np.ndarray:
    """The answer that ignores every column."""
    if work.target.task == "number":
        return np.full(len(y), float(np.mean(y)))
    shares = np.bincount(y, minlength=len(work.target.classes)) / max(len(y), 1)
    return np.repeat(shares[None, :], len(y), axis=0)


def _most_rounds(trial: Trial) -> int | None:
    """The ceiling of rounds that the settings set."""
    from trainwright.models.families import families

    spec = families().get(trial.step.family)
    if spec is None or spec.iterations is None:
        return None
    value = (spec.defaults() | trial.step.settings).get(spec.iterations)
    return None if value is None else int(value)


def _short(values: list[float]) -> list[float]:
    return [float(f"{value:.5g}") for value in values]
