"""Decides what a column of strings is: numbers, yes and no, dates, text, an identifier or a category."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from trainwright.data.missing import clean
from trainwright.data.moments import looks_like_moments, read_moments
from trainwright.data.notes import Note, listing
from trainwright.data.numerals import find_style, numbers, plain_numbers
from trainwright.data.schema import Kind
from trainwright.data.verdict import ENOUGH, FALSE, FEW_ROWS, TEXT_WORDS, TRUE, UNIQUE, Verdict, of_numbers


def of_strings(raw: pl.Series, marks: Collection[str]) -> Verdict:
    """Strings: numbers, yes and no, dates, identifiers, text, or categories, tried in this order."""
    fast = plain_numbers(raw)
    if not marks and fast.null_count() == raw.null_count() and not fast.is_nan().any():
        values, held = raw, raw  # nothing to clean: every value is a number
    else:
        values = clean(raw, extra=marks)
        held = values.drop_nulls()
        fast = plain_numbers(values)
    n = held.len() - held.null_count()
    if n == 0:
        return Verdict(values, Kind.CONSTANT, "no value at all")
    verdict = _plain(values, fast, n)
    if verdict is not None:
        return verdict
    if _long_digits(values, fast):
        return _words(values, ())
    style, unsure = find_style(values)
    if style is not None:
        read = numbers(values, style)
        if read.len() - read.null_count() >= ENOUGH * n:
            example = values.filter(fast.is_null() & read.is_not_null()).head(1).to_list()
            said = f"numbers written as {example[0]!r}" if example else ""
            return of_numbers(read, style.spell(), _unparsed(values, read, "number"), said)
    verdict = _yes_no(values) or _dates(values, n)
    return verdict if verdict is not None else _words(values, _doubts(values, fast, n, unsure))


def _plain(values: pl.Series, fast: pl.Series, n: int) -> Verdict | None:
    """Plain numbers, with at most a few words among them; or codes such as 01234; or None."""
    parsed = fast.len() - fast.null_count()
    if parsed < ENOUGH * n:
        return None
    whole = _whole(values, fast)
    if whole is not None and whole.len() - whole.null_count() == parsed:
        zeros = values.str.contains(r"^[-+]?0\d")
        if zeros.any():
            return _words(values, (), f"codes with leading zeros, such as {values.filter(zeros)[0]!r}")
        return of_numbers(whole, "", _unparsed(values, fast, "number"))
    if _long_digits(values, fast):
        return _words(values, ())
    return of_numbers(fast, "", _unparsed(values, fast, "number"))


def _long_digits(values: pl.Series, fast: pl.Series) -> bool:
    """Whether these are codes of 19 digits and more, which no number type holds exactly."""
    largest = fast.abs().max()
    return isinstance(largest, float) and largest >= 1e18 and bool(values.str.contains(r"^\d{19,}$").any())


def _doubts(values: pl.Series, fast: pl.Series, n: int, unsure: bool) -> tuple[Note, ...]:
    """Notes on values that could have been numbers, had they been written plainly."""
    name, held = values.name, values.drop_nulls()
    if unsure:
        said = f"values such as {held[0]!r} could be read in two ways and were left as they are"
        return (Note("ambiguous_numbers", f"column {name!r}: {said}; write plain numbers", (name,)),)
    parsed = fast.len() - fast.null_count()
    if parsed >= 0.5 * n:
        others = values.filter(fast.is_null() & values.is_not_null()).unique(maintain_order=True)
        said = (
            f"{parsed:,} numbers and {n - parsed:,} other values ({listing(others.head(20), limit=3)}) "
            "were taken as categories; where the others mean a missing value, name them as missing marks"
        )
        return (Note("mixed_types", f"column {name!r}: {said}", (name,)),)
    return ()


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
    message = f"column {values.name!r}: {lost.len():,} value(s) are not a {wanted} and count as missing: {shown}"
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
        notes.append(Note("mixed_dates", f"column {name!r}: dates are written in {read.styles} ways", (name,)))
    if read.offsets:
        notes.append(Note("time_zone", f"column {name!r}: times with an offset were brought to UTC", (name,)))
    order = f", {read.order.replace('-', ' ')}" if read.order else ""
    return Verdict(read.values, Kind.DATETIME, f"dates{order}", read.order, tuple(notes))


def _words(values: pl.Series, notes: tuple[Note, ...], reason: str = "") -> Verdict:
    """Strings that are nothing else: text, an identifier (never in doubt) or a category."""
    held = values.drop_nulls()
    n, distinct = held.len(), held.n_unique()
    some = held.gather_every(max(1, n // 10_000))
    words = float((some.str.count_matches(r"\s+") + 1).mean() or 0)  # type: ignore[arg-type]
    if words > TEXT_WORDS and distinct >= FEW_ROWS and (distinct >= 0.5 * n or distinct > 1000):
        return Verdict(values, Kind.TEXT, f"free text, {words:.0f} words on average", notes=notes)
    if n >= FEW_ROWS and distinct >= UNIQUE * n and not notes:
        return Verdict(values, Kind.IDENTIFIER, f"{distinct:,} different values in {n:,} rows", notes=notes)
    return Verdict(values, Kind.CATEGORY, reason or f"{distinct:,} different values", notes=notes)
