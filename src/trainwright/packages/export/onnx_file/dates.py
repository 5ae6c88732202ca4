"""Seconds since 1970 to the parts of the calendar, as ONNX nodes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trainwright.packages.export.onnx_file.writer import Writer

_DAY = 86_400.0


class _Arithmetic:
    """Writes whole-number arithmetic on doubles, which hold every day of the calendar exactly."""

    def __init__(self, writer: Writer):
        self.writer = writer

    def _value(self, x: str | float) -> str:
        return x if isinstance(x, str) else self.writer.constant(float(x))

    def add(self, a: str | float, b: str | float) -> str:
        return self.writer.node("Add", self._value(a), self._value(b))

    def less(self, a: str | float, b: str | float) -> str:
        return self.writer.node("Sub", self._value(a), self._value(b))

    def by(self, a: str | float, b: str | float) -> str:
        return self.writer.node("Mul", self._value(a), self._value(b))

    def over(self, a: str | float, b: float) -> str:
        """The whole part of a / b."""
        return self.writer.node("Floor", self.writer.node("Div", self._value(a), self._value(b)))


def date_parts(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    """Year, month, day, weekday (Monday is 0), hour, days since 1970, and if asked points on the circle of month,
    weekday and hour; part after part for every column.

    The calendar is computed as in Howard Hinnant's "chrono-compatible low-level date algorithms" (civil_from_days):
    eras of 400 years, years that begin in March.
    """
    x, do = inputs[0], _Arithmetic(writer)
    unknown = writer.node("IsNaN", x)
    seconds = writer.node("Where", unknown, writer.constant(0.0), x)
    days = do.over(seconds, _DAY)
    bounded = writer.node("Min", writer.node("Max", days, writer.constant(-700_000.0)), writer.constant(3_000_000.0))
    year, month, day = _civil(writer, do, bounded)
    shifted = do.add(days, 3.0)  # 1 January 1970 was a Thursday
    weekday = do.less(shifted, do.by(do.over(shifted, 7.0), 7.0))
    hour = do.over(do.less(seconds, do.by(days, _DAY)), 3600.0)
    elapsed = writer.node("Div", seconds, writer.constant(_DAY))
    parts = [year, month, day, weekday, hour, elapsed]
    if own["cyclic"]:
        for part, length in ((month, 12.0), (weekday, 7.0), (hour, 24.0)):
            angle = do.by(part, 2 * math.pi / length)
            parts += [writer.node("Sin", angle), writer.node("Sin", do.add(angle, math.pi / 2))]
    full = writer.node("Concat", *parts, axis=1)
    gaps = writer.node("Concat", *[writer.cast(unknown, "DOUBLE")] * len(parts), axis=1)
    is_gap = writer.node("Greater", gaps, writer.constant(0.5))
    return writer.node("Where", is_gap, writer.constant(np.nan), full)


def _civil(writer: Writer, do: _Arithmetic, days: str) -> tuple[str, str, str]:
    """Year, month and day of days since 1970."""
    z = do.add(days, 719_468.0)  # days since 1 March of the year 0
    era = do.over(z, 146_097.0)
    of_era = do.less(z, do.by(era, 146_097.0))
    leap_days = do.less(do.over(of_era, 1460.0), do.over(of_era, 36_524.0))
    years = do.over(do.less(do.less(of_era, leap_days), do.over(of_era, 146_096.0)), 365.0)
    before = do.less(do.add(do.by(years, 365.0), do.over(years, 4.0)), do.over(years, 100.0))
    of_year = do.less(of_era, before)  # days since 1 March
    march_month = do.over(do.add(do.by(of_year, 5.0), 2.0), 153.0)
    first = do.over(do.add(do.by(march_month, 153.0), 2.0), 5.0)
    day = do.add(do.less(of_year, first), 1.0)
    late = writer.node("Less", march_month, writer.constant(9.5))
    month = writer.node("Where", late, do.add(march_month, 3.0), do.less(march_month, 9.0))
    next_year = writer.cast(writer.node("Less", month, writer.constant(2.5)), "DOUBLE")
    return do.add(do.add(years, do.by(era, 400.0)), next_year), month, day
