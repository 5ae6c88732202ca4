"""A recipe says how a family wants its columns; a preparation carries it out and keeps what it learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from trainwright.data.columns import Columns
from trainwright.models.inner import inner_folds
from trainwright.models.prepare.dates import DateEncoder
from trainwright.models.prepare.numbers import NumberEncoder
from trainwright.models.prepare.one_hot import OneHotEncoder
from trainwright.models.prepare.sparse_rows import SparseRows
from trainwright.models.prepare.target_encoder import TargetEncoder
from trainwright.models.prepare.tfidf import TfidfEncoder

_FOLDS = 5  # for cross-fitted target encodings


@dataclass(frozen=True)
class Recipe:
    """What a family wants done to the columns.

    Args:
        impute, scale, clip: see `NumberEncoder`; dates are numbers here.
        cyclic: see `DateEncoder`.
        one_hot_up_to: category columns with more levels than this get target encodings instead.
        min_count, max_levels: see `OneHotEncoder`.
        max_terms: at most this many terms of each text column.
        terms_by_target: choose the terms by how well they separate the target.
        sparse_from: with more 0/1 and word columns than this the matrix is stored sparse (0: never).
    """

    impute: bool = True
    scale: bool = False
    clip: float = 0.0
    cyclic: bool = False
    one_hot_up_to: int = 8
    min_count: int = 1
    max_levels: int = 1000
    max_terms: int = 300
    terms_by_target: bool = True
    sparse_from: int = 0


@dataclass(frozen=True)
class Matrix:
    """n prepared rows: dense columns first, then, for wide tables, sparse ones; `units` as in `Columns`."""

    dense: np.ndarray
    sparse: SparseRows | None = None
    units: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.dense)

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.dense.shape[1] + (self.sparse.width if self.sparse else 0)

    def dot(self, weights: np.ndarray) -> np.ndarray:
        """(n, k) product with (width, k) weights."""
        if self.sparse is None:
            return self.dense @ weights
        p = self.dense.shape[1]
        return self.dense @ weights[:p] + self.sparse.dot(weights[p:])

    def take(self, rows: np.ndarray) -> Matrix:
        """The rows at these positions."""
        units = None if self.units is None else self.units[rows]
        return Matrix(self.dense[rows], self.sparse.take(rows) if self.sparse else None, units)

    def toarray(self) -> np.ndarray:
        """(n, width) dense."""
        if self.sparse is None:
            return self.dense
        return np.concatenate([self.dense, self.sparse.toarray()], axis=1)

    def for_learning(self) -> Any:
        """What a learning library takes: a dense array, or SciPy's sparse rows."""
        if self.sparse is None:
            return self.dense
        from scipy.sparse import csr_matrix, hstack

        return hstack([csr_matrix(self.dense), self.sparse.to_scipy()], format="csr")


