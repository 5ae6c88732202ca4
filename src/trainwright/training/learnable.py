"""Which development rows may be learned from: all, or with `data.filter_low_quality` those that hold something."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from trainwright.data.labels import encode_target
from trainwright.data.low_quality import low_quality
from trainwright.data.schema import Schema, Target
from trainwright.data.split import Split

# More than this share of the rows is the table's nature; nothing is left out then.
MOST = 0.3


@dataclass(frozen=True)
class Learnable:
    """Rows to learn from.

    Args:
        split: with folds whose training rows are filtered; their held-out rows are all still there.
        rows: (m,) positions within the development rows that a refit may learn from; None for all.
        reason: what was left out and why, "" when nothing was asked.
    """

    split: Split
    rows: np.ndarray | None = None
    reason: str = ""


def learnable(frame: pl.DataFrame, schema: Schema, target: Target, split: Split, wanted: bool) -> Learnable:
    """Takes rows that hold too little out of what is learned from; every row is still predicted and counted.

    Args:
        frame: the development rows.
        schema: which columns are features.
        target: what is predicted; no class may vanish from a fold.
        split: whose folds are filtered.
        wanted: `data.filter_low_quality`.
    """
    if not wanted:
        return Learnable(split)
    kept = ~low_quality(frame, schema).any
    dropped = int((~kept).sum())
    if not dropped:
        return Learnable(split, None, "no row holds too little to learn from: nothing is filtered")
    if dropped > MOST * len(kept):
        words = f"{dropped:,} of {len(kept):,} development rows hold little: as many are kept, nothing is filtered"
        return Learnable(split, None, words)
    folds = tuple(replace(fold, train=fold.train[kept[fold.train]]) for fold in split.folds)
    if target.task == "classes":
        y = encode_target(frame[target.column], target)
        for before, after in zip(split.folds, folds):
            if len(np.unique(y[before.train])) != len(np.unique(y[after.train])):
                words = f"{dropped:,} development rows hold too little, but without them a fold would lose a class"
                return Learnable(split, None, words + ": nothing is filtered")
    words = (
        f"nothing is learned from {dropped:,} of {len(kept):,} development rows that hold too little, as asked "
        "(data.filter_low_quality); they are still predicted and counted, and test rows are never filtered"
    )
    return Learnable(replace(split, folds=folds), np.flatnonzero(kept), words)
