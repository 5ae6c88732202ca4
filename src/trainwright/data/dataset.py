"""Builds the dataset of a trial from a frame: features as blocks, target and roles as aligned arrays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from trainwright.data.columns import Dataset, Layout
from trainwright.data.infer import encode_target
from trainwright.data.schema import Kind, Role, Schema, Target
from trainwright.errors import UserError

ROW_ORDER = "row-order"
# Stretches of time that inner folds keep whole: enough to deal into ten folds, long enough to hold what belongs
# together.
STRETCHES = 20


def build_dataset(
    frame: pl.DataFrame,
    schema: Schema,
    target: Target,
    layout: Layout,
    *,
    rows: np.ndarray | None = None,
    row_order: bool = False,
) -> Dataset:
    """The n rows of a frame that has the schema's types.

    Args:
        frame: n rows, target column included.
        rows: (n,) row numbers in the dataset version; by default 0 to n-1.
        row_order: the order of the rows is the time.
    """
    if rows is None:
        rows = np.arange(frame.height, dtype=np.int64)
    weight_name = schema.with_role(Role.WEIGHT)
    group = role_codes(frame, schema, Role.GROUP)
    time = rows.astype(np.float64) if row_order else role_time(frame, schema)
    return Dataset(
        columns=replace(layout.encode(frame), units=inner_units(group, time)),
        y=encode_target(frame[target.column], target),
        rows=rows,
        weight=None if weight_name is None else weights(frame[weight_name]),
        group=group,
        time=time,
        cluster=role_codes(frame, schema, Role.CLUSTER),
    )


def inner_units(group: np.ndarray | None, time: np.ndarray | None) -> np.ndarray | None:
    """(n,) int64 units that cuts within training rows keep whole: groups where there are groups, else stretches of
    time of equal length in rows, equal times together; None where rows are independent.

    Args:
        group: (n,) codes; a negative code is a unit of its own.
        time: (n,) moments.

    Example:
        >>> inner_units(np.array([3, 3, -1, -1]), None).tolist()
        [3, 3, 4, 5]
    """
    if group is not None:
        alone = np.flatnonzero(group < 0)
        units = group.astype(np.int64).copy()
        units[alone] = np.arange(len(alone)) + max(int(group.max(initial=-1)), -1) + 1
        return units
    if time is None:
        return None
    moments, at = np.unique(time, return_inverse=True)
    rows_up_to = np.cumsum(np.bincount(at, minlength=len(moments)))
    stretch = (rows_up_to - 1) * STRETCHES // len(time)
    return stretch[at].astype(np.int64)


def role_codes(frame: pl.DataFrame, schema: Schema, role: Role) -> np.ndarray | None:
    """(n,) int64 codes of the column with this role; a missing value is -1, a group of its own."""
    name = schema.with_role(role)
    return None if name is None else codes_of([frame[name]])


def codes_of(columns: list[pl.Series]) -> np.ndarray:
    """(n,) int64 codes of the combinations of values, in the order of their spelling; -1 where all are missing."""
    texts = [column.cast(pl.String) for column in columns]
    missing = np.logical_and.reduce([text.is_null().to_numpy() for text in texts])
    combined = pl.DataFrame([text.fill_null("").alias(str(i)) for i, text in enumerate(texts)])
    codes = combined.select(pl.struct(pl.all()).rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()
    return np.where(missing, -1, codes)


def role_time(frame: pl.DataFrame, schema: Schema) -> np.ndarray | None:
    """(n,) float64 time of each row: seconds since 1970 for dates, the number itself otherwise.

    Raises:
        UserError: the time column has missing values, or values that cannot be ordered.
    """
    name = schema.with_role(Role.TIME)
    if name is None:
        return None
    column = frame[name]
    if schema[name].kind not in (Kind.DATETIME, Kind.NUMBER) and not column.dtype.is_numeric():
        raise UserError(
            f"time column {name!r} holds neither dates nor numbers but {schema[name].kind.value} values",
            remedy="name a column of dates or numbers, or use --time row-order",
        )
    if column.null_count():
        raise UserError(
            f"time column {name!r} lacks a value in {column.null_count():,} of {column.len():,} rows",
            remedy="fill or remove those rows: a row without a time cannot be placed before or after the others",
        )
    if column.dtype.is_temporal():
        return column.cast(pl.Datetime("us")).cast(pl.Int64).cast(pl.Float64).to_numpy() / 1e6
    return column.cast(pl.Float64).to_numpy()


def weights(column: pl.Series) -> np.ndarray:
    """(n,) float64 weights.

    Raises:
        UserError: a weight is missing, negative or infinite, or all are zero.
    """
    values = column.cast(pl.Float64, strict=False).to_numpy()
    bad = ~np.isfinite(values) | (values < 0)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise UserError(
            f"weight column {column.name!r} must hold numbers of 0 or more, got {column[row]!r} in row {row + 1}"
        )
    if not values.sum() > 0:
        raise UserError(f"weight column {column.name!r} holds only zeros")
    return values.astype(np.float64)
