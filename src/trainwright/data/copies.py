"""Finds rows that equal another row in every feature, and judges whether chance alone would make such repeats.

Rows of a table with few possible values repeat each other by nature: they are separate observations, and a
model in use will meet the same values again. Copies of a row in a table of rich values are one observation
recorded several times: parted by a split, the copy in training gives away the answer to the one held out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from trainwright.data.verdict import TEXT_WORDS

# Fewer different rows than this cannot be parted sensibly as whole units.
LEAST_DIFFERENT = 50
# A row repeated in more than this share of the rows stands for "nothing known" rather than for one observation.
LARGEST_UNIT = 0.1
# A table whose columns allow fewer combinations than this many per row repeats itself by nature.
COMBINATIONS_PER_ROW = 20
# Rows and columns looked at to tell chance repeats from copies.
SAMPLE, COLUMNS = 50_000, 64
# How many times more often than independent columns real ones may coincide.
DEPENDENCE = 10.0


@dataclass(frozen=True, eq=False)
class Copies:
    """Which rows equal another one.

    Args:
        unit: (n,) int64, equal for rows that are copies of each other, numbered by first appearance; -1 for a
            row without a copy.
        natural: repeats are what chance makes of these columns, so copies are separate observations.
        different: number of different rows.
    """

    unit: np.ndarray
    natural: bool
    different: int

    @property
    def rows(self) -> int:
        """Number of rows that have a copy, the first of each included."""
        return int((self.unit >= 0).sum())

    @property
    def repeated(self) -> int:
        """Number of rows that repeat an earlier one."""
        return len(self.unit) - self.different

    @property
    def words(self) -> str:
        """What a split does about them, as a sentence."""
        share = f"{self.rows:,} rows ({self.rows / max(len(self.unit), 1):.1%}) equal another row in every feature"
        if self.natural:
            return f"{share}; by chance these columns repeat themselves, so they are drawn like all other rows."
        whole = self.kept_whole
        if self.different < LEAST_DIFFERENT:
            return f"{share}; only {self.different} rows are different, too few to keep copies on one side of a cut."
        if whole is None or int((whole >= 0).sum()) < self.rows:
            return f"{share}; copies stay on one side of every cut, except those that fill a tenth of the table."
        return f"{share}, which chance does not explain: copies stay on one side of every cut."

    @property
    def kept_whole(self) -> np.ndarray | None:
        """(n,) the units that a random split keeps on one side of every cut; None where there is none to keep.

        A row that fills a tenth of the table, and tables of few different rows, are parted like all others.
        """
        if self.natural or not self.rows or self.different < LEAST_DIFFERENT:
            return None
        sizes = np.bincount(self.unit[self.unit >= 0])
        small = np.append(sizes <= LARGEST_UNIT * len(self.unit), False)  # the last stands for -1
        unit = np.where(small[self.unit], self.unit, -1)
        return unit if (unit >= 0).any() else None


def find_copies(frame: pl.DataFrame, names: Sequence[str]) -> Copies:
    """Rows that are equal in all of these columns, a missing value being equal to a missing value.

    Args:
        frame: n rows.
        names: the feature columns.

    Example:
        >>> copies = find_copies(pl.DataFrame({"a": [1.5, 2.5, 1.5], "b": ["x", "y", "x"]}), ["a", "b"])
        >>> copies.unit.tolist(), copies.repeated
        ([0, -1, 0], 1)
    """
    n = frame.height
    if not names or n < 2:
        return Copies(np.full(n, -1, dtype=np.int64), False, n)
    hashes = frame.select(names).hash_rows().to_numpy()
    values, first, back, counts = np.unique(hashes, return_index=True, return_inverse=True, return_counts=True)
    back = back.reshape(-1)
    unit = np.full(n, -1, dtype=np.int64)
    shared = counts > 1
    if not shared.any():
        return Copies(unit, False, n)
    number = np.full(len(values), -1, dtype=np.int64)
    order = np.flatnonzero(shared)[np.argsort(first[shared], kind="stable")]
    number[order] = np.arange(len(order))  # by first appearance: hash values differ between library versions
    unit = number[back]
    return Copies(unit, by_chance(frame, names), len(values))


def by_chance(frame: pl.DataFrame, names: Sequence[str]) -> bool:
    """Whether equal rows are no surprise: the columns allow few combinations, or coincide as often as by chance.

    Args:
        frame: n rows.
        names: the feature columns.

    Example:
        >>> dice = pl.DataFrame({"one": [1, 2, 3, 1, 2, 3, 1], "two": [1, 1, 1, 2, 2, 2, 1]})
        >>> by_chance(dice, ["one", "two"])
        True
    """
    return few_combinations(frame, names) or chance_explains(frame, names)


def few_combinations(frame: pl.DataFrame, names: Sequence[str]) -> bool:
    """Whether the columns allow fewer than twenty combinations of values for each row.

    Example:
        >>> few_combinations(pl.DataFrame({"sex": ["m", "f", "f"]}), ["sex"])
        True
    """
    return combinations(frame, names, COMBINATIONS_PER_ROW * frame.height) is not None


def combinations(frame: pl.DataFrame, names: Sequence[str], most: int) -> int | None:
    """How many combinations the values of the columns allow; None where it is more than `most`.

    A text could have said anything, so that texts are equal by chance only where they are few.
    """
    product = 1
    for name in names:
        if _is_free_text(frame[name]):
            return None
        product *= max(frame[name].n_unique(), 1)
        if product > most:
            return None
    return product


def _is_free_text(values: pl.Series) -> bool:
    """Whether these are sentences, most of them different."""
    if values.dtype != pl.String or values.n_unique() < 0.5 * values.len():
        return False
    some = values.drop_nulls().gather_every(max(1, values.len() // 2_000))
    return float((some.str.count_matches(r"\s+") + 1).mean() or 0) > TEXT_WORDS  # type: ignore[arg-type]


def chance_explains(frame: pl.DataFrame, names: Sequence[str]) -> bool:
    """Whether rows that agree in all columns but one are so many that as many must agree there too.

    Agreement by chance fades gradually; copies have no company of rows that nearly agree. Two signs are asked
    for. Rows that differ from another in one column alone are half as many as those that have an equal. And
    where N pairs agree everywhere outside column j, and two values of column j are equal with probability m,
    about N m / (1 - m) pairs agree in it as well; columns depend on each other, so up to ten times as many are
    still taken for chance.

    Args:
        frame: n rows; at most 50,000 of them are looked at, and 64 columns left out in turn.
        names: the feature columns.
    """
    if frame.height > SAMPLE:
        rng = np.random.default_rng(0)
        frame = frame[np.sort(rng.choice(frame.height, SAMPLE, replace=False))]
    salts = np.random.default_rng(1).integers(1, 2**63, len(names), dtype=np.uint64) | np.uint64(1)
    total = np.zeros(frame.height, dtype=np.uint64)
    for name, salt in zip(names, salts):
        total += _hashed(frame[name], salt)
    equal = _sizes(total)
    all_pairs = frame.height * (frame.height - 1) / 2
    copied, pairs = int((equal > 1).sum()), _pairs(equal)
    near = np.zeros(frame.height, dtype=bool)
    enough = False
    for j in np.unique(np.linspace(0, len(names) - 1, min(len(names), COLUMNS)).astype(int)):
        column = _hashed(frame[names[j]], salts[j])
        without = _sizes(total - column)
        near |= without > equal
        # Without the pairs of copies, which would make values look alike more often than they are.
        match = (_pairs(_sizes(column)) - pairs) / max(all_pairs - pairs, 1.0)
        enough |= (_pairs(without) - pairs) * match * DEPENDENCE >= pairs * (1 - match)
        if enough and 2 * int(near.sum()) >= copied:
            return True
    return False


def _hashed(values: pl.Series, salt: np.uint64) -> np.ndarray:
    """(n,) uint64 hash of each value; sums of them over columns tell rows apart, and one term is easily taken out."""
    hashed = values.hash().to_numpy().astype(np.uint64) * salt
    hashed ^= hashed >> np.uint64(29)
    return hashed * salt


def _sizes(keys: np.ndarray) -> np.ndarray:
    """(n,) number of rows with the same key."""
    _, back, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return counts[back.reshape(-1)]


def _pairs(sizes: np.ndarray) -> float:
    """Number of pairs of rows with the same key."""
    return float((sizes - 1).sum() / 2)
