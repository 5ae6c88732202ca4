"""What rebalancing means for a plan: how many rows a fit learns from, how long they take, and the sentence about it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainwright.data.split import Fold
from trainwright.errors import UserError
from trainwright.training.rebalance import FEWEST, LONGEST, MOST_MADE, Rebalance


def rows_learned(rebalance: Rebalance | None, y: np.ndarray, n_train: int) -> int:
    """About how many rows a fit learns from, for estimates of its time.

    Args:
        rebalance: what was asked for, or None.
        y: (n,) class positions of all development rows.
        n_train: rows of a fold's training part.
    """
    if rebalance is None:
        return n_train
    counts = np.bincount(y, minlength=len(rebalance.target.classes)) * n_train // max(len(y), 1)
    return max(1, int(rebalance.goals(counts).sum()))


def seconds(rebalance: Rebalance | None, y: np.ndarray) -> float:
    """About how long the rows of one fit take to rebalance, on one core; arguments as in `rows_learned`."""
    if rebalance is None or rebalance.kind != "smote":
        return 0.0
    made = rows_learned(rebalance, y, len(y)) - len(y)
    return 0.5 + 1e-4 * made  # measured on adult: 1.6 s for 17,000 rows with six numbers and eight categories


def reasons(rebalance: Rebalance | None, y: np.ndarray, folds: Sequence[Fold]) -> tuple[str, ...]:
    """What is going to be done, in a sentence with the rows of each class; nothing when nothing is.

    Args:
        rebalance: what was asked for, or None.
        y: (n,) class positions of all development rows.
        folds: of the split.

    Raises:
        UserError: a class has too few rows for SMOTE.
    """
    if rebalance is None:
        return ()
    names, k = rebalance.target.classes, len(rebalance.target.classes)
    counts = np.array([np.bincount(y[fold.train], minlength=k) for fold in folds])  # (f, k)
    if rebalance.kind == "smote":
        _check_neighbours(names, counts.min(axis=0))
    before = np.median(counts, axis=0).astype(np.int64)
    where = "on the rows that each fit learns from, never on those it is judged on"
    shown = np.argsort(-before, kind="stable")
    shown = shown if k <= 6 else np.concatenate([shown[:3], shown[-3:]])
    if rebalance.kind == "weights":
        weights = rebalance.class_weights(before.astype(np.float64))
        each = ", ".join(f"{names[c]} {weights[c]:.3g}" for c in shown)
        return (f"class weights, as asked, {where}: {each}",)
    after = rebalance.goals(before)
    each = ", ".join(f"{names[c]} {before[c]:,} -> {after[c]:,}" for c in shown)
    return (f"{rebalance.title}, as asked, {where}: about {each} rows{_limits(rebalance.kind, before, after)}",)


def _limits(kind: str, before: np.ndarray, after: np.ndarray) -> str:
    """Why the classes are not even afterwards."""
    if kind == "under":
        return f"; no class is left with fewer than {FEWEST} because of it" if (before < FEWEST).any() else ""
    if len(np.unique(after[after > 0])) < 2:
        return ""
    most = f"{MOST_MADE:,} rows made up for one fit" if kind == "smote" else f"{LONGEST:g} times the rows"
    return f"; not quite even, to stay within {most}"


def _check_neighbours(names: Sequence[str], fewest: np.ndarray) -> None:
    lonely = [name for name, n in zip(names, fewest) if n < 2]
    if lonely:
        raise UserError(
            f"resample: smote makes rows up between neighbours of a class, but the class {lonely[0]!r} has fewer than "
            "2 rows in the training part of a fold",
            remedy="use resample: over, which copies rows; or collect more rows of it",
        )
