"""Noise in labels: every label replaced by one that says nothing about its row."""

from __future__ import annotations

import numpy as np
import polars as pl


def every_label(labels: pl.Series, rng: np.random.Generator) -> pl.Series:
    """The same column with every value changed.

    Args:
        labels: (n,) class names or numbers. Two values at most 20 different ones are taken as classes.
        rng: of the draw.

    Returns:
        (n,) another class drawn from the others; or numbers from a normal of the same spread, shifted by it.
    """
    classes = labels.unique().sort().to_list()
    if labels.dtype == pl.String or len(classes) <= 20:
        other = {name: [c for c in classes if c != name] for name in classes}
        return pl.Series(labels.name, [str(rng.choice(other[v])) for v in labels], dtype=pl.String).cast(labels.dtype)
    values = labels.cast(pl.Float64).to_numpy()
    return pl.Series(labels.name, rng.normal(values.mean() + 3 * values.std(), 5 * values.std(), len(values)))


def every_code(y: np.ndarray, n_classes: int, rng: np.random.Generator) -> np.ndarray:
    """The same for encoded labels: (n,) class positions, or numbers where `n_classes` is 0."""
    if n_classes:
        return (y + rng.integers(1, n_classes, len(y))) % n_classes
    return rng.normal(y.mean() + 3 * y.std(), 5 * y.std(), len(y))
