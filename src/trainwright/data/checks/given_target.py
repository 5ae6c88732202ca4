"""Whether a column goes with other columns beyond what the target explains.

What is measured before the outcome has causes and companions: it goes with other columns of its row also among rows of
one target value. A copy of the target with errors does not: once the target is known, only the errors are left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainwright.data.checks.association import most_frequent, ranks
from trainwright.data.checks.quick_model import losses, out_of_fold
from trainwright.data.checks.quick_table import QuickTable
from trainwright.data.schema import Kind

NUMBERS = (Kind.NUMBER, Kind.DATETIME, Kind.TEXT)
FEW, BLOCKS, VALUES = 10, 20, 10
ROUNDS = 30
# Below these a column stands alone: what chance alone gives is added, see `alone`.
MODEL, LINEAR, PAIR = 0.03, 0.02, 0.07


@dataclass(frozen=True)
class Companions:
    """How much the other columns tell of one column once the target is known.

    Args:
        left: share of the column's own spread that the target does not explain; 1 for categories.
        model: share of what is left that a quick model of the other columns explains.
        linear: the same for a linear model of ranks, adjusted for the number of columns.
        pair: the largest rank correlation of what is left with one other column.
        rows: on how many rows.
        columns: number of other columns.
    """

    left: float
    model: float
    linear: float
    pair: float
    rows: int
    columns: int

    @property
    def alone(self) -> bool:
        """Whether no other column goes with it, or the target leaves nothing of it to go with."""
        none = self.model < MODEL and _chance(self.linear, self.pair, self.rows, self.columns)
        return self.left < 0.01 or bool(none)


def _chance(linear: np.ndarray | float, pair: np.ndarray | float, rows: int, columns: int) -> np.ndarray | bool:
    """Whether chance alone gives such figures.

    Adjusted R2 of p columns that say nothing has a standard deviation of about sqrt(2 p) / n, and the largest of p
    correlations seldom exceeds 4 / sqrt(n).
    """
    return (linear < LINEAR + 3 * (2 * columns) ** 0.5 / rows) & (pair < max(PAIR, 4 / rows**0.5))


def without_companions(table: QuickTable) -> np.ndarray:
    """(p,) bool, the columns that go with no other one as far as ranks tell, once the target is known.

    A first look at all columns at once; `companions` looks closely at one.
    """
    blocks = _blocks(table.y, table.classes)
    rests = []
    for values in table.x.T:
        few = len(np.unique(values[~np.isnan(values)])) <= FEW
        place = ranks(np.nan_to_num(values, nan=-1.0) if few else values)
        rests.append(_rest(place, table.y, blocks, table.classes > 0))
    rest = np.stack(rests, axis=1)
    n, p = rest.shape
    spread = rest.std(axis=0)
    told = spread > 1e-9
    rest = rest[:, told] / spread[told]
    correlation = rest.T @ rest / n
    pair = np.abs(correlation - np.diag(np.diag(correlation))).max(axis=0, initial=0.0)
    linear = np.zeros(len(pair))
    if n > 2 * p and len(pair):
        inverse = np.linalg.inv(correlation + 1e-6 * np.eye(len(pair)))
        linear = 1 - (1 / np.diag(inverse)) * (n - 1) / (n - p)  # R2 of each column on all others, adjusted
    result = np.zeros(p, dtype=bool)
    result[told] = _chance(linear, pair, n, p)
    return result | _followed(table)


def _followed(table: QuickTable) -> np.ndarray:
    """(p,) bool, the numbers of which a number target leaves nothing: copies without errors where they are filled."""
    result = np.zeros(table.x.shape[1], dtype=bool)
    if table.classes:
        return result
    for j in range(len(result)):
        present = ~np.isnan(table.x[:, j])
        if present.sum() > BLOCKS * VALUES:
            place, y = ranks(table.x[present, j]), table.y[present]
            result[j] = _rest(place, y, _blocks(y, 0), False).var() < 0.01 * place.var()
    return result


def companions(table: QuickTable, position: int) -> Companions:
    """What goes with the column at this position of the table, given the target.

    Example:
        >>> from trainwright.data.checks.quick_table import quick_table
        >>> from trainwright.data.schema import Column
        >>> import polars as pl
        >>> rng = np.random.default_rng(0)
        >>> y = rng.integers(0, 2, 2000)
        >>> size = y + rng.normal(size=2000)
        >>> weight, copy = size + rng.normal(size=2000), y + rng.normal(size=2000) / 10
        >>> frame = pl.DataFrame({"size": size, "weight": weight, "copy": copy})
        >>> table = quick_table(frame, tuple(Column(n, Kind.NUMBER) for n in frame.columns), y, classes=True)
        >>> [companions(table, j).alone for j in range(3)]
        [False, False, True]
    """
    values = table.x[:, position]
    present = ~np.isnan(values)
    number = table.columns[position].kind in NUMBERS and len(np.unique(values[present])) > FEW
    rows = present if number else np.ones(len(values), dtype=bool)
    others = [i for i in range(len(table.columns)) if i != position]
    x, y, folds = table.x[rows][:, others], table.y[rows], table.folds[rows]
    target = y.astype(np.float32)[:, None]
    blocks = _blocks(y, table.classes)
    seen = values[rows] if number else np.where(present, values, -1.0)
    place = ranks(seen)
    rest = _rest(place, y, blocks, table.classes > 0)
    if number:
        guess = out_of_fold(np.hstack([x, target]), rest, folds, classes=0, rounds=ROUNDS)
        known = out_of_fold(target, rest, folds, classes=0, rounds=ROUNDS)
        base = min(float(rest.var()), float(((rest - known) ** 2).mean()))
        model = 1 - float(((rest - guess) ** 2).mean()) / max(base, 1e-12)
    else:
        codes, k = _codes(seen)
        guess = out_of_fold(np.hstack([x, target]), codes, folds, classes=k, rounds=ROUNDS)
        known = out_of_fold(target, codes, folds, classes=k, rounds=ROUNDS)
        base = min(_known_by(blocks, codes, k), float(losses(known, codes, k).mean()))
        model = 1 - float(losses(guess, codes, k).mean()) / max(base, 1e-12)
    others_rest = np.stack([_rest(ranks(x[:, i]), y, blocks, table.classes > 0) for i in range(x.shape[1])], axis=1)
    linear, pair = _linear(rest, others_rest)
    left = float(rest.var()) / max(float(place.var()), 1e-12) if number else 1.0
    return Companions(left, model, linear, pair, len(y), len(others))


def _blocks(y: np.ndarray, classes: int) -> np.ndarray:
    """(n,) int64 the class, or one of twenty equal spans of the ranks of a number."""
    return y.astype(np.int64) if classes else np.minimum((y * BLOCKS).astype(np.int64), BLOCKS - 1)


def _rest(ranks: np.ndarray, y: np.ndarray, blocks: np.ndarray, classes: bool) -> np.ndarray:
    """(n,) what is left of ranks when their mean at each target value is taken away."""
    counts = np.bincount(blocks)
    held = counts > 0
    means = np.bincount(blocks, weights=ranks)[held] / counts[held]
    if classes:
        place = np.cumsum(held) - 1
        return np.asarray(ranks - means[place[blocks]])
    # Between the middles of twenty blocks of the target its effect is drawn as a line.
    middles = np.bincount(blocks, weights=y)[held] / counts[held]
    return np.asarray(ranks - np.interp(y, middles, means))


def _codes(values: np.ndarray) -> tuple[np.ndarray, int]:
    """(n,) codes of the most frequent values, the others together; and their number, two at least."""
    codes, count = most_frequent(np.unique(values, return_inverse=True)[1].reshape(-1).astype(np.int64), VALUES)
    return codes, max(count, 2)


def _known_by(blocks: np.ndarray, codes: np.ndarray, k: int) -> float:
    """Mean log loss of the codes when only the target is known."""
    table = np.bincount(blocks * k + codes, minlength=(int(blocks.max()) + 1) * k).reshape(-1, k).astype(np.float64)
    overall = np.bincount(codes, minlength=k) / len(codes)
    chance = (table + 0.5 * overall) / (table.sum(axis=1, keepdims=True) + 0.5)
    return float(losses(chance[blocks], codes, k).mean())


def _linear(rest: np.ndarray, others: np.ndarray) -> tuple[float, float]:
    """Adjusted R2 of the best linear combination of other columns, and the largest single correlation."""
    spread = others.std(axis=0)
    others = others[:, spread > 1e-9] / spread[spread > 1e-9]
    n, p = others.shape
    if p == 0 or rest.std() == 0:
        return 0.0, 0.0
    rest = rest / rest.std()
    pairs = others.T @ (rest - rest.mean()) / n
    pair = float(np.abs(pairs).max())
    if n <= 2 * p:
        return 0.0, pair
    gram = others.T @ others / n + 1e-6 * np.eye(p)
    r2 = float(pairs @ np.linalg.solve(gram, pairs))
    return 1 - (1 - min(r2, 1.0)) * (n - 1) / (n - p - 1), pair
