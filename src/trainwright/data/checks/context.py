"""What a check may look at: development rows, features of the test rows, schema, target, split."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from trainwright.data.checks.finding import NotApplicable
from trainwright.data.copies import Copies, find_copies
from trainwright.data.notes import Note
from trainwright.data.schema import Column, Kind, Role, Schema, Target

if TYPE_CHECKING:
    from trainwright.data.checks.quick_table import QuickTable
    from trainwright.data.split_value import Split

SAMPLE = 50_000
# Roughly what a check that fits quick models needs at least, and what their library needs to be imported.
MODEL_SECONDS, IMPORT_SECONDS = 1.0, 1.5


@dataclass(frozen=True)
class Context:
    """The material of all checks.

    Args:
        development: n development rows, all columns, with their labels.
        test_features: features of the sealed rows, or None; their labels are not here.
        schema: of the dataset version.
        target: what is predicted.
        split: the split, for its rule, or None.
        y: (n,) class positions or numbers of the development rows.
        notes: what reading and typing the table found out.
        end: on the clock `time.monotonic`, when all checks must be over, or None.
    """

    development: pl.DataFrame
    test_features: pl.DataFrame | None
    schema: Schema
    target: Target
    split: Split | None
    y: np.ndarray
    notes: tuple[Note, ...] = ()
    end: float | None = None

    @property
    def seconds_left(self) -> float:
        """Seconds until all checks must be over; a check that is slow on wide tables looks here and stops early."""
        return float("inf") if self.end is None else self.end - time.monotonic()

    @property
    def time_for_models(self) -> bool:
        """Whether quick models can be fitted in the time that is left, the import of their library included."""
        return self.seconds_left > MODEL_SECONDS + (0.0 if "lightgbm" in sys.modules else IMPORT_SECONDS)

    @property
    def n(self) -> int:
        """Number of development rows."""
        return self.development.height

    @property
    def classes(self) -> bool:
        """Whether the target is a class."""
        return self.target.task == "classes"

    @cached_property
    def held(self) -> frozenset[str]:
        """The names of the columns that the development rows hold; for thousands of them a frame lists them slowly."""
        return frozenset(self.development.columns)

    @cached_property
    def features(self) -> tuple[Column, ...]:
        """The feature columns that the development rows hold."""
        return tuple(c for c in self.schema.features if c.name in self.held)

    def of_kind(self, *kinds: Kind) -> tuple[Column, ...]:
        """The feature columns of these kinds."""
        return tuple(column for column in self.features if column.kind in kinds)

    @property
    def text_columns(self) -> tuple[Column, ...]:
        """The feature columns that hold texts.

        Raises:
            NotApplicable: there is none.
        """
        columns = self.of_kind(Kind.TEXT)
        if not columns:
            raise NotApplicable("there is no text column")
        return columns

    @cached_property
    def sample(self) -> np.ndarray:
        """Ascending positions of at most 50,000 development rows, for what would be slow on all of them."""
        return drawn_rows(self.n, SAMPLE)

    @cached_property
    def sampled(self) -> pl.DataFrame:
        """The sampled development rows."""
        return self.development if self.n <= SAMPLE else self.development[self.sample]

    @cached_property
    def quick(self) -> QuickTable:
        """What quick models learn from: at most 10,000 development rows and 300 feature columns."""
        from trainwright.data.checks.quick_table import quick_table

        return quick_table(self.development, self.features, self.y, classes=self.classes)

    @property
    def sampled_note(self) -> dict[str, Any]:
        """Evidence that says on how many rows a figure rests."""
        return {"rows_looked_at": len(self.sample), "rows": self.n}

    @cached_property
    def copies(self) -> Copies:
        """Which development rows equal another one in every feature, and whether chance explains it."""
        return find_copies(self.development, [column.name for column in self.features])

    @cached_property
    def row_numbers(self) -> np.ndarray:
        """(n,) int64 the numbers of the development rows in the dataset version."""
        numbers = np.arange(self.n) if self.split is None else self.split.development
        return numbers if len(numbers) == self.n else np.arange(self.n)  # rows without a label were left out

    @property
    def random_split(self) -> bool:
        """Whether rows were parted without regard to time, groups or parts given by the user."""
        if self.split is None:
            return False
        rule = self.split.rule
        return rule.shuffle and not (rule.time or rule.group or rule.split_column)

    def need(self, rows: int, of_a_class: int) -> None:
        """Ends a check that few rows would mislead.

        Args:
            rows: fewer development rows than these are too few.
            of_a_class: fewer rows of every class but the largest are too few, too.

        Raises:
            NotApplicable: there are fewer.
        """
        second = np.sort(np.bincount(self.y, minlength=2))[-2] if self.classes else of_a_class
        if self.n < rows or second < of_a_class:
            raise NotApplicable(f"there are fewer than {rows} rows, or {of_a_class} of a second class")

    @property
    def drawn(self) -> str:
        """How the test part came about: "given" by the user, later in "time", by "group", by "chance".

        Raises:
            NotApplicable: there is no test part.
        """
        if self.test_features is None or not self.test_features.height or self.split is None:
            raise NotApplicable("there is no test part")
        rule = self.split.rule
        if rule.given_test or rule.split_column:
            return "given"
        if rule.time or not rule.shuffle:
            return "time"
        return "group" if rule.group else "chance"

    def names(self, *roles: Role) -> list[str]:
        """Columns of these roles that the development rows hold."""
        return [c.name for c in self.schema.columns if c.role in roles and c.name in self.development.columns]


def drawn_rows(n: int, most: int, rng: np.random.Generator | None = None) -> np.ndarray:
    """Ascending positions of all of n rows, or of so many drawn ones where there are more.

    Args:
        n: rows.
        most: that are drawn.
        rng: draws them; the same rows each time when not given.

    Example:
        >>> drawn_rows(3, 5).tolist(), len(drawn_rows(100, 5))
        ([0, 1, 2], 5)
    """
    if n <= most:
        return np.arange(n)
    rng = np.random.default_rng(0) if rng is None else rng
    return np.sort(rng.choice(n, most, replace=False))
