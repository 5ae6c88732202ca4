"""Finds columns, and pairs of columns, that name an owner of several rows: the rows of one value resemble each other.

Ordinary categories repeat values as well, but rows of one region differ in everything else. Quantities resemble their
neighbours: rows with 300 rooms are like rows with 299. An owner's rows are alike in many columns, and unlike the rows
of the next value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl

from trainwright.data.checks.association import as_codes, ranks
from trainwright.data.checks.context import Context
from trainwright.data.checks.quick_model import design
from trainwright.data.schema import Column, Kind, Role

GROUPS, ROWS_EACH, ROWS_MOST = 20, 1.5, 500
# Columns compared within groups, columns combined in pairs, and what a first look at pairs uses.
COLUMNS, PAIRS, LOOK_ROWS, LOOK_COLUMNS, CLOSER = 60, 200, 20_000, 12, 5
# Mean resemblance from which rows of a value belong to one owner, and what merging neighbouring values leaves of it.
ALIKE, MERGED, BETTER = 0.25, 0.75, 0.15
ROLES = (Role.FEATURE, Role.ID, Role.IGNORED)


@dataclass(frozen=True)
class Entity:
    """One or two columns and how much rows of one value resemble each other.

    Args:
        columns: their names.
        groups: number of values, or of combinations.
        rows_each: rows for each on average.
        alike: mean over the other columns of the share of spread that lies between groups, chance taken away: 0 for
            groups drawn at random, 1 where the rows of a group are equal.
        target_alike: the same for the target.
        merged: what of `alike` (`merged_target` of `target_alike`) is left if neighbouring values are taken as one.
    """

    columns: tuple[str, ...]
    groups: int
    rows_each: float
    alike: float
    target_alike: float
    merged: float
    merged_target: float

    @property
    def owns(self) -> bool:
        """Whether the rows of one value belong together, beyond what neighbouring values share."""
        return self.alike >= ALIKE and self.merged <= MERGED * self.alike


def within_groups(x: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """(p,) share of each column's variance that lies between groups, corrected for chance (adjusted R2).

    Args:
        x: (n, p) numbers without gaps.
        codes: (n,) group of each row.

    Example:
        >>> x = np.array([[1.0], [1.1], [5.0], [5.1], [9.0], [9.1]])
        >>> within_groups(x, np.array([0, 0, 1, 1, 2, 2])).round(2).tolist()
        [1.0]
    """
    _, inverse = np.unique(codes, return_inverse=True)
    inverse = inverse.reshape(-1)
    counts = np.bincount(inverse)
    n, groups = len(inverse), len(counts)
    total = ((x - x.mean(axis=0)) ** 2).sum(axis=0) / max(n - 1, 1)
    if n <= groups:
        return np.zeros(x.shape[1])
    order = np.argsort(inverse, kind="stable")
    sums = np.add.reduceat(x[order], np.cumsum(counts) - counts, axis=0)
    within = ((x**2).sum(axis=0) - (sums**2 / counts[:, None]).sum(axis=0)) / (n - groups)
    return np.where(total > 1e-12, 1 - within / np.maximum(total, 1e-12), 0.0)


class Rows:
    """The sampled rows as ranks, and the codes of columns and pairs among them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        features = [c for c in context.features if c.kind is not Kind.TEXT][:COLUMNS]
        matrix = design(context.sampled, features)
        self.names = [c.name for c in features]
        self.x = np.stack([ranks(column) for column in matrix.T], axis=1) if features else np.zeros((len(matrix), 0))
        y = context.y[context.sample]
        self.y = (y == np.bincount(y).argmax()).astype(float) if context.classes else ranks(y)
        self._codes: dict[str, np.ndarray] = {}

    def codes(self, name: str) -> np.ndarray:
        """(n,) codes of a column in the order of its values."""
        if name not in self._codes:
            values = self._context.sampled[name]
            numeric = values.dtype.is_numeric()
            self._codes[name] = (
                values.rank("dense").fill_null(0).cast(pl.Int64).to_numpy() if numeric else as_codes(values)
            )
        return self._codes[name]

    def combined(self, names: Sequence[str], merge: int | None = None) -> np.ndarray:
        """(n,) codes of one or two columns; in the column at position `merge` every two neighbouring values are one."""
        result = np.zeros(len(self.y), dtype=np.int64)
        for i, name in enumerate(names):
            codes = self.codes(name)
            codes = codes // 2 if i == merge else codes
            result = result * (int(codes.max()) + 1) + codes
        return result

    def entity(self, names: tuple[str, ...], look: bool = False) -> Entity:
        """How much rows that agree in these columns resemble each other; `look` uses few rows and columns."""
        others = [j for j, name in enumerate(self.names) if name not in names]
        if look:
            others = others[:: max(1, len(others) // LOOK_COLUMNS)]
        rows = slice(0, LOOK_ROWS) if look else slice(None)
        x = np.column_stack([self.x[rows][:, others], self.y[rows]])
        codes = self.combined(names)[rows]
        groups = len(np.unique(codes))
        alike = within_groups(x, codes)
        merged = [within_groups(x, self.combined(names, i)[rows]) for i in range(len(names))] if not look else [alike]
        means = [float(np.maximum(m[:-1], 0).mean()) if len(others) else 0.0 for m in (alike, *merged)]
        return Entity(
            names, groups, len(codes) / groups, means[0], float(alike[-1]), max(means[1:]), max(m[-1] for m in merged)
        )


def entities(context: Context) -> list[Entity]:
    """Every single column with enough values, and the pairs that name an owner where none of both alone does.

    Returns:
        Single columns whatever they resemble, then pairs that own their rows, those most alike first.
    """
    if not context.features:
        return []
    rows = Rows(context)
    counts = {c.name: context.development[c.name].drop_nulls().n_unique() for c in _usable(context)}
    single = [
        rows.entity((name,))
        for name, count in counts.items()
        if GROUPS <= count <= context.n / ROWS_EACH and count * ROWS_MOST >= context.n and context.seconds_left > 0
    ]
    owning = {entity.columns[0] for entity in single if entity.owns}
    alone = {entity.columns[0]: entity.alike for entity in single}
    looked = []
    for pair in _pairs(context, counts, owning):
        if context.seconds_left <= 0:
            break
        groups = len(np.unique(rows.combined(pair)))
        if GROUPS <= groups <= len(rows.y) / _least_each(context) and groups > 1.2 * max(counts[name] for name in pair):
            looked.append(rows.entity(pair, look=True))
    looked = sorted((e for e in looked if e.alike >= ALIKE), key=lambda e: -e.alike)[:CLOSER]
    pairs = [rows.entity(entity.columns) for entity in looked]
    better = [p for p in pairs if p.owns and p.alike >= max(alone.get(name, 0.0) for name in p.columns) + BETTER]
    return [*single, *_apart(sorted(better, key=lambda e: -e.alike))]


def _apart(pairs: list[Entity]) -> list[Entity]:
    """The pairs that share no column with a better one: (site, number) owns, (region, number) only echoes it."""
    kept: list[Entity] = []
    for pair in pairs:
        if not any(set(pair.columns) & set(better.columns) for better in kept):
            kept.append(pair)
    return kept


def _least_each(context: Context) -> float:
    """Rows for each group in the sample that stand for enough of them in the table."""
    return ROWS_EACH if len(context.sample) == context.n else 1.02


def _usable(context: Context) -> list[Column]:
    """Columns whose values could name something: no dates, no fractions, no constants."""
    found = []
    for column in context.schema.columns:
        if column.name not in context.held or column.role not in ROLES or column.kind in (Kind.DATETIME, Kind.CONSTANT):
            continue
        values = context.sampled[column.name].drop_nulls()
        if values.dtype.is_float() and not bool((values % 1 == 0).all()):
            continue
        found.append(column)
    return found


def _pairs(context: Context, counts: dict[str, int], owning: set[str]) -> list[tuple[str, str]]:
    """Pairs to look at, those with a column of words first."""
    names = [name for name, count in counts.items() if 2 <= count <= context.n / 2 and name not in owning]
    words = {c.name for c in context.schema.columns if c.kind in (Kind.CATEGORY, Kind.IDENTIFIER, Kind.BOOLEAN)}
    pairs = [pair for pair in combinations(names, 2) if counts[pair[0]] * counts[pair[1]] >= GROUPS]
    return sorted(pairs, key=lambda pair: (2, 0, 1)[len(words & set(pair))])[:PAIRS]  # a site and a number first
