"""Finds rows with the same features and different labels: no model can be right about all of them."""

from __future__ import annotations

import numpy as np

from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding, NotApplicable

NOTE, WARNING = 0.005, 0.05
# For numbers: what equal rows differ in, as a share of the target's variance.
NOTE_SPREAD, WARNING_SPREAD = 0.005, 0.1


def run(context: Context) -> list[Finding]:
    if not context.features:
        raise NotApplicable("there is no feature column")
    rows = np.flatnonzero(context.copies.unit >= 0)
    if not len(rows):
        return []
    unit = np.unique(context.copies.unit[rows], return_inverse=True)[1].reshape(-1)
    return _classes(context, unit, rows) if context.classes else _numbers(context, unit, rows)


def _classes(context: Context, unit: np.ndarray, rows: np.ndarray) -> list[Finding]:
    y = np.unique(context.y[rows], return_inverse=True)[1].reshape(-1)
    # (unit, class) pairs that occur, so that many units of many classes need no full table.
    pairs, counts = np.unique(unit * (int(y.max()) + 1) + y, return_counts=True)
    of = pairs // (int(y.max()) + 1)
    sizes = np.bincount(unit)
    most = np.zeros(len(sizes), dtype=np.int64)
    np.maximum.at(most, of, counts)
    conflicting = most < sizes
    count, groups = int(sizes[conflicting].sum()), int(conflicting.sum())
    share = count / max(context.n, 1)
    if share < NOTE:
        return []
    wrong = int((sizes - most).sum())
    best = 1 - wrong / context.n
    return [
        Finding(
            code="TW103",
            severity="warning" if share >= WARNING and not context.copies.natural else "note",
            message=(
                f"{count:,} development rows ({share:.1%}) in {groups:,} sets of equal features carry different "
                f"labels: at least {wrong:,} are wrong or cannot be told apart, and no model can exceed an "
                f"accuracy of {best:.1%} on all development rows."
            ),
            columns=(context.target.column,),
            evidence={
                "rows": count,
                "groups": groups,
                "share": round(share, 4),
                "contradicted": wrong,
                "best_accuracy": round(best, 4),
                "natural": context.copies.natural,
            },
            remedy="look at some of them: correct wrong labels, or add the column that tells them apart",
        )
    ]


def _numbers(context: Context, unit: np.ndarray, rows: np.ndarray) -> list[Finding]:
    y = context.y[rows]
    means = np.bincount(unit, weights=y) / np.bincount(unit)
    inside = (y - means[unit]) ** 2
    total = float(((context.y - context.y.mean()) ** 2).sum())
    if total <= 0:
        return []
    lost = float(inside.sum()) / total
    if lost < NOTE_SPREAD:
        return []
    apart = np.bincount(unit, weights=inside) > 0
    count, groups = int(np.bincount(unit)[apart].sum()), int(apart.sum())
    return [
        Finding(
            code="TW103",
            severity="warning" if lost >= WARNING_SPREAD and not context.copies.natural else "note",
            message=(
                f"{count:,} development rows ({count / context.n:.1%}) in {groups:,} sets of equal features have "
                f"different values of the target: no model can exceed an R2 of {1 - lost:.3f} on all development rows."
            ),
            columns=(context.target.column,),
            evidence={
                "rows": count,
                "groups": groups,
                "share": round(count / context.n, 4),
                "best_r2": round(1 - lost, 4),
                "natural": context.copies.natural,
            },
            remedy="look at some of them: correct wrong values, or add the column that tells them apart",
        )
    ]


CHECK = Check("TW103", "conflicting-labels", "warning", "Equal rows with different labels", run)
