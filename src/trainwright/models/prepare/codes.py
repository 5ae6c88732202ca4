"""Category codes to slots of one flat table, so that encoding any number of columns is a single look-up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Slots:
    """A flat numbering of the codes of several columns; each column has one slot for unseen, one for missing
    and one for each code up to the largest of the fitting rows.

    Args:
        sizes: (c,) number of slots of each column.

    Example:
        >>> slots = Slots.of(np.array([[0], [2]]))
        >>> slots(np.array([[-2], [-1], [2], [99]])).ravel().tolist()  # 99 was never there: unseen
        [0, 1, 4, 0]
    """

    sizes: np.ndarray

    @classmethod
    def of(cls, codes: np.ndarray) -> Slots:
        """The slots for (n, c) codes."""
        largest = codes.max(axis=0, initial=-1) if codes.size else np.full(codes.shape[1], -1)
        return cls(largest.astype(np.int64) + 3)

    @property
    def total(self) -> int:
        """Number of slots of all columns together."""
        return int(self.sizes.sum())

    @property
    def starts(self) -> np.ndarray:
        """(c,) the slot of 'unseen' of each column."""
        return np.cumsum(self.sizes) - self.sizes

    def __call__(self, codes: np.ndarray) -> np.ndarray:
        """(n, c) codes to (n, c) slots; a code that is too large is unseen."""
        local = codes.astype(np.int64) + 2
        local[(local >= self.sizes) | (local < 0)] = 0
        return local + self.starts

    def column_of(self) -> np.ndarray:
        """(total,) the column that each slot belongs to."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    def code_of(self) -> np.ndarray:
        """(total,) the code that each slot stands for: -2 unseen, -1 missing, then 0, 1, ..."""
        return np.arange(self.total) - np.repeat(self.starts, self.sizes) - 2
