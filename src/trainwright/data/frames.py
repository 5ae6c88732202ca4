"""The only module that knows pandas, NumPy and Arrow: whatever table is given becomes a polars frame.

Neither pandas nor pyarrow is imported unless the object is theirs, and pandas is read column by column
through NumPy, so that a core install without pyarrow is enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trainwright.data.names import refuse_doubled
from trainwright.errors import UserError


def to_polars(table: Any, name: str = "table") -> pl.DataFrame:
    """The table as a polars frame, whatever library it comes from.

    Args:
        table: a polars frame (eager or lazy), a pandas frame or series, a NumPy array (one or two dimensions,
            or named fields), an Arrow table, a dict of lists, a list of dicts, or the path of a file.
        name: what to call it in messages.

    Raises:
        UserError: an object that is not a table, or doubled column names.

    Example:
        >>> to_polars({"a": [1, 2]}).shape
        (2, 1)
        >>> to_polars(np.zeros((3, 2))).columns
        ['column_1', 'column_2']
    """
    if isinstance(table, pl.DataFrame):
        return table
    if isinstance(table, pl.LazyFrame):
        return table.collect()
    if isinstance(table, pl.Series):
        return table.to_frame(table.name or "column_1")
    if isinstance(table, str | Path):
        from trainwright.data.read import read_table

        return read_table(table).frame
    module = type(table).__module__.partition(".")[0]
    if module == "pandas":
        return _from_pandas(table, name)
    if isinstance(table, np.ndarray):
        return _from_numpy(table, name)
    if hasattr(table, "__arrow_c_stream__"):
        return _from_arrow(table, name)
    if hasattr(table, "toarray") and hasattr(table, "nnz"):  # a SciPy sparse matrix
        return _from_numpy(np.asarray(table.toarray()), name)
    if isinstance(table, Mapping):
        return _from_columns(table, name)
    if isinstance(table, Sequence) and not isinstance(table, bytes | bytearray):
        if table and all(isinstance(row, Mapping) for row in table):
            return from_records(list(table))
        if table and all(isinstance(row, Sequence | np.ndarray) and not isinstance(row, str) for row in table):
            widths = {len(row) for row in table}
            if len(widths) > 1:
                raise UserError(
                    f"the rows of {name} have {min(widths)} to {max(widths)} values", remedy="give equal rows"
                )
            return pl.DataFrame([column(f"column_{j + 1}", [row[j] for row in table]) for j in range(widths.pop())])
    raise UserError(
        f"{name} must be a table, got {type(table).__name__} instead",
        remedy="give a polars or pandas frame, a NumPy array, an Arrow table, a dict of lists or a path",
    )


def column(name: str, values: Iterable[Any]) -> pl.Series:
    """A series of Python values: their own type when they share one, otherwise strings.

    Example:
        >>> column("a", [1, 2.5, None]).dtype, column("b", [1, "x"]).to_list()
        (Float64, ['1', 'x'])
    """
    items = [None if _is_missing(value) else value for value in values]
    plain = [value.item() if isinstance(value, np.generic) else value for value in items]
    kinds = {type(value) for value in plain if value is not None}
    if not kinds:
        return pl.Series(name, plain, dtype=pl.Null)
    if kinds <= {int, float} and float in kinds:
        return pl.Series(name, [None if v is None else float(v) for v in plain], dtype=pl.Float64)
    if len(kinds) == 1:
        if kinds == {int} and not all(-(2**63) <= v < 2**63 for v in plain if v is not None):
            return pl.Series(name, [None if v is None else float(v) for v in plain], dtype=pl.Float64)
        try:
            series = pl.Series(name, plain, strict=True)
        except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError):
            pass
        else:
            if series.dtype != pl.Object:
                return series
    return pl.Series(name, [None if v is None else str(v) for v in plain], dtype=pl.String)


def from_records(records: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """One row per mapping; columns in order of first appearance, a key that a record lacks is missing there.

    Example:
        >>> from_records([{"a": 1}, {"a": 2, "b": "x"}]).rows()
        [(1, None), (2, 'x')]
    """
    names: dict[str, None] = {}
    for record in records:
        names.update(dict.fromkeys(record))
    return pl.DataFrame([column(str(key), [record.get(key) for record in records]) for key in names])


def _from_columns(table: Mapping[Any, Any], name: str) -> pl.DataFrame:
    series: list[pl.Series] = []
    for key, values in table.items():
        if isinstance(values, pl.Series):
            series.append(values.rename(str(key)))
        elif isinstance(values, np.ndarray) and values.ndim == 1:
            series.append(_numpy_column(str(key), values))
        elif type(values).__module__.partition(".")[0] == "pandas":
            series.append(_pandas_column(str(key), values))
        elif isinstance(values, str | bytes) or not isinstance(values, Iterable):
            raise UserError(
                f"column {key!r} of {name} is a single value of type {type(values).__name__}",
                remedy="give a list of values for each column",
            )
        else:
            series.append(column(str(key), values))
    lengths = {len(item) for item in series}
    if len(lengths) > 1:
        short, long = min(series, key=len), max(series, key=len)
        raise UserError(
            f"the columns of {name} differ in length: {short.name!r} has {len(short)}, {long.name!r} has {len(long)}",
            remedy="give columns of equal length",
        )
    refuse_doubled(name, [item.name for item in series])
    return pl.DataFrame(series)


def _from_numpy(array: np.ndarray, name: str) -> pl.DataFrame:
    if array.dtype.names:
        return pl.DataFrame([_numpy_column(field, array[field]) for field in array.dtype.names])
    if array.ndim == 1:
        return pl.DataFrame([_numpy_column("column_1", array)])
    if array.ndim != 2:
        raise UserError(
            f"{name} must have one or two dimensions, got {array.ndim} instead", remedy="give rows by columns"
        )
    return pl.DataFrame([_numpy_column(f"column_{j + 1}", array[:, j]) for j in range(array.shape[1])])


def _numpy_column(name: str, values: np.ndarray) -> pl.Series:
    kind = values.dtype.kind
    if kind in "biuf":
        native = values.astype(values.dtype.newbyteorder("="), copy=False)
        if native.dtype == np.float16 or native.dtype.itemsize > 8:
            native = native.astype(np.float32 if native.dtype == np.float16 else np.float64)
        return pl.Series(name, np.ascontiguousarray(native))
    if kind == "U":
        return pl.Series(name, values.tolist(), dtype=pl.String)
    if kind == "S":
        return pl.Series(name, [item.decode("utf-8", "replace") for item in values.tolist()], dtype=pl.String)
    if kind == "M":
        micro = values.astype("datetime64[us]")
        numbers = pl.Series(name, micro.astype(np.int64)).set(pl.Series(np.isnat(micro)), None)
        return numbers.cast(pl.Datetime("us"))
    if kind == "m":
        seconds = values.astype("timedelta64[us]")
        return pl.Series(name, np.where(np.isnat(seconds), np.nan, seconds.astype(np.int64) / 1e6))
    return column(name, values.tolist())


def _from_pandas(table: Any, name: str) -> pl.DataFrame:
    if not hasattr(table, "columns"):  # a series
        label = "column_1" if table.name is None else str(table.name)
        return pl.DataFrame([_pandas_column(label, table)])
    if list(table.columns) == list(range(table.shape[1])):  # no names of its own: counted from 1 as elsewhere
        names = [f"column_{j + 1}" for j in range(table.shape[1])]
    else:
        names = ["_".join(map(str, label)) if isinstance(label, tuple) else str(label) for label in table.columns]
    refuse_doubled(name, names)
    return pl.DataFrame([_pandas_column(label, table.iloc[:, j]) for j, label in enumerate(names)])


def _pandas_column(name: str, values: Any) -> pl.Series:
    """A pandas series through NumPy: extension types have a mask of their own, categories their codes."""
    dtype = values.dtype
    missing = np.asarray(values.isna(), dtype=bool)
    if type(dtype).__name__ == "CategoricalDtype":
        categories = column(name, list(values.cat.categories))
        codes = pl.Series(name, np.asarray(values.cat.codes, dtype=np.int64)).set(pl.Series(missing), None)
        return categories.gather(codes).rename(name) if len(categories) else pl.Series(name, [None] * len(values))
    if getattr(dtype, "tz", None) is not None:
        values = values.dt.tz_convert("UTC").dt.tz_localize(None)
        return _numpy_column(name, values.to_numpy(dtype="datetime64[us]")).dt.replace_time_zone("UTC")
    if isinstance(dtype, np.dtype):
        if dtype.kind == "O":
            return column(name, [None if gone else v for v, gone in zip(values.tolist(), missing.tolist())])
        return _numpy_column(name, values.to_numpy())
    kind = getattr(dtype, "kind", "O")
    if kind in "biu":
        plain = {"b": np.bool_, "i": np.int64, "u": np.uint64}[kind]
        filled = values.fillna(False if kind == "b" else 0).to_numpy(dtype=plain)
        return pl.Series(name, filled).set(pl.Series(missing), None)
    if kind == "f":
        return pl.Series(name, values.to_numpy(dtype=np.float64, na_value=np.nan))
    if kind == "M":
        return _numpy_column(name, values.to_numpy(dtype="datetime64[us]", na_value=np.datetime64("NaT")))
    return column(name, [None if gone else v for v, gone in zip(values.tolist(), missing.tolist())])


def _from_arrow(table: Any, name: str) -> pl.DataFrame:
    names = [str(label) for label in getattr(table, "column_names", [])]
    refuse_doubled(name, names)
    try:
        result = pl.DataFrame(table)
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise UserError(f"{name} cannot be read as an Arrow table ({error})", remedy="give a table") from error
    return result


def _is_missing(value: Any) -> bool:
    """None, pandas' NA and NaT, and NaN, without importing pandas."""
    if value is None:
        return True
    if isinstance(value, float):
        return value != value
    return type(value).__name__ in ("NAType", "NaTType")
