"""Which earlier rows are learned from again when a model learns on: a draw by seed, with enough rows of every class."""

from __future__ import annotations

import numpy as np

# Of each class at least so many earlier rows are kept, or all it has: a model forgets a class that it no longer sees.
LEAST_PER_CLASS = 50
# Of a number's range as many parts are kept alike as a stratified split makes of it.
PARTS_OF_A_NUMBER = 10


def replayed(
    y: np.ndarray,
    wanted: float,
    *,
    task: str,
    seed: int,
    always: np.ndarray | None = None,
    least: int = LEAST_PER_CLASS,
) -> np.ndarray:
    """Positions of the earlier rows to learn from again, drawn class by class.

    Args:
        y: (n,) class positions or numbers of the earlier development rows.
        wanted: up to 1 a share of them, above 1 a number of rows; 0 keeps only what must be kept.
        task: "classes" or "number".
        seed: of the draw.
        always: (n,) bool, rows that are kept whatever is drawn, such as those whose label was corrected; or None.
        least: rows of each class that are kept at least, where it has them.

    Returns:
        (m,) ascending positions.

    Example:
        >>> y = np.array([0] * 900 + [1] * 100)
        >>> np.bincount(y[replayed(y, 0.2, task="classes", seed=0)]).tolist()
        [180, 50]
    """
    n = len(y)
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    share = wanted if wanted <= 1 else min(1.0, wanted / n)
    parts = y if task == "classes" else _parts(y)
    rng = np.random.default_rng(seed)
    kept = np.zeros(n, dtype=bool) if always is None else always.copy()
    for value in np.unique(parts):
        own = np.flatnonzero(parts == value)
        many = round(share * len(own))
        if wanted > 0 and task == "classes":
            many = max(many, least)
        order = rng.permutation(own)  # drawn even where nothing is wanted: a class changes no other class's rows
        kept[order[: min(many, len(own))]] = True
    return np.flatnonzero(kept)


def _parts(y: np.ndarray) -> np.ndarray:
    """(n,) which tenth of the numbers each one lies in."""
    edges = np.quantile(y, np.arange(1, PARTS_OF_A_NUMBER) / PARTS_OF_A_NUMBER)
    return np.searchsorted(edges, y, side="right")
