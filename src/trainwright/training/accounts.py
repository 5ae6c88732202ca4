"""What each column pushed for out-of-fold rows, told by the models that did not learn from them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from trainwright.evaluate.attributions import Account
from trainwright.models.families import families
from trainwright.training.outcome import Outcome

if TYPE_CHECKING:
    from trainwright.training.material import Material
    from trainwright.training.trials import Trial

# Seconds of TreeSHAP for one row and one leaf of one tree, measured on one core; its cost grows with the leaves.
SECONDS_PER_LEAF = 1.8e-7
FEWEST_AGREED = 0.5  # share of the rows on whose class all members must agree


def account_of(
    material: Material, outcome: Outcome, at: np.ndarray, *, deadline: float = float("inf")
) -> Account | str:
    """The exact account of the chosen candidate for some out-of-fold rows, or why there is none.

    An ensemble's account is the weighted mean of its members' accounts. For a number that is exact; for two classes the
    members' log-odds are averaged, while the ensemble averages their probabilities. With more than two classes every
    member explains the class that it predicts itself: rows on which they disagree are left out.

    Args:
        material: the run's development rows.
        outcome: what was chosen.
        at: positions within `outcome.oof`.
        deadline: of `time.monotonic()`; no further fold is begun after it.
    """
    members = outcome.members
    oof, data, target = outcome.oof, material.work.dataset, material.target
    names = data.columns.layout.names
    several = target.n_outputs > 2
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    folds, late = np.unique(oof.fold[at]), 0
    for number, fold in enumerate(folds.tolist()):
        if parts and time.monotonic() > deadline:
            late = len(folds) - number
            break
        own = at[oof.fold[at] == fold]
        columns = data.columns.take(oof.positions[own])
        if several:
            said = np.stack([trial.fits[fold].estimator.predict(columns).argmax(axis=1) for trial in members])
            agreed = (said == said[0]).all(axis=0)
            own, columns, towards = own[agreed], columns.take(np.flatnonzero(agreed)), said[0][agreed]
        else:
            towards = np.full(len(own), -1 if target.task == "number" else target.positive_index)
        values = np.zeros((len(own), len(names)))
        for trial in members:
            pushes = trial.fits[fold].estimator.contributions(columns) if len(own) else {}
            if pushes is None:
                return f"{trial.name} ({trial.step.family}) gives no exact account of its predictions"
            for j, name in enumerate(names):
                if name in pushes:
                    values[:, j] += outcome.pull[trial.name] * pushes[name]
        parts.append((own, values, towards))
    kept = np.concatenate([part[0] for part in parts])
    if several and len(members) > 1 and len(kept) < FEWEST_AGREED * len(at):
        return "the members of the ensemble mostly explain different classes, so their accounts cannot be added"
    notes = _notes(material, members, len(at) - len(kept), late, len(folds))
    order = np.argsort(kept, kind="stable")
    values, towards = (np.concatenate([part[i] for part in parts])[order] for i in (1, 2))
    return Account(kept[order], names, values, towards, "; ".join(notes))


def seconds_per_row(outcome: Outcome) -> float:
    """Roughly what the account of one row costs: counted in leaves, so that the same run plans the same rows."""
    total = 1e-5
    for trial in outcome.members:
        if trial.step.family in ("lightgbm", "catboost", "xgboost"):
            settings = families()[trial.step.family].defaults() | trial.step.settings
            leaves = settings.get("num_leaves") or 2 ** int(settings.get("depth") or settings.get("max_depth") or 6)
            rounds = max(fit.estimator.iterations or 0 for fit in trial.fits.values())
            first = next(iter(trial.fits.values())).prediction
            outputs = first.shape[1] if first.ndim > 1 and first.shape[1] > 2 else 1
            total += SECONDS_PER_LEAF * leaves * rounds * (1 if trial.step.family == "catboost" else outputs)
    return total


def _notes(material: Material, members: list[Trial], left_out: int, late: int, folds: int) -> list[str]:
    """What the reader must know about the account."""
    notes = []
    if len(members) > 1 and material.target.n_outputs == 2:
        notes.append("the weighted mean of the members' accounts of their own log-odds")
    elif len(members) > 1:
        notes.append("the weighted mean of the members' accounts")
    if late:
        notes.append(f"rows of {folds - late} of {folds} folds: the time was up")
    elif left_out:
        notes.append(f"{left_out:,} rows are left out, because the members predict different classes for them")
    return notes


def additive_terms(trial: Trial, fold: int, *, classes: int) -> Callable | None:
    """The terms of an additive fold model as a function of columns; None for a family that is not additive.

    A linear model's account of a column depends on that column alone, as long as one number is explained.
    """
    estimator = trial.fits[fold].estimator
    if hasattr(estimator, "terms"):
        found: Callable = estimator.terms
        return found
    if trial.step.family == "linear" and classes <= 2:
        return lambda columns: {
            (name,): push[:, None] for name, push in (estimator.contributions(columns) or {}).items()
        }
    return None
