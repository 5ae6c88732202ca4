"""The errors that bounds beside numbers are made of: of rows the models had not seen, by fold, the latest in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainwright.evaluate.error_size import PREDICTION, SPREAD, Errors
from trainwright.packages.number_intervals import spread_of
from trainwright.training.outcome import Outcome

if TYPE_CHECKING:
    from trainwright.training.material import Material

FEWEST_IN_WINDOWS = 100  # errors of the latest windows in time; earlier ones are added until there are as many


def out_of_fold_errors(outcome: Outcome, group: np.ndarray | None) -> Errors:
    """The errors of the chosen candidate on the rows that its folds held out, each row once."""
    oof = outcome.oof
    features = {PREDICTION: outcome.prediction}
    names = [name for name, weight in outcome.weights.items() if weight > 0 and name in oof.predictions]
    if len(names) > 1:
        weight = np.array([outcome.weights[name] for name in names])
        members = np.column_stack([oof.predictions[name] for name in names])
        features[SPREAD] = spread_of(members, weight / weight.sum())
    return Errors(np.abs(oof.y - outcome.prediction), features, oof.fold, group)


def errors_by_fold(material: Material, outcome: Outcome, errors: Errors) -> Errors:
    """The errors of every fold on the rows it held out; where folds are drawn repeatedly, a row counts in each draw."""
    work, members = material.work, outcome.members
    held = sum(len(fold.validation) for fold in work.folds)
    if held == len(errors.error):
        return errors
    weight = np.array([outcome.weights[trial.name] for trial in members])
    weight = weight / weight.sum()
    parts = []
    for index, fold in enumerate(work.folds):
        by_member = np.column_stack([trial.fits[index].prediction for trial in members])
        said = {trial.name: trial.fits[index].prediction for trial in members}
        features = {PREDICTION: np.asarray(outcome.mix(said), dtype=np.float64)}
        if len(members) > 1:
            features[SPREAD] = spread_of(by_member, weight)
        parts.append((np.abs(work.dataset.y[fold.validation] - features[PREDICTION]), features, fold.validation, index))
    rows = np.concatenate([part[2] for part in parts])
    group = work.dataset.group
    return Errors(
        np.concatenate([part[0] for part in parts]),
        {name: np.concatenate([part[1][name] for part in parts]) for name in parts[0][1]},
        np.concatenate([np.full(len(part[0]), part[3]) for part in parts]),
        None if group is None else group[rows],
    )


def latest_windows(fold: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """(n,) whether a row is held out by one of the latest half of the windows, or of as many as hold enough rows.

    Args:
        fold: (n,) the window of each row.
        moments: (n,) when each row happened.
    """
    order = windows_in_order(fold, moments)
    for kept in range((len(order) + 1) // 2, len(order) + 1):
        rows = np.isin(fold, order[-kept:])
        if rows.sum() >= FEWEST_IN_WINDOWS:
            return np.asarray(rows)
    return np.ones(len(fold), dtype=bool)


def windows_in_order(fold: np.ndarray, moments: np.ndarray) -> list[int]:
    """The windows, the earliest first."""
    return sorted(np.unique(fold).tolist(), key=lambda number: float(moments[fold == number].mean()))
