"""A fitted model that sees some of the columns only: those that its own training rows showed to matter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from trainwright.data.columns import Columns, Dataset, Layout
from trainwright.errors import UserError
from trainwright.models.spec import Estimator, Report
from trainwright.models.storage import read_json, write_json

FILE = "columns.json"


class View:
    """The same rows with some of their columns, in the same order as before.

    Args:
        layout: the layout of the rows that come in.
        names: the columns that stay; others are ignored.

    Example:
        >>> layout = Layout(("age", "pay"), ("job",), (), (), (("clerk",),))
        >>> View(layout, ("job", "pay")).layout.names
        ('pay', 'job')
    """

    def __init__(self, layout: Layout, names: tuple[str, ...]):
        kept = set(names)
        blocks = (layout.numbers, layout.categories, layout.times, layout.texts)
        self.given = layout
        self.places = tuple(np.array([j for j, n in enumerate(b) if n in kept], dtype=np.int64) for b in blocks)
        numbers, categories, times, texts = (tuple(b[j] for j in at) for b, at in zip(blocks, self.places))
        vocabulary = tuple(layout.vocabulary[j] for j in self.places[1])
        self.layout = Layout(numbers, categories, times, texts, vocabulary, layout.single)

    def of(self, X: Columns) -> Columns:
        """The n rows with the columns of this view."""
        numbers, codes, times, texts = self.places
        return Columns(
            X.numbers[:, numbers], X.codes[:, codes], X.times[:, times], X.texts[:, texts], self.layout, X.units
        )

    def rows(self, part: Dataset) -> Dataset:
        """A data set with the columns of this view."""
        return replace(part, columns=self.of(part.columns))


class Selected(Estimator):
    """A model, fitted or not, with the columns that it sees; it saves the model's own files and one beside them.

    Args:
        inner: the model.
        columns: names of the columns it sees.
    """

    def __init__(self, inner: Estimator, columns: tuple[str, ...]):
        super().__init__(inner.target, inner.settings)
        self.inner, self.columns = inner, columns
        self._tell(inner)
        self._view: View | None = None

    def fit(
        self,
        X: Columns,
        y: np.ndarray,
        *,
        sample_weight: np.ndarray | None = None,
        validation: Dataset | None = None,
        seed: int = 0,
        threads: int = 1,
        report: Report | None = None,
    ) -> Estimator:
        """Fits the model on its columns."""
        view = self.view(X.layout)
        held = None if validation is None else view.rows(validation)
        options: dict[str, Any] = {"validation": held, "seed": seed, "threads": threads, "report": report}
        self.inner.fit(view.of(X), y, sample_weight=sample_weight, **options)
        self._tell(self.inner)
        return self

    def predict(self, X: Columns) -> np.ndarray:
        """What the model says of the rows' kept columns."""
        return self.inner.predict(self._seen(X))

    def save(self, folder: Path) -> None:
        """Writes the model's files and the names of its columns."""
        self.inner.save(folder)
        write_json(folder / FILE, {"columns": list(self.columns)})

    def staged(self, X: Columns, rounds: list[int]) -> list[np.ndarray] | None:
        """Those of the model."""
        return self.inner.staged(self._seen(X), rounds)

    def contributions(self, X: Columns) -> dict[str, np.ndarray] | None:
        """Those of the model, and 0 for the columns that it does not see."""
        account = self.inner.contributions(self._seen(X))
        if account is None:
            return None
        zeros = np.zeros(len(X))
        return {name: account.get(name, zeros) for name in X.layout.names}

    def view(self, layout: Layout) -> View:
        """What it sees of rows of this layout."""
        view = self._view
        if view is None or view.given is not layout:
            view = self._view = View(layout, self.columns)
        return view

    def _seen(self, X: Columns) -> Columns:
        return self.view(X.layout).of(X)


def columns_of(folder: Path) -> tuple[str, ...]:
    """The names of the columns that a saved model sees.

    Raises:
        UserError: the file does not hold names.
    """
    data = read_json(folder / FILE)
    names = data.get("columns") if isinstance(data, dict) else None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise UserError(f"{FILE} must hold the names of at least one column")
    return tuple(names)
