"""Category codes as few ranks: the frequent values each their own, the others together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_LEVELS = 200  # a shape of more values than this is read by nobody


@dataclass(frozen=True)
class Levels:
    """What is learned to rank q category columns.

    Args:
        ranks: for each column (top code + 3,) the rank of code + 2, NaN for a value that did not occur.
        rare: for each column the rank that rare values share, or NaN when there are none; unseen values join them.
    """

    ranks: tuple[np.ndarray, ...]
    rare: tuple[float, ...]

    @classmethod
    def learn(cls, codes: np.ndarray) -> Levels:
        """Reads frequencies off (n, q) training codes; missing (-1) is a value like any other."""
        ranks, rare = [], []
        for j in range(codes.shape[1]):
            counts = np.bincount(codes[:, j] + 2)
            counts[0] = 0  # unseen, -2, does not occur in training rows
            order = np.argsort(-counts, kind="stable")
            order = order[counts[order] > 0]
            rank = np.full(len(counts), np.nan)
            rank[order] = np.minimum(np.arange(len(order)), MOST_LEVELS)
            ranks.append(rank)
            rare.append(float(MOST_LEVELS) if len(order) > MOST_LEVELS else np.nan)
        return cls(tuple(ranks), tuple(rare))

    def transform(self, codes: np.ndarray) -> np.ndarray:
        """(n, q) ranks, NaN for a value that the training rows lack where they had no rare ones."""
        out = np.empty(codes.shape)
        for j, (rank, rare) in enumerate(zip(self.ranks, self.rare)):
            place = codes[:, j] + 2
            found = np.where(place < len(rank), rank[np.minimum(place, len(rank) - 1)], np.nan)
            out[:, j] = np.where(np.isnan(found), rare, found)
        return out

    def to_json(self) -> dict[str, Any]:
        """The ranks as plain data."""
        return {
            "ranks": [[None if np.isnan(r) else int(r) for r in rank] for rank in self.ranks],
            "rare": [None if np.isnan(r) else int(r) for r in self.rare],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Levels:
        """The ranks from `to_json`'s plain data."""
        ranks = tuple(np.array([np.nan if r is None else r for r in rank], dtype=np.float64) for rank in data["ranks"])
        return cls(ranks, tuple(np.nan if r is None else float(r) for r in data["rare"]))
