"""Decides what the values of one column are, casts them, and says why."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from trainwright.data.convert import cast_to, flatten, spelt
from trainwright.data.missing import drop_numbers
from trainwright.data.notes import Note
from trainwright.data.schema import Kind
from trainwright.data.strings import of_strings
from trainwright.data.verdict import Verdict, of_numbers


def classify(column: pl.Series, *, kind: Kind | None = None, marks: Collection[str] = ()) -> Verdict:
    """The kind of one column, its values cast, and the reason.

    Args:
        column: (n,) values of any type.
        kind: the kind the user asks for, or None to find it out.
        marks: further spellings of a missing value, such as "-999".

    Example:
        >>> verdict = classify(pl.Series("age", ["39", "?", "50"]))
        >>> verdict.kind.value, verdict.values.to_list(), verdict.reason
        ('number', [39, None, 50], 'whole numbers')
    """
    flat, lost = flatten(column)
    if lost:
        return Verdict(
            flat, Kind.TEXT, lost, notes=(Note("nested", f"column {column.name!r}: {lost}", (column.name,)),)
        )
    if kind is not None:
        cast = cast_to(flat, kind, marks=marks)
        return Verdict(cast.values, kind, "kind given", cast.format, cast.notes(column.name))
    if flat.dtype == pl.String:
        verdict = of_strings(flat, marks)
    elif flat.dtype == pl.Boolean:
        verdict = Verdict(flat, Kind.BOOLEAN, "true or false")
    elif flat.dtype.is_temporal():
        verdict = Verdict(flat, Kind.DATETIME, "dates")
    elif flat.dtype == pl.Null:
        verdict = Verdict(flat.cast(pl.String), Kind.CONSTANT, "no value at all")
    else:
        verdict = of_numbers(drop_numbers(flat, marks), "")
    return _constant(verdict)


def _constant(verdict: Verdict) -> Verdict:
    """A column with one value says nothing, unless some rows lack it."""
    values = verdict.values
    held = values.drop_nulls()
    if held.len() == 0:
        return Verdict(values.cast(pl.String), Kind.CONSTANT, "no value at all", notes=verdict.notes)
    if held.len() == values.len() and held.head(2).n_unique() == 1 and held.n_unique() == 1:
        value = spelt(held.head(1)).item()
        return Verdict(spelt(values), Kind.CONSTANT, f"every row has the value {value!r}", notes=verdict.notes)
    return verdict
