"""Folds made within a fold's own training rows, for encodings and choices that need rows not yet seen."""

from __future__ import annotations

import numpy as np


def inner_folds(
    y: np.ndarray, count: int, seed: int, *, n_classes: int = 0, units: np.ndarray | None = None
) -> np.ndarray:
    """A fold number for each row, spread evenly: within each class, or along the sorted numbers.

    Rows of one unit (`Columns.units`) share a fold; then only the folds' sizes are balanced.

    Args:
        y: (n,) class positions or numbers.
        count: number of folds.
        seed: the same seed gives the same folds.
        n_classes: number of classes, 0 when y holds numbers.
        units: (n,) units that stay whole, or None.

    Returns:
        (n,) int64 fold numbers from 0 to `count - 1`.

    Example:
        >>> inner_folds(np.array([0, 0, 1, 1]), 2, seed=0, n_classes=2)[:2].sum()
        np.int64(1)
    """
    rng = np.random.default_rng(seed)
    if units is not None:
        return _whole_units(units, count, rng)
    shuffled = rng.permutation(len(y))
    # Rows in the order of y, ties in random order: dealing them out like cards balances every fold.
    order = shuffled[np.argsort(y[shuffled], kind="stable")]
    cards = np.arange(len(y)) % count
    if not n_classes:
        # Shuffle within each hand, otherwise fold 0 would always hold the smallest number of its hand.
        cards = np.argsort(rng.random((-(-len(y) // count), count)), axis=1).ravel()[: len(y)]
    folds = np.empty(len(y), dtype=np.int64)
    folds[order] = cards
    return folds


def _whole_units(units: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """(n,) fold numbers: the largest unit first, each to the fold with the fewest rows so far."""
    _, at, sizes = np.unique(units, return_inverse=True, return_counts=True)
    order = rng.permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    fold_of, load = np.zeros(len(sizes), dtype=np.int64), np.zeros(count, dtype=np.int64)
    for unit in order:
        fold = int(load.argmin())
        fold_of[unit] = fold
        load[fold] += sizes[unit]
    return fold_of[at]
