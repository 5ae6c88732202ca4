"""Rows of a step where the size is left to us; plain data, for plans look here too."""

from __future__ import annotations

STEPS_OF = ((2_000, 16), (10_000, 32), (50_000, 64), (200_000, 128))
LARGEST = 256


def batch_for(rows: int) -> tuple[int, str]:
    """Rows of a step for so many training rows, and why.

    Example:
        >>> batch_for(800)[0], batch_for(30_000)[0]
        (16, 64)
    """
    size = next((size for most, size in STEPS_OF if rows < most), LARGEST)
    return size, f"automatic for {rows:,} rows: from 16, twice as many each time the rows grow fivefold"
