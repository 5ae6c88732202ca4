"""A curve in a few characters, for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float | None], low: float, high: float, width: int = 24) -> str:
    """The values as bars between `low` and `high`; what is not a number is a gap.

    Args:
        values: in the order of the axis.
        low, high: the ends of the scale, the same for curves that are shown together.
        width: characters at most; more values are thinned out evenly, the first and the last kept.

    Example:
        >>> sparkline([0.9, 0.5, 0.3, 0.2], 0.2, 0.9), sparkline([1.0, None], 1.0, 1.0)
        ('█▄▂▁', '▁ ')
    """
    known = list(values)
    if len(known) > width:
        known = [known[round(i * (len(known) - 1) / (width - 1))] for i in range(width)]
    span = high - low
    out = ""
    for value in known:
        if value is None or not math.isfinite(value):
            out += " "
        else:
            share = 0.0 if span <= 0 else min(1.0, max(0.0, (value - low) / span))
            out += BARS[round(share * (len(BARS) - 1))]
    return out
