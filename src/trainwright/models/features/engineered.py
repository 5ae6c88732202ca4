"""The engineered matrix of LightGBM: the plain one, target encodings, and those crosses, group statistics and
arithmetic features that a small model finds better than noise. All of it is learned from the training rows given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from trainwright.data.columns import Columns, Layout
from trainwright.models.features.arithmetic import Arithmetic
from trainwright.models.features.crosses import Crosses
from trainwright.models.features.encodings import Encodings
from trainwright.models.features.groups import Groups
from trainwright.models.features.importance import quick_gains, sample_rows
from trainwright.models.features.outcome import Outcome
from trainwright.models.features.plain import PlainMatrix
from trainwright.models.inner import inner_folds

FOLDS = 5
MAX_ENCODED = 60  # encodings of single categories
MAX_ADDED = 30  # crosses, group statistics and arithmetic features that are kept
TOP_NUMBERS, TOP_CATEGORIES, GROUP_NUMBERS, GROUP_CATEGORIES = 8, 5, 4, 3
SHADOWS = 10
COUNTED_FROM = 8  # categories with at least this many values also get their count


@dataclass(frozen=True)
class Training:
    """What features are learned from, besides the columns: aligned (n,) labels and weights, and how to compute."""

    outcome: Outcome
    labels: np.ndarray
    weight: np.ndarray | None
    seed: int
    threads: int

    @property
    def n_classes(self) -> int:
        """Number of classes among the labels, 0 for numbers."""
        return len(self.outcome.present)

    @property
    def codes(self) -> np.ndarray:
        """(n,) labels as encoders want them: class positions, or numbers."""
        return self.labels.astype(np.int64) if self.n_classes else self.labels

    def gains(self, matrix: np.ndarray, rows: np.ndarray, categorical: list[int]) -> np.ndarray:
        """(p,) gains of the features of (len(rows), p) rows in a small model."""
        return quick_gains(
            matrix,
            self.labels[rows],
            weight=None if self.weight is None else self.weight[rows],
            outputs=self.outcome.outputs,
            classes=self.outcome.task == "classes",
            categorical=categorical,
            seed=self.seed,
            threads=self.threads,
        )


@dataclass(frozen=True)
class EngineeredMatrix:
    """What was learned; each part is None when it has nothing to add.

    Args:
        plain: the plain matrix, whose features all stay.
        encoded: (c,) positions of the category columns that are target encoded.
        encodings: their encodings.
        crosses: pairs of categories, with their encodings.
        groups: numbers within categories.
        arithmetic: pairs of numbers.
    """

    plain: PlainMatrix
    encoded: np.ndarray
    encodings: Encodings | None
    crosses: tuple[Crosses, Encodings] | None
    groups: Groups | None
    arithmetic: Arithmetic | None

    @classmethod
    def learn(cls, X: Columns, training: Training) -> tuple[EngineeredMatrix, np.ndarray]:
        """Learns from n training rows.

        Returns:
            the matrix, and (n, p) features of these rows in which no row's encodings come from its own label.
        """
        plain = PlainMatrix.learn(X, training.codes, training.n_classes)
        base = plain.transform(X)
        categorical = plain.categorical(X.layout)
        n_numeric = base.shape[1] - X.codes.shape[1]
        folds = inner_folds(training.codes, FOLDS, training.seed, n_classes=training.n_classes)
        encoded, encodings, values = _encode(X.codes, training, folds)
        rows = sample_rows(len(X), base.shape[1] + values.shape[1], training.seed)
        look = np.concatenate([base[rows], values[rows]], axis=1, dtype=np.float32)
        gains = training.gains(look, rows, categorical)
        numbers = _strongest(gains[:n_numeric], TOP_NUMBERS)
        by_category = gains[n_numeric : base.shape[1]].copy()
        if encodings is not None:
            np.add.at(by_category, encoded[encodings.columns()], gains[base.shape[1] :])
        categories = [j for j in _strongest(by_category, TOP_CATEGORIES) if j in encoded]

        # Candidates: every combination of the strongest few; what is kept has to beat shuffled copies.
        pairs = np.array(list(combinations(sorted(categories), 2)), dtype=np.int64).reshape(-1, 2)
        crosses, crossed = _cross(X.codes, pairs, training, folds)
        groups = arithmetic = None
        if categories and numbers:
            strong = numbers[:GROUP_NUMBERS], categories[:GROUP_CATEGORIES]
            groups = Groups.learn(base, X.codes, *strong)
        if len(numbers) > 1:
            arithmetic = Arithmetic.candidates(numbers)
        free = _label_free(groups, arithmetic, base[rows], X.codes[rows])
        kept = _better_than_noise(look, [crossed[rows], *free], training, rows, categorical)
        if crosses is not None:
            useful = kept[0].reshape(len(pairs), -1).any(axis=1)
            crosses, crossed = _cross(X.codes, pairs[useful], training, folds)
        if groups is not None:
            groups = groups.take(np.flatnonzero(kept[1])) if kept[1].any() else None
        if arithmetic is not None:
            arithmetic = arithmetic.take(np.flatnonzero(kept[-1])) if kept[-1].any() else None
        parts = [base, values, crossed, *_label_free(groups, arithmetic, base, X.codes)]
        matrix = cls(plain, encoded, encodings, crosses, groups, arithmetic)
        return matrix, np.concatenate(parts, axis=1, dtype=base.dtype, casting="same_kind")

    def transform(self, X: Columns) -> np.ndarray:
        """(n, p) features of any rows, encoded by all training rows."""
        base = self.plain.transform(X)
        parts = [base]
        if self.encodings is not None:
            parts.append(self.encodings.transform(X.codes[:, self.encoded]))
        if self.crosses is not None:
            crosses, encodings = self.crosses
            parts.append(encodings.transform(crosses.transform(X.codes)))
        parts += _label_free(self.groups, self.arithmetic, base, X.codes)
        return np.concatenate(parts, axis=1, dtype=base.dtype, casting="same_kind")

    def categorical(self, layout: Layout) -> list[int]:
        """Positions of the features that LightGBM reads as categories."""
        return self.plain.categorical(layout)

    def parents(self, layout: Layout) -> list[tuple[str, ...]]:
        """For each feature the original columns that it is made of."""
        base = self.plain.parents(layout)
        names: list[tuple[str, ...]] = list(base)
        if self.encodings is not None:
            names += [(layout.categories[j],) for j in self.encoded[self.encodings.columns()]]
        if self.crosses is not None:
            crosses, encodings = self.crosses
            pairs = crosses.pairs[encodings.columns()]
            names += [(layout.categories[a], layout.categories[b]) for a, b in pairs]
        if self.groups is not None:
            for feature in range(len(self.groups)):
                category, number = self.groups.parts(feature)
                names.append((layout.categories[category], *base[number]))
        if self.arithmetic is not None:
            pairs = zip(self.arithmetic.first, self.arithmetic.second)
            names += [tuple(dict.fromkeys(base[a] + base[b])) for a, b in pairs]
        return names

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Plain data for JSON, and named arrays."""
        arrays: dict[str, np.ndarray] = {"encoded": self.encoded}
        parts: dict[str, Any] = {"encodings": self.encodings, "groups": self.groups}
        if self.crosses is not None:
            parts |= {"crosses": self.crosses[0], "crossed": self.crosses[1]}
        for name, part in parts.items():
            if part is not None:
                arrays |= {f"{name}.{key}": value for key, value in part.arrays().items()}
        arithmetic = None if self.arithmetic is None else self.arithmetic.to_json()
        return {"plain": self.plain.to_json(), "arithmetic": arithmetic}, arrays

    @classmethod
    def restore(cls, data: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> EngineeredMatrix:
        """The matrix from `state`."""

        def part(name: str) -> dict[str, np.ndarray]:
            start = f"{name}."
            return {key.removeprefix(start): array for key, array in arrays.items() if key.startswith(start)}

        encodings, groups, crosses = part("encodings"), part("groups"), part("crosses")
        return cls(
            PlainMatrix.from_json(data["plain"]),
            arrays["encoded"],
            Encodings.restore(encodings) if encodings else None,
            (Crosses(**crosses), Encodings.restore(part("crossed"))) if crosses else None,
            Groups.restore(groups) if groups else None,
            None if data["arithmetic"] is None else Arithmetic.from_json(data["arithmetic"]),
        )


def _encode(
    codes: np.ndarray, training: Training, folds: np.ndarray
) -> tuple[np.ndarray, Encodings | None, np.ndarray]:
    """Positions of the category columns worth encoding, their encodings and the features of the training rows."""
    distinct = np.array([len(np.unique(codes[:, j])) for j in range(codes.shape[1])], dtype=np.int64)
    outputs = min(training.outcome.outputs, 10)
    encoded = np.flatnonzero(distinct > 2)[: max(1, MAX_ENCODED // outputs)]
    if not len(encoded):
        return encoded, None, np.empty((len(codes), 0))
    encodings, values = Encodings.learn(
        codes[:, encoded],
        training.codes,
        folds,
        training.weight,
        n_classes=training.n_classes,
        counted=np.flatnonzero(distinct[encoded] >= COUNTED_FROM),
    )
    return encoded, encodings, values


def _cross(
    codes: np.ndarray, pairs: np.ndarray, training: Training, folds: np.ndarray
) -> tuple[tuple[Crosses, Encodings] | None, np.ndarray]:
    """Encoded pairs of categories and their (n, pairs * outputs) features of the training rows."""
    if not len(pairs):
        return None, np.empty((len(codes), 0))
    crosses = Crosses.learn(codes, pairs)
    encodings, values = Encodings.learn(
        crosses.transform(codes),
        training.codes,
        folds,
        training.weight,
        n_classes=training.n_classes,
        counted=np.empty(0, dtype=np.int64),
        max_outputs=3,
    )
    return (crosses, encodings), values


def _label_free(
    groups: Groups | None, arithmetic: Arithmetic | None, base: np.ndarray, codes: np.ndarray
) -> list[np.ndarray]:
    """Group statistics and arithmetic features, as far as they exist."""
    parts = []
    if groups is not None:
        parts.append(groups.transform(base, codes))
    if arithmetic is not None:
        parts.append(arithmetic.transform(base))
    return parts


def _strongest(gains: np.ndarray, count: int) -> list[int]:
    """Positions of the largest gains above 0, largest first."""
    order = np.argsort(-gains, kind="stable")[:count]
    return [int(j) for j in order if gains[j] > 0]


def _better_than_noise(
    look: np.ndarray,
    candidates: list[np.ndarray],
    training: Training,
    rows: np.ndarray,
    categorical: list[int],
) -> list[np.ndarray]:
    """Which candidates gain more than every shuffled copy ("shadow") in one small model over all of them: the idea of
    Boruta (Kursa and Rudnicki 2010, "Feature selection with the Boruta package").

    Args:
        look: (s, p) features that stay anyway.
        candidates: blocks of (s, m) candidate features.
        training: labels, weights and how to compute.
        rows: (s,) positions of these rows among the training rows.
        categorical: positions in `look` that are codes.

    Returns:
        for each block (m,) bool; at most `MAX_ADDED` in all.
    """
    every = np.concatenate(candidates, axis=1, dtype=np.float32)
    if not every.shape[1]:
        return [np.zeros(0, dtype=bool) for _ in candidates]
    rng = np.random.default_rng(training.seed)
    shadowed = rng.choice(every.shape[1], min(SHADOWS, every.shape[1]), replace=False)
    shadows = np.column_stack([rng.permutation(every[:, j]) for j in shadowed])
    gains = training.gains(np.concatenate([look, every, shadows], axis=1), rows, categorical)
    own = gains[look.shape[1] : look.shape[1] + every.shape[1]]
    noise = gains[look.shape[1] + every.shape[1] :].max()
    kept = np.zeros(len(own), dtype=bool)
    kept[[j for j in _strongest(own, MAX_ADDED) if own[j] > noise]] = True
    return np.split(kept, np.cumsum([block.shape[1] for block in candidates])[:-1])
