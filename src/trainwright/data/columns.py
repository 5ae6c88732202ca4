"""Feature columns as models see them: NumPy blocks by kind, and the dataset of a trial.

The frame (polars) ends here. Category values are interned: each becomes its position in the column's sorted
vocabulary. That is a spelling, not a fitted encoding: it is read off the features of the development rows, never
off labels, and families treat a code that their own training rows did not hold as unseen.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from trainwright.data.schema import Kind, Schema

MISSING = -1
UNSEEN = -2


@dataclass(frozen=True)
class Layout:
    """Names of the feature columns in each block, and the vocabulary of each category column.

    Args:
        numbers: number and boolean columns, in the order of `Columns.numbers`.
        categories: category columns, in the order of `Columns.codes`.
        times: datetime columns, in the order of `Columns.times`.
        texts: text columns, in the order of `Columns.texts`.
        vocabulary: for each category column its values, sorted.
        single: numbers are stored as float32 rather than float64.
    """

    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    times: tuple[str, ...]
    texts: tuple[str, ...]
    vocabulary: tuple[tuple[str, ...], ...]
    single: bool = False

    @classmethod
    def learn(cls, frame: pl.DataFrame, schema: Schema) -> Layout:
        """Reads names from the schema's features and vocabularies from the frame (development rows only)."""
        by_kind: dict[str, list[str]] = {"numbers": [], "categories": [], "times": [], "texts": []}
        block = {
            Kind.NUMBER: "numbers",
            Kind.BOOLEAN: "numbers",
            Kind.CATEGORY: "categories",
            Kind.DATETIME: "times",
            Kind.TEXT: "texts",
        }
        for column in schema.features:
            if column.kind in block:
                by_kind[block[column.kind]].append(column.name)
        types = frame.schema  # read once: for thousands of columns it is slow to make
        small = {pl.Float32, pl.Int8, pl.Int16, pl.UInt8, pl.UInt16, pl.Boolean}
        return cls(
            numbers=tuple(by_kind["numbers"]),
            categories=tuple(by_kind["categories"]),
            times=tuple(by_kind["times"]),
            texts=tuple(by_kind["texts"]),
            vocabulary=tuple(
                tuple(frame[name].cast(pl.String).drop_nulls().unique().sort().to_list())
                for name in by_kind["categories"]
            ),
            single=all(types[name].base_type() in small for name in by_kind["numbers"]),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Every feature name: numbers, categories, times, texts."""
        return self.numbers + self.categories + self.times + self.texts

    def encode(self, frame: pl.DataFrame) -> Columns:
        """Turns n rows of a frame, already cast to the schema's kinds, into blocks; infinite becomes missing."""
        n = frame.height
        dtype = np.float32 if self.single else np.float64
        numbers = np.empty((n, len(self.numbers)), dtype=dtype)  # (n, p_number)
        for j, name in enumerate(self.numbers):
            values = frame[name].cast(pl.Float32 if self.single else pl.Float64).to_numpy()
            numbers[:, j] = values
        bad = np.isinf(numbers)
        if bad.any():
            numbers[bad] = np.nan
        codes = np.empty((n, len(self.categories)), dtype=np.int32)  # (n, p_category)
        for j, name in enumerate(self.categories):
            codes[:, j] = _intern(frame[name].cast(pl.String), self.vocabulary[j])
        times = np.empty((n, len(self.times)), dtype=np.float64)  # (n, p_datetime), seconds since 1970
        for j, name in enumerate(self.times):
            micro = frame[name].cast(pl.Datetime("us")).cast(pl.Int64).cast(pl.Float64)
            times[:, j] = micro.to_numpy() / 1e6
        texts = np.empty((n, len(self.texts)), dtype=object)  # (n, p_text)
        for j, name in enumerate(self.texts):
            texts[:, j] = frame[name].cast(pl.String).fill_null("").to_numpy()
        return Columns(numbers, codes, times, texts, self)

    def to_json(self) -> dict[str, Any]:
        return {
            "numbers": list(self.numbers),
            "categories": list(self.categories),
            "times": list(self.times),
            "texts": list(self.texts),
            "vocabulary": [list(values) for values in self.vocabulary],
            "single": self.single,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Layout:
        return cls(
            numbers=tuple(data["numbers"]),
            categories=tuple(data["categories"]),
            times=tuple(data["times"]),
            texts=tuple(data["texts"]),
            vocabulary=tuple(tuple(values) for values in data["vocabulary"]),
            single=bool(data["single"]),
        )


@dataclass(frozen=True)
class Columns:
    """n rows of features, as blocks. A missing number or time is NaN, a missing category `MISSING`, a category
    value outside the vocabulary `UNSEEN`, a missing text the empty string.

    Args:
        numbers: (n, p_number) float32 or float64.
        codes: (n, p_category) int32 positions in `layout.vocabulary`.
        times: (n, p_datetime) float64 seconds since 1970-01-01.
        texts: (n, p_text) object array of str.
        layout: the names that go with the blocks.
        units: (n,) int64 or None: rows of one unit (a group, a stretch of time) are never parted by a cut that a
            family makes within its own training rows; None: every row is a unit. Never a feature.
    """

    numbers: np.ndarray
    codes: np.ndarray
    times: np.ndarray
    texts: np.ndarray
    layout: Layout
    units: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, rows: np.ndarray) -> Columns:
        """The rows at these positions, in this order; the only way to make a subset."""
        units = None if self.units is None else self.units[rows]
        return Columns(self.numbers[rows], self.codes[rows], self.times[rows], self.texts[rows], self.layout, units)


@dataclass(frozen=True)
class Dataset:
    """The rows that a trial may see: features, target and roles, aligned.

    Args:
        columns: features of n rows.
        y: (n,) int64 class positions for "classes", float64 for "number".
        rows: (n,) int64 row numbers in the dataset version (0 is the first row of the file).
        weight: (n,) float64 or None.
        group: (n,) int64 codes of the group column, or None.
        time: (n,) float64, seconds or row order, or None.
        cluster: (n,) int64 codes of the cluster column, which widens intervals, or None.
    """

    columns: Columns
    y: np.ndarray
    rows: np.ndarray
    weight: np.ndarray | None = None
    group: np.ndarray | None = None
    time: np.ndarray | None = None
    cluster: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.y)

    def take(self, positions: np.ndarray) -> Dataset:
        """The rows at these positions, in this order; the only way to make a subset."""

        def part(values: np.ndarray | None) -> np.ndarray | None:
            return None if values is None else values[positions]

        return Dataset(
            self.columns.take(positions),
            self.y[positions],
            self.rows[positions],
            part(self.weight),
            part(self.group),
            part(self.time),
            part(self.cluster),
        )


def _intern(values: pl.Series, vocabulary: tuple[str, ...]) -> np.ndarray:
    """(n,) int32 positions in the sorted vocabulary."""
    if values.len() <= 8:  # a handful of rows: a bisection per value is faster than a join
        out = np.empty(values.len(), dtype=np.int32)
        for i, value in enumerate(values.to_list()):
            if value is None:
                out[i] = MISSING
                continue
            at = bisect_left(vocabulary, value)
            out[i] = at if at < len(vocabulary) and vocabulary[at] == value else UNSEEN
        return out
    known = pl.Series(vocabulary, dtype=pl.String)
    codes = values.replace_strict(
        known, pl.Series(np.arange(len(vocabulary), dtype=np.int32)), default=UNSEEN, return_dtype=pl.Int32
    )
    codes = codes.set(values.is_null(), MISSING)
    return codes.to_numpy().astype(np.int32)
