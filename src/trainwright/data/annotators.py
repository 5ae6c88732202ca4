"""Columns in which several people labelled the same rows: read alike, and made into a target by majority."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from trainwright.data.convert import flatten, spelt
from trainwright.data.label_quality.agreement import majority
from trainwright.data.labels import target_values
from trainwright.data.missing import TARGET_MARKS, clean
from trainwright.data.notes import Note
from trainwright.errors import UserError

MADE = "majority_label"
# Whole numbers with more different values than this are quantities, as for a target.
MANY_LABELS = 20
CODE = "annotators"


@dataclass(frozen=True)
class Annotations:
    """What the annotators said.

    Args:
        names: (a,) of the columns.
        classes: the labels that occur, in order; empty for numbers.
        values: (n, a) class positions with -1, or numbers with NaN, where an annotator skipped the row.
    """

    names: tuple[str, ...]
    classes: tuple[str, ...]
    values: np.ndarray

    @property
    def held(self) -> np.ndarray:
        """(n, a) where an annotator labelled the row."""
        return self.values >= 0 if self.classes else np.isfinite(self.values)


def read_annotations(frame: pl.DataFrame, names: Sequence[str], *, task: str | None = None) -> Annotations:
    """The annotators' labels, spelt alike.

    Args:
        frame: the table, as read or as typed.
        names: of the annotators' columns.
        task: "classes" or "number"; None decides by the values.

    Raises:
        UserError: a column that is not there, or one that holds no label.

    Example:
        >>> frame = pl.DataFrame({"anna": ["ok", "bad", "?"], "ben": ["ok ", "ok", "bad"]})
        >>> found = read_annotations(frame, ["anna", "ben"])
        >>> found.classes, found.values.tolist()
        (('bad', 'ok'), [[1, 1], [0, 1], [-1, 0]])
    """
    from trainwright.data.infer import absent

    for name in names:
        if name not in frame.columns:
            raise absent(name, frame.columns, "annotators")
    columns = [_cleaned(frame[name]) for name in names]
    for name, column in zip(names, columns):
        if column.null_count() == column.len():
            raise UserError(f"annotator {name!r} labelled no row", remedy="leave the column out of data.annotators")
    # One reading for all: a column of numbers beside one of words would never agree.
    together = target_values(pl.concat([spelt(column).alias("label") for column in columns]))
    numeric = together.dtype.is_numeric()
    if task == "number" or (task is None and numeric and _is_quantity(together)):
        if not numeric:
            raise UserError("annotators hold words where numbers are expected", remedy="use --task classes")
        numbers = together.cast(pl.Float64).fill_null(np.nan).to_numpy()
        return Annotations(tuple(names), (), numbers.reshape(len(names), -1).T.copy())
    words = spelt(together)
    held = words.drop_nulls().unique().to_list()
    classes = sorted(held, key=float) if numeric else sorted(held)
    codes = words.replace_strict(classes, list(range(len(classes))), default=-1, return_dtype=pl.Int64).fill_null(-1)
    return Annotations(tuple(names), tuple(classes), codes.to_numpy().reshape(len(names), -1).T.copy())


def _cleaned(values: pl.Series) -> pl.Series:
    flat, unusable = flatten(values)
    if unusable:
        raise UserError(f"annotator {values.name!r}: {unusable}", remedy="name columns of labels or numbers")
    return clean(flat, marks=TARGET_MARKS) if flat.dtype == pl.String else flat


def _is_quantity(values: pl.Series) -> bool:
    held = values.drop_nulls()
    fractions = bool((held != held.round()).any()) if held.dtype.is_float() else False
    return fractions or held.n_unique() > MANY_LABELS


def with_majority(
    frame: pl.DataFrame, names: Sequence[str], *, task: str | None = None
) -> tuple[pl.DataFrame, str, Note]:
    """The table with a target made from what most annotators say; numbers take the median.

    Returns:
        The table with one column more, missing where there is a tie or no label; that column's name; and what to say.

    Raises:
        UserError: as `read_annotations`.
    """
    found = read_annotations(frame, names, task=task)
    name = MADE
    while name in frame.columns:
        name += "_"
    if not found.classes:
        known = found.held.any(axis=1)
        middle = np.full(frame.height, np.nan)
        middle[known] = np.nanmedian(found.values[known], axis=1)
        words = f"no target is named: {name!r} is the median of {len(names)} annotators"
        made = pl.Series(name, middle).fill_nan(None)
        return frame.with_columns(made), name, Note("majority", words, (name,))
    answer, tie = majority(found.values, len(found.classes))
    labels = np.array([*found.classes, None], dtype=object)[answer]
    words = f"no target is named: {name!r} is what most of {len(names)} annotators say"
    if tie.any():
        words += f"; {int(tie.sum()):,} rows on which they are divided are left out"
    made = pl.Series(name, labels.tolist(), dtype=pl.String)
    return frame.with_columns(made), name, Note("majority", words, (name,))
