"""Recognises rows of earlier dataset versions by their keys, copies of one row included.

Rows with equal values have equal keys, and some copies may be sealed while others are trained on. Were both
kinds looked up by the plain key, a second training on the same file would find every copy sealed, and a table
of few combinations would lose all its development rows. So copies are numbered in the order of the file.
"""

from __future__ import annotations

import numpy as np

STEP = np.uint64(0x9E3779B97F4A7C15)


def number_copies(keys: np.ndarray) -> np.ndarray:
    """A key of its own for every row: the first row keeps it, each copy gets another made from it.

    Args:
        keys: (n,) uint64, equal for equal rows.

    Returns:
        (n,) uint64.

    Example:
        >>> numbered = number_copies(np.array([7, 7, 8], dtype=np.uint64))
        >>> numbered[0] == 7, numbered[1] == 7, numbered[2] == 8
        (np.True_, np.False_, np.True_)
    """
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    first = np.ones(len(keys), dtype=bool)
    first[1:] = ordered[1:] != ordered[:-1]
    starts = np.maximum.accumulate(np.where(first, np.arange(len(keys)), 0))
    copy = (np.arange(len(keys)) - starts).astype(np.uint64)
    mixed = ordered ^ (copy * STEP)
    mixed = np.where(copy == 0, ordered, mixed ^ (mixed >> np.uint64(31)))
    numbered = np.empty_like(keys)
    numbered[order] = mixed
    return numbered


def earlier_rows(keys: np.ndarray, test: np.ndarray, development: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which rows earlier dataset versions sealed, and which they trained on.

    A new copy of a row that was only sealed is sealed too, and one of a row that was only trained on stays in
    development; a new copy of a row with copies on both sides is a new row.

    Args:
        keys: (n,) uint64 plain keys of the rows.
        test, development: uint64 keys that earlier versions recorded, after `number_copies`.

    Returns:
        (n,) bool sealed and (n,) bool trained on, as `make_split` takes them.
    """
    numbered = number_copies(keys)
    sealed, trained = np.isin(numbered, test), np.isin(numbered, development)
    new = ~sealed & ~trained
    has_sealed, has_trained = np.isin(keys, keys[sealed]), np.isin(keys, keys[trained])
    return sealed | (new & has_sealed & ~has_trained), trained | (new & has_trained & ~has_sealed)
