"""What a code is made of: its beginning, ending, length, numbers and the pieces between separators, as numbers."""

from __future__ import annotations

import numpy as np
import polars as pl

from trainwright.data.checks.association import as_codes, as_numbers

SEPARATORS = r"[-_/.:;,|#\s]+"
PIECES = 4
# A piece with more different values than this share of the rows names rows, like the code itself.
DISTINCT = 0.1


def code_parts(values: pl.Series) -> dict[str, np.ndarray]:
    """The parts of every code that could tell something, by what they are called in a message.

    Args:
        values: (n,) codes, text or whole numbers.

    Returns:
        (n,) float32 for each part, NaN where a code lacks it; parts with one value only, or with nearly as many as
        there are codes (unless they are numbers, which have an order), are left out.

    Example:
        >>> parts = code_parts(pl.Series(["A-17", "B-18"] * 20))
        >>> parts["its first character"].tolist()[:2], parts["its number"].tolist()[:2]
        ([1.0, 2.0], [17.0, 18.0])
    """
    text = values.cast(pl.Int64).cast(pl.String) if values.dtype.is_float() else values.cast(pl.String)
    numbers = {
        "its length": text.str.len_chars(),
        "its number": _number(text.str.extract(r"(\d+)\D*$")),
        "its first number": _number(text.str.extract(r"(\d+)")),
    }
    pieces = text.str.replace_all(SEPARATORS, "\n").str.split("\n")
    words = {
        "its first character": text.str.slice(0, 1),
        **{f"its first {k} characters": text.str.slice(0, k) for k in (2, 3, 4)},
        "its last character": text.str.slice(-1),
        "its last 2 characters": text.str.slice(-2),
        "its letters": text.str.replace_all(r"\d+", "0"),
        **{f"its {_ORDINALS[k]} part": pieces.list.get(k, null_on_oob=True) for k in range(PIECES)},
    }
    found = {name: as_numbers(part) for name, part in numbers.items()}
    most = max(2, int(DISTINCT * len(values)))
    for name, part in words.items():
        if 2 <= part.drop_nulls().n_unique() <= most:
            codes = as_codes(part).astype(np.float64)
            codes[part.is_null().to_numpy()] = np.nan
            found[name] = codes
    return {
        name: part.astype(np.float32)
        for name, part in found.items()
        if np.isfinite(part).any() and np.nanmin(part) < np.nanmax(part)
    }


_ORDINALS = ("first", "second", "third", "fourth")


def _number(digits: pl.Series) -> pl.Series:
    """Runs of digits as numbers; of very long ones the last fifteen digits, which a float holds exactly."""
    return digits.str.slice(-15).cast(pl.Float64, strict=False)
