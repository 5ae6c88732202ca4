"""A small row-wise sparse matrix in plain NumPy, so that predicting from words needs no SciPy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class SparseRows:
    """n rows of mostly zeros (the CSR layout).

    Args:
        values: (stored,) float64 entries, row after row.
        indices: (stored,) int64 column of each entry.
        starts: (n + 1,) int64 position of each row's first entry.
        width: number of columns.

    Example:
        >>> rows = SparseRows(np.array([2.0]), np.array([1]), np.array([0, 0, 1]), 3)
        >>> rows.toarray().tolist()
        [[0.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    """

    values: np.ndarray
    indices: np.ndarray
    starts: np.ndarray
    width: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    @classmethod
    def from_lists(cls, indices: Sequence[np.ndarray], values: Sequence[np.ndarray], width: int) -> SparseRows:
        """Rows given one by one."""
        starts = np.zeros(len(indices) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in indices], out=starts[1:])
        return cls(
            np.concatenate([*values, np.zeros(0)]),
            np.concatenate([*indices, np.zeros(0, dtype=np.int64)]),
            starts,
            width,
        )

    @classmethod
    def side_by_side(cls, parts: Sequence[SparseRows]) -> SparseRows:
        """The columns of several matrices of the same rows, one after the other."""
        n = len(parts[0])
        shifts = np.cumsum([0] + [part.width for part in parts])
        rows = np.concatenate([np.repeat(np.arange(n), np.diff(part.starts)) for part in parts])
        order = np.argsort(rows, kind="stable")
        starts = np.zeros(n + 1, dtype=np.int64)
        np.cumsum(np.bincount(rows, minlength=n), out=starts[1:])
        indices = np.concatenate([part.indices + shift for part, shift in zip(parts, shifts)])
        values = np.concatenate([part.values for part in parts])
        return cls(values[order], indices[order], starts, int(shifts[-1]))

    def toarray(self) -> np.ndarray:
        """(n, width) dense."""
        out = np.zeros((len(self), self.width))
        out[np.repeat(np.arange(len(self)), np.diff(self.starts)), self.indices] = self.values
        return out

    def dot(self, matrix: np.ndarray) -> np.ndarray:
        """(n, k) product with a dense (width, k) matrix."""
        out = np.zeros((len(self), matrix.shape[1]))
        filled = np.flatnonzero(np.diff(self.starts))  # reduceat cannot sum an empty row
        if len(filled):
            terms = self.values[:, None] * matrix[self.indices]
            out[filled] = np.add.reduceat(terms, self.starts[filled], axis=0)
        return out

    def take(self, rows: np.ndarray) -> SparseRows:
        """The rows at these positions."""
        counts = np.diff(self.starts)[rows]
        starts = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(counts, out=starts[1:])
        at = np.repeat(self.starts[rows] - starts[:-1], counts) + np.arange(starts[-1])
        return SparseRows(self.values[at], self.indices[at], starts, self.width)

    def to_scipy(self) -> Any:
        """The same matrix for libraries that learn."""
        from scipy.sparse import csr_matrix

        index = np.int32 if max(self.width, len(self.values)) < 2**31 else np.int64
        return csr_matrix(
            (self.values, self.indices.astype(index), self.starts.astype(index)),
            shape=(len(self), self.width),
        )
