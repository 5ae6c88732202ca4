"""Out-of-fold rows of two classes as counts by score, fold and segment: every threshold is judged from these counts.

Rows are sorted once; a resample, a fold or a segment only changes how often each row counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainwright.evaluate.resampling import Units

MOST_BINS = 6_000
"""Distinct scores kept apart; beyond it neighbours are joined, but never the highest ones, where rare cases lie."""
GRID = 128
"""Thresholds at which the dependence within groups is measured."""


@dataclass(frozen=True)
class Table:
    """n rows by score.

    Args:
        bin: (n,) position of the row's score among the g that are kept apart, 0 for the highest.
        high, low: (g,) the largest and smallest score of each.
        fold: (n,) 0, 1, ...
        folds: how many.
        segment: (n,) 0, 1, ...; all 0 where there are no segments.
        segments: how many.
        positive: (n,) whether the row is of the positive class.
        weight: (n,) how much each row counts; the mean is 1.
        units: what varies independently.
        up, down: what a row of the positive and of the other class counts for in the world (see `prevalence`).
        loss_recall, loss_precision: (g + 1,) by how much dependence within units reduces the number of rows that
            recall and precision rest on, 1 for independent rows; Kish's design effect.
    """

    bin: np.ndarray
    high: np.ndarray
    low: np.ndarray
    fold: np.ndarray
    folds: int
    segment: np.ndarray
    segments: int
    positive: np.ndarray
    weight: np.ndarray
    units: Units
    up: float
    down: float
    loss_recall: np.ndarray
    loss_precision: np.ndarray

    def counts(self, times: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """(s, f, g) weight of the positive and of the other rows by segment, fold and score.

        Args:
            times: (n,) how often each row is drawn; once each by default.
        """
        weight = self.weight if times is None else self.weight * times
        shape = (self.segments, self.folds, len(self.high))
        at = (self.segment * self.folds + self.fold) * shape[2] + self.bin
        size = shape[0] * shape[1] * shape[2]
        every = np.bincount(at, weights=weight, minlength=size)
        own = np.bincount(at, weights=weight * self.positive, minlength=size)
        return own.reshape(shape), (every - own).reshape(shape)

    def at_least(self, threshold: float) -> int:
        """The number of scores, from the highest on, that reach a threshold.

        Example:
            see `Curve.threshold`, its inverse.
        """
        return int(np.searchsorted(-self.low, -threshold, side="right"))


def make_table(
    score: np.ndarray,
    positive: np.ndarray,
    fold: np.ndarray,
    units: Units,
    *,
    segment: np.ndarray | None = None,
    segments: int = 1,
    weight: np.ndarray | None = None,
    up: float = 1.0,
    down: float = 1.0,
) -> Table:
    """Sorts the rows.

    Args:
        score: (n,) probabilities of the positive class.
        positive: (n,) bool.
        fold: (n,) codes of folds, any numbers; with a single one the units are dealt into five, because any partition
            of rows that no model saw does for judging a choice.
        units, segment, segments, weight, up, down: see `Table`; the weight's scale does not matter.
    """
    bins, high, low = _bins(score, positive)
    numbers, codes = np.unique(fold, return_inverse=True)
    if len(numbers) < 2:
        codes = (np.random.default_rng([units.count, 5]).permutation(units.count) % 5)[units.code]
    mass = np.ones(len(score)) if weight is None else np.asarray(weight, dtype=float) * len(weight) / weight.sum()
    table = Table(
        bins, high, low, codes.astype(np.int64), max(int(codes.max(initial=0)) + 1, 1),
        np.zeros(len(score), dtype=np.int64) if segment is None else segment, segments,
        np.asarray(positive, dtype=bool), mass, units, up, down, np.ones(len(high) + 1), np.ones(len(high) + 1),
    )  # fmt: skip
    recall, precision = _losses(table)
    return Table(**{**vars(table), "loss_recall": recall, "loss_precision": precision})


def _bins(score: np.ndarray, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The position of each score, highest first, and the largest and smallest score of each position."""
    order = np.argsort(-score, kind="stable")
    ordered = score[order]
    fresh = np.concatenate(([True], ordered[1:] != ordered[:-1])) if len(score) else np.zeros(0, dtype=bool)
    if fresh.sum() > MOST_BINS:
        n, third = len(score), MOST_BINS // 3
        wanted = np.zeros(n, dtype=bool)
        wanted[:third] = True
        wanted[np.linspace(0, n - 1, third).astype(int)] = True
        own = np.flatnonzero(np.asarray(positive, dtype=bool)[order])
        if len(own):
            wanted[own[np.linspace(0, len(own) - 1, third).astype(int)]] = True
        # A bin begins only where a new score does: equal scores are never told apart.
        begins = np.flatnonzero(fresh)
        kept = np.unique(np.searchsorted(begins, np.flatnonzero(wanted), side="right") - 1)
        fresh = np.zeros(n, dtype=bool)
        fresh[begins[kept]] = True
    place = np.cumsum(fresh) - 1
    bins = np.empty(len(score), dtype=np.int64)
    bins[order] = place
    first = np.flatnonzero(fresh)
    last = np.append(first[1:], len(score)) - 1
    return bins, ordered[first], ordered[last]


def _losses(table: Table) -> tuple[np.ndarray, np.ndarray]:
    """Design effects of recall and precision by number of scores flagged.

    Var(share) over units against the binomial variance (Kish 1965, section 5.4); unequal weights add Kish's
    n * sum(w^2) / sum(w)^2.
    """
    g, units = len(table.high), table.units
    uneven = float(len(table.weight) * (table.weight**2).sum() / max(table.weight.sum() ** 2, 1e-300))
    flat = np.full(g + 1, max(uneven, 1.0))
    if units.how == "rows" or units.count == len(table.bin) or g == 0:
        return flat, flat
    at = np.unique(np.linspace(1, g, min(GRID, g)).astype(int))  # scores flagged
    cell = np.searchsorted(at, table.bin, side="right")  # the first grid point that flags the row
    size = len(at) + 1

    def by_unit(mass: np.ndarray) -> np.ndarray:
        sums = np.bincount(units.code * size + cell, weights=mass, minlength=units.count * size)
        return np.cumsum(sums.reshape(units.count, size), axis=1)[:, : len(at)]  # (u, grid)

    found, wrong = by_unit(table.weight * table.positive), by_unit(table.weight * ~table.positive)
    own = np.bincount(units.code, weights=table.weight * table.positive, minlength=units.count)[:, None]
    out = []
    for top, bottom in ((found, np.broadcast_to(own, found.shape)), (found, found + wrong)):
        total = np.maximum(bottom.sum(0), 1e-300)
        share = np.clip(top.sum(0) / total, 0.0, 1.0)
        spread = ((units.blocks(top - share * bottom)) ** 2).sum(0) / max(units.block, 1) / total**2
        binomial = share * (1 - share) / total
        rows_per_unit = total / np.maximum((bottom > 0).sum(0), 1)
        loss = np.where(binomial > 1e-12, spread / np.maximum(binomial, 1e-300), rows_per_unit)
        loss = np.clip(loss, max(uneven, 1.0), np.maximum(rows_per_unit, max(uneven, 1.0)))
        out.append(np.interp(np.arange(g + 1), at, loss))
    return out[0], out[1]
