"""Finds the date inside values such as "batch-2023-04-17-A", "20230417_03", "LOT 17.04.2023" or "2023-W16"."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

SAMPLE, READ, MOMENTS = 2_000, 0.9, 10
DAY = 86_400_000_000  # microseconds
_YEAR = r"(?P<y>(?:19|20)\d{2})"
_MONTH = r"(?P<m>0[1-9]|1[0-2])"
_DAY = r"(?P<d>0[1-9]|[12]\d|3[01])"
_NAME = r"(?P<name>[A-Za-z]{3})[A-Za-z]{0,6}"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# Month names that other languages spell otherwise.
_MORE_MONTHS = {"mai": 5, "okt": 10, "dez": 12, "mär": 3}


@dataclass(frozen=True)
class Pattern:
    """One way of writing a moment inside other text.

    Args:
        words: for the user.
        regex: with named groups y, m, d or name or w, and optionally h and mi; found anywhere in a value.
        example: the same without names, as a user may paste it to extract the text; "" where that needs more.
        reading: the format of the extracted text, once its separators are hyphens or gone.
    """

    words: str
    regex: str
    example: str
    reading: str


PATTERNS = (
    Pattern(
        "year, month and day",
        rf"(?:^|\D){_YEAR}[-_./ ]{_MONTH}[-_./ ]{_DAY}(?:\D|$)",
        r"(\d{4}[-_./ ]\d{2}[-_./ ]\d{2})",
        "%Y-%m-%d",
    ),
    Pattern(
        "day, month and year",
        rf"(?:^|\D)(?P<d>0?[1-9]|[12]\d|3[01])[-_./ ](?P<m>0?[1-9]|1[0-2])[-_./ ]{_YEAR}(?:\D|$)",
        r"(\d{1,2}[-_./ ]\d{1,2}[-_./ ]\d{4})",
        "%d-%m-%Y",
    ),
    Pattern(
        "month, day and year",
        rf"(?:^|\D)(?P<m>0?[1-9]|1[0-2])[-_./ ](?P<d>0?[1-9]|[12]\d|3[01])[-_./ ]{_YEAR}(?:\D|$)",
        r"(\d{1,2}[-_./ ]\d{1,2}[-_./ ]\d{4})",
        "%m-%d-%Y",
    ),
    Pattern("day, name of the month and year", rf"(?:^|\D){_DAY}[-_./ ]?{_NAME}[-_./ ]?{_YEAR}(?:\D|$)", "", ""),
    Pattern(
        "year, month, day and time without separators",
        rf"(?:^|\D){_YEAR}{_MONTH}{_DAY}[T_-]?(?P<h>[01]\d|2[0-3])(?P<mi>[0-5]\d)(?:[0-5]\d)?(?:\D|$)",
        r"((?:19|20)\d{6})",
        "%Y%m%d",
    ),
    Pattern(
        "year, month and day without separators",
        rf"(?:^|\D){_YEAR}{_MONTH}{_DAY}(?:\D|$)",
        r"((?:19|20)\d{6})",
        "%Y%m%d",
    ),
    Pattern(
        "year, month and day without separators, then more digits",
        rf"(?:^|\D){_YEAR}{_MONTH}{_DAY}\d",
        r"((?:19|20)\d{6})",
        "%Y%m%d",
    ),
    Pattern("year and week", rf"(?:^|\D){_YEAR}[-_./ ]?(?:W|KW|w|kw|CW|cw)[-_ ]?(?P<w>[0-5]\d)", "", ""),
    Pattern("week and year", rf"(?:W|KW|w|kw|CW|cw)[-_ ]?(?P<w>[0-5]\d)[-_./ ]{_YEAR}(?:\D|$)", "", ""),
    Pattern("year and month", rf"(?:^|\D){_YEAR}[-_./ ]{_MONTH}(?:\D|$)", r"((?:19|20)\d{2}[-_./ ]\d{2})", "%Y-%m"),
    Pattern("name of the month and year", rf"(?:^|[^A-Za-z]){_NAME}[-_./ ']?{_YEAR}(?:\D|$)", "", ""),
    Pattern(
        "two-digit year, month and day",
        rf"(?:^|\D)(?P<y>\d{{2}})[-_./ ]?{_MONTH}[-_./ ]?{_DAY}(?:\D|$)",
        r"(\d{2}[-_./ ]?\d{2}[-_./ ]?\d{2})",
        "%y%m%d",
    ),
)


SECONDS = Pattern("seconds since 1970", "", "", "s")
MILLISECONDS = Pattern("milliseconds since 1970", "", "", "ms")
FIRST_SECOND, LAST_SECOND = 788_918_400, 2_051_222_400  # the years 1995 and 2035 begin


@dataclass(frozen=True)
class Hidden:
    """Moments read out of the values of a column.

    Args:
        values: (n,) Datetime("us"), null where none was found.
        pattern: how they are written.
        share: share of the values that are not missing in which one was found.
    """

    values: pl.Series
    pattern: Pattern
    share: float


def hidden_dates(values: pl.Series) -> Hidden | None:
    """The moments inside a column's values; None unless nine in ten values hold one and ten are different.

    Args:
        values: (n,) strings or whole numbers.

    Example:
        >>> found = hidden_dates(pl.Series([f"LOT 2023-04-{day:02d} A" for day in range(1, 21)]))
        >>> found.pattern.words, found.values[0].date().isoformat()
        ('year, month and day', '2023-04-01')
    """
    counted = _counted(values)
    if counted is not None:
        return counted
    text = _texts(values)
    if text is None:
        return None
    known = text.drop_nulls()
    some = known.unique(maintain_order=True).head(SAMPLE)
    if some.len() < MOMENTS:
        return None
    for pattern in PATTERNS:
        tried = read(some, pattern)
        if tried.count() < READ * some.len() or tried.n_unique() < MOMENTS:
            continue
        moments = read(text, pattern)
        return Hidden(moments, pattern, moments.count() / max(known.len(), 1))
    return None


def _texts(values: pl.Series) -> pl.Series | None:
    """The values as text; None for what cannot hold a date, or is one."""
    if values.dtype == pl.String:
        return values if _digits(values) else None
    if not values.dtype.is_numeric():
        return None
    numbers = values.drop_nulls().cast(pl.Float64)
    numbers = numbers.filter(numbers.is_finite())
    if numbers.len() == 0:
        return None
    low, high = float(str(numbers.min())), float(str(numbers.max()))
    day = low >= 19_000_101 and high <= 20_991_231
    second = low >= 19_000_101_000_000 and high <= 20_991_231_235_959
    if not (day or second) or not bool((numbers % 1 == 0).all()):
        return None
    return values.cast(pl.Int64, strict=False).cast(pl.String)


def _counted(values: pl.Series) -> Hidden | None:
    """Whole numbers that count seconds or milliseconds from 1970, all of them between 1995 and 2035."""
    if not values.dtype.is_numeric():
        return None
    numbers = values.drop_nulls().cast(pl.Float64)
    if numbers.len() == 0 or numbers.n_unique() < MOMENTS or not bool((numbers % 1 == 0).all()):
        return None
    low, high = float(str(numbers.min())), float(str(numbers.max()))
    for pattern, factor in ((SECONDS, 1), (MILLISECONDS, 1_000)):
        if low >= FIRST_SECOND * factor and high <= LAST_SECOND * factor:
            moments = (values.cast(pl.Int64) * (1_000_000 // factor)).cast(pl.Datetime("us"))
            return Hidden(moments, pattern, 1.0)
    return None


def _digits(values: pl.Series) -> bool:
    """Whether most of the first values have enough digits to hold a date."""
    some = values.drop_nulls().head(200)
    return some.len() > 0 and float((some.str.count_matches(r"\d") >= 4).mean() or 0.0) >= READ  # type: ignore[arg-type]


def read(text: pl.Series, pattern: Pattern) -> pl.Series:
    """(n,) Datetime("us") of what a pattern finds; null where it finds none, or no day of the calendar."""
    parts = text.str.extract_groups(pattern.regex).struct.unnest()
    year = parts["y"].cast(pl.Int32)
    if text.len() and "(?P<y>\\d{2})" in pattern.regex:
        year = year + 2000
    columns = {name: parts[name].cast(pl.Int32) for name in ("m", "d", "w", "h", "mi") if name in parts.columns}
    if "name" in parts.columns:
        key = parts["name"].str.to_lowercase()
        months = {**{name: i + 1 for i, name in enumerate(_MONTHS)}, **_MORE_MONTHS}
        columns["m"] = key.replace_strict(list(months), list(months.values()), default=None, return_dtype=pl.Int32)
    if "w" in columns:
        # The Monday of ISO week w is that of the week of January 4th, w - 1 weeks later.
        fourth = _iso(
            year,
            pl.repeat(1, text.len(), dtype=pl.Int32, eager=True),
            pl.repeat(4, text.len(), dtype=pl.Int32, eager=True),
        )
        week = columns["w"].set(~columns["w"].is_between(1, 53), None)
        return (fourth.dt.truncate("1w").cast(pl.Int64) + (week.cast(pl.Int64) - 1) * 7 * DAY).cast(pl.Datetime("us"))
    day = columns.get("d", pl.repeat(1, text.len(), dtype=pl.Int32, eager=True))
    moment = _iso(year, columns["m"], day)
    if "h" in columns:
        minutes = columns["h"].cast(pl.Int64) * 60 + columns["mi"].cast(pl.Int64)
        moment = (moment.cast(pl.Int64) + minutes * 60_000_000).cast(pl.Datetime("us"))
    return moment


def _iso(year: pl.Series, month: pl.Series, day: pl.Series) -> pl.Series:
    """Dates by way of ISO text, so that the 31st of February is null rather than an error."""
    text = pl.select(
        pl.format(
            "{}-{}-{}",
            year.cast(pl.String).str.zfill(4),
            month.cast(pl.String).str.zfill(2),
            day.cast(pl.String).str.zfill(2),
        )
    ).to_series()
    return text.str.to_datetime("%Y-%m-%d", strict=False, time_unit="us")


def recipe(name: str, pattern: Pattern) -> str:
    """What to write to make a column of moments, as a line of Python with pandas, or in words where that needs more."""
    new = re.sub(r"\W+", "_", name).strip("_") + "_date"
    if pattern in (SECONDS, MILLISECONDS):
        text = f"pandas.to_datetime(table[{name!r}], unit={pattern.reading!r})"
        return f"make a date column of it: table[{new!r}] = {text}"
    if not pattern.example:
        return f"make a date column {new!r} of it"
    text = f"table[{name!r}].astype(str).str.extract(r'{pattern.example}')[0]"
    if "[-_./ ]" in pattern.example:
        text += f".str.replace(r'[-_./ ]', {'-' if '-' in pattern.reading else ''!r}, regex=True)"
    return f"make a date column of it: table[{new!r}] = pandas.to_datetime({text}, format={pattern.reading!r})"
