"""Copies of a row that stay on one side of a cut drawn by chance."""

from __future__ import annotations

import numpy as np

from trainwright.data.split_group import GOLDEN


def place_copies(
    unit: np.ndarray,
    strata: np.ndarray,
    shares: np.ndarray,
    rng: np.random.Generator,
    *,
    fixed: np.ndarray | None = None,
    whole_strata: bool = False,
) -> np.ndarray:
    """Gives all copies of a row to one bin, each stratum and size of unit in nearly the asked shares.

    Units are ordered by stratum and size and dealt by a Weyl sequence, any stretch of which has nearly the
    shares: linear in the number of rows, also where every row has a copy.

    Args:
        unit: (n,) codes, equal for copies; -1 for a row without a copy.
        strata: (n,) codes of strata; a unit belongs to that of its first row.
        shares: (B,) wanted share of each bin, summing to 1.
        rng: mixes the units.
        fixed: (n,) bin that a row's unit must go to, or -1; equal within a unit.
        whole_strata: a stratum that lies in a single unit goes to bin 0: elsewhere it would be missing there.

    Returns:
        (n,) int64 bin, -1 for rows without a copy.

    Example:
        >>> unit = np.array([0, 0, 1, 1, -1])
        >>> placed = place_copies(unit, np.zeros(5, int), np.array([0.5, 0.5]), np.random.default_rng(0))
        >>> bool(placed[0] == placed[1]), int(placed[4])
        (True, -1)
    """
    out = np.full(len(unit), -1, dtype=np.int64)
    rows = np.flatnonzero(unit >= 0)
    if not len(rows):
        return out
    _, first, back, sizes = np.unique(unit[rows], return_index=True, return_inverse=True, return_counts=True)
    stratum = strata[rows[first]]
    mixed = rng.permutation(len(sizes))
    order = mixed[np.lexsort((-sizes[mixed], stratum[mixed]))]
    even = (rng.random() + np.arange(len(order)) * GOLDEN) % 1.0
    place = np.empty(len(sizes), dtype=np.int64)
    place[order] = np.minimum(np.searchsorted(np.cumsum(shares), even, side="right"), len(shares) - 1)
    if whole_strata:
        # A unit of mixed labels does not hold a stratum alone, so rows are counted, not units.
        in_unit = np.bincount(stratum, weights=sizes, minlength=int(strata.max()) + 1)
        alone = (np.bincount(stratum, minlength=len(in_unit)) == 1) & (in_unit >= np.bincount(strata))
        place[alone[stratum]] = 0
    if fixed is not None:
        given = fixed[rows[first]]
        place = np.where(given >= 0, given, place)
    out[rows] = place[back.reshape(-1)]
    return out


def parted_already(unit: np.ndarray, test: np.ndarray, development: np.ndarray) -> np.ndarray:
    """(n,) the units without those whose rows earlier dataset versions put on both sides.

    Args:
        unit: (n,) codes, -1 for a row without a copy.
        test, development: (n,) bool, what earlier dataset versions did.
    """
    known = unit[(unit >= 0) & test]
    both = np.intersect1d(known, unit[(unit >= 0) & development])
    return np.where(np.isin(unit, both), -1, unit) if len(both) else unit


def earlier_bins(unit: np.ndarray, test: np.ndarray, development: np.ndarray) -> np.ndarray:
    """(n,) 1 where a copy was sealed before, 0 where one was trained on, -1 for what is new."""
    fixed = np.full(len(unit), -1, dtype=np.int64)
    shared = unit >= 0
    fixed[shared & np.isin(unit, unit[shared & development])] = 0
    fixed[shared & np.isin(unit, unit[shared & test])] = 1
    return fixed
