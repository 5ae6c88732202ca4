"""Differences, ratios and products of pairs of numbers: cuts that a tree would need many splits to
approximate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

OPERATIONS = ("difference", "ratio", "product")


@dataclass(frozen=True)
class Arithmetic:
    """Pairs of numeric features and what is done with them.

    Args:
        first: (m,) positions in the numeric block.
        second: (m,) positions in the numeric block.
        operation: (m,) positions in `OPERATIONS`, ascending.
    """

    first: np.ndarray
    second: np.ndarray
    operation: np.ndarray

    @classmethod
    def candidates(cls, numbers: list[int]) -> Arithmetic:
        """Every operation on every pair of these numeric features."""
        pairs = np.array(list(combinations(numbers, 2)), dtype=np.int64).reshape(-1, 2)
        return cls(
            np.tile(pairs[:, 0], len(OPERATIONS)),
            np.tile(pairs[:, 1], len(OPERATIONS)),
            np.repeat(np.arange(len(OPERATIONS)), len(pairs)),
        )

    def take(self, chosen: np.ndarray) -> Arithmetic:
        """Only these features, in their order."""
        return Arithmetic(self.first[chosen], self.second[chosen], self.operation[chosen])

    def __len__(self) -> int:
        return len(self.first)

    def transform(self, numeric: np.ndarray) -> np.ndarray:
        """(n, p) numeric block to (n, m) results; a ratio to zero, or one too large, is missing.

        Example:
            >>> Arithmetic.candidates([0, 1]).transform(np.array([[6.0, 3.0]])).tolist()
            [[3.0, 2.0, 18.0]]
        """
        a, b = numeric[:, self.first], numeric[:, self.second]
        differences, ratios = np.searchsorted(self.operation, [1, 2])
        below = b[:, differences:ratios]
        out = np.empty_like(a)
        with np.errstate(over="ignore", invalid="ignore"):
            np.subtract(a[:, :differences], b[:, :differences], out=out[:, :differences])
            out[:, differences:ratios] = a[:, differences:ratios] / np.where(below == 0.0, np.nan, below)
            np.multiply(a[:, ratios:], b[:, ratios:], out=out[:, ratios:])
        out[np.isinf(out)] = np.nan
        return out

    def to_json(self) -> dict[str, Any]:
        """The features as plain data."""
        return {
            "first": self.first.tolist(),
            "second": self.second.tolist(),
            "operation": self.operation.tolist(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Arithmetic:
        """The features from `to_json`'s plain data."""
        return cls(*(np.array(data[name], dtype=np.int64) for name in ("first", "second", "operation")))
