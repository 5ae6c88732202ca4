"""How figures are written: decimals that fit an interval, percentages, durations, counts, intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from trainwright.data.plain_values import is_number
from trainwright.evaluate.glossary import explain

THIN = "\u00a0"  # a space that does not break, between a number and its unit


def count(value: float) -> str:
    """A whole number with thousands separated.

    Example:
        >>> count(27676)
        '27,676'
    """
    return f"{round(value):,}"


def plural(value: int, noun: str, many: str | None = None) -> str:
    """A count with its noun.

    Example:
        >>> plural(1, "row"), plural(27676, "row")
        ('1 row', '27,676 rows')
    """
    return f"{count(value)} {noun if value == 1 else many or noun + 's'}"


def number(value: float | None, width: float | None = None) -> str:
    """A number with as many decimals as it deserves: two digits of `width` (the interval's) where given,
    else about three significant digits, never more than four decimals.

    Example:
        >>> number(0.92731, width=0.012), number(48123.4, width=900.0), number(12.3456)
        ('0.927', '48,123', '12.3')
    """
    if value is None or not math.isfinite(value):
        return "–"
    if width is not None and math.isfinite(width) and width > 0:
        decimals = 1 - math.floor(math.log10(width) + 1e-9)
    elif value == 0:
        decimals = 0
    else:
        decimals = 2 - math.floor(math.log10(abs(value)))
    text = f"{value:,.{max(0, min(4, decimals))}f}"
    return text.replace("-", "−")


def percent(share: float | None, width: float | None = None) -> str:
    """A share between 0 and 1 as a percentage.

    Example:
        >>> percent(0.8534).replace(THIN, " ")
        '85.3 %'
    """
    if share is None or not math.isfinite(share):
        return "–"
    if width is None and share in (0, 1):
        return f"{share * 100:.0f}{THIN}%"
    if width is None:
        width = 0.01 if 0.01 <= abs(share) <= 0.99 else 0.001
    return f"{number(share * 100, width * 100)}{THIN}%"


def one_in(share: float) -> str:
    """A share as a frequency that people picture better than a percentage.

    Example:
        >>> one_in(0.083), one_in(0.65), one_in(0)
        ('1 in 12', '65 in 100', 'none')
    """
    if not math.isfinite(share) or share <= 0:
        return "none"
    if share < 0.3:
        return f"1 in {count(1 / share)}"
    return f"{count(share * 100)} in 100" if share < 1 else "all"


def duration(seconds: float | None) -> str:
    """A length of time, short.

    Example:
        >>> [duration(seconds).replace(THIN, " ") for seconds in (0.012, 118, 7300)]
        ['12 ms', '1 min 58 s', '2 h 1 min']
    """
    if seconds is None or not math.isfinite(seconds):
        return "–"
    if seconds < 0.9995:
        if seconds < 5e-8:
            return f"<{THIN}0.1{THIN}µs"
        short = seconds * 1e6 if seconds < 9.95e-5 else seconds * 1000
        return f"{short:.{0 if short >= 9.95 else 1}f}{THIN}{'µs' if seconds < 9.95e-5 else 'ms'}"
    if seconds < 59.95:
        return f"{seconds:.1f}{THIN}s" if seconds < 10 else f"{seconds:.0f}{THIN}s"
    whole = round(seconds)
    parts = (
        ((whole // 3600, "h"), (whole % 3600 // 60, "min"))
        if whole >= 3600
        else ((whole // 60, "min"), (whole % 60, "s"))
    )
    return " ".join(f"{amount}{THIN}{unit}" for amount, unit in parts if amount)


def estimate(figure: Any) -> tuple[float | None, float | None, float | None]:
    """Value, low and high of a figure given as a bare number or as `{"value", "low", "high"}`; None where
    absent."""
    if isinstance(figure, Mapping):
        return _finite(figure.get("value")), _finite(figure.get("low")), _finite(figure.get("high"))
    return _finite(figure), None, None


def score(metric: str, figure: Any, width: float | None = None) -> str:
    """The value of a metric, in its own style, with decimals fitting its interval, or `width` where several
    figures stand side by side.

    Example:
        >>> score("roc_auc", {"value": 0.92731, "low": 0.921, "high": 0.933})
        '0.927'
    """
    value, low, high = estimate(figure)
    if width is None and low is not None and high is not None:
        width = high - low
    return percent(value, width) if explain(metric).percent else number(value, width)


def interval(metric: str, figure: Any, width: float | None = None) -> str:
    """The interval of a metric as "0.921 to 0.933", or "" when there is none."""
    _, low, high = estimate(figure)
    if low is None or high is None:
        return ""
    width = width or high - low
    if explain(metric).percent:
        return f"{number(low * 100, width * 100)} to {percent(high, width)}"
    return f"{number(low, width)} to {number(high, width)}"


def common_width(figures: Iterable[Any]) -> float | None:
    """The narrowest interval among figures that are printed side by side, so that they get the same
    decimals."""
    ends = [estimate(figure)[1:] for figure in figures]
    widths = [high - low for low, high in ends if low is not None and high is not None and high > low]
    return min(widths) if widths else None


def part_label(document: Mapping[str, Any]) -> str:
    """What rows an evaluation document is about.

    Example:
        >>> part_label({"part": "validation", "n_rows": 27676})
        'out-of-fold predictions of 27,676 development rows'
    """
    rows = document.get("n_rows")
    kind = document.get("part")
    if kind == "validation":
        return f"out-of-fold predictions of {plural(rows, 'development row')}" if rows else "out-of-fold predictions"
    noun = "sealed test row" if kind == "test" else "row"
    where = " of the file given" if kind == "file" else ""
    return f"predictions of {plural(rows, noun)}{where}" if rows else "predictions"


def level_text(level: float) -> str:
    """The level of an interval.

    Example:
        >>> level_text(0.975).replace(THIN, " ")
        '97.5 %'
    """
    return f"{round(level * 100, 2):g}{THIN}%"


def _finite(value: Any) -> float | None:
    return float(value) if is_number(value) and math.isfinite(value) else None
