"""How far several annotators agree beyond chance: Krippendorff's alpha and pairwise Cohen's kappa, gaps allowed.

Krippendorff (2004), "Content analysis", 2nd edition, chapter 11: alpha = 1 - D_o / D_e, the disagreement observed
within rows against that expected were labels dealt out at random. Only rows with two labels or more say anything.
Nominal difference for classes (0 or 1), interval difference for numbers (squared). Cohen (1960), "A coefficient of
agreement for nominal scales": kappa = (p_o - p_e) / (1 - p_e) for two annotators on the rows that both labelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

LEVEL = 0.95
REPEATS = 400
# Rows whose resampling costs seconds are drawn down to this many for the interval; alpha itself uses all.
MOST_RESAMPLED = 20_000


@dataclass(frozen=True)
class Pair:
    """Two annotators on the rows that both labelled.

    Args:
        first, second: positions of the annotators.
        rows: how many rows both labelled.
        same: share of these on which they agree (for numbers: are equal).
        kappa: Cohen's kappa; for numbers Krippendorff's alpha of the two; None where it is not defined.
    """

    first: int
    second: int
    rows: int
    same: float
    kappa: float | None


def nominal_alpha(codes: np.ndarray) -> float | None:
    """Krippendorff's alpha for classes.

    Args:
        codes: (n, a) class positions, -1 where an annotator skipped the row.

    Returns:
        1 for perfect agreement, 0 for chance; None where fewer than two labels meet or all labels are one.

    Example:
        >>> nominal_alpha(np.array([[0, 0], [1, 1], [0, 1], [1, 1]]))
        0.5333333333333333
    """
    return _alpha(*_per_row(codes))


def interval_alpha(numbers: np.ndarray) -> float | None:
    """Krippendorff's alpha for numbers, NaN where an annotator skipped the row.

    Example:
        >>> interval_alpha(np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 4.0]])) > 0.8
        True
    """
    return _interval(*_moments(numbers))


def alpha_interval(
    values: np.ndarray, *, classes: bool, seed: int = 0, repeats: int = REPEATS
) -> tuple[float, float] | None:
    """The 95 % interval of alpha by resampling rows (percentile bootstrap); None where alpha is not defined.

    Args:
        values: (n, a), as for `nominal_alpha` or `interval_alpha`.
        classes: nominal rather than interval.
        seed: of the draws.
        repeats: how many.
    """
    rng = np.random.default_rng(seed)
    useful = values[(values >= 0).sum(axis=1) > 1] if classes else values[np.isfinite(values).sum(axis=1) > 1]
    if len(useful) > MOST_RESAMPLED:
        useful = useful[rng.choice(len(useful), MOST_RESAMPLED, replace=False)]
    if len(useful) < 2:
        return None
    parts = _per_row(useful) if classes else _moments(useful)
    measure = _alpha if classes else _interval
    found = []
    for _ in range(repeats):
        rows = rng.integers(0, len(useful), len(useful))
        value = measure(*(part[rows] for part in parts))
        if value is not None:
            found.append(value)
    if len(found) < repeats // 2:
        return None
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def pairs(values: np.ndarray, *, classes: bool) -> list[Pair]:
    """The agreement of every two annotators on the rows that both labelled."""
    held = values >= 0 if classes else np.isfinite(values)
    out = []
    for i, j in combinations(range(values.shape[1]), 2):
        both = held[:, i] & held[:, j]
        if not both.any():
            out.append(Pair(i, j, 0, float("nan"), None))
            continue
        two = values[both][:, [i, j]]
        kappa = _kappa(two.astype(np.int64)) if classes else interval_alpha(two)
        out.append(Pair(i, j, int(both.sum()), float((two[:, 0] == two[:, 1]).mean()), kappa))
    return out


def majority(codes: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """What most annotators say about each row.

    Args:
        codes: (n, a) class positions, -1 where skipped.
        k: number of classes.

    Returns:
        (n,) class positions, -1 for ties and for rows without any label; (n,) whether the row is a tie.

    Example:
        >>> answer, tie = majority(np.array([[0, 0, 1], [0, 1, -1], [-1, -1, 1], [-1, -1, -1]]), 2)
        >>> answer.tolist(), tie.tolist()
        ([0, -1, 1, -1], [False, True, False, False])
    """
    votes = _votes(codes, k)
    most = votes.max(axis=1)
    tie = (votes == most[:, None]).sum(axis=1) > 1
    tie &= most > 0
    return np.where((most > 0) & ~tie, votes.argmax(axis=1), -1), tie


def _votes(codes: np.ndarray, k: int) -> np.ndarray:
    return np.stack([(codes == c).sum(axis=1) for c in range(k)], axis=1)


def _per_row(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, k) votes of the rows with two labels or more, and (n,) each row's observed disagreement."""
    votes = _votes(codes, int(codes.max(initial=0)) + 1).astype(np.float64)
    m = votes.sum(axis=1)
    votes = np.where((m > 1)[:, None], votes, 0.0)
    m = votes.sum(axis=1)
    # Ordered pairs of different labels within the row, divided by (m_u - 1): eq. 12.1's coincidences.
    differing = (m**2 - (votes**2).sum(axis=1)) / np.maximum(m - 1, 1)
    return votes, differing


def _alpha(votes: np.ndarray, differing: np.ndarray) -> float | None:
    totals = votes.sum(axis=0)
    n = totals.sum()
    if n < 2:
        return None
    expected = (n**2 - (totals**2).sum()) / (n - 1)
    return None if expected <= 0 else float(1 - differing.sum() / expected)


def _moments(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """For each row with two numbers or more: their count, sum, sum of squares, and observed squared differences."""
    held = np.isfinite(numbers)
    m = held.sum(axis=1).astype(np.float64)
    whole = np.where(held, numbers, 0.0)
    centre = whole.sum() / max(held.sum(), 1)
    whole = np.where(held & (m > 1)[:, None], numbers - centre, 0.0)
    m = np.where(m > 1, m, 0.0)
    total, squares = whole.sum(axis=1), (whole**2).sum(axis=1)
    differing = 2 * (m * squares - total**2) / np.maximum(m - 1, 1)
    return m, total, squares, differing


def _interval(m: np.ndarray, total: np.ndarray, squares: np.ndarray, differing: np.ndarray) -> float | None:
    n = m.sum()
    if n < 2:
        return None
    expected = 2 * (n * squares.sum() - total.sum() ** 2) / (n - 1)
    return None if expected <= 0 else float(1 - differing.sum() / expected)


def _kappa(codes: np.ndarray) -> float | None:
    k = int(codes.max()) + 1
    first = np.bincount(codes[:, 0], minlength=k) / len(codes)
    second = np.bincount(codes[:, 1], minlength=k) / len(codes)
    expected = float(first @ second)
    return None if expected >= 1 else float(((codes[:, 0] == codes[:, 1]).mean() - expected) / (1 - expected))
