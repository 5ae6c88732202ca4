"""The plain matrix of LightGBM: the numeric block followed by category codes, nothing engineered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.data.columns import MISSING, UNSEEN, Columns, Layout
from trainwright.models.features.numeric import NumericBlock

# Up to this many values LightGBM groups categories itself (Fisher 1958, as its documentation cites); beyond
# it, they are ordered by how often they occur, because native splits of very many values memorise the
# training rows.
NATIVE = 255


@dataclass(frozen=True)
class PlainMatrix:
    """What is learned to lay columns side by side.

    Args:
        block: the numeric block.
        ranks: for each category column None (its codes are read natively), or (top code + 3,) its values'
        ranks by
            frequency, indexed by code + 2.
    """

    block: NumericBlock
    ranks: tuple[np.ndarray | None, ...]

    @classmethod
    def learn(cls, X: Columns, y: np.ndarray, n_classes: int) -> PlainMatrix:
        """Learns from n training rows and their (n,) labels (class positions, or numbers when n_classes is
        0)."""
        ranks = []
        for j in range(X.codes.shape[1]):
            counts = np.bincount(X.codes[:, j] + 2)  # (top code + 3,)
            ranks.append(None if np.count_nonzero(counts) <= NATIVE else _ranks(counts))
        return cls(NumericBlock.learn(X, y, n_classes), tuple(ranks))

    def transform(self, X: Columns) -> np.ndarray:
        """(n, p) features; the numbers block itself, not a copy, when the table has numbers alone."""
        numeric = self.block.transform(X)
        if not X.codes.shape[1]:
            return numeric
        # Missing is a value of its own (0); unseen is NaN, which LightGBM sends where no listed value goes.
        codes = (X.codes + 1).astype(numeric.dtype)
        codes[X.codes == UNSEEN] = np.nan
        for j, rank in enumerate(self.ranks):
            if rank is not None:
                place = X.codes[:, j] + 2
                codes[:, j] = np.where(place < len(rank), rank[np.minimum(place, len(rank) - 1)], np.nan)
        return np.concatenate([numeric, codes], axis=1)

    def categorical(self, layout: Layout) -> list[int]:
        """Positions of the features that LightGBM reads as categories."""
        start = len(self.block.parents(layout))
        return [start + j for j, rank in enumerate(self.ranks) if rank is None]

    def parents(self, layout: Layout) -> list[tuple[str, ...]]:
        """For each feature the original column that it comes from."""
        return self.block.parents(layout) + [(name,) for name in layout.categories]

    def to_json(self) -> dict[str, Any]:
        """The matrix as plain data."""
        ranks = [None if rank is None else [None if np.isnan(r) else int(r) for r in rank] for rank in self.ranks]
        return {"block": self.block.to_json(), "ranks": ranks}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PlainMatrix:
        """The matrix from `to_json`'s plain data."""
        ranks = tuple(
            None if rank is None else np.array([np.nan if r is None else r for r in rank], dtype=np.float64)
            for rank in data["ranks"]
        )
        return cls(NumericBlock.from_json(data["block"]), ranks)


def _ranks(counts: np.ndarray) -> np.ndarray:
    """Frequency ranks (0: the most frequent) of codes shifted by 2; NaN for values that did not occur."""
    ranks = np.full(len(counts), np.nan)
    order = np.argsort(-counts, kind="stable")
    seen = order[counts[order] > 0]
    ranks[seen] = np.arange(len(seen))
    ranks[UNSEEN + 2] = np.nan
    if not counts[MISSING + 2]:
        ranks[MISSING + 2] = np.nan
    return ranks
