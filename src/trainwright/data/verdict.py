"""What is decided about one column, and the decision for columns of numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import polars as pl

from trainwright.data.notes import Note
from trainwright.data.schema import Kind

ENOUGH = 0.95  # share of values that must parse before the rest is called missing
TEXT_WORDS = 4.0
UNIQUE = 0.95
FEW_ROWS = 20
TRUE = ("true", "yes", "y", "t")
FALSE = ("false", "no", "n", "f")
SMALL_INTEGERS = (pl.Int8, pl.Int16, pl.UInt8, pl.UInt16)

_WORD_ID = re.compile(r"(?<![a-z])(id|uid|uuid|guid|index|idx|rowid|rownames|unnamed: ?\d+)(?![a-z])|[a-z](ID|Id)$")

# That all values are different counts as no chance from this exponent on: about one in 500 million.
SURPRISING = 20.0


@dataclass(frozen=True)
class Verdict:
    """What one column is.

    Args:
        values: (n,) cast to the kind; missing is null.
        kind: what the values are.
        reason: why, in words.
        format: how to read values again in a later file, see `Column.format`.
        notes: what was assumed or lost on the way.
    """

    values: pl.Series
    kind: Kind
    reason: str
    format: str = ""
    notes: tuple[Note, ...] = field(default=())


def of_numbers(values: pl.Series, format: str, notes: tuple[Note, ...] = (), reason: str = "") -> Verdict:
    """Numbers: infinite becomes missing, small integers single precision, row numbers an identifier."""
    name = values.name
    if values.dtype.is_float():
        bad = values.is_infinite()
        if bad.any():
            notes = (
                *notes,
                Note("infinite", f"column {name!r}: {bad.sum():,} infinite value(s) count as missing", (name,)),
            )
            values = values.set(bad.fill_null(False), None)
        if values.is_nan().any():
            values = values.fill_nan(None)
        return Verdict(values, Kind.NUMBER, reason or "numbers", format, notes)
    identifier = _row_numbers(values)
    if identifier:
        return Verdict(values.cast(pl.Int64, strict=False), Kind.IDENTIFIER, identifier, "integer", notes)
    if values.dtype in SMALL_INTEGERS:
        return Verdict(values.cast(pl.Float32), Kind.NUMBER, reason or "whole numbers", format, notes)
    whole = values.cast(pl.Int64, strict=False)
    if whole.null_count() > values.null_count():  # beyond 64 signed bits
        return Verdict(values.cast(pl.Float64), Kind.NUMBER, "numbers", format, notes)
    return Verdict(whole, Kind.NUMBER, reason or "whole numbers", format, notes)


def _row_numbers(values: pl.Series) -> str:
    """Why whole numbers, all different, are an identifier: dealt out one by one, or named so; "" when they are not.

    Measured numbers in a narrow range repeat: that n draws from m values are all different has a chance of about
    exp(-n (n - 1) / 2 m), the birthday problem. So a part of a numbered table is known by its numbers too.
    """
    n = values.len()
    if n < FEW_ROWS or values.null_count() > 0:
        return ""
    low, high = values.min(), values.max()
    span = int(high) - int(low) + 1  # type: ignore[arg-type]
    dealt = n * (n - 1) / (2 * span) > SURPRISING or span == n
    named = _WORD_ID.search(values.name) or _WORD_ID.search(values.name.lower())
    if not (dealt or named) or values.n_unique() < n:
        return ""
    if span == n:
        return f"consecutive whole numbers, one for each row ({low!r} to {high!r})"
    if dealt:
        return f"whole numbers from {low!r} to {high!r}, of which chance would repeat some: dealt out one for each row"
    return "named like an identifier, and different in every row"
