"""Texts in batches of a few fixed shapes, so that what a network says of a text does not hang on its neighbours.

Sums over numbers of limited precision depend on how a matrix product is cut up, and so on the shape of the batch.
Padding each text to one of a few lengths, and each batch to the number of rows that belongs to this length, makes its
result the same in whatever company and order it is computed: what one fold has embedded serves all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LENGTHS = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048, 4096, 8192)
TOKENS = 1024  # of one batch: enough to keep a processor busy; graphics processors take sixteen times as many
FEW = 4  # so few texts are computed in a shape of their own: one row must be quick


@dataclass(frozen=True)
class Shape:
    """A batch of texts: `rows` of at most `size` texts, each padded to `length` tokens."""

    rows: np.ndarray
    size: int
    length: int


def padded_length(tokens: int) -> int:
    """The length that a text of so many tokens is padded to.

    Example:
        >>> padded_length(5), padded_length(17)
        (8, 24)
    """
    return next((length for length in LENGTHS if length >= tokens), tokens)


def shapes(lengths: Sequence[int] | np.ndarray, *, tokens: int = TOKENS, few: int = FEW) -> list[Shape]:
    """Every text in one batch of a fixed shape, or all in their own where they are few.

    Args:
        lengths: (n,) tokens of each text.
        tokens: of one batch.
        few: up to so many texts count as few.

    Example:
        >>> [(shape.rows.tolist(), shape.length) for shape in shapes([3, 30, 5, 30, 9])]
        [([0, 2], 8), ([4], 16), ([1, 3], 32)]
    """
    counts = np.asarray(lengths, dtype=np.int64)
    if not len(counts):
        return []
    if len(counts) <= few:
        return [Shape(np.arange(len(counts)), len(counts), int(counts.max()))]
    padded = np.array([padded_length(int(count)) for count in counts])
    found = []
    for length in np.unique(padded):
        rows, size = np.flatnonzero(padded == length), rows_of(int(length), tokens)
        found += [Shape(rows[at : at + size], size, int(length)) for at in range(0, len(rows), size)]
    return found


def rows_of(length: int, tokens: int = TOKENS) -> int:
    """Texts of one batch of this length."""
    return max(1, tokens // length)


def filled(shape: Shape, ids: Sequence[np.ndarray], pad: int) -> tuple[np.ndarray, np.ndarray]:
    """(size, length) token numbers and (size, length) mask, 1 at tokens; rows that are left over hold one padding."""
    numbers = np.full((shape.size, shape.length), pad, dtype=np.int64)
    mask = np.zeros((shape.size, shape.length), dtype=np.int64)
    mask[:, 0] = 1  # a row without any token would divide by nothing
    for i, row in enumerate(shape.rows):
        own = ids[int(row)]
        numbers[i, : len(own)] = own
        mask[i, : len(own)] = 1
    return numbers, mask
