"""How much worse quick models are on owners that they have not seen: cross-validation by chance against by group.

Two models answer together: boosted trees, and the five nearest rows, which know an owner again where trees of few
rounds do not, as the strong models of a training would.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.data.checks.association import ranks
from trainwright.data.checks.context import Context
from trainwright.data.checks.quick_model import fold_numbers, losses
from trainwright.data.checks.quick_table import quick_table

SEEDS = (0, 1)
ROWS, NEAREST, CHUNK = 6_000, 5, 1_000


@dataclass(frozen=True)
class Gap:
    """What a quick model knows of rows whose owner it has seen, and of rows of new owners.

    Args:
        known: skill with rows parted by chance; see `quick_model.skill`.
        new: the same with every owner's rows on one side.
        deviations: standard errors between both, paired row by row, owners taken as units.
        evidence: on how many rows they rest.
    """

    known: float
    new: float
    deviations: float
    evidence: dict[str, Any]

    @property
    def loss(self) -> float:
        """How much of what there is to know is lost on new owners."""
        return self.known - self.new


def group_gap(context: Context, names: tuple[str, ...]) -> Gap:
    """Measures both on at most about 6,000 rows of whole groups, twice with other folds.

    Args:
        context: of the checks.
        names: the one or two columns that name the owner.
    """
    group = context.development.select(names).to_struct("owner").hash().to_numpy()
    _, owner = np.unique(group, return_inverse=True)
    owner = owner.reshape(-1)
    rows = _whole_groups(owner)
    table = quick_table(context.development[rows], context.quick.columns, context.y[rows], classes=context.classes)
    owner = owner[rows][table.rows]
    x = np.stack([ranks(column) for column in table.x.T], axis=1).astype(np.float32)
    seen = any(column.name in names for column in table.columns)
    found = []
    for seed in SEEDS:
        pair = []
        for folds in (fold_numbers(len(owner), seed=seed), fold_numbers(len(owner), seed=seed, group=owner)):
            trees = table.predict(range(len(table.columns)), folds=folds)
            near = nearest(x, table.y, folds, classes=table.classes, owner=owner if seen else None)
            pair.append(losses((trees + near) / 2, table.y, table.classes))
        found.append(pair)
    known, new = np.mean(found, axis=0)
    base = max(float(table.base), 1e-12)
    # The sum of every owner's differences is one observation: rows of an owner are not independent.
    sums = np.bincount(owner, weights=new - known)
    error = float(np.sqrt((sums**2).sum())) / len(table.y)
    return Gap(
        max(0.0, 1 - float(known.mean()) / base),
        max(0.0, 1 - float(new.mean()) / base),
        float((new - known).mean()) / max(error, 1e-12),
        table.evidence | {"rows": context.n},
    )


def nearest(
    x: np.ndarray, y: np.ndarray, folds: np.ndarray, *, classes: int, owner: np.ndarray | None = None
) -> np.ndarray:
    """What the five nearest rows of other folds say about each row.

    Args:
        x: (n, p) float32 ranks from 0 to 1.
        y: (n,) class positions or numbers.
        folds: (n,) fold of each row.
        classes: number of classes; 0 for a number.
        owner: (n,) codes of a column that models see: rows that differ in it lie one full step apart.

    Returns:
        (n, classes) probabilities, drawn to the class shares by one row, or (n,) numbers, drawn to the mean.

    Example:
        >>> x = np.array([[0.0], [0.01], [0.02], [1.0], [0.99], [0.98]], dtype=np.float32)
        >>> y = np.array([0, 0, 0, 1, 1, 1])
        >>> nearest(x, y, np.array([0, 1, 2, 0, 1, 2]), classes=2).shape
        (6, 2)
    """
    values = np.eye(classes)[y] if classes else y[:, None].astype(np.float64)
    result = np.empty_like(values)
    for number in np.unique(folds):
        held, learn = np.flatnonzero(folds == number), np.flatnonzero(folds != number)
        k = min(NEAREST, len(learn))
        squares = (x[learn] ** 2).sum(axis=1)
        for start in range(0, len(held), CHUNK):
            rows = held[start : start + CHUNK]
            distance = squares - 2 * x[rows] @ x[learn].T  # the rows' own squares change no order
            if owner is not None:
                distance += owner[rows][:, None] != owner[learn]
            near = np.argpartition(distance, k - 1, axis=1)[:, :k]
            result[rows] = (values[learn][near].sum(axis=1) + values[learn].mean(axis=0)) / (k + 1)
    return result if classes else result[:, 0]


def _whole_groups(owner: np.ndarray) -> np.ndarray:
    """Ascending positions of all rows of random owners, 6,000 rows or a little fewer."""
    if len(owner) <= ROWS:
        return np.arange(len(owner))
    sizes = np.bincount(owner)
    order = np.random.default_rng(0).permutation(len(sizes))
    chosen = order[np.cumsum(sizes[order]) <= ROWS]
    return np.flatnonzero(np.isin(owner, chosen)) if len(chosen) else np.arange(ROWS)
