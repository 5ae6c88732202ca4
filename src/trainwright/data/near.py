"""Finds the nearest other row of some rows, among rows that agree in every category: copies with small changes show.

Numbers are measured in standard deviations of their column, or by their ratio. Texts and categories must be equal
once letter case, blanks and punctuation are ignored; missing values agree with missing values alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from trainwright.data.schema import Column, Kind

# Columns that enter the search; candidates are then compared in all of them.
COLUMNS = 64
# Coordinates and length of the random vector that stands for one combination of categories.
WIDTH, LENGTH = 16, 3.0
BLOCK = 2**24  # distances held at once
FAR = np.float32(1e30)


@dataclass(frozen=True, eq=False)
class Places:
    """Rows as points.

    Args:
        numbers: (n, q) float64, columns in standard deviations, missing as 0.
        group: (n,) uint64 hash of the categories, texts and the pattern of missing numbers.
        exact: (n,) uint64 hash of the row as it is.
    """

    numbers: np.ndarray
    group: np.ndarray
    exact: np.ndarray

    def take(self, rows: np.ndarray) -> Places:
        """The points at these positions."""
        return Places(self.numbers[rows], self.group[rows], self.exact[rows])


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest row of each of m rows.

    Args:
        row: (m,) int64 position among the searched rows, -1 where none agrees in the categories.
        typical: (m,) root mean square difference of the numbers, in standard deviations; infinite for none.
        largest: (m,) largest difference of a number.
        company: for each radius asked for, (m,) rows within it, the nearest included.
    """

    row: np.ndarray
    typical: np.ndarray
    largest: np.ndarray
    company: dict[float, np.ndarray]


def places(
    frame: pl.DataFrame, columns: Sequence[Column], scale: np.ndarray | None = None, *, ratios: bool = False
) -> tuple[Places, np.ndarray]:
    """The rows of a frame as points, and the (q,) centre and spread by which numbers were scaled as (2, q).

    Args:
        frame: n rows.
        columns: of it, with their kinds.
        scale: the second value of an earlier call, to put other rows on the same scale.
        ratios: take logarithms instead of standard deviations, so that 0.01 means one percent of the value; signs and
            zeros must then agree.
    """
    numeric = [c.name for c in columns if _is_number(frame[c.name])]
    raw = np.empty((frame.height, len(numeric)))
    for j, name in enumerate(numeric):
        values = frame[name].cast(pl.Int64) if frame[name].dtype.is_temporal() else frame[name]
        raw[:, j] = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    raw[~np.isfinite(raw)] = np.nan
    missing = np.isnan(raw)
    signs = np.zeros_like(raw)
    if ratios:
        signs = np.sign(np.where(missing, 0.0, raw))
        raw = np.where(missing, np.nan, np.log(np.where((signs == 0) | missing, 1.0, np.abs(raw))))
        scale = np.stack([np.zeros(raw.shape[1]), np.ones(raw.shape[1])])
    if scale is None:
        known = np.where(missing, 0.0, raw)
        count = np.maximum((~missing).sum(axis=0), 1)
        centre = known.sum(axis=0) / count
        spread = np.sqrt((np.where(missing, 0.0, raw - centre) ** 2).sum(axis=0) / count)
        scale = np.stack([centre, np.where(spread > 0, spread, 1.0)])
    numbers = np.where(missing, 0.0, (raw - scale[0]) / scale[1])
    keys = [_text_key(frame[c.name], c.kind) for c in columns if c.name not in set(numeric)]
    salts = np.random.default_rng(2).integers(1, 2**63, len(keys) + len(numeric), dtype=np.uint64) | np.uint64(1)
    group = np.zeros(frame.height, dtype=np.uint64)
    for key, salt in zip(keys, salts):
        mixed = key * salt
        group += (mixed ^ (mixed >> np.uint64(31))) * salt
    for pattern, factor in ((missing, 1), (signs > 0, 3), (signs < 0, 5)):
        if pattern.any():
            group += (pattern.astype(np.uint64) @ salts[len(keys) :]) * np.uint64(factor)
    exact = frame.select([c.name for c in columns]).hash_rows().to_numpy()
    return Places(numbers, group, exact), scale


def _is_number(values: pl.Series) -> bool:
    return values.dtype.is_numeric() or values.dtype.is_temporal()


def _text_key(values: pl.Series, kind: Kind) -> np.ndarray:
    """(n,) uint64 hash of each value without letter case, blanks and punctuation."""
    text = values.cast(pl.String)
    if kind in (Kind.TEXT, Kind.CATEGORY):
        bare = text.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", "")
        text = pl.select(pl.when(bare == "").then(text).otherwise(bare)).to_series()
    return text.hash().to_numpy().astype(np.uint64)


def nearest(
    queries: Places, among: Places, *, wide: Sequence[float], own: np.ndarray | None = None, reach: float = 1.0
) -> Nearest:
    """The nearest row of each query among others that are not exactly equal to it.

    All distances are computed, in blocks: m queries among n rows cost about 4 m n q operations.

    Args:
        queries: m rows.
        among: n rows to search.
        wide: radii within which company is counted, as root mean square differences.
        own: (m,) position of each query among the searched rows, where it is one of them.
        reach: differences beyond it are not looked at closely.
    """
    m, n = len(queries.group), len(among.group)
    q = queries.numbers.shape[1]
    use = np.unique(np.linspace(0, q - 1, min(q, COLUMNS)).astype(int)) if q else np.empty(0, dtype=int)
    width = max(len(use), 1)
    vectors = _vectors(np.concatenate([queries.group, among.group]), width)
    a = np.hstack([queries.numbers[:, use], vectors[:m]]).astype(np.float32)
    b = np.hstack([among.numbers[:, use], vectors[m:]]).astype(np.float32)
    norms = (b**2).sum(axis=1)
    row = np.full(m, -1, dtype=np.int64)
    typical, largest = np.full(m, np.inf), np.full(m, np.inf)
    company = {radius: np.zeros(m, dtype=np.int64) for radius in wide}
    step = max(1, BLOCK // max(n, 1))
    for start in range(0, m if n else 0, step):
        part = slice(start, min(start + step, m))
        squares = a[part] @ b.T
        squares *= -2
        squares += norms
        squares += (a[part] ** 2).sum(axis=1)[:, None]
        if own is not None:
            squares[np.arange(len(squares)), own[part]] = FAR
        best = squares.argmin(axis=1)
        low = squares[np.arange(len(squares)), best]
        for radius in wide:
            company[radius][part] = (squares <= width * radius**2).sum(axis=1)
        for i in np.flatnonzero(low <= width * reach**2):
            at = start + int(i)
            if queries.group[at] != among.group[best[i]]:
                continue
            gap = np.abs(queries.numbers[at] - among.numbers[best[i]])
            row[at] = best[i]
            typical[at] = float(np.sqrt((gap**2).mean())) if q else 0.0
            largest[at] = float(gap.max()) if q else 0.0
    return Nearest(row, typical, largest, company)


def _vectors(group: np.ndarray, width: int) -> np.ndarray:
    """(n, 16) a random direction for each group: rows of different groups lie far apart."""
    values, back = np.unique(group, return_inverse=True)
    made = np.random.default_rng(3).normal(size=(len(values), WIDTH))
    made *= LENGTH * width**0.5 / np.linalg.norm(made, axis=1, keepdims=True)
    return made[back.reshape(-1)]
