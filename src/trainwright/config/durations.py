"""Spans of time as people write them: `90s`, `5m`, `1h30m`, `7d`, or a number of seconds."""

from __future__ import annotations

import math
import re
from typing import Any

from trainwright.errors import UserError

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|min|[smhdw])")


def parse_duration(value: Any) -> float:
    """Seconds.

    Args:
        value: a number of seconds, or text such as "90s", "5m", "1h30m", "2 h", "7d", "1w".

    Raises:
        UserError: it is not a span of time, or below zero.

    Example:
        >>> parse_duration("1h30m"), parse_duration(90), parse_duration("2.5m")
        (5400.0, 90.0, 150.0)
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    else:
        text = str(value).strip().lower()
        parts = _PART.findall(text)
        if re.fullmatch(r"-?\d+(\.\d+)?", text):
            seconds = float(text)
        elif parts and not _PART.sub("", text).strip() and not isinstance(value, bool):
            seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
        else:
            raise UserError(f"{value!r} is not a span of time", remedy="write for example 90s, 5m, 1h30m, 7d")
    if not math.isfinite(seconds) or seconds < 0:
        raise UserError(f"a span of time cannot be {value!r}", remedy="write for example 90s, 5m, 1h30m, 7d")
    return seconds


def format_duration(seconds: float) -> str:
    """The span in the shortest form that `parse_duration` reads back, rounded to what a person wants to know.

    Example:
        >>> format_duration(5400), format_duration(0.25), format_duration(59.6), format_duration(200000)
        ('1h30m', '250ms', '1m', '2d8h')
    """
    if seconds < 0.9995:
        return f"{round(seconds * 1000)}ms" if seconds > 0 else "0s"
    if seconds < 9.95:
        return f"{seconds:.1f}".removesuffix(".0") + "s"
    left = round(seconds)
    if left >= 86400:
        left = round(left / 3600) * 3600
    elif left >= 3600:
        left = round(left / 60) * 60
    words = ""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        words += f"{count}{unit}" if count else ""
    return words
