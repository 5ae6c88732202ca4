"""The spellings of "no value", and how strings are cleaned before anything is read from them."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

# Compared in lower case, without the spaces around them.
MARKS = frozenset({"", "?", "na", "n/a", "#n/a", "n.a.", "<na>", "nan", "-nan", "null", "none", "-", "--", "nat"})

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
    bad = stripped.str.to_lowercase().is_in(list(marks)) if short.any() else pl.repeat(False, len(values), eager=True)
    if extra:
        bad = bad | stripped.is_in(list(extra))
    return stripped.set(bad.fill_null(False), None) if bad.any() else stripped


# What polars strips: the White_Space characters of Unicode, which Python's own strip() has a few more of.
_SPACE = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


def clean_few(values: pl.Series, marks: Collection[str] = MARKS, extra: Collection[str] = ()) -> list[str | None]:
    """What `clean` gives, as a list; for a handful of values this is many times faster.

    Example:
        >>> clean_few(pl.Series([" a", "NA"]))
        ['a', None]
    """
    out: list[str | None] = []
    for value in values.to_list():
        if value is not None:
            value = value.strip(_SPACE)
            if (len(value) <= _LONGEST and value.lower() in marks) or value in extra:
                value = None
        out.append(value)
    return out


def drop_numbers(values: pl.Series, extra: Collection[str]) -> pl.Series:
    """Numbers with the user's own sentinels, such as -999, replaced by null."""
    numbers = [number for number in map(_as_number, extra) if number is not None]
    if not numbers:
        return values
    bad = values.is_in(pl.Series(numbers, dtype=pl.Float64).cast(values.dtype, strict=False).drop_nulls().implode())
    return values.set(bad.fill_null(False), None) if bad.any() else values


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
