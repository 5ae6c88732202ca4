"""Drawing rows by chance with the shares of strata kept: quotas for one part, dealing for folds."""

from __future__ import annotations

import numpy as np

from trainwright.data.split_rule import Rows

BINS = 10


def generator(seed: int, purpose: int) -> np.random.Generator:
    """A stream of its own for each purpose, so that a change of one draw leaves the others as they were."""
    return np.random.default_rng([abs(int(seed)), purpose])


def make_strata(rows: Rows, *, target: bool, least: int) -> tuple[np.ndarray, list[str]]:
    """The stratum of each row: class (or quantile bin of a number) by code of the further columns.

    A combination with fewer than `least` rows is merged with the other small ones of its class, and named.

    Args:
        rows: the rows to stratify.
        target: whether the target takes part.
        least: rows below which a combination is too small to be kept alike.

    Returns:
        (n,) int64 codes from 0, and sentences about what was merged.
    """
    base = np.zeros(rows.n, dtype=np.int64)
    if target and rows.y is not None:
        base = rows.y.astype(np.int64) if rows.task == "classes" else quantile_bins(rows.y, least)
    if rows.strata is None:
        return np.unique(base, return_inverse=True)[1].astype(np.int64), []
    pairs, codes, counts = np.unique(
        np.column_stack([base, rows.strata.astype(np.int64)]), axis=0, return_inverse=True, return_counts=True
    )
    codes = codes.reshape(-1)
    small = np.flatnonzero(counts < least)
    if not len(small):
        return codes.astype(np.int64), []
    named = []
    for i in small[:5]:
        prefix = f"class {rows.class_name(int(pairs[i, 0]))}, " if target and rows.task == "classes" else ""
        named.append(f"{prefix}stratum {rows.stratum_name(int(pairs[i, 1]))}: {counts[i]} rows")
    more = f" and {len(small) - 5} more" if len(small) > 5 else ""
    merged = pairs.copy()
    merged[small, 1] = pairs[:, 1].min() - 1
    again = np.unique(merged, axis=0, return_inverse=True)[1].reshape(-1)
    sentence = (
        f"Strata with fewer than {least} rows were merged with other small ones ({'; '.join(named)}{more}): "
        "collect more of them, or stratify by fewer columns."
    )
    return again[codes].astype(np.int64), [sentence]


def quantile_bins(y: np.ndarray, least: int) -> np.ndarray:
    """(n,) position of each number among at most ten bins of equal size, each of `least` rows or more."""
    bins = min(BINS, len(y) // max(2 * least, 2))
    if bins < 2:
        return np.zeros(len(y), dtype=np.int64)
    edges = np.unique(np.quantile(y, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.searchsorted(edges, y, side="right").astype(np.int64)


def by_stratum(strata: np.ndarray) -> np.ndarray:
    """A stable order by stratum; NumPy sorts 16-bit codes by radix, in linear time."""
    small = len(strata) and int(strata.max()) < 2**15
    return np.argsort(strata.astype(np.int16) if small else strata, kind="stable")


def deal(strata: np.ndarray, folds: int, rng: np.random.Generator | None) -> np.ndarray:
    """Deals rows like cards, stratum after stratum: each fold gets each stratum, and all rows, within one
    row.

    Args:
        strata: (n,) codes.
        folds: number of hands.
        rng: mixes the rows first; None keeps their order.

    Returns:
        (n,) int64 fold of each row.

    Example:
        >>> np.bincount(deal(np.zeros(7, int), 3, None)).tolist()
        [3, 2, 2]
    """
    n = len(strata)
    order = np.arange(n) if rng is None else rng.permutation(n)
    order = order[by_stratum(strata[order])]
    labels = np.empty(n, dtype=np.int64)
    labels[order] = np.arange(n) % folds
    return labels


def draw(
    strata: np.ndarray,
    share: float,
    rng: np.random.Generator,
    *,
    held: np.ndarray | None = None,
    eligible: np.ndarray | None = None,
) -> np.ndarray:
    """Draws round(share * n) rows, each stratum by its share (largest remainders), topping up what is held
    already.

    A stratum of a single row is never drawn: it would be gone from the other side.

    Args:
        strata: (n,) codes from 0.
        share: share of all rows that shall be in the part.
        rng: the draw.
        held: (n,) rows that are in the part already.
        eligible: (n,) rows that may be added.

    Returns:
        (n,) bool, the held and the added rows.
    """
    n = len(strata)
    held = np.zeros(n, dtype=bool) if held is None else held
    free = ~held if eligible is None else eligible & ~held
    total = max(0, round(share * n) - int(held.sum()))
    quota = _quotas(strata, share, total, held, free)
    order = rng.permutation(np.flatnonzero(free))
    order = order[by_stratum(strata[order])]
    starts = np.concatenate([[0], np.cumsum(np.bincount(strata[order], minlength=len(quota)))])[:-1]
    rank = np.arange(len(order)) - starts[strata[order]]
    taken = held.copy()
    taken[order[rank < quota[strata[order]]]] = True
    return taken


def _quotas(strata: np.ndarray, share: float, total: int, held: np.ndarray, free: np.ndarray) -> np.ndarray:
    """(C,) rows to draw from each stratum: its share less what is held, by largest remainders."""
    size = np.bincount(strata)
    available = np.bincount(strata[free], minlength=len(size))
    want = np.clip(share * size - np.bincount(strata[held], minlength=len(size)), 0, available)
    want[size < 2] = 0
    if want.sum() > total:
        want *= total / want.sum()
    quota = np.floor(want + 1e-9).astype(np.int64)
    rest = want - quota
    missing = min(total, round(float(want.sum()))) - int(quota.sum())
    # Ties go to the larger stratum, where one row more changes the share least.
    for i in np.lexsort((-size, -rest))[: max(missing, 0)]:
        if quota[i] < available[i] and rest[i] > 1e-9:
            quota[i] += 1
    return quota
