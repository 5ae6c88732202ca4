"""Dates and times written as text: ISO, day and month first, names of months, several ways in one column."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

DAY_FIRST = "day-first"
MONTH_FIRST = "month-first"

_TIME = (
    r"(?:(?:[T ]|,\s*)\s*(?P<h>\d{1,2}):(?P<mi>\d{2})(?::(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
    r"\s*(?P<ap>[AaPp]\.?[Mm]\.?)?\s*(?P<z>Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
)
_ISO = r"^(?P<y>\d{4})(?:-(?P<m>\d{1,2})-|/(?P<m2>\d{1,2})/|\.(?P<m3>\d{1,2})\.)(?P<d>\d{1,2})" + _TIME + "$"
_PARTS = r"^(?P<a>\d{1,2})(?P<sep>[-/.])\s?(?P<b>\d{1,2})[-/.]\s?(?P<y>\d{4}|\d{2})" + _TIME + "$"
_DAY_NAME = (
    r"^(?:[A-Za-z]{3,9},?\s+)?(?P<d>\d{1,2})(?:st|nd|rd|th)?[-\s.]+(?P<name>[A-Za-z]{3,9})\.?,?[-\s]+(?P<y>\d{4}|\d{2})"
    + _TIME
    + "$"
)
_NAME_DAY = (
    r"^(?:[A-Za-z]{3,9},?\s+)?(?P<name>[A-Za-z]{3,9})\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y>\d{4})"
    + _TIME
    + "$"
)
_COMPACT = r"^(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?:T?(?P<h>\d{2})(?P<mi>\d{2})(?P<s>\d{2}))?$"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True)
class Moments:
    """Strings read as moments.

    Args:
        values: (n,) Datetime("us"), in UTC where the text names an offset; null where it is not a moment.
        order: "day-first" or "month-first" where dates such as 03/04/2024 occur, otherwise "".
        ambiguous: no value said which of the two it is.
        styles: in how many ways the dates are written.
        offsets: some values name an offset from UTC.
    """

    values: pl.Series
    order: str = ""
    ambiguous: bool = False
    styles: int = 0
    offsets: bool = False


def looks_like_moments(values: pl.Series) -> bool:
    """Whether the first strings look like dates, at little cost.

    Example:
        >>> looks_like_moments(pl.Series(["2024-01-31", "soon"])), looks_like_moments(pl.Series(["red"]))
        (True, False)
    """
    some = values.drop_nulls().head(200)
    digits = some.str.contains(
        r"\d{1,4}[-/.]\s?\d{1,2}[-/.]\s?\d{1,4}|\d{1,2}.{1,4}[A-Za-z]{3,9}.{1,3}\d{2,4}|[A-Za-z]{3,9}\.?\s+\d{1,2}.{1,4}\d{4}"
    )
    return bool(digits.sum() >= 0.5 * max(1, some.len()))


def read_moments(values: pl.Series, order: str = "", *, compact: bool = False) -> Moments:
    """Reads strings as moments.

    Args:
        values: (n,) cleaned strings.
        order: "day-first" or "month-first" when it is known; "" to decide by the values.
        compact: also read 20240131 and 20240131T235959.

    Example:
        >>> read = read_moments(pl.Series(["31/01/2024", "01/02/2024 10:30"]))
        >>> read.order, read.values.dt.to_string("%Y-%m-%d %H:%M").to_list()
        ('day-first', ['2024-01-31 00:00', '2024-02-01 10:30'])
    """
    name = values.name
    distinct = values.drop_nulls().unique()
    if distinct.len() > 0.5 * max(1, values.len()):
        read, facts = _read(values, order, compact)
        return Moments(read.rename(name), *facts)
    read, facts = _read(distinct, order, compact)
    if distinct.len() == 0:
        return Moments(pl.Series(name, [None] * values.len(), dtype=pl.Datetime("us")), *facts)
    joined = values.replace_strict(distinct, read, default=None, return_dtype=pl.Datetime("us"))
    return Moments(joined.rename(name), *facts)


def _read(values: pl.Series, order: str, compact: bool) -> tuple[pl.Series, tuple[str, bool, int, bool]]:
    """Each way of writing in turn, on the values that none before could read."""
    out = pl.Series([None] * values.len(), dtype=pl.Datetime("us"))
    ambiguous = offsets = False
    styles = 0
    found_order = ""
    for pattern in (_ISO, _PARTS, _DAY_NAME, _NAME_DAY, *([_COMPACT] if compact else [])):
        left = out.is_null() & values.is_not_null()
        if not left.any():
            break
        where = left.arg_true()
        text = values.gather(where)
        if not text.head(1).str.contains(pattern).any() and not text.str.contains(pattern).any():
            continue
        parts = text.str.extract_groups(pattern).struct.unnest()
        if pattern == _PARTS:
            found_order, ambiguous, mixed = (order, False, False) if order else _decide(parts)
            read = _ordered(parts, found_order)
            styles += int(mixed)
        else:
            read = _moment(parts, *_year_month_day(parts))
        got = read.is_not_null()
        if got.any():
            styles += 1
            offsets = offsets or bool(parts["z"].is_not_null().any() if "z" in parts.columns else False)
            out = out.scatter(where.filter(got), read.filter(got))
    return out, (found_order, ambiguous, styles, offsets)


def _decide(parts: pl.DataFrame) -> tuple[str, bool, bool]:
    """Which part of a/b/year is the day: whichever exceeds 12. Returns order, in doubt, both occur."""
    parts = parts.filter(pl.col("sep") != ".")  # dates with points are written day first everywhere
    a, b = parts["a"].cast(pl.Int32), parts["b"].cast(pl.Int32)
    day_first, month_first = int((a > 12).sum()), int((b > 12).sum())
    if day_first or month_first:
        return (
            (DAY_FIRST if day_first >= month_first else MONTH_FIRST),
            False,
            bool(day_first and month_first),
        )
    if bool((a == b).all()):
        return DAY_FIRST, False, False
    return (MONTH_FIRST if bool((parts["sep"] == "/").any()) else DAY_FIRST), True, False


def _ordered(parts: pl.DataFrame, order: str) -> pl.Series:
    """a/b/year in this order; a value that is legal only the other way round is read that way."""
    a, b = parts["a"].cast(pl.Int32), parts["b"].cast(pl.Int32)
    year = _century(parts["y"])
    first = (parts["sep"] == ".") if order == MONTH_FIRST else parts["sep"].is_not_null()
    day, month = a.zip_with(first, b), b.zip_with(first, a)
    swap = (month > 12) & (day <= 12)
    true_day = day.zip_with(~swap.fill_null(False), month)
    true_month = month.zip_with(~swap.fill_null(False), day)
    return _moment(parts, year, true_month, true_day)


def _year_month_day(parts: pl.DataFrame) -> tuple[pl.Series, pl.Series, pl.Series]:
    year, day = _century(parts["y"]), parts["d"].cast(pl.Int32)
    if "name" in parts.columns:
        key = parts["name"].str.to_lowercase().str.slice(0, 3)
        month = key.replace_strict(list(_MONTHS), list(range(1, 13)), default=None, return_dtype=pl.Int32)
    elif "m2" in parts.columns:
        month = parts.select(pl.coalesce("m", "m2", "m3").cast(pl.Int32)).to_series()
    else:
        month = parts["m"].cast(pl.Int32)
    return year, month, day


def _century(year: pl.Series) -> pl.Series:
    """Two digits as POSIX does: 69 to 99 are 1969 to 1999, the others 20xx."""
    number = year.cast(pl.Int32)
    short = year.str.len_bytes() == 2
    return (
        number
        + pl.select(
            pl.when(short & (number >= 69)).then(1900).when(short).then(2000).otherwise(0).cast(pl.Int32)
        ).to_series()
    )


def _moment(parts: pl.DataFrame, year: pl.Series, month: pl.Series, day: pl.Series) -> pl.Series:
    """Parts as moments, by way of ISO text, so that the 31st of February is null rather than an error."""

    def part(name: str, default: str) -> pl.Series:
        if name not in parts.columns:
            return pl.repeat(default, parts.height, dtype=pl.String, eager=True)
        return parts[name].fill_null(default)

    hour = part("h", "0").cast(pl.Int32)
    half = part("ap", "").str.to_lowercase().str.slice(0, 1)
    twelve = (half != "") & (hour % 12 == hour.clip(0, 12) % 12)
    hour = hour.zip_with(~twelve, hour % 12 + 12 * (half == "p").cast(pl.Int32))
    text = pl.select(
        pl.format(
            "{}-{}-{}T{}:{}:{}.{}",
            year.cast(pl.String).str.zfill(4),
            month.cast(pl.String).str.zfill(2),
            day.cast(pl.String).str.zfill(2),
            hour.cast(pl.String).str.zfill(2),
            part("mi", "00"),
            part("s", "00"),
            part("f", "0"),
        )
    ).to_series()
    moment = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
    zone = part("z", "")
    if zone.str.contains(r"^[+-]").any():
        sign = zone.str.starts_with("-").cast(pl.Int64) * -2 + 1
        hours = zone.str.extract(r"^[+-](\d{2})").cast(pl.Int64).fill_null(0)
        minutes = zone.str.extract(r"(\d{2})$").cast(pl.Int64).fill_null(0)
        shift = sign * (hours * 60 + minutes) * 60_000_000
        moment = (moment.cast(pl.Int64) - shift).cast(pl.Datetime("us"))
    return moment
