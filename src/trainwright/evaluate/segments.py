"""Weak segments: rows that have something in common and are predicted worse than the rest, found without flattery.

Whoever looks at hundreds of slices always finds a bad one. So the slices are searched on one half of the rows, and only
the few worst are measured on the other half, where nothing was chosen (data splitting, Cox 1975); their p-values are
corrected for how many were carried over (Holm 1979). Figures told are those of the second half.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from trainwright.data.columns import Columns
from trainwright.data.holm import holm
from trainwright.evaluate.intervals import json_number
from trainwright.evaluate.slices import Cut, cuts_of

FEWEST = 200  # out-of-fold rows below which nothing is searched
MOST_ROWS, MOST_CELLS = 200_000, 8_000_000  # more rows are sampled: a few seconds of search at most
FEWEST_IN_SLICE = 25  # in each half
SHARE_IN_SLICE = 0.005
CARRIED = 10  # slices measured on the second half
PAIRED = 6  # columns whose pairs are tried
WORSE = 1.2  # times the loss elsewhere, to be carried over
PAIR_WORSE = 1.25  # times the loss of either column's slice alone, for a pair to be worth telling
SEEN_WORSE = 1.2  # on the second half
LEVEL = 0.05


@dataclass(frozen=True)
class Segment:
    """A slice in which predictions are clearly worse.

    Args:
        where: in words.
        columns: one or two.
        value: mean loss of its rows in the half that was not searched.
        elsewhere: mean loss of the other rows there.
        n: its rows there.
        share: of all rows.
        p: one-sided, corrected for the slices measured.
        outcome, outcome_elsewhere: mean of the truth (share of the positive class) inside and outside.
    """

    where: str
    columns: tuple[str, ...]
    value: float
    elsewhere: float
    n: int
    share: float
    p: float
    outcome: float
    outcome_elsewhere: float

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        numbers = ("value", "elsewhere", "share", "p", "outcome", "outcome_elsewhere")
        return {**vars(self), "columns": list(self.columns), **{k: json_number(getattr(self, k)) for k in numbers}}


@dataclass(frozen=True)
class Segments:
    """What the search found.

    Args:
        segments: the heaviest first (rows times how much worse they are).
        tried: slices and pairs of slices looked at on the first half.
        carried: of these, measured on the second half.
        n_rows: rows of the first and the second half.
        note: what was left out, and why; "" when nothing was.
    """

    segments: tuple[Segment, ...]
    tried: int
    carried: int
    n_rows: tuple[int, int]
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "segments": [segment.to_json() for segment in self.segments],
            "tried": self.tried,
            "carried": self.carried,
            "n_rows": list(self.n_rows),
            "level": LEVEL,
            "note": self.note,
        }


@dataclass(frozen=True)
class _Slice:
    """A slice that looked bad on the first half."""

    where: str
    columns: tuple[str, ...]
    inside: np.ndarray  # (n,) bool
    mean: float
    z: float


def weak_segments(
    columns: Columns,
    loss: np.ndarray,
    outcome: np.ndarray,
    *,
    ranked: Sequence[str] = (),
    booleans: frozenset[str] = frozenset(),
    cluster: np.ndarray | None = None,
    seed: int = 0,
) -> Segments:
    """Finds what the badly predicted rows have in common.

    Args:
        columns: n out-of-fold rows.
        loss: (n,) loss of each row, less is better: 0 or 1 for a decision, the absolute error of a number.
        outcome: (n,) truth as a number (1 for the positive class), told beside the loss.
        ranked: columns by importance; the first few are tried in pairs.
        booleans: number columns that hold true and false.
        cluster: (n,) rows of one value belong together (groups, copies): they stay in one half, and count as one in
            the spread. None: every row by itself.
        seed: of the halves.

    Returns:
        `Segments`, empty when nothing is clearly worse.
    """
    rng = np.random.default_rng([seed, 17])
    n, note = len(loss), ""
    if n < FEWEST:
        return Segments((), 0, 0, (0, 0), f"{n} out-of-fold rows are too few to search for weak segments ({FEWEST})")
    most = max(FEWEST, min(MOST_ROWS, MOST_CELLS // max(1, len(columns.layout.names))))
    if n > most:
        rows = np.sort(rng.choice(n, most, replace=False))
        columns, loss, outcome = columns.take(rows), loss[rows], outcome[rows]
        cluster = None if cluster is None else cluster[rows]
        note, n = f"searched in {most:,} of the {n:,} rows", most
    if not np.ptp(loss) > 0:
        return Segments((), 0, 0, (0, 0), "every row has the same loss: there is nothing to tell apart")
    unit = np.arange(n) if cluster is None else np.unique(cluster, return_inverse=True)[1]
    first = (rng.random(int(unit.max()) + 1) < 0.5)[unit]
    cuts = cuts_of(columns, booleans)
    found, tried = _search(cuts, loss, first, ranked)
    second = ~first
    measured = [_measure(one.inside[second], loss[second], outcome[second], unit[second], one) for one in found]
    corrected = holm(np.array([segment.p for segment in measured]))
    told = [
        Segment(**{**vars(segment), "p": float(p)})
        for segment, p in zip(measured, corrected)
        if p < LEVEL and segment.value > SEEN_WORSE * segment.elsewhere
    ]
    told.sort(key=lambda s: -s.n * (s.value - s.elsewhere))
    return Segments(tuple(told), tried, len(found), (int(first.sum()), int(second.sum())), note)


def _search(cuts: list[Cut], loss: np.ndarray, first: np.ndarray, ranked: Sequence[str]) -> tuple[list[_Slice], int]:
    """The worst slices of the first half, none mostly made of the rows of another, and how many were looked at."""
    fewest = max(FEWEST_IN_SLICE, int(SHARE_IN_SLICE * first.sum()))
    tried = 0
    bad: list[tuple[float, float, tuple[Cut, ...], tuple[int, ...]]] = []
    alone: dict[str, np.ndarray] = {}  # mean loss of each slice of a fine cut
    worst: dict[str, float] = {}
    for cut in cuts:
        count, mean, z = _table(cut.code, len(cut.names), loss, first)
        if cut.fine:
            alone[cut.column] = mean
            worst[cut.column] = float(np.nanmax(np.where(count >= fewest, z, -np.inf), initial=-np.inf))
        for s, name in enumerate(cut.names):
            if name is not None and fewest <= count[s] <= 0.6 * first.sum():
                tried += 1
                bad += [(z[s], mean[s], (cut,), (s,))] if _worse(z[s], mean[s], count[s], loss, first) else []
    fine = {cut.column: cut for cut in cuts if cut.fine}
    order = [name for name in ranked if name in fine] or sorted(fine, key=lambda name: -worst[name])
    for a, b in combinations(order[:PAIRED], 2):
        one, two = fine[a], fine[b]
        width = len(two.names)
        count, mean, z = _table(one.code * width + two.code, len(one.names) * width, loss, first)
        for s in np.flatnonzero(count >= fewest).tolist():
            i, j = divmod(s, width)
            if one.names[i] is None or two.names[j] is None or count[s] > 0.6 * first.sum():
                continue
            tried += 1
            apart = mean[s] > PAIR_WORSE * max(alone[a][i], alone[b][j])
            if apart and _worse(z[s], mean[s], count[s], loss, first):
                bad.append((z[s], mean[s], (one, two), (i, j)))
    bad.sort(key=lambda item: -item[0])
    chosen: list[_Slice] = []
    for z_value, mean_value, parts, at in bad:
        inside = np.logical_and.reduce([cut.code == s for cut, s in zip(parts, at)])
        if any(_overlap(inside, other.inside) > 0.5 for other in chosen):
            continue
        where = " and ".join(str(cut.names[s]) for cut, s in zip(parts, at))
        names = tuple(cut.column for cut in parts)
        chosen.append(_Slice(where, names, inside, float(mean_value), float(z_value)))
        if len(chosen) == CARRIED:
            break
    return chosen, tried


def _table(code: np.ndarray, size: int, loss: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, ...]:
    """(size,) rows, mean loss and its distance from the mean of the other rows in standard errors (Welch 1947), on the
    first half."""
    code, loss = code[first], loss[first]
    count = np.bincount(code, minlength=size).astype(np.float64)
    total = np.bincount(code, weights=loss, minlength=size)
    square = np.bincount(code, weights=loss * loss, minlength=size)
    rest = len(loss) - count
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, other = total / count, (loss.sum() - total) / rest
        spread = np.maximum(square / count - mean**2, 0) / count
        spread += np.maximum((np.square(loss).sum() - square) / rest - other**2, 0) / rest
        z = (mean - other) / np.sqrt(np.maximum(spread, 1e-300))
    return count, mean, np.nan_to_num(z, nan=-np.inf)


def _worse(z: float, mean: float, count: float, loss: np.ndarray, first: np.ndarray) -> bool:
    """Whether a slice is worth a look on the second half."""
    half = loss[first]
    elsewhere = (half.sum() - mean * count) / max(len(half) - count, 1)
    return bool(z > 2.0 and mean > WORSE * elsewhere)


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Share of the smaller one that both hold."""
    return float((a & b).sum() / max(min(a.sum(), b.sum()), 1))


