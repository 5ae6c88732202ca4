"""Columns as a network reads them: a matrix of numbers, and for each category of many levels a position in a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainwright.models.prepare.codes import Slots
from trainwright.models.prepare.preparation import Matrix

# Levels of fewer training rows share the first place with those that were never seen.
FEWEST = 3
_FAR = 1e6


@dataclass(frozen=True)
class NetRows(Matrix):
    """Prepared rows with the levels of the categories that are embedded.

    Args:
        levels: (n, c) positions in the tables; 0 is rare or never seen.
    """

    levels: np.ndarray | None = None

    @property
    def width(self) -> int:
        """Number of columns, each embedded category as one."""
        return self.dense.shape[1] + (0 if self.levels is None else self.levels.shape[1])


class Levels:
    """Category codes to positions in tables, one table for each column.

    Args:
        slots: of the codes of the training rows.
        places: (slots,) position in the column's table.

    Example:
        >>> levels = Levels.learn(np.array([[4]] * 3 + [[7]] * 3 + [[9]]))
        >>> levels(np.array([[4], [7], [9], [5], [-1]])).ravel().tolist(), levels.sizes
        ([1, 2, 0, 0, 0], [3])
    """

    def __init__(self, slots: Slots, places: np.ndarray):
        self.slots, self.places = slots, places

    @classmethod
    def learn(cls, codes: np.ndarray) -> Levels:
        """From (n, c) codes; missing is a level like any other where enough rows have it."""
        slots = Slots.of(codes)
        counts = np.bincount(slots(codes).ravel(), minlength=slots.total)
        known = (counts >= FEWEST) & (slots.code_of() != -2)
        places = np.zeros(slots.total, dtype=np.int64)
        for start, size in zip(slots.starts, slots.sizes):
            own = slice(int(start), int(start + size))
            places[own] = np.where(known[own], np.cumsum(known[own]), 0)
        return cls(slots, places)

    @property
    def sizes(self) -> list[int]:
        """Places of each table."""
        ends = zip(self.slots.starts, self.slots.sizes)
        return [int(self.places[int(start) : int(start + size)].max(initial=0)) + 1 for start, size in ends]

    def __call__(self, codes: np.ndarray) -> np.ndarray:
        """(n, c) codes to (n, c) positions."""
        return self.places[self.slots(codes)]


class RobustScale:
    """Columns about their median, in units of the middle half of their values, bent softly so that none lies beyond 3.

    v = (x - median) / (q75 - q25), then v / sqrt(1 + (v / 3)^2) (Holzmüller, Grinsztajn & Steinwart 2024, section 3).
    Where the quartiles are one, v = 2 (x - median) / d with the usual distance d of the values that differ: by the
    paper's largest distance, amounts that are mostly 0 would all lie next to it.

    Args:
        centre, factor: (d,) of each column.

    Example:
        >>> scale = RobustScale.learn(np.array([[0.0], [1.0], [2.0], [3.0], [1e9]]))
        >>> scale(np.array([[2.0], [4.0], [1e9]])).round(3).ravel().tolist()
        [0.0, 0.949, 3.0]
    """

    def __init__(self, centre: np.ndarray, factor: np.ndarray):
        self.centre, self.factor = centre, factor

    @classmethod
    def learn(cls, dense: np.ndarray) -> RobustScale:
        """From (n, d) numbers without gaps."""
        if not len(dense):
            return cls(np.zeros(dense.shape[1]), np.ones(dense.shape[1]))
        # Halves before differences: the span of numbers near the largest that there are is finite.
        low, centre, high = np.quantile(dense / 2, (0.25, 0.5, 0.75), axis=0)
        spread = high - low
        with np.errstate(divide="ignore"):
            factor = np.where(spread > 0, 0.5 / spread, 0.0)
            for j in np.flatnonzero(spread == 0):
                away = np.abs(dense[:, j] / 2 - centre[j])
                factor[j] = 1.0 / np.median(away[away > 0]) if (away > 0).any() else 0.0
        return cls(centre * 2, np.where(np.isfinite(factor), factor, 0.0))

    def __call__(self, dense: np.ndarray) -> np.ndarray:
        """(n, d) numbers to (n, d) numbers from -3 to 3."""
        with np.errstate(over="ignore"):
            v = np.clip((dense - self.centre) * self.factor, -_FAR, _FAR)
        return np.asarray(v / np.sqrt(1.0 + (v / 3.0) ** 2))