class Preparation:
    """Columns to a matrix, after a recipe, learned from a fold's own training rows.

    `names` and `sources` say, for each column of the matrix, what it is and which feature it was made from.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.names: list[str] = []
        self.sources: list[str] = []
        self.hot = np.zeros(0, dtype=np.int64)  # category columns that become 0/1 columns
        self.averaged = np.zeros(0, dtype=np.int64)  # category columns that become target encodings
        self.dates = DateEncoder(cyclic=recipe.cyclic)
        self.numbers = NumberEncoder(impute=recipe.impute, scale=recipe.scale, clip=recipe.clip)
        self.one_hot = OneHotEncoder(min_count=recipe.min_count, max_levels=recipe.max_levels)
        self.target = TargetEncoder()
        self.averages = NumberEncoder(scale=recipe.scale)
        self.tfidf = TfidfEncoder(max_terms=recipe.max_terms, by_target=recipe.terms_by_target)
        self.is_sparse = False

    def fit_transform(
        self,
        X: Columns,
        y: np.ndarray,
        *,
        n_classes: int = 0,
        classes: Sequence[str] = (),
        weight: np.ndarray | None = None,
        seed: int = 0,
    ) -> Matrix:
        """Learns from n rows and prepares them.

        Args:
            X: the training rows.
            y: (n,) class positions or numbers.
            n_classes: number of classes, 0 for a number.
            classes: names of the classes, for the names of the encodings.
            weight: (n,) weights of the rows, or None.
            seed: decides the folds of the target encodings.

        Returns:
            The training rows, their target encodings taken from the other folds.
        """
        recipe, layout = self.recipe, X.layout
        levels = np.array([len(np.unique(X.codes[:, j])) for j in range(X.codes.shape[1])], dtype=np.int64)
        self.hot = np.flatnonzero((levels > 1) & (levels <= recipe.one_hot_up_to))
        self.averaged = np.flatnonzero(levels > recipe.one_hot_up_to)
        self.dates.fit(X.times)
        self.numbers.fit(self._numbers(X))
        self.one_hot.fit(X.codes[:, self.hot])
        self.tfidf.fit(X.texts, y, n_classes)
        self.target = TargetEncoder(n_classes)
        folds = inner_folds(y, min(_FOLDS, max(len(y), 1)), seed, n_classes=n_classes, units=X.units)
        encoded = self.target.fit_transform(X.codes[:, self.averaged], y, folds, weight)
        self.averages.fit(encoded)
        wide = self.one_hot.width + self.tfidf.width
        self.is_sparse = 0 < recipe.sparse_from < wide
        self._name(layout.names, X, classes)
        return replace(self._assemble(X, encoded), units=X.units)

    def transform(self, X: Columns) -> Matrix:
        """Prepares any rows."""
        return self._assemble(X, self.target.transform(X.codes[:, self.averaged]))

    def state(self) -> dict[str, Any]:
        """What was learned, as plain data."""
        return {
            "recipe": asdict(self.recipe),
            "names": self.names,
            "sources": self.sources,
            "hot": self.hot.tolist(),
            "averaged": self.averaged.tolist(),
            "is_sparse": self.is_sparse,
            "dates": self.dates.state(),
            "numbers": self.numbers.state(),
            "one_hot": self.one_hot.state(),
            "target": self.target.state(),
            "averages": self.averages.state(),
            "tfidf": self.tfidf.state(),
        }

    @classmethod
    def restore(cls, state: dict[str, Any]) -> Preparation:
        """The preparation from `state`'s plain data."""
        made = cls(Recipe(**state["recipe"]))
        made.names, made.sources = list(state["names"]), list(state["sources"])
        made.hot = np.array(state["hot"], dtype=np.int64)
        made.averaged = np.array(state["averaged"], dtype=np.int64)
        made.is_sparse = bool(state["is_sparse"])
        made.dates = DateEncoder.restore(state["dates"])
        made.numbers = NumberEncoder.restore(state["numbers"])
        made.one_hot = OneHotEncoder.restore(state["one_hot"])
        made.target = TargetEncoder.restore(state["target"])
        made.averages = NumberEncoder.restore(state["averages"])
        made.tfidf = TfidfEncoder.restore(state["tfidf"])
        return made

    def _numbers(self, X: Columns) -> np.ndarray:
        """(n, p) numbers and parts of dates."""
        if not X.times.shape[1]:
            return X.numbers
        return np.concatenate([X.numbers, self.dates.transform(X.times)], axis=1)

    def _assemble(self, X: Columns, encoded: np.ndarray) -> Matrix:
        blocks = [self.numbers.transform(self._numbers(X))]
        if len(self.averaged):
            blocks.append(self.averages.transform(encoded))
        words = X.texts.shape[1] > 0
        if self.is_sparse:
            parts = [self.one_hot.transform_sparse(X.codes[:, self.hot])]
            parts += [self.tfidf.transform_sparse(X.texts)] if words else []
            return Matrix(np.concatenate(blocks, axis=1), SparseRows.side_by_side(parts))
        if len(self.hot):
            blocks.append(self.one_hot.transform(X.codes[:, self.hot]))
        if words:
            blocks.append(self.tfidf.transform(X.texts))
        return Matrix(np.concatenate(blocks, axis=1) if len(blocks) > 1 else blocks[0])

    def _name(self, features: Sequence[str], X: Columns, classes: Sequence[str]) -> None:
        """Names and sources in the order in which `_assemble` lays the columns."""
        layout = X.layout
        raw = [*layout.numbers, *self.dates.names(layout.times)]
        feature = dict(zip(raw, [*layout.numbers, *self.dates.sources(layout.times)]))
        averaged = [layout.categories[j] for j in self.averaged]
        hot = [layout.categories[j] for j in self.hot]
        vocabulary = [layout.vocabulary[j] for j in self.hot]
        outputs = len(self.target.outputs)
        self.names = [
            *self.numbers.names(raw),
            *self.target.names(averaged, classes),
            *self.one_hot.names(hot, vocabulary),
            *self.tfidf.names(layout.texts),
        ]
        self.sources = [
            *(feature[name] for name in self.numbers.sources(raw)),
            *(column for column in averaged for _ in range(outputs)),
            *self.one_hot.sources(hot),
            *self.tfidf.sources(layout.texts),
        ]
