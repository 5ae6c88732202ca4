"""The columns of the table as the first steps: numbers, places of categories, moments, texts."""

from __future__ import annotations

import numpy as np

from trainwright.data.columns import UNSEEN, Columns, Layout
from trainwright.data.missing import MARKS
from trainwright.data.schema import Kind, Schema
from trainwright.packages.export.steps import Steps

FIRST = -UNSEEN  # a category's place is its code plus this: 0 unseen, 1 missing, then the values in order


class Inputs:
    """Steps that read columns, each added when it is first asked for.

    Args:
        steps: where they are added.
        layout: the feature columns.
        schema: their kinds.
    """

    def __init__(self, steps: Steps, layout: Layout, schema: Schema):
        self.steps, self.layout = steps, layout
        self.schema = schema

    def numbers(self) -> list[str]:
        """The (n, p) numbers, booleans as 0 and 1; an empty list where the table has none."""
        parts = [self._number(name) for name in self.layout.numbers]
        return [self.steps.join(parts)] if parts else []

    def times(self) -> list[str]:
        """The (n, t) moments as seconds since 1970; an empty list where the table has none."""
        own = [
            self.steps.add("moment", column=name, format=self.schema[name].format, marks=_marks(self.schema, name))
            for name in self.layout.times
        ]
        return [self.steps.join(own)] if own else []

    def places(self, j: int) -> str:
        """The (n, 1) places of category column j."""
        name = self.layout.categories[j]
        return self.steps.add(
            "category", column=name, vocabulary=self.layout.vocabulary[j], marks=_marks(self.schema, name)
        )

    def text(self, j: int) -> str:
        """Text column j."""
        name = self.layout.texts[j]
        return self.steps.add("text", column=name, marks=_marks(self.schema, name))

    def every_category(self) -> Columns:
        """Rows that hold every place of every category column: row r has place r, and unseen beyond the last one.

        Encoders are asked about these rows, so that a table of their answers is all that an export needs of them.
        """
        sizes = [len(values) + FIRST for values in self.layout.vocabulary]
        n = max(sizes, default=FIRST)
        codes = np.full((n, len(sizes)), UNSEEN, dtype=np.int32)
        for j, size in enumerate(sizes):
            codes[:size, j] = np.arange(size) - FIRST
        return self.rows(codes)

    def rows(self, codes: np.ndarray) -> Columns:
        """Rows of these codes whose other columns are 0 or empty."""
        layout, n = self.layout, len(codes)
        numbers = np.zeros((n, len(layout.numbers)), dtype=np.float32 if layout.single else np.float64)
        texts = np.full((n, len(layout.texts)), "", dtype=object)
        return Columns(numbers, codes, np.zeros((n, len(layout.times))), texts, layout)

    def size(self, j: int) -> int:
        """How many places category column j has."""
        return len(self.layout.vocabulary[j]) + FIRST

    def _number(self, name: str) -> str:
        column = self.schema[name]
        marks = _marks(self.schema, name)
        if column.kind is Kind.BOOLEAN:
            return self.steps.add("boolean", column=name, marks=marks)
        return self.steps.add("number", column=name, single=self.layout.single, format=column.format, marks=marks)


def _marks(schema: Schema, name: str) -> tuple[str, ...]:
    """Spellings of a missing value in a column: everybody's, in lower case, then the user's own."""
    return (*sorted(MARKS), *schema[name].marks)
