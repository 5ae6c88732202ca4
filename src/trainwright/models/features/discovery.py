"""Finds the features worth engineering: candidates from the strongest columns, kept when they beat shuffled
copies of themselves and when the models with them predict inner folds better than those without."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from trainwright.data.columns import Columns
from trainwright.models.features.arithmetic import Arithmetic
from trainwright.models.features.crosses import Crosses
from trainwright.models.features.encodings import Encodings
from trainwright.models.features.engineered import EngineeredMatrix, label_free
from trainwright.models.features.groups import Groups
from trainwright.models.features.plain import PlainMatrix
from trainwright.models.features.small_models import TrainingRows

FOLDS = 5  # of the cross-fitted encodings
MAX_ENCODED = 60  # average targets of single categories
MAX_ADDED = 30  # crosses, group statistics and arithmetic features that are kept
TOP_NUMBERS, TOP_CATEGORIES, GROUP_NUMBERS, GROUP_CATEGORIES = 8, 5, 4, 3
SHADOWS = 10
MAX_SHOWN = 200  # in a wider table only the strongest columns are shown to the small models that judge candidates
COUNTED_FROM = 8  # categories with at least this many values also get their count
GATE_ROWS, GATE_GAIN = 8_000, 0.001  # a block of features stays when it lowers the inner loss by this share

Crossed = tuple[Crosses, Encodings]


def learn_engineered(X: Columns, training: TrainingRows) -> tuple[EngineeredMatrix, np.ndarray]:
    """Learns the engineered matrix from n training rows.

    Args:
        X: the columns of the training rows.
        training: their labels and weights, and how to compute.

    Returns:
        the matrix, and (n, p) features of these rows in which no row's encodings come from its own label.
    """
    plain = PlainMatrix.learn(X, training.codes, training.n_classes)
    base = plain.transform(X)
    categorical = plain.categorical(X.layout)
    folds = training.folds(FOLDS)
    encoded, encodings, values = _encode(X.codes, training, folds)
    rows = training.sample(base.shape[1] + values.shape[1])
    look = np.concatenate([base[rows], values[rows]], axis=1, dtype=np.float32)
    gains = training.gains(look, rows, categorical)
    n_numeric = base.shape[1] - X.codes.shape[1]
    numbers = _strongest(gains[:n_numeric], TOP_NUMBERS)
    by_category = gains[n_numeric : base.shape[1]].copy()
    if encodings is not None:
        np.add.at(by_category, encoded[encodings.columns()], gains[base.shape[1] :])
    categories = [j for j in _strongest(by_category, TOP_CATEGORIES) if j in encoded]

    pairs = np.array(list(combinations(sorted(categories), 2)), dtype=np.int64).reshape(-1, 2)
    crosses, crossed = _cross(X.codes, pairs, training, folds)
    groups, arithmetic = _candidates(base, X.codes, numbers, categories)
    free = label_free(groups, arithmetic, base[rows], X.codes[rows])
    shown = np.sort(np.argsort(-gains[: base.shape[1]], kind="stable")[:MAX_SHOWN])
    as_codes = np.flatnonzero(np.isin(shown, categorical)).tolist()
    look = np.concatenate([look[:, shown], look[:, base.shape[1] :]], axis=1)
    kept = _better_than_noise(look, [crossed[rows], *free], training, rows, as_codes)
    if crosses is not None:
        useful = kept[0].reshape(len(pairs), -1).any(axis=1)
        crosses, crossed = _cross(X.codes, pairs[useful], training, folds)
    if groups is not None:
        groups = groups.take(np.flatnonzero(kept[1])) if kept[1].any() else None
    if arithmetic is not None:
        arithmetic = arithmetic.take(np.flatnonzero(kept[-1])) if kept[-1].any() else None

    free = label_free(groups, arithmetic, base, X.codes)
    blocks = [values, crossed, np.concatenate([np.empty((len(X), 0)), *free], axis=1)]
    worth = _worth(base, shown, blocks, training, as_codes)
    matrix = EngineeredMatrix(
        plain,
        encoded,
        encodings if worth[0] else None,
        crosses if worth[1] else None,
        groups if worth[2] else None,
        arithmetic if worth[2] else None,
    )
    parts = [base, *(block for block, keep in zip(blocks, worth) if keep)]
    return matrix, np.concatenate(parts, axis=1, dtype=base.dtype, casting="same_kind")


def _encode(
    codes: np.ndarray, training: TrainingRows, folds: np.ndarray
) -> tuple[np.ndarray, Encodings | None, np.ndarray]:
    """Positions of the category columns worth encoding, their encodings and the features of the training
    rows."""
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
    codes: np.ndarray, pairs: np.ndarray, training: TrainingRows, folds: np.ndarray
) -> tuple[Crossed | None, np.ndarray]:
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


def _candidates(
    base: np.ndarray, codes: np.ndarray, numbers: list[int], categories: list[int]
) -> tuple[Groups | None, Arithmetic | None]:
    """Every group statistic and every operation on the strongest columns, strongest first."""
    groups = None
    if categories and numbers:
        groups = Groups.learn(base, codes, numbers[:GROUP_NUMBERS], categories[:GROUP_CATEGORIES])
    return groups, Arithmetic.candidates(numbers) if len(numbers) > 1 else None


def _strongest(gains: np.ndarray, count: int) -> list[int]:
    """Positions of the largest gains above 0, largest first."""
    order = np.argsort(-gains, kind="stable")[:count]
    return [int(j) for j in order if gains[j] > 0]


def _better_than_noise(
    look: np.ndarray,
    candidates: list[np.ndarray],
    training: TrainingRows,
    rows: np.ndarray,
    categorical: list[int],
) -> list[np.ndarray]:
    """Which candidates gain more than every shuffled copy ("shadow") in one small model over all of them: the
    idea of Boruta (Kursa and Rudnicki 2010, "Feature selection with the Boruta package").

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
    own, noise = np.split(gains[look.shape[1] :], [every.shape[1]])
    kept = np.zeros(len(own), dtype=bool)
    kept[[j for j in _strongest(own, MAX_ADDED) if own[j] > noise.max()]] = True
    return np.split(kept, np.cumsum([block.shape[1] for block in candidates])[:-1])


def _worth(
    base: np.ndarray,
    shown: np.ndarray,
    blocks: list[np.ndarray],
    training: TrainingRows,
    categorical: list[int],
) -> list[bool]:
    """Which blocks of features lower the loss on inner folds, each tried on top of those kept before it. More
    features are not better by themselves: on about a thousand rows thirty good-looking ratios made LightGBM
    worse."""
    rows = training.sample(len(shown) + sum(block.shape[1] for block in blocks))
    if len(rows) > GATE_ROWS:
        rows = np.sort(np.random.default_rng(training.seed).choice(rows, GATE_ROWS, replace=False))
    folds = training.folds(5 if len(rows) < 1_500 else 3)[rows]
    best = base[np.ix_(rows, shown)].astype(np.float32)
    loss, worth = None, []
    for block in blocks:
        if not block.shape[1]:
            worth.append(False)
            continue
        if loss is None:
            loss = training.loss(best, rows, folds, categorical)
        tried = np.concatenate([best, block[rows]], axis=1, dtype=np.float32)
        new = training.loss(tried, rows, folds, categorical)
        worth.append(new < loss * (1 - GATE_GAIN))
        if worth[-1]:
            best, loss = tried, new
    return worth
