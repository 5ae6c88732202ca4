"""What is predicted: classes or a number, the labels in their own spelling, and the positive class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from trainwright.data.convert import spelt
from trainwright.data.labels import encode_target, target_values
from trainwright.data.missing import TARGET_MARKS, clean
from trainwright.data.notes import Note, listing, nearest
from trainwright.data.numerals import plain_numbers
from trainwright.data.schema import Target
from trainwright.errors import UserError

LARGEST = 1e100  # a target beyond it has no finite squared error
MAX_CLASSES = 1000
MANY_LABELS = 20  # whole numbers with more different values than this are quantities
FEW_CODES = 10


def infer_target(
    frame: pl.DataFrame, column: str, *, positive: object = None, task: str | None = None
) -> tuple[pl.DataFrame, Target, tuple[Note, ...]]:
    """Decides what is predicted, and drops the rows where it is missing.

    Args:
        frame: the table; the target column may be strings as read or already cast by `infer_schema`.
        column: the target.
        positive: the class that probabilities are about, for two classes; None takes the rarer one.
        task: "classes" or "number"; None decides by the values.

    Returns:
        The frame with every row that has a target, the target, and notes on what was decided.

    Raises:
        UserError: no such column, no or one class, too many classes, a positive class that does not occur, a
            number asked for where the values are words.

    Example:
        >>> frame, target, notes = infer_target(pl.DataFrame({"y": ["no", "yes", "no", None]}), "y")
        >>> frame.height, target.task, target.classes, target.positive
        (3, 'classes', ('no', 'yes'), 'yes')
    """
    if column not in frame.columns:
        near = nearest(column, frame.columns)
        raise UserError(
            f"target column {column!r} is not in the table",
            remedy=f"did you mean {near!r}?" if near else f"its columns are {listing(frame.columns, limit=10)}",
        )
    if task not in (None, "classes", "number"):
        raise UserError(f"task must be 'classes' or 'number', got {task!r} instead", remedy="or leave it out")
    notes: list[Note] = []
    raw = frame[column]
    values = target_values(clean(raw, marks=TARGET_MARKS) if raw.dtype == pl.String else raw)
    endless = int(values.is_infinite().sum() or 0) if values.dtype.is_float() else 0
    values = _without_missing(values)
    held = values.is_not_null()
    dropped = int((~held).sum())
    if dropped == frame.height:
        raise UserError(f"target column {column!r} has no values", remedy="name the column to predict")
    if dropped:
        which = f" ({endless:,} of them infinite)" if endless else ""
        words = f"{dropped:,} row(s) without a target value were dropped{which}"
        notes.append(Note("target_missing", words, (column,)))
        frame, values = frame.filter(held), values.filter(held)
    frame = frame.with_columns(values.rename(column))
    if values.dtype.is_temporal():
        raise UserError(
            f"target column {column!r} holds dates",
            remedy="predict a number or a class, such as days until it",
        )
    decided, reason = _task(values, task, column)
    if reason:
        notes.append(Note("task", f"target {column!r}: {reason}", (column,)))
    if decided == "number":
        if values.n_unique() == 1:
            raise UserError(
                f"target column {column!r} has only the value {spelt(values)[0]}",
                remedy="name a column that varies",
            )
        values = values.cast(pl.Float64)
        far = values.abs() > LARGEST
        if far.any():
            at = int(far.arg_max() or 0)
            raise UserError(
                f"target column {column!r} holds {values[at]:g} in labelled row {at + 1}: squares of numbers beyond "
                f"{LARGEST:g} cannot be computed",
                remedy="correct the value, or rescale the column",
            )
        frame = frame.with_columns(values.alias(column))
        return frame, Target(column, "number"), tuple(notes)
    target = _classes(values, column, notes)
    return frame, _with_positive(target, values, positive, notes), tuple(notes)


def _without_missing(values: pl.Series) -> pl.Series:
    """NaN and infinite targets are missing ones."""
    if not values.dtype.is_float():
        return values
    return values.set(~values.is_finite().fill_null(True), None)


def _task(values: pl.Series, task: str | None, column: str) -> tuple[str, str]:
    """The task and the reason to say, "" when the values leave no question."""
    numeric = values.dtype.is_numeric()
    if task == "number" and not numeric:
        if values.dtype == pl.Boolean:
            return "number", "true and false as 1 and 0, as asked"
        words = values.filter(plain_numbers(spelt(values)).is_null()).unique(maintain_order=True).head(3).to_list()
        raise UserError(
            f"target column {column!r} cannot be predicted as a number: {listing(words)} are not numbers",
            remedy="use task classes, or clean these values",
        )
    if task is not None:
        return task, ""
    if not numeric:
        return "classes", ""
    distinct = values.n_unique()
    whole = bool((values == values.cast(pl.Float64).round()).all())
    change = "use task {} to change it"
    if distinct == 1:
        return "classes", ""
    if distinct == 2:
        return "classes", f"its two numbers are taken as class labels; {change.format('number')}"
    if not whole:
        return "number", ""
    low, high = int(values.min()), int(values.max())  # type: ignore[arg-type]
    said = f"its {distinct} different whole numbers ({low} to {high})"
    enough_rows = values.len() >= 10 * distinct
    counted = low in (0, 1) and high - low == distinct - 1
    if counted and distinct <= MANY_LABELS and enough_rows:
        return (
            "classes",
            f"{said} count from {low} without a gap and are taken as class labels; {change.format('number')}",
        )
    if high - low != distinct - 1 and distinct <= FEW_CODES and enough_rows:
        return "classes", f"{said} have gaps and are taken as class labels; {change.format('number')}"
    if distinct <= 2 * MANY_LABELS:
        return "number", f"{said} are taken as a quantity; {change.format('classes')}"
    return "number", ""


def _classes(values: pl.Series, column: str, notes: list[Note]) -> Target:
    """The classes in order, with the type that predictions are written back in."""
    kind: str | None = None
    if values.dtype == pl.Boolean:
        kind = "bool"
    elif values.dtype.is_integer():
        kind = "int"
    elif values.dtype.is_float():
        kind = "float"
    distinct = values.unique()
    n = distinct.len()
    if n == 1:
        raise UserError(
            f"target column {column!r} has only the class {_spell(distinct, kind)[0]!r}",
            remedy="training needs at least two classes",
        )
    if n > MAX_CLASSES:
        raise UserError(
            f"target column {column!r} has {n:,} classes, the limit is {MAX_CLASSES:,}",
            remedy="is it the right column? for a quantity use task number; otherwise group rare classes",
        )
    if n > 2 and n >= values.len() / 2:
        raise UserError(
            f"target column {column!r} has {n:,} classes in {values.len():,} rows: two rows or fewer for each",
            remedy="is it the right column? for a quantity use task number; otherwise group rare classes",
        )
    if kind is None:
        classes = tuple(sorted(distinct.to_list()))
        twins = _look_alike(classes)
        if twins:
            notes.append(
                Note("similar_labels", f"labels {listing(twins)} differ only in case or a final dot", (column,))
            )
    else:
        classes = tuple(_spell(distinct.sort(), kind))
    return Target(column, "classes", classes, None, kind)


def _spell(values: pl.Series, kind: str | None) -> list[str]:
    if kind == "float":
        return [repr(float(value)) for value in values.to_list()]
    return spelt(values).to_list()


def _look_alike(classes: tuple[str, ...]) -> list[str]:
    """Labels that a slip of the pen could tell apart, such as '>50K' and '>50K.'."""
    by_key: dict[str, list[str]] = {}
    for label in classes:
        by_key.setdefault(label.casefold().rstrip(". "), []).append(label)
    return [label for labels in by_key.values() if len(labels) > 1 for label in labels]


def rarer_is_positive(target: Target, counts: np.ndarray) -> tuple[Target, Note]:
    """The target with the rarer of its two classes as the positive one (the later of equals), and the note on it.

    Args:
        counts: (2,) rows of each class; of development rows, once they are known.
    """
    chosen = target.classes[int(np.argmin(counts[::-1]) == 0)]
    share = counts.min() / counts.sum()
    words = f"positive class is {chosen!r}, the rarer one ({share:.1%} of rows)"
    return replace(target, positive=chosen), Note("positive", words, (target.column,))


def _with_positive(target: Target, values: pl.Series, positive: object, notes: list[Note]) -> Target:
    """The target with its positive class: the one asked for, or the rarer of two."""
    if len(target.classes) != 2:
        if positive is not None:
            raise UserError(
                f"target column {target.column!r} has {len(target.classes)} classes, not two",
                remedy="leave the positive class out",
            )
        return target
    codes = encode_target(values, target)
    counts = np.bincount(codes, minlength=2)
    if positive is None:
        target, note = rarer_is_positive(target, counts)
        notes.append(note)
        return target
    at = int(encode_target(pl.Series([str(positive)]), target)[0])
    if at < 0:
        raise UserError(
            f"positive class {str(positive)!r} is not a label of {target.column!r}",
            remedy=f"its labels are {listing(target.classes)}",
        )
    return replace(target, positive=target.classes[at])
