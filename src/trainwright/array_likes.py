"""What scikit-learn users hand over (X, y, weights, groups), checked and refused in scikit-learn's own wording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from trainwright.data.columns import Layout
from trainwright.data.conform import conform
from trainwright.data.dataset import codes_of
from trainwright.data.frames import to_polars
from trainwright.data.infer import infer_schema
from trainwright.data.schema import Column, Kind, Schema

NUMERIC = "biuf"


@dataclass(frozen=True)
class Door:
    """How the columns of later rows are read: as those of the rows that were fitted.

    Args:
        schema: kinds and roles of the columns, each with its reason.
        layout: what models see of them.
    """

    schema: Schema
    layout: Layout

    @classmethod
    def learn(cls, frame: pl.DataFrame, *, plain: bool) -> tuple[Door, pl.DataFrame]:
        """Finds out the kinds of n rows, and casts them.

        Args:
            frame: from `read_table`.
            plain: a numeric array: every column is a number, whatever its values look like, because nobody puts
                an identifier into an array of floats.
        """
        if plain:
            schema = Schema(tuple(Column(name, Kind.NUMBER, reason="a numeric array") for name in frame.columns))
        else:
            inferred = infer_schema(frame)
            schema, frame = inferred.schema, inferred.frame
        return cls(schema, Layout.learn(frame, schema)), frame

    def read(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Later rows, by position, with the kinds of the fitted ones."""
        return conform(frame.rename(dict(zip(frame.columns, self.schema.names))), self.schema)[0]


def read_table(estimator: Any, X: Any, *, reset: bool) -> tuple[pl.DataFrame, bool]:
    """X as a polars frame; sets or checks `n_features_in_` and `feature_names_in_` of the estimator.

    Args:
        estimator: the scikit-learn estimator that asks.
        X: a pandas or polars frame, an Arrow table, a dict of columns, or anything NumPy turns into two dimensions.
        reset: True in `fit`, False later.

    Returns:
        The frame, and whether it came from a numeric array.

    Raises:
        ValueError: one dimension, no rows, no columns, complex numbers, names or a width that differ from `fit`.
        TypeError: a sparse matrix.
    """
    from sklearn.utils.validation import validate_data

    least = 2 if reset else 1
    if is_table(X):
        frame = to_polars(X, "X")
        # pandas frames may have names that are no strings: scikit-learn then has rules of its own.
        named = X if type(X).__module__.startswith("pandas") else frame
        validate_data(estimator, named, reset=reset, skip_check_array=True)
        if frame.height < least:
            raise ValueError(
                f"Found array with {frame.height} sample(s) (shape={frame.shape}) while a minimum of {least} is "
                f"required by {type(estimator).__name__}."
            )
        return frame, False
    if type(X).__module__.startswith(("pandas", "polars")):
        raise ValueError(f"Expected a 2-dimensional container but got {type(X)} instead. Pass a DataFrame.")
    array = validate_data(estimator, X, reset=reset, dtype=None, ensure_all_finite=False, ensure_min_samples=least)
    plain = array.dtype.kind in NUMERIC
    if plain:
        single = array.dtype in (np.float16, np.float32)
        array = array.astype(np.float32 if single else np.float64, copy=False)
    return to_polars(array, "X"), plain


def is_table(X: Any) -> bool:
    """Whether X has columns of its own rather than being an array or a list of rows.

    Example:
        >>> is_table(pl.DataFrame({"a": [1]})), is_table({"a": [1]}), is_table(np.zeros((2, 2)))
        (True, True, False)
    """
    if isinstance(X, pl.DataFrame | pl.LazyFrame | Mapping):
        return True
    if type(X).__module__.startswith("pandas"):
        return hasattr(X, "columns")
    if isinstance(X, list) and X and all(isinstance(row, Mapping) for row in X):
        return True
    return hasattr(X, "column_names") and hasattr(X, "__arrow_c_stream__")


def read_y(estimator: Any, y: Any, *, numeric: bool) -> np.ndarray:
    """(n,) target values without gaps.

    Raises:
        ValueError: None, NaN or infinite values, more than one column, complex numbers.
    """
    from sklearn.utils import check_array, column_or_1d

    if y is None:
        raise ValueError(f"{type(estimator).__name__} requires y to be passed, but the target y is None.")
    if isinstance(y, pl.Series):
        y = y.to_numpy()
    values = check_array(
        y,
        ensure_2d=False,
        dtype="numeric" if numeric else None,
        input_name="y",
        ensure_min_samples=0,
        ensure_min_features=0,
    )
    values = column_or_1d(values, warn=True)
    if values.dtype.kind == "O" and any(value is None for value in values.tolist()):
        raise ValueError("Input y contains None.")
    return values.astype(np.float64) if numeric else values


def read_weight(sample_weight: Any, n: int) -> np.ndarray | None:
    """(n,) float64 weights, or None.

    Raises:
        ValueError: another shape, a negative or missing weight, or only zeros.
    """
    from sklearn.utils import check_array

    if sample_weight is None:
        return None
    if isinstance(sample_weight, int | float | np.number):
        return np.full(n, float(sample_weight))
    if isinstance(sample_weight, pl.Series):
        sample_weight = sample_weight.to_numpy()
    weight = check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
    if weight.ndim != 1:
        raise ValueError(f"Sample weights must be 1D array or scalar, got {weight.ndim}D array.")
    if weight.shape != (n,):
        raise ValueError(f"sample_weight.shape == {weight.shape}, expected {(n,)}!")
    if (weight < 0).any():
        raise ValueError("Negative values in data passed to `sample_weight`.")
    if not weight.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weight


def read_groups(groups: Any, n: int) -> np.ndarray | None:
    """(n,) int64 codes of the groups, or None; a missing group is -1.

    Raises:
        ValueError: another length, or more than one column.
    """
    from sklearn.utils import column_or_1d

    if groups is None:
        return None
    if isinstance(groups, pl.Series):
        series = groups
    else:
        frame = to_polars(column_or_1d(groups), "groups")
        series = frame[frame.columns[0]]
    if series.len() != n:
        raise ValueError(f"Found input variables with inconsistent numbers of samples: {[n, series.len()]}")
    return codes_of([series])
