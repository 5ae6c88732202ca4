"""How much one column alone tells about the target: scores on rows that it was not learned from.

Shared by the checks that look for leaks; NumPy only, fast enough for every column of a wide table.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from trainwright.data.schema import Kind

BINS = 64
ROWS_PER_BIN = 10


def halves(n: int) -> np.ndarray:
    """(n,) bool, a fixed random half of the rows."""
    half = np.zeros(n, dtype=bool)
    half[np.random.default_rng(1).permutation(n)[: n // 2]] = True
    return half


def as_numbers(values: pl.Series) -> np.ndarray:
    """(n,) float64 of a number, boolean or datetime column; missing and infinite are NaN."""
    if values.dtype.is_temporal():
        values = values.cast(pl.Datetime("us")).cast(pl.Int64)
    numbers = values.cast(pl.Float64).to_numpy().astype(np.float64, copy=True)
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def as_codes(values: pl.Series) -> np.ndarray:
    """(n,) int64 codes of a column's values from 0; missing has a code too."""
    return values.cast(pl.String).rank("dense").fill_null(0).cast(pl.Int64).to_numpy()


def bins_of(numbers: np.ndarray, learn: np.ndarray, most: int = BINS) -> np.ndarray:
    """(n,) int64 quantile bin of each number, edges learned on the rows of `learn`; missing is bin 0."""
    known = numbers[learn & ~np.isnan(numbers)]
    count = min(most, len(known) // ROWS_PER_BIN)
    if count < 2:
        return (~np.isnan(numbers)).astype(np.int64)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, count + 1)[1:-1]))
    return np.where(np.isnan(numbers), 0, np.searchsorted(edges, numbers, side="right") + 1)


def column_codes(values: pl.Series, kind: Kind, learn: np.ndarray, most: int = BINS) -> np.ndarray:
    """(n,) int64 codes of any column: bins of numbers and times, values of the others."""
    if kind in (Kind.NUMBER, Kind.DATETIME):
        return bins_of(as_numbers(values), learn, most)
    return as_codes(values)


def mean_by_code(codes: np.ndarray, y: np.ndarray, learn: np.ndarray) -> np.ndarray:
    """(n,) mean of y among the learned rows of the same code, drawn to the overall mean by one row."""
    width = int(codes.max()) + 1
    sums = np.bincount(codes[learn], weights=y[learn], minlength=width)
    counts = np.bincount(codes[learn], minlength=width)
    overall = float(y[learn].mean())
    return ((sums + overall) / (counts + 1))[codes]


def ranks(values: np.ndarray) -> np.ndarray:
    """(n,) ranks from 0 to 1, ties shared; missing takes the middle.

    Example:
        >>> ranks(np.array([5.0, 1.0, np.nan, 9.0])).round(3).tolist()
        [0.5, 0.167, 0.5, 0.833]
    """
    known = ~np.isnan(values)
    result = np.full(len(values), 0.5)
    if known.any():
        _, where, counts = np.unique(values[known], return_inverse=True, return_counts=True)
        result[known] = ((np.cumsum(counts) - (counts - 1) / 2) - 0.5)[where.reshape(-1)] / known.sum()
    return result


def most_frequent(codes: np.ndarray, most: int) -> tuple[np.ndarray, int]:
    """(n,) int64 the codes from 0, the rarest taken together so that there are at most so many; and how many there are.

    Example:
        >>> merged, count = most_frequent(np.array([0, 0, 1, 2, 2, 2, 3]), 3)
        >>> merged.tolist(), count
        ([1, 1, 2, 0, 0, 0, 2], 3)
    """
    counts = np.bincount(codes)
    if len(counts) <= most:
        return codes, len(counts)
    place = np.full(len(counts), most - 1)
    place[np.argsort(-counts, kind="stable")[: most - 1]] = np.arange(most - 1)
    return place[codes], most


def roc_auc(score: np.ndarray, positive: np.ndarray) -> float:
    """Area under the ROC curve as the share of pairs in right order, ties half (Mann, Whitney 1947)."""
    _, where, counts = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[where.reshape(-1)]
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    if not n_positive or not n_negative:
        return 0.5
    return float((rank[positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def r_squared(prediction: np.ndarray, y: np.ndarray) -> float:
    """Share of the variance of y that the prediction explains; at least 0."""
    total = float(((y - y.mean()) ** 2).sum())
    return 0.0 if total == 0 else max(0.0, 1 - float(((y - prediction) ** 2).sum()) / total)


def wilson_low(successes: int, n: int, z: float = 1.96) -> float:
    """Lower end of Wilson's interval of a proportion (Wilson 1927).

    Example:
        >>> round(wilson_low(30, 30), 3)
        0.886
    """
    if n == 0:
        return 0.0
    p = successes / n
    centre = p + z * z / (2 * n)
    spread = z * ((p * (1 - p) + z * z / (4 * n)) / n) ** 0.5
    return float((centre - spread) / (1 + z * z / n))


def cramers_v(codes: np.ndarray, classes: np.ndarray) -> float:
    """Strength of association of two sets of codes, 0 to 1, corrected for chance (Bergsma 2013)."""
    a = np.unique(codes, return_inverse=True)[1].reshape(-1)
    b = np.unique(classes, return_inverse=True)[1].reshape(-1)
    r, k, n = int(a.max()) + 1, int(b.max()) + 1, len(a)
    if min(r, k) < 2 or n < 3:
        return 0.0
    table = np.bincount(a * k + b, minlength=r * k).reshape(r, k).astype(np.float64)
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / n
    phi = float(((table - expected) ** 2 / expected).sum()) / n
    phi = max(0.0, phi - (r - 1) * (k - 1) / (n - 1))
    rows, columns = r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)
    return float((phi / max(min(rows, columns) - 1, 1e-12)) ** 0.5)


def strength(codes: np.ndarray, y: np.ndarray, classes: bool) -> float:
    """Association of codes with the target, 0 to 1: Cramér's V, or the corrected correlation ratio."""
    if classes:
        return min(cramers_v(codes, y), 1.0)
    a = np.unique(codes, return_inverse=True)[1].reshape(-1)
    groups, n = int(a.max()) + 1, len(a)
    ranks = np.argsort(np.argsort(y, kind="stable"), kind="stable").astype(np.float64)
    total = float(((ranks - ranks.mean()) ** 2).sum())
    if groups < 2 or n <= groups or total == 0:
        return 0.0
    means = np.bincount(a, weights=ranks) / np.bincount(a)
    within = float(((ranks - means[a]) ** 2).sum())
    return max(0.0, 1 - (within / (n - groups)) / (total / (n - 1))) ** 0.5
