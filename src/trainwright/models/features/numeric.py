"""The numeric block of boosted trees: numbers as they are, calendar parts, and simple features of texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.data.columns import Columns, Layout
from trainwright.models.features.texts import TextFeatures
from trainwright.models.prepare.dates import DateEncoder


@dataclass(frozen=True)
class NumericBlock:
    """What is learned to turn columns into the numeric block.

    Args:
        dates: which calendar parts vary.
        texts: which terms count.
    """

    dates: DateEncoder
    texts: TextFeatures

    @classmethod
    def learn(cls, X: Columns, y: np.ndarray, n_classes: int) -> NumericBlock:
        """Learns from n training rows and their (n,) labels (class positions, or numbers when n_classes is
        0)."""
        return cls(DateEncoder().fit(X.times), TextFeatures.learn(X.texts, y, n_classes))

    def transform(self, X: Columns, dtype: type | None = None) -> np.ndarray:
        """(n, p) numeric features; the numbers block itself, not a copy, when there is nothing to add."""
        with np.errstate(over="ignore"):  # beyond float32 is infinite, which trees cut like any large number
            numbers = X.numbers if dtype is None else np.ascontiguousarray(X.numbers, dtype=dtype)
        parts = [numbers]
        if X.times.shape[1]:
            parts.append(self.dates.transform(X.times).astype(numbers.dtype))
        if X.texts.shape[1]:
            parts.append(self.texts.transform(X.texts).astype(numbers.dtype))
        return numbers if len(parts) == 1 else np.concatenate(parts, axis=1)

    def parents(self, layout: Layout) -> list[tuple[str, ...]]:
        """For each numeric feature the one original column that it comes from."""
        names = list(layout.numbers) + self.dates.sources(layout.times)
        parents: list[tuple[str, ...]] = [(name,) for name in names]
        return parents + self.texts.parents(layout)

    def to_json(self) -> dict[str, Any]:
        """The block as plain data."""
        return {"dates": self.dates.state(), "texts": self.texts.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> NumericBlock:
        """The block from `to_json`'s plain data."""
        return cls(DateEncoder.restore(data["dates"]), TextFeatures.from_json(data["texts"]))


def varying(values: np.ndarray) -> np.ndarray:
    """(p,) whether (n, p) features have two different values; missing is one of them.

    Example:
        >>> varying(np.array([[1.0, np.nan], [1.0, 2.0]])).tolist()
        [False, True]
    """
    if not len(values):
        return np.zeros(values.shape[1], dtype=bool)
    first = values[0]
    return np.asarray(((values != first) & ~(np.isnan(values) & np.isnan(first))).any(axis=0))
