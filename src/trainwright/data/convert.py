"""Casts one column to a kind that is already decided; what cannot be read becomes missing and is counted."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from trainwright.data.missing import clean, clean_few, drop_numbers
from trainwright.data.moments import read_moments
from trainwright.data.notes import Note, listing
from trainwright.data.numerals import Style, find_style, numbers, plain_numbers
from trainwright.data.schema import Kind

FEW = 8
_PLAIN = re.compile(r"[-+]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][-+]?[0-9]{1,3})?")
_TRUE = ("true", "yes", "y", "t", "1", "1.0")
_FALSE = ("false", "no", "n", "f", "0", "0.0")


@dataclass(frozen=True)
class Cast:
    """A column cast to a kind.

    Args:
        values: (n,) of the kind's type; null is missing.
        lost: the different values that could not be read, at most 20 of them.
        n_lost: in how many rows.
        format: see `Column.format`.
        kind: what was asked for.
    """

    values: pl.Series
    kind: Kind
    lost: tuple[str, ...] = ()
    n_lost: int = 0
    format: str = ""

    def notes(self, name: str) -> tuple[Note, ...]:
        """What was lost, as a note."""
        if not self.n_lost:
            return ()
        message = (
            f"column {name!r}: {self.n_lost:,} value(s) are not a {self.kind.value} and count as missing: "
            f"{listing(self.lost, limit=3)}"
        )
        return (Note("unparsed", message, (name,)),)


def flatten(column: pl.Series) -> tuple[pl.Series, str]:
    """Any type as one of string, number, boolean or moment; and why the column cannot be used, or "".

    Moments with a time zone are brought to UTC; durations become seconds.
    """
    dtype = column.dtype
    base = dtype.base_type()
    if base in (pl.String, pl.Boolean, pl.Null) or dtype.is_float() or dtype.is_integer():
        return column, ""
    if base in (pl.Categorical, pl.Enum):
        return column.cast(pl.String), ""
    if base == pl.Decimal:
        return column.cast(pl.Float64), ""
    if base == pl.Date:
        return column.cast(pl.Datetime("us")), ""
    if base == pl.Datetime:
        if dtype.time_zone is not None:  # type: ignore[attr-defined]
            column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return column.cast(pl.Datetime("us")), ""
    if base == pl.Duration:
        return column.dt.total_microseconds() / 1e6, ""
    if base == pl.Time:
        return column.cast(pl.Int64) / 1e9, ""
    if base == pl.Binary:
        return column.bin.encode("hex"), "binary values are not used"
    texts = [None if value is None else str(value) for value in column.to_list()]
    return pl.Series(column.name, texts, dtype=pl.String), f"nested values ({str(dtype).lower()}) are not used"


def spelt(values: pl.Series) -> pl.Series:
    """Values as the strings that categories are compared by: whole numbers without a point, True and False.

    Example:
        >>> spelt(pl.Series([1.0, 2.5, None])).to_list()
        ['1', '2.5', None]
    """
    if values.dtype == pl.String:
        return values
    if values.dtype.is_float():
        whole = values.cast(pl.Int64, strict=False)
        as_whole = (whole.cast(pl.Float64) == values.cast(pl.Float64)).fill_null(False)
        finite = values.fill_nan(None)
        return finite.cast(pl.String).zip_with(~as_whole, whole.cast(pl.String))
    if values.dtype == pl.Boolean:
        return values.replace_strict([True, False], ["True", "False"], default=None, return_dtype=pl.String)
    if values.dtype == pl.Null:
        return values.cast(pl.String)
    if values.dtype.is_temporal():
        return values.dt.to_string("iso:strict")
    return values.cast(pl.String)


def cast_to(column: pl.Series, kind: Kind, *, format: str = "", marks: Collection[str] = ()) -> Cast:
    """The column cast to a kind; never fails.

    Args:
        column: (n,) values of any type.
        kind: what they shall be.
        format: how the kind's values are spelt where that is known, see `Column.format`.
        marks: further spellings of a missing value.

    Example:
        >>> cast = cast_to(pl.Series(["1", "x", "?"]), Kind.NUMBER)
        >>> cast.values.to_list(), cast.lost
        ([1.0, None, None], ('x',))
    """
    values, unusable = flatten(column)
    if unusable:
        values = values if kind in (Kind.TEXT, Kind.CONSTANT) else values.set(values.is_not_null(), None)
    if values.dtype == pl.String:
        if values.len() <= FEW:
            quick = _few(values, kind, format, marks)
            if quick is not None:
                return quick
        values = clean(values, extra=marks)
    elif marks and values.dtype.is_numeric():
        values = drop_numbers(values, marks)
    if kind is Kind.NUMBER:
        return _number(values, format)
    if kind is Kind.BOOLEAN:
        return _boolean(values)
    if kind is Kind.DATETIME:
        return _moment(values, format)
    if kind is Kind.IDENTIFIER and (format == "integer" or (not format and values.dtype.is_integer())):
        read = values.cast(pl.Int64, strict=False)
        if format == "integer" and values.dtype == pl.String and read.null_count() > values.null_count():
            read = plain_numbers(values).cast(pl.Int64, strict=False)
        return _counted(values, read, kind, "integer")
    return Cast(spelt(values), kind)


def _few(values: pl.Series, kind: Kind, format: str, marks: Collection[str]) -> Cast | None:
    """A handful of strings without the overhead of column operations; None where those are needed.

    One row must be answered within a millisecond or two.
    """
    if kind in (Kind.CATEGORY, Kind.TEXT, Kind.CONSTANT):
        return Cast(pl.Series(values.name, clean_few(values, extra=marks), dtype=pl.String), kind)
    if kind is Kind.NUMBER and not format:
        items = clean_few(values, extra=marks)
        if all(item is None or _PLAIN.fullmatch(item) for item in items):
            read = [None if item is None else float(item) for item in items]
            if not any(number in (float("inf"), float("-inf")) for number in read):
                return Cast(pl.Series(values.name, read, dtype=pl.Float64), kind)
    return None


def _number(values: pl.Series, format: str) -> Cast:
    if values.dtype.is_float() or values.dtype == pl.Boolean or values.dtype.is_integer():
        read = values if values.dtype == pl.Float32 else values.cast(pl.Float64)
    elif values.dtype == pl.String:
        read = plain_numbers(values)
        if read.null_count() > values.null_count():
            style = Style.read(format) if format else (find_style(values)[0] if values.len() > 1 else None)
            if style is not None and style != Style():
                read, format = numbers(values, style), style.spell()
    else:
        read = pl.Series(values.name, [None] * values.len(), dtype=pl.Float64)
    read = read.fill_nan(None)
    if read.is_infinite().any():
        read = read.set(read.is_infinite().fill_null(False), None)
    return _counted(values, read, Kind.NUMBER, format)


def _boolean(values: pl.Series) -> Cast:
    if values.dtype == pl.Boolean:
        return Cast(values, Kind.BOOLEAN)
    lower = spelt(values).str.to_lowercase()
    read = lower.replace_strict(
        [*_TRUE, *_FALSE],
        [*(True for _ in _TRUE), *(False for _ in _FALSE)],
        default=None,
        return_dtype=pl.Boolean,
    )
    return _counted(values, read, Kind.BOOLEAN, "")


def _moment(values: pl.Series, format: str) -> Cast:
    if values.dtype.is_temporal():
        return Cast(values, Kind.DATETIME, format=format)
    if values.dtype == pl.String or values.dtype.is_integer():
        read = read_moments(values.cast(pl.String), format, compact=True)
        return _counted(values, read.values, Kind.DATETIME, format or read.order)
    return _counted(
        values, pl.Series(values.name, [None] * values.len(), dtype=pl.Datetime("us")), Kind.DATETIME, format
    )


def _counted(values: pl.Series, read: pl.Series, kind: Kind, format: str) -> Cast:
    read = read.rename(values.name)
    if read.null_count() <= values.null_count():
        return Cast(read, kind, format=format)
    gone = values.is_not_null() & read.is_null()
    if values.dtype.is_float():
        gone = gone & values.is_not_nan()
    lost = spelt(values.filter(gone))
    return Cast(read, kind, tuple(lost.unique(maintain_order=True).head(20).to_list()), lost.len(), format)
