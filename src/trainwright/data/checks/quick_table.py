"""The sampled rows and columns that quick models of the checks work on, and what one of all columns knows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from trainwright.data.checks.association import (
    as_codes,
    as_numbers,
    bins_of,
    most_frequent,
    ranks,
    strength,
)
from trainwright.data.checks.quick_model import (
    COLUMNS,
    ROUNDS,
    ROWS,
    Known,
    base_loss,
    design,
    fold_numbers,
    known,
    out_of_fold,
    skill,
)
from trainwright.data.schema import Column, Kind, Target

# More classes than this are told apart as the most frequent ones and the rest.
CLASSES = 10
# Rows of a class from which on it is told from all others.
LEAST = 20
# Rows by which the columns of a very wide table are ranked before any model sees them.
RANKING_ROWS = 2_000


@dataclass(frozen=True)
class QuickTable:
    """What a quick model learns from.

    Args:
        rows: (m,) ascending positions among the development rows.
        columns: the p columns.
        x: (m, p) float32; see `quick_model.design`.
        y: (m,) class positions, or ranks of numbers from 0 to 1, so that a few large numbers decide nothing.
        classes: number of classes; 0 for a number.
        folds: (m,) fold of each row.
        evidence: on how many rows and columns every figure rests.
        label: where y is one of several classes against all others, its position; otherwise None.
    """

    rows: np.ndarray
    columns: tuple[Column, ...]
    x: np.ndarray
    y: np.ndarray
    classes: int
    folds: np.ndarray
    evidence: dict[str, Any]
    label: int | None = None

    @cached_property
    def prediction(self) -> np.ndarray:
        """What the model of all columns says about each row, not having learned from it."""
        return self.predict(range(len(self.columns)))

    @cached_property
    def skill(self) -> float:
        """How much the model of all columns knows, 0 to 1; see `quick_model.skill`."""
        return self.skill_of(self.prediction)

    @cached_property
    def by_label(self) -> tuple[QuickTable, ...]:
        """This table; of more than two classes one table for each that has twenty rows, told from all others."""
        if self.classes <= 2:
            return (self,)
        counts = np.bincount(self.y, minlength=self.classes)
        labels = [c for c in range(self.classes) if LEAST <= counts[c] <= len(self.y) - LEAST]
        tables = (replace(self, y=(self.y == c).astype(np.int64), classes=2, label=c) for c in labels)
        return tuple(tables) or (self,)

    def predict(self, columns: Any, *, folds: np.ndarray | None = None) -> np.ndarray:
        """The same for a model of some columns, by position, and other folds where given."""
        x = self.x[:, list(columns)]
        return out_of_fold(x, self.y, self.folds if folds is None else folds, classes=self.classes)

    def told_by(self, x: np.ndarray, *, rounds: int = ROUNDS) -> tuple[Known, QuickTable]:
        """How much x, (m, q), knows of the target, or of the class that it knows best, and the table of that class."""
        found = []
        for one in self.by_label:
            guess = out_of_fold(x, one.y, one.folds, classes=one.classes, rounds=rounds)
            found.append((known(guess, one.y, one.classes), one))
        return max(found, key=lambda pair: pair[0].value)

    def about(self, target: Target) -> str:
        """The target, or the class that this table tells from all others, in words."""
        if self.label is None or len(target.classes) > CLASSES:
            return repr(target.column)
        return f"{target.column!r} being {target.classes[self.label]!r}"

    @property
    def base(self) -> float:
        """The mean loss of the class shares, or of the mean."""
        return base_loss(self.y, self.classes)

    def skill_of(self, prediction: np.ndarray) -> float:
        """How much a prediction of these rows knows."""
        return skill(prediction, self.y, self.classes)


def quick_table(
    frame: pl.DataFrame, columns: tuple[Column, ...], y: np.ndarray, *, classes: bool, seed: int = 0
) -> QuickTable:
    """Samples rows and columns.

    Args:
        frame: the development rows.
        columns: the features among its columns.
        y: (n,) class positions or numbers.
        classes: whether y are classes.
        seed: of the rows drawn and of the folds.

    Returns:
        At most 10,000 rows and 300 columns; of a wider table those that go most with the target.
    """
    rng = np.random.default_rng(seed)
    n = frame.height
    rows = np.arange(n) if n <= ROWS else np.sort(rng.choice(n, ROWS, replace=False))
    labels, width = _labels(y[rows], classes)
    kept = columns
    sampled = frame.select([c.name for c in columns])[rows] if len(rows) < n else frame
    evidence = {"rows_looked_at": len(rows), "rows": n}
    if len(columns) > COLUMNS:
        kept = _strongest(sampled, columns, labels, width > 0)
        evidence |= {"columns_looked_at": len(kept), "columns": len(columns)}
    x = design(sampled, kept)
    return QuickTable(rows, kept, x, labels, width, fold_numbers(len(rows), seed=seed), evidence)


def _labels(y: np.ndarray, classes: bool) -> tuple[np.ndarray, int]:
    """Class positions with the rarest ones merged, or ranks of numbers; and the number of classes."""
    if not classes:
        return ranks(y), 0
    labels, count = most_frequent(y.astype(np.int64), CLASSES)
    return labels, max(count, 2)


def _strongest(frame: pl.DataFrame, columns: tuple[Column, ...], y: np.ndarray, classes: bool) -> tuple[Column, ...]:
    """The columns that go most with the target on a few rows, in the order of the table."""
    few = slice(0, None, max(1, frame.height // RANKING_ROWS))
    y = y[few]
    every = np.ones(len(y), dtype=bool)
    values = []
    for column in columns:
        series = frame[column.name][few]
        if series.dtype.is_numeric() or series.dtype.is_temporal():
            codes = bins_of(as_numbers(series), every, 10)
        elif column.kind is Kind.TEXT:
            codes = bins_of(as_numbers(series.cast(pl.String).str.len_chars()), every, 10)
        else:
            codes = as_codes(series)
        values.append(strength(codes, y, classes))
    best = np.sort(np.argsort(-np.array(values), kind="stable")[:COLUMNS])
    return tuple(columns[int(i)] for i in best)
