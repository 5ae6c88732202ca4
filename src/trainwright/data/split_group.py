"""Groups that stay whole: each goes to one part or fold, with sizes and class shares nearly even."""

from __future__ import annotations

import numpy as np

from trainwright.data.split_rule import Rows
from trainwright.errors import UserError

# Beyond these, the greedy balance costs more than it gives: many small groups balance themselves.
GREEDY_GROUPS = 5_000
GREEDY_CLASSES = 50
GOLDEN = 0.6180339887498949


def whole_groups(group: np.ndarray) -> np.ndarray:
    """(n,) int64 codes from 0; a row without a group (negative code) becomes a group of its own."""
    codes = group.astype(np.int64)
    lone = np.flatnonzero(codes < 0)
    if len(lone):
        codes = codes.copy()
        codes[lone] = codes.max(initial=0) + 1 + np.arange(len(lone))
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)


def assign_groups(
    group: np.ndarray,
    labels: np.ndarray,
    shares: np.ndarray,
    rng: np.random.Generator | None,
    *,
    fixed: np.ndarray | None = None,
    jitter: bool = False,
) -> np.ndarray:
    """Gives every group to one bin so that rows and labels have the asked shares as nearly as whole groups
    allow.

    Greedy, largest group first: each goes where it lowers sum((filled - share)^2 / share) most, over all
    labels and the number of rows; the idea of scikit-learn's StratifiedGroupKFold, for bins of any share.

    Args:
        group: (n,) codes from 0.
        labels: (n,) codes whose shares shall be even.
        shares: (B,) wanted share of each bin, summing to 1.
        rng: breaks ties; None takes groups in the order of the rows.
        fixed: (G,) bin that a group must go to, or -1.
        jitter: mix the order of sizes too, so that repeats differ.

    Returns:
        (G,) int64 bin of each group.
    """
    sizes = np.bincount(group)
    n_groups, n_bins = len(sizes), len(shares)
    place = np.full(n_groups, -1, dtype=np.int64) if fixed is None else fixed.astype(np.int64).copy()
    counts = _label_counts(group, labels, sizes)  # (G, C + 1), as shares of each label's total
    filled = np.zeros((n_bins, counts.shape[1]))
    for b in range(n_bins):
        filled[b] = counts[place == b].sum(axis=0)
    order = _order(group, sizes, rng, jitter)
    order = order[place[order] < 0]
    for g in order[:GREEDY_GROUPS]:
        add = counts[g]
        gain = ((2 * add * (filled - shares[:, None]) + add**2) / shares[:, None]).sum(axis=1)
        b = int(np.argmin(gain))
        place[g] = b
        filled[b] += add
    rest = order[GREEDY_GROUPS:]
    if len(rest):
        even = (np.arange(len(rest)) * GOLDEN) % 1.0  # a Weyl sequence: any stretch of it has nearly the shares
        place[rest] = np.minimum(np.searchsorted(np.cumsum(shares), even, side="right"), n_bins - 1)
    _fill_empty(place, sizes, fixed, n_bins)
    return place


def earlier_groups(
    rows: Rows, group: np.ndarray, earlier_test: np.ndarray, earlier_development: np.ndarray, column: str
) -> np.ndarray:
    """(G,) 1 for a group that was in the test part before, 0 for development, -1 for a new one.

    Raises:
        UserError: a group has rows in both, so the sealed test was drawn without these groups.
    """
    n_groups = int(group.max()) + 1 if len(group) else 0
    fixed = np.full(n_groups, -1, dtype=np.int64)
    tested = np.unique(group[earlier_test])
    developed = np.unique(group[earlier_development])
    both = np.intersect1d(tested, developed)
    if len(both):
        raise UserError(
            f"{len(both)} groups of column {column!r} have rows both in the sealed test part and in the "
            "development "
            "part of an earlier dataset version: the test part was drawn without these groups",
            remedy="train into a new project with --project, where the test part is drawn by group",
        )
    fixed[developed] = 0
    fixed[tested] = 1
    return fixed


def _order(group: np.ndarray, sizes: np.ndarray, rng: np.random.Generator | None, jitter: bool) -> np.ndarray:
    """Groups in the order in which they are placed: largest first, ties by chance."""
    if rng is None:
        return np.argsort(-sizes, kind="stable")
    mixed = rng.permutation(len(sizes))
    key = sizes[mixed] * rng.uniform(0.5, 1.5, len(sizes)) if jitter else sizes[mixed]
    return mixed[np.argsort(-key, kind="stable")]


def _label_counts(group: np.ndarray, labels: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """(G, C + 1) share of each label's rows that lie in the group, and of all rows (weighted)."""
    rows = sizes[:, None] / len(group)
    n_labels = int(labels.max()) + 1
    if n_labels < 2 or n_labels > GREEDY_CLASSES:
        return rows
    table = np.bincount(group * n_labels + labels, minlength=len(sizes) * n_labels).reshape(-1, n_labels)
    totals = np.maximum(table.sum(axis=0), 1)
    return np.hstack([table / totals, rows * n_labels**0.5])


def _fill_empty(place: np.ndarray, sizes: np.ndarray, fixed: np.ndarray | None, n_bins: int) -> None:
    """A bin that no group fits into gets the smallest free group of the bin that has most groups."""
    for b in range(n_bins):
        if (place == b).any():
            continue
        richest = int(np.argmax(np.bincount(place, minlength=n_bins)))
        movable = (place == richest) & (True if fixed is None else fixed < 0)
        candidates = np.flatnonzero(movable)
        if len(candidates) > 1 or (len(candidates) == 1 and (place == richest).sum() > 1):
            place[candidates[np.argmin(sizes[candidates])]] = b
