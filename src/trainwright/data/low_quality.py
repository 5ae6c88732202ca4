"""Which rows hold too little to learn from: nearly everything is missing, or every number stands at its default."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from trainwright.data.schema import Kind, Schema

# A row is nearly empty when this share of its features is missing, and the usual row misses far less.
NEARLY_ALL, USUAL = 0.8, 0.4
LEAST_FEATURES = 4
# Defaults are suspicious only where they are rare: a table of mostly zeros is one by nature.
RARE = 0.05


@dataclass(frozen=True)
class LowQuality:
    """Rows that hold too little.

    Args:
        empty: (n,) nearly all features are missing.
        no_text: (n,) every text is empty, where the features are texts.
        default: (n,) every number is zero or missing, and every category is missing.
    """

    empty: np.ndarray
    no_text: np.ndarray
    default: np.ndarray

    @property
    def any(self) -> np.ndarray:
        """(n,) the rows that hold too little for one of these reasons."""
        return self.empty | self.no_text | self.default

    def counts(self) -> dict[str, int]:
        """How many rows each reason names, each row once; reasons without rows are left out."""
        no_text = self.no_text & ~self.empty
        counts = {
            "nearly everything is missing": int(self.empty.sum()),
            "their texts are empty": int(no_text.sum()),
            "every number is zero": int((self.default & ~self.empty & ~no_text).sum()),
        }
        return {reason: count for reason, count in counts.items() if count}


def low_quality(frame: pl.DataFrame, schema: Schema) -> LowQuality:
    """The rows that hold too little to learn from.

    Args:
        frame: n rows, cast to the schema's kinds.
        schema: which columns are features, and of which kind.

    Example:
        >>> from trainwright.data.schema import Column
        >>> names = ["a", "b", "c", "d"]
        >>> frame = pl.DataFrame({name: [1.0, None, 3.0] for name in names})
        >>> low_quality(frame, Schema(tuple(Column(n, Kind.NUMBER) for n in names))).empty.tolist()
        [False, True, False]
    """
    held = set(frame.columns)
    features = [c for c in schema.features if c.name in held]
    texts = [c.name for c in features if c.kind is Kind.TEXT]
    numbers = [c.name for c in features if c.kind is Kind.NUMBER]
    others = [c.name for c in features if c.kind not in (Kind.TEXT, Kind.NUMBER)]
    n = frame.height
    nothing = np.zeros(n, dtype=bool)
    if not n or not features:
        return LowQuality(nothing, nothing, nothing)
    absent = np.zeros(n)
    for column in features:
        absent += _absent(frame[column.name]).to_numpy()
    share = absent / len(features)
    empty = nothing
    if len(features) >= LEAST_FEATURES and float(np.median(share)) < USUAL:
        empty = share >= NEARLY_ALL
    no_text = nothing
    if texts and len(texts) * 2 > len(features):
        no_text = _all([_absent(frame[name]) for name in texts])
        no_text = no_text if no_text.mean() < USUAL else nothing
    default = nothing
    if len(numbers) >= LEAST_FEATURES:
        default = _all([(frame[name] == 0).fill_null(True) for name in numbers])
        default = default & _all([frame[name].is_null() for name in others]) & (share < 1)
        default = default if 0 < default.mean() < RARE else nothing
    return LowQuality(empty, no_text, default)


def _absent(values: pl.Series) -> pl.Series:
    """Missing, or a text without a letter."""
    if values.dtype == pl.String:
        return values.is_null() | (values.str.strip_chars() == "").fill_null(True)
    return values.is_null()


def _all(conditions: list[pl.Series]) -> np.ndarray:
    if not conditions:
        return np.array(True)
    return np.logical_and.reduce([condition.to_numpy() for condition in conditions])
