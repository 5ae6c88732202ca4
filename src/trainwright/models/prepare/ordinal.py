"""Categories as whole numbers, the most frequent level first."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainwright.models.prepare.codes import Slots


class OrdinalEncoder:
    """Each level becomes its rank by frequency in the fitting rows, from 0; a level they lack becomes -1.

    Missing is a level like any other where the fitting rows had it.

    Example:
        >>> encoder = OrdinalEncoder().fit(np.array([[4], [7], [7]]))
        >>> encoder.transform(np.array([[7], [4], [5], [-1]])).ravel().tolist()
        [0.0, 1.0, -1.0, -1.0]
    """

    def __init__(self) -> None:
        self.slots = Slots(np.zeros(0, dtype=np.int64))
        self.ranks = np.zeros(0)  # (slots,)

    def fit(self, codes: np.ndarray) -> OrdinalEncoder:
        """Learns the levels of (n, c) codes."""
        self.slots = Slots.of(codes)
        counts = np.bincount(self.slots(codes).ravel(), minlength=self.slots.total)
        counts[self.slots.code_of() == -2] = 0
        # Sorted by column, then by falling count: the rank is the distance from the column's first.
        order = np.lexsort((-counts, self.slots.column_of()))
        self.ranks = np.empty(self.slots.total)
        self.ranks[order] = np.arange(self.slots.total) - np.repeat(self.slots.starts, self.slots.sizes)
        self.ranks[counts == 0] = -1
        return self

    def transform(self, codes: np.ndarray) -> np.ndarray:
        """(n, c) codes to (n, c) ranks."""
        return self.ranks[self.slots(codes)]

    def state(self) -> dict[str, Any]:
        """What was learned, as plain data."""
        return {"sizes": self.slots.sizes.tolist(), "ranks": self.ranks.tolist()}

    @classmethod
    def restore(cls, state: dict[str, Any]) -> OrdinalEncoder:
        """The encoder from `state`'s plain data."""
        encoder = cls()
        encoder.slots = Slots(np.array(state["sizes"], dtype=np.int64))
        encoder.ranks = np.array(state["ranks"], dtype=np.float64)
        return encoder
