"""Labels and target values: cleaned, encoded for models, and recognised again in any spelling."""

from __future__ import annotations

import numpy as np
import polars as pl

from trainwright.data.convert import flatten, spelt
from trainwright.data.missing import TARGET_MARKS, clean
from trainwright.data.numerals import Style, find_style, numbers, plain_numbers
from trainwright.data.schema import Target
from trainwright.errors import UserError


def encode_target(series: pl.Series, target: Target) -> np.ndarray:
    """The target's values as models see them.

    Args:
        series: (n,) values in any spelling: "1", 1 and 1.0 are the same label where labels are numbers.
        target: what is predicted.

    Returns:
        (n,) int64 class positions, -1 for labels that are missing or unknown; or (n,) float64, NaN where the
        value is missing or not a number.

    Example:
        >>> target = Target("y", "classes", ("no", "yes"), "yes")
        >>> encode_target(pl.Series(["no", "yes", "?"]), target).tolist()
        [0, 1, -1]
    """
    flat, _ = flatten(series)
    if target.task == "number":
        values = target_values(clean(flat, marks=TARGET_MARKS) if flat.dtype == pl.String else flat)
        if values.dtype == pl.String:
            values = plain_numbers(values)
        elif values.dtype.is_temporal():
            values = pl.Series([None] * len(values), dtype=pl.Float64)
        encoded = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        return np.where(np.isfinite(encoded), encoded, np.nan)
    positions = np.arange(len(target.classes), dtype=np.int64)
    text = _label(flat, target)
    codes = text.replace_strict(
        pl.Series(target.classes, dtype=pl.String), pl.Series(positions), default=-1, return_dtype=pl.Int64
    )
    return codes.fill_null(-1).to_numpy().astype(np.int64)


def target_values(values: pl.Series) -> pl.Series:
    """A cleaned target column as booleans, whole numbers, numbers, moments or labels.

    Strings are numbers only when each one is; codes such as 01 are labels.
    """
    flat, unusable = flatten(values)
    if unusable:
        raise UserError(f"target column {values.name!r}: {unusable}", remedy="name a column of numbers or labels")
    if flat.dtype == pl.Null:
        return flat.cast(pl.String)
    if flat.dtype.is_integer():
        whole = flat.cast(pl.Int64, strict=False)
        return whole if whole.null_count() == flat.null_count() else flat.cast(pl.Float64)
    if flat.dtype != pl.String:
        return flat
    missing = flat.null_count()
    read = plain_numbers(flat)
    if read.null_count() > missing:
        style = find_style(flat)[0]
        read = numbers(flat, style) if style not in (None, Style()) else read
    if read.null_count() > missing or missing == flat.len() or flat.str.contains(r"^[-+]?0\d").any():
        return flat
    whole = flat.cast(pl.Int64, strict=False)
    return whole if whole.null_count() == missing else read


def _label(values: pl.Series, target: Target) -> pl.Series:
    """Values in the spelling of the target's classes."""
    if target.numeric_labels is None:
        return clean(spelt(values), marks=())
    if target.numeric_labels == "bool":
        text = spelt(values).str.strip_chars().str.to_lowercase()
        return text.replace_strict(
            ["true", "1", "1.0", "false", "0", "0.0"],
            ["True"] * 3 + ["False"] * 3,
            default=None,
            return_dtype=pl.String,
        )
    if values.dtype == pl.String:
        values = plain_numbers(values.str.strip_chars())
    elif values.dtype == pl.Boolean or values.dtype.is_numeric():
        values = values.cast(pl.Float64)
    else:
        return pl.Series([None] * values.len(), dtype=pl.String)
    known = pl.Series([float(label) for label in target.classes], dtype=pl.Float64)
    return values.replace_strict(known, pl.Series(target.classes), default=None, return_dtype=pl.String)
