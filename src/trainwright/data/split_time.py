"""Cuts in time: what is held out is later than what is kept, and equal times never lie on both sides."""

from __future__ import annotations

import numpy as np

from trainwright.data.split_group import assign_groups
from trainwright.errors import UserError


def check_times(time: np.ndarray, column: str) -> None:
    """Refuses rows without a time, and a column that holds a single moment."""
    missing = int(np.isnan(time).sum())
    if missing:
        raise UserError(
            f"column {column!r} orders the rows, but {missing} of {len(time)} rows have no time in it",
            remedy="fill them in or remove these rows",
        )
    if len(time) and float(time.min()) == float(time.max()):
        raise UserError(
            f"column {column!r} orders the rows, but all {len(time)} rows have the same time",
            remedy="name a column with different times, or leave --time out",
        )


def latest(time: np.ndarray, share: float) -> float:
    """The first moment of the latest part, chosen among the moments so that the part is nearest to the share.

    Args:
        time: (n,) with two different values at least.
        share: wanted share of rows at or after the moment.

    Example:
        >>> latest(np.array([1.0, 2.0, 3.0, 3.0]), 0.5)
        3.0
    """
    moments, counts = np.unique(time, return_counts=True)
    after = np.cumsum(counts[::-1])[::-1]  # rows at or after each moment
    wrong = np.abs(after - share * len(time)).astype(np.float64)
    wrong[0] = np.inf  # something must come before
    return float(moments[len(wrong) - 1 - int(np.argmin(wrong[::-1]))])


def windows(time: np.ndarray, folds: int) -> list[tuple[float, float]]:
    """Validation windows [start, end) over the later half of the rows, oldest first; fewer where times are
    few.

    Each is validated by a model of all earlier rows (an expanding window), so the first model knows half of
    them.
    """
    moments = np.unique(time)
    ordered = np.sort(time)
    starts = []
    for i in range(folds):
        target = round(len(time) * (0.5 + 0.5 * i / folds))
        at = min(max(int(np.searchsorted(moments, ordered[min(target, len(time) - 1)])), 1), len(moments) - 1)
        starts.append(float(moments[at]))
    cuts = sorted(set(starts))
    return list(zip(cuts, cuts[1:] + [float("inf")]))


def later_and_unseen(
    time: np.ndarray,
    group: np.ndarray,
    labels: np.ndarray,
    share: float,
    gap: float,
    rng: np.random.Generator,
    *,
    fixed: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, str]:
    """Holds out rows that are later than every kept row and of groups that no kept row has.

    Two ways are tried. Groups that begin late can be held out whole, and only later rows of older groups are
    lost. Where groups recur from the start, a share sqrt(share) of the groups is crossed with the latest
    sqrt(share) of the rows, which loses rows on two sides. The way that keeps more rows is taken.

    Args:
        time: (n,) moments.
        group: (n,) codes from 0.
        labels: (n,) codes whose shares shall be even.
        share: wanted share of held rows.
        gap: on the scale of time, left out before the first held row.
        rng: draws groups.
        fixed: (G,) 1 for groups that may not be kept, 0 for groups that may not be held, -1 for the others.

    Returns:
        kept (n,) bool, held (n,) bool, and a sentence.
    """
    n_groups = int(group.max()) + 1
    may_keep = np.ones(n_groups, dtype=bool) if fixed is None else fixed != 1
    may_hold = np.ones(n_groups, dtype=bool) if fixed is None else fixed != 0
    keepable, holdable = may_keep[group], may_hold[group]

    first = np.full(n_groups, np.inf)
    np.minimum.at(first, group, time)
    begins = first[group]
    new_kept = new_held = np.zeros(len(time), dtype=bool)
    candidates = np.unique(begins[holdable & (begins > time.min())])
    if len(candidates):
        ordered = np.sort(begins[holdable])
        counts = len(ordered) - np.searchsorted(ordered, candidates, side="left")
        cut = candidates[int(np.argmin(np.abs(counts - share * len(time))))]
        new_held = (begins >= cut) & holdable
        new_kept = (time < cut - gap) & keepable

    side = share**0.5
    chosen = assign_groups(group, labels, np.array([1 - side, side]), rng, fixed=fixed)[group] == 1
    start = latest(time, side)
    cross_held = chosen & (time >= start)
    cross_kept = ~chosen & (time < start - gap)

    wanted = share * len(time)
    fits = 0.5 * wanted <= new_held.sum() <= 2 * wanted
    if fits and new_kept.sum() >= cross_kept.sum():
        return new_kept, new_held, "groups that begin late are held out whole"
    return (
        cross_kept,
        cross_held,
        f"the latest {side:.0%} of the rows are crossed with {side:.0%} of the groups",
    )


def unseen_in_window(
    time: np.ndarray, group: np.ndarray, start: float, end: float, gap: float, third: np.ndarray, turn: int
) -> tuple[np.ndarray, np.ndarray]:
    """Training and validation rows of one window in time with unseen groups.

    Groups that begin inside the window validate; where these are fewer than a third of its rows, the groups
    of `third == turn` validate instead and are taken out of training.

    Args:
        time, group: (n,) moments and codes from 0.
        start, end: the window [start, end).
        gap: left out before it.
        third: (G,) codes 0, 1, 2 of a fixed parting of the groups.
        turn: which third validates.

    Returns:
        train (n,) bool and validation (n,) bool.
    """
    inside = (time >= start) & (time < end)
    before = time < start - gap
    first = np.full(int(group.max()) + 1, np.inf)
    np.minimum.at(first, group, time)
    new = inside & (first[group] >= start)
    if new.sum() * 3 >= inside.sum():
        return before, new
    mine = third[group] == turn % 3
    return before & ~mine, inside & mine
