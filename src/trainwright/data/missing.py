"""The spellings of "no value", and how strings are cleaned before anything is read from them."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

# Compared in lower case, without the spaces around them.
MARKS = frozenset(
    {"", "?", "na", "n/a", "#n/a", "n.a.", "<na>", "nan", "-nan", "null", "none", "-", "--", "nat"}
)

# Among labels these two are words: a target of none, mild, severe has three classes.
TARGET_MARKS = MARKS - {"none", "-", "--"}

_LONGEST = max(len(mark) for mark in MARKS)


def clean(values: pl.Series, marks: Collection[str] = MARKS, extra: Collection[str] = ()) -> pl.Series:
    """Strings without the spaces around them, marks of missing values replaced by null.

    Args:
        values: (n,) strings.
        marks: spellings in lower case.
        extra: spellings given by the user, compared as they stand.

    Example:
        >>> clean(pl.Series([" a", "NA", "?"])).to_list()
        ['a', None, None]
    """
    stripped = values.str.strip_chars()
    short = stripped.str.len_bytes() <= _LONGEST
    bad = (
        stripped.str.to_lowercase().is_in(list(marks))
        if short.any()
        else pl.repeat(False, len(values), eager=True)
    )
    if extra:
        bad = bad | stripped.is_in(list(extra))
    return stripped.set(bad.fill_null(False), None) if bad.any() else stripped


def drop_numbers(values: pl.Series, extra: Collection[str]) -> pl.Series:
    """Numbers with the user's own sentinels, such as -999, replaced by null."""
    numbers = [number for number in map(_as_number, extra) if number is not None]
    if not numbers:
        return values
    bad = values.is_in(
        pl.Series(numbers, dtype=pl.Float64).cast(values.dtype, strict=False).drop_nulls().implode()
    )
    return values.set(bad.fill_null(False), None) if bad.any() else values


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