def _measure(inside: np.ndarray, loss: np.ndarray, outcome: np.ndarray, unit: np.ndarray, one: _Slice) -> Segment:
    """A slice on the half that was not searched, its p-value from the spread between units (Liang and Zeger 1986)."""
    from scipy.special import stdtr  # much quicker to import than scipy.stats

    n, rest = int(inside.sum()), int((~inside).sum())
    share = float(one.inside.mean())
    if n < FEWEST_IN_SLICE // 2 or not rest:
        nan = float("nan")
        return Segment(one.where, one.columns, nan, nan, n, share, 1.0, nan, nan)
    mean, other = float(loss[inside].mean()), float(loss[~inside].mean())
    pull = np.where(inside, (loss - mean) / n, -(loss - other) / rest)
    by_unit = np.bincount(unit, weights=pull)
    units = len(np.unique(unit[inside]))
    spread = float(np.sqrt(np.square(by_unit).sum() * units / max(units - 1, 1)))
    p = 1.0
    if spread > 0 and units > 1:
        p = float(stdtr(units - 1, -(mean - other) / spread))
    elif mean > other and units > 5:
        p = 0.0  # every row inside is wrong, every row outside right
    inner, outer = float(outcome[inside].mean()), float(outcome[~inside].mean())
    return Segment(one.where, one.columns, mean, other, n, share, p, inner, outer)
