"""How much worse a quick model is on owners that it has not seen: cross-validation by chance against by group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.data.checks.context import Context
from trainwright.data.checks.quick_model import ROWS, fold_numbers, losses
from trainwright.data.checks.quick_table import quick_table

SEEDS = (0, 1)


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
    """Measures both on at most about 10,000 rows of whole groups, twice with other folds.

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
    found = []
    for seed in SEEDS:
        chance = table.predict(range(len(table.columns)), folds=fold_numbers(len(table.y), seed=seed))
        apart = fold_numbers(len(table.y), seed=seed, group=owner)
        grouped = table.predict(range(len(table.columns)), folds=apart)
        found.append([losses(p, table.y, table.classes) for p in (chance, grouped)])
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


def _whole_groups(owner: np.ndarray) -> np.ndarray:
    """Ascending positions of all rows of random owners, 10,000 rows or a little fewer."""
    if len(owner) <= ROWS:
        return np.arange(len(owner))
    sizes = np.bincount(owner)
    order = np.random.default_rng(0).permutation(len(sizes))
    chosen = order[np.cumsum(sizes[order]) <= ROWS]
    return np.flatnonzero(np.isin(owner, chosen)) if len(chosen) else np.arange(ROWS)
