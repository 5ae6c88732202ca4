"""Figures about a dataset version before anything is trained: labels, parts, classes and columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from trainwright.data.labels import encode_target
from trainwright.data.schema import Column, Kind, Schema, Target
from trainwright.data.split_value import DEVELOPMENT, Split

TOP = 5
SHOWN_CHARACTERS = 80
FEW_ROWS, FEW_VALUES = 10, 30
BINS = 20


def statistics(
    frame: pl.DataFrame, schema: Schema, target: Target | None = None, split: Split | None = None
) -> dict[str, Any]:
    """What `inspect` shows, as plain data.

    Args:
        frame: n rows cast to the schema's kinds; rows whose label is missing may be among them.
        schema: of the dataset version.
        target: what is predicted, or None while it is unknown.
        split: the split of the rows of `frame`; then the figures about the target are of development rows
            alone, because the test part is sealed.

    Returns:
        `rows`, `labelled`, `split`, `target`, `columns` and `warnings`; a column's `coverage` is
        the share of rows with a value.

    Example:
        >>> frame = pl.DataFrame({"size": [1.0, None, 3.0, 4.0]})
        >>> figures = statistics(frame, Schema((Column("size", Kind.NUMBER),)))
        >>> figures["columns"][0]["coverage"], figures["columns"][0]["median"]
        (0.75, 3.0)
    """
    held = set(frame.columns)
    columns = [_column(frame[c.name], c) for c in schema.columns if c.name in held]
    known = None if target is None else frame[target.column].is_not_null()
    about: dict[str, Any] | None = None
    if target is not None:
        rows = frame[target.column] if split is None else frame[target.column].filter(split.part == DEVELOPMENT)
        about = _target(rows, target)
        columns = [c for c in columns if c["name"] != target.column]
    return {
        "rows": frame.height,
        "labelled": None if known is None else int(known.sum()),
        "split": None if split is None else split.summary(),
        "target": about,
        "columns": columns,
        "warnings": _warnings(about, columns, frame.height),
    }


def _column(values: pl.Series, column: Column) -> dict[str, Any]:
    present = values.drop_nulls()
    if present.dtype.is_float():
        present = present.filter(present.is_finite())
    figures: dict[str, Any] = {
        "name": column.name,
        "kind": column.kind.value,
        "role": column.role.value,
        "reason": column.reason,
        "missing": len(values) - len(present),
        "coverage": round(len(present) / len(values), 4) if len(values) else 0.0,
        "distinct": present.n_unique(),
    }
    ordered = column.kind in (Kind.NUMBER, Kind.DATETIME) and (
        present.dtype.is_numeric() or present.dtype.is_temporal()
    )
    if ordered and len(present):
        for name in ("min", "median", "max"):
            figures[name] = _plain(getattr(present, name)())
    if column.kind in (Kind.CATEGORY, Kind.BOOLEAN, Kind.CONSTANT) and len(present):
        counts = present.alias("value").value_counts(name="rows").sort(["rows", "value"], descending=[True, False])
        figures["top"] = [[_plain(value), rows] for value, rows in counts.head(TOP).iter_rows()]
    return figures


def _plain(value: Any) -> Any:
    """A value that JSON can hold; long texts are cut."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if hasattr(value, "isoformat"):
        return value.isoformat()
    text = str(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def _target(values: pl.Series, target: Target) -> dict[str, Any]:
    y = encode_target(values.drop_nulls(), target)
    if target.task == "classes":
        counts = np.bincount(y[y >= 0].astype(np.int64), minlength=len(target.classes))
        total = max(int(counts.sum()), 1)
        return {
            "column": target.column,
            "task": target.task,
            "positive": target.positive,
            "classes": [
                {"class": name, "rows": int(rows), "share": round(float(rows) / total, 4)}
                for name, rows in zip(target.classes, counts)
            ],
        }
    y = y[np.isfinite(y)]
    about: dict[str, Any] = {"column": target.column, "task": target.task}
    if len(y):
        counts, edges = np.histogram(y, bins=BINS)
        about |= {
            "min": float(y.min()),
            "median": float(np.median(y)),
            "mean": float(y.mean()),
            "max": float(y.max()),
            "standard_deviation": float(y.std()),
            "histogram": {"edges": edges.tolist(), "rows": counts.tolist()},
        }
    return about


def _warnings(about: dict[str, Any] | None, columns: list[dict[str, Any]], n: int) -> list[str]:
    """Classes and columns with too few examples to learn from."""
    said = []
    for item in (about or {}).get("classes", ()):
        if item["rows"] < FEW_ROWS:
            said.append(
                f"class {item['class']!r} has {item['rows']} rows, fewer than {FEW_ROWS}: label more of "
                "them, or merge it with another class"
            )
    for column in columns:
        filled = n - column["missing"]
        if column["role"] == "feature" and filled < min(FEW_VALUES, n):
            said.append(f"column {column['name']!r} has a value in {filled} of {n} rows: too few to learn from")
    return said
