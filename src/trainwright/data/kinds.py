"""Decides what the values of one column are, casts them, and says why."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

import polars as pl

from trainwright.data.missing import clean, drop_numbers
from trainwright.data.moments import looks_like_moments, read_moments
from trainwright.data.notes import Note, listing
from trainwright.data.numerals import find_style, numbers, plain_numbers
from trainwright.data.schema import Kind

ENOUGH = 0.95  # share of values that must parse before the rest is called missing
TEXT_WORDS = 4.0
UNIQUE = 0.95
FEW_ROWS = 20
TRUE = ("true", "yes", "y", "t")
FALSE = ("false", "no", "n", "f")
SMALL_INTEGERS = (pl.Int8, pl.Int16, pl.UInt8, pl.UInt16)

_WORD_ID = re.compile(
    r"(?<![a-z])(id|uid|uuid|guid|index|idx|rowid|rownames|unnamed: ?\d+)(?![a-z])|[a-z](ID|Id)$"
)


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
    from trainwright.data.convert import cast_to, flatten

    flat, lost = flatten(column)
    if lost:
        return Verdict(
            flat, Kind.TEXT, lost, notes=(Note("nested", f"column {column.name!r}: {lost}", (column.name,)),)
        )
    if kind is not None:
        cast = cast_to(flat, kind, marks=marks)
        return Verdict(cast.values, kind, "kind given", cast.format, cast.notes(column.name))
    if flat.dtype == pl.String:
        verdict = _of_strings(flat, marks)
    elif flat.dtype == pl.Boolean:
        verdict = Verdict(flat, Kind.BOOLEAN, "true or false")
    elif flat.dtype.is_temporal():
        verdict = Verdict(flat, Kind.DATETIME, "dates")
    elif flat.dtype == pl.Null:
        verdict = Verdict(flat.cast(pl.String), Kind.CONSTANT, "no value at all")
    else:
        verdict = _of_numbers(drop_numbers(flat, marks), "")
    return _constant(verdict)


def _constant(verdict: Verdict) -> Verdict:
    """A column with one value says nothing, unless some rows lack it."""
    values = verdict.values
    held = values.drop_nulls()
    if held.len() == 0:
        return Verdict(values.cast(pl.String), Kind.CONSTANT, "no value at all", notes=verdict.notes)
    if held.len() == values.len() and held.head(2).n_unique() == 1 and held.n_unique() == 1:
        from trainwright.data.convert import spelt

        value = spelt(held.head(1)).item()
        return Verdict(
            spelt(values), Kind.CONSTANT, f"every row has the value {value!r}", notes=verdict.notes
        )
    return verdict


def _of_numbers(values: pl.Series, format: str, notes: tuple[Note, ...] = (), reason: str = "") -> Verdict:
    """Numbers: infinite becomes missing, small integers single precision, row numbers an identifier."""
    name = values.name
    if values.dtype.is_float():
        bad = values.is_infinite()
        if bad.any():
            notes = (
                *notes,
                Note(
                    "infinite", f"column {name!r}: {bad.sum():,} infinite value(s) count as missing", (name,)
                ),
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
    """Why whole numbers, all different, are an identifier: consecutive, or named so; "" when they are not."""
    n = values.len()
    if n < FEW_ROWS or values.null_count() > 0:
        return ""
    low, high = values.min(), values.max()
    consecutive = int(high) - int(low) == n - 1  # type: ignore[arg-type]
    named = _WORD_ID.search(values.name) or _WORD_ID.search(values.name.lower())
    if not (consecutive or named) or values.n_unique() < n:
        return ""
    if consecutive:
        return f"consecutive whole numbers, one for each row ({low!r} to {high!r})"
    return "named like an identifier, and different in every row"


def _of_strings(raw: pl.Series, marks: Collection[str]) -> Verdict:
    """Strings: numbers, yes and no, dates, identifiers, text, or categories, tried in this order."""
    fast = plain_numbers(raw)
    if not marks and fast.null_count() == raw.null_count() and not fast.is_nan().any():
        values, held = raw, raw  # nothing to clean: every value is a number
    else:
        values = clean(raw, extra=marks)
        held = values.drop_nulls()
        fast = plain_numbers(values)
    n = held.len() - (held.null_count() if held is raw else 0)
    if n == 0:
        return Verdict(values, Kind.CONSTANT, "no value at all")
    verdict = _spelt_numbers(values, fast, n)
    if verdict is not None and verdict.kind is not Kind.CATEGORY:
        return verdict
    if verdict is not None:  # codes with leading zeros
        return _words(values, verdict.reason, ())
    doubt: tuple[Note, ...] = ()
    style, unsure = find_style(values)
    if style is not None:
        read = numbers(values, style)
        said = f"numbers written as {held[0]!r}"
        return _of_numbers(read, style.spell(), _unparsed(values, read, "number"), said)
    if unsure:
        doubt = (
            Note(
                "ambiguous_numbers",
                f"column {raw.name!r}: values such as {held[0]!r} could be read in two ways and were left "
                "as they are; write plain numbers",
                (raw.name,),
            ),
        )
    boolean = _yes_no(values)
    if boolean is not None:
        return boolean
    dates = _dates(values, n)
    return dates if dates is not None else _words(values, "", doubt)


def _spelt_numbers(values: pl.Series, fast: pl.Series, n: int) -> Verdict | None:
    """Plain numbers, with at most a few words among them; CATEGORY for codes such as 01234."""
    parsed = fast.len() - fast.null_count()
    if parsed < ENOUGH * n:
        return None
    whole = _whole(values, fast)
    if whole is not None and whole.len() - whole.null_count() == parsed:
        zeros = values.str.contains(r"^[-+]?0\d")
        if zeros.any():
            return Verdict(
                values, Kind.CATEGORY, f"codes with leading zeros, such as {values.filter(zeros)[0]!r}"
            )
        return _of_numbers(whole, "", _unparsed(values, fast, "number"))
    return _of_numbers(fast, "", _unparsed(values, fast, "number"))


def _whole(values: pl.Series, fast: pl.Series) -> pl.Series | None:
    """The strings as whole numbers, or None as soon as one is seen that is not: a fraction, or infinite."""
    for part in (fast.head(1000), fast):
        if not (part.is_null() | (part % 1 == 0)).all():
            return None
    return values.cast(pl.Int64, strict=False)


def _unparsed(values: pl.Series, read: pl.Series, wanted: str) -> tuple[Note, ...]:
    """A note naming the values that were lost."""
    lost = values.filter(values.is_not_null() & read.is_null())
    if lost.len() == 0:
        return ()
    shown = listing(lost.unique(maintain_order=True).head(20).to_list(), limit=3)
    message = (
        f"column {values.name!r}: {lost.len():,} value(s) are not a {wanted} and count as missing: {shown}"
    )
    return (Note(f"not_a_{wanted}", message, (values.name,)),)


def _yes_no(values: pl.Series) -> Verdict | None:
    if values.head(50).str.len_bytes().max() > 5:  # type: ignore[operator]
        return None
    lower = values.str.to_lowercase()
    found = set(lower.drop_nulls().unique().head(5).to_list())
    for yes, no in zip(TRUE, FALSE):
        if found == {yes, no}:
            return Verdict(lower == yes, Kind.BOOLEAN, f"only {yes!r} and {no!r}")
    return None


def _dates(values: pl.Series, n: int) -> Verdict | None:
    if not looks_like_moments(values):
        return None
    read = read_moments(values)
    parsed = read.values.len() - read.values.null_count()
    if parsed < ENOUGH * n:
        return None
    name = values.name
    notes = list(_unparsed(values, read.values, "date"))
    if read.ambiguous:
        notes.append(
            Note(
                "ambiguous_dates",
                f"column {name!r}: no value says whether the day or the month comes first; read as "
                f"{read.order.replace('-', ' ')}; write 2024-01-31 to be sure",
                (name,),
            )
        )
    if read.styles > 1:
        notes.append(
            Note("mixed_dates", f"column {name!r}: dates are written in {read.styles} ways", (name,))
        )
    if read.offsets:
        notes.append(Note("time_zone", f"column {name!r}: times with an offset were brought to UTC", (name,)))
    order = f", {read.order.replace('-', ' ')}" if read.order else ""
    return Verdict(read.values, Kind.DATETIME, f"dates{order}", read.order, tuple(notes))


def _words(values: pl.Series, reason: str, notes: tuple[Note, ...]) -> Verdict:
    """Strings that are nothing else: an identifier, text or a category."""
    held = values.drop_nulls()
    n, distinct = held.len(), held.n_unique()
    words = float((held.head(10_000).str.count_matches(r"\s+") + 1).mean() or 0)  # type: ignore[arg-type]
    if words > TEXT_WORDS and distinct >= FEW_ROWS and (distinct >= 0.5 * n or distinct > 1000):
        return Verdict(values, Kind.TEXT, f"free text, {words:.0f} words on average", notes=notes)
    if n >= FEW_ROWS and distinct >= UNIQUE * n:
        return Verdict(values, Kind.IDENTIFIER, f"{distinct:,} different values in {n:,} rows", notes=notes)
    return Verdict(values, Kind.CATEGORY, reason or f"{distinct:,} different values", notes=notes)
