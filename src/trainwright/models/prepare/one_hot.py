"""Categories as columns of 0 and 1, rare ones sharing a column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trainwright.models.prepare.codes import Slots
from trainwright.models.prepare.sparse_rows import SparseRows

_IGNORED = -1
_RARE = -3  # stands beside the codes -2 unseen and -1 missing in `levels`


class OneHotEncoder:
    """One 0/1 column for each frequent level of each category column, one for its rare levels together.

    Missing is a level where the fitting rows had it. A level that they did not have gives zeros everywhere.

    Args:
        min_count: levels with fewer rows are rare.
        max_levels: at most this many frequent levels for each column; the others are rare.

    Example:
        >>> encoder = OneHotEncoder(min_count=1).fit(np.array([[0], [1], [-1]]))
        >>> encoder.transform(np.array([[1], [-1], [-2]])).tolist()
        [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """

    def __init__(self, *, min_count: int = 5, max_levels: int = 1000) -> None:
        self.min_count, self.max_levels = min_count, max_levels
        self.slots = Slots(np.zeros(0, dtype=np.int64))
        self.lookup = np.zeros(0, dtype=np.int64)  # (slots,) output column, or -1 for none
        self.levels: list[tuple[int, int]] = []  # (column, code) of each output column

    def fit(self, codes: np.ndarray) -> OneHotEncoder:
        """Learns the levels of (n, c) codes."""
        self.slots = Slots.of(codes)
        counts = np.bincount(self.slots(codes).ravel(), minlength=self.slots.total)
        column_of, code_of = self.slots.column_of(), self.slots.code_of()
        self.lookup = np.full(self.slots.total, _IGNORED, dtype=np.int64)
        self.levels = []
        for j in range(codes.shape[1]):
            here = np.flatnonzero((column_of == j) & (counts > 0) & (code_of != -2))
            by_count = here[np.argsort(-counts[here], kind="stable")]
            enough = int((counts[here] >= self.min_count).sum())
            frequent = np.sort(by_count[: min(enough, self.max_levels)])
            # Missing comes last among the levels, in the order a reader expects.
            frequent = np.concatenate([frequent[code_of[frequent] >= 0], frequent[code_of[frequent] < 0]])
            for slot in frequent:
                self.lookup[slot] = len(self.levels)
                self.levels.append((j, int(code_of[slot])))
            rare = np.setdiff1d(here, frequent)
            if len(rare):
                self.lookup[rare] = len(self.levels)
                self.levels.append((j, _RARE))
        return self

    @property
    def width(self) -> int:
        """Number of output columns."""
        return len(self.levels)

    def transform(self, codes: np.ndarray) -> np.ndarray:
        """(n, c) codes to (n, width) zeros and ones."""
        at = self.lookup[self.slots(codes)]
        # One spare column takes what is ignored, so that no row needs a branch.
        out = np.zeros((len(codes), self.width + 1))
        out[np.arange(len(codes))[:, None], at] = 1.0
        return out[:, :-1]

    def transform_sparse(self, codes: np.ndarray) -> SparseRows:
        """The same matrix, storing the ones only."""
        at = self.lookup[self.slots(codes)]
        known = at >= 0
        starts = np.zeros(len(codes) + 1, dtype=np.int64)
        np.cumsum(known.sum(axis=1), out=starts[1:])
        indices = at[known]
        return SparseRows(np.ones(len(indices)), indices, starts, self.width)

    def names(self, columns: Sequence[str], vocabulary: Sequence[Sequence[str]]) -> list[str]:
        """Names of the output columns, such as 'colour = red'."""

        def level(j: int, code: int) -> str:
            if code == _RARE:
                return f"{columns[j]} is rare"
            return f"{columns[j]} is missing" if code < 0 else f"{columns[j]} = {vocabulary[j][code]}"

        return [level(j, code) for j, code in self.levels]

    def sources(self, columns: Sequence[str]) -> list[str]:
        """For each output column the column that it was made from."""
        return [columns[j] for j, _ in self.levels]

    def state(self) -> dict[str, Any]:
        """What was learned, as plain data."""
        return {
            "min_count": self.min_count,
            "max_levels": self.max_levels,
            "sizes": self.slots.sizes.tolist(),
            "lookup": self.lookup.tolist(),
            "levels": [list(level) for level in self.levels],
        }

    @classmethod
    def restore(cls, state: dict[str, Any]) -> OneHotEncoder:
        """The encoder from `state`'s plain data."""
        encoder = cls(min_count=state["min_count"], max_levels=state["max_levels"])
        encoder.slots = Slots(np.array(state["sizes"], dtype=np.int64))
        encoder.lookup = np.array(state["lookup"], dtype=np.int64)
        encoder.levels = [(int(j), int(code)) for j, code in state["levels"]]
        return encoder
