"""How many cases people can look at, as a share of all cases."""

from __future__ import annotations

import re
from typing import Any

from trainwright.errors import UserError

EXAMPLE = "such as --capacity 200/1000 (200 of every 1,000 cases) or --capacity 20%"


def read_capacity(given: Any, n_rows: int | None = None) -> float:
    """The share of cases that can be looked at.

    Args:
        given: "200/1000" (two whole numbers), "20%" or 0.2.
        n_rows: the rows there are; a bare number above them is refused as such.

    Raises:
        UserError: it is no share, or more than all cases.

    Example:
        >>> read_capacity("200/1000"), read_capacity("5%"), read_capacity(0.05)
        (0.2, 0.05, 0.05)
    """
    text = str(given).strip()
    shown = text if len(text) <= 40 else f"{text[:40]}..."
    pair = re.fullmatch(r"(\d+)\s*/\s*(\d+)", text)
    share = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text)
    if pair:
        top, of = float(pair[1]), float(pair[2])
        if of <= 0:
            raise UserError(f"capacity {shown}: of 0 cases none can be looked at", remedy=EXAMPLE)
        if top > of:
            raise UserError(
                f"capacity {shown}: {pair[1]:.40} is more than the {pair[2]:.40} cases there are", remedy=EXAMPLE
            )
        value = top / of
    elif share:
        value = float(share[1]) / 100
    else:
        if "/" in text:
            raise UserError(
                f"capacity {shown!r}: k of n are two whole numbers, such as 200/1000", remedy="a share is 20% or 0.2"
            )
        try:
            value = float(text)
        except ValueError:
            raise UserError(f"capacity {shown!r} is neither a share nor k of n", remedy=EXAMPLE) from None
        if value > 1 and n_rows is not None and value > n_rows:
            raise UserError(f"capacity {shown}: there are only {n_rows:,} rows", remedy=EXAMPLE)
        if value > 1:
            raise UserError(f"capacity {shown}: of how many cases?", remedy=EXAMPLE)
    if not 0 < value <= 1:
        raise UserError(f"capacity {shown} must be above 0 and at most all cases", remedy=EXAMPLE)
    return value
