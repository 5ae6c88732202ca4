"""Which columns tell anything: each must beat copies of the columns whose values were shuffled among the rows.

After Boruta (Kursa and Rudnicki 2010, "Feature selection with the Boruta package"): shuffled copies stand beside the
columns, a column scores a hit where it is worth more than the best copy, and one with too few hits is left out. Unlike
there, worth is measured on rows that the small model did not learn from: how much its loss rises when what a column
pushed (TreeSHAP, Lundberg et al. 2020) is taken away. A column of many values can memorise rows; it cannot predict
others by that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trainwright.data.columns import Columns
from trainwright.data.schema import Target
from trainwright.models.features.outcome import Outcome
from trainwright.models.features.plain import PlainMatrix
from trainwright.models.features.small_models import TrainingRows
from trainwright.models.lightgbm_learning import common_parameters
from trainwright.models.selected import View

ROUNDS = 8
# With fewer hits than this of `ROUNDS` a column is called weak. One as good as the best copy has fewer in 14 % of cases
# (binomial); of ten columns that told nothing, one was kept in every second table of 600 generated rows.
LEAST_HITS = 3
PARTS = 3  # each round learns from two of three parts and looks at the third
MOST_ROWS = 6_000
MOST_CELLS = 600_000  # rows times columns, copies among them
FEWEST_ROWS = 60
TREES = 40


@dataclass(frozen=True)
class Ranking:
    """What each column is worth.

    Args:
        names: p columns; texts are not among them.
        worth: (p,) mean rise of the held-out loss without what the column pushed.
        hits: (p,) rounds in which it was worth more than the best shuffled copy.
        rounds: how many there were; 0 when the rows were too few to tell.
        texts: text columns, which are always kept: a small model reads them too coarsely to judge them.
    """

    names: tuple[str, ...]
    worth: np.ndarray
    hits: np.ndarray
    rounds: int
    texts: tuple[str, ...] = ()

    def kept(self, most: int | None = None) -> tuple[str, ...]:
        """The columns to keep, in their order: those with hits enough, or so many of the strongest.

        All where nothing could be told, or where no column beats the copies: then there is nothing to choose by.

        Args:
            most: how many of the strongest; None: those that beat the copies.
        """
        if not self.rounds:
            return self.names + self.texts
        if most is None:
            good = self.hits >= LEAST_HITS
            chosen = good if good.any() else np.ones(len(self.names), dtype=bool)
        else:
            order = np.lexsort((np.arange(len(self.names)), -self.worth, -self.hits))
            chosen = np.zeros(len(self.names), dtype=bool)
            chosen[order[: max(1, most)]] = True
        return tuple(name for name, keep in zip(self.names, chosen) if keep) + self.texts


def rank_columns(
    X: Columns,
    y: np.ndarray,
    target: Target,
    *,
    weight: np.ndarray | None = None,
    seed: int = 0,
    threads: int = 1,
) -> Ranking:
    """Ranks the columns by what they tell about rows that a small model has not seen.

    Args:
        X: n training rows; units stay whole.
        y: (n,) class positions or numbers.
        target: what is predicted.
        weight: (n,) or None.
        seed: of the draws and the small models.
        threads: of the small models.
    """
    texts = X.layout.texts
    names = tuple(name for name in X.layout.names if name not in texts)
    nothing = Ranking(names, np.zeros(len(names)), np.zeros(len(names), dtype=np.int64), 0, texts)
    outcome = Outcome.learn(y, weight, target)
    if not names or len(y) < FEWEST_ROWS or outcome.constant:
        return nothing
    rows = _sample(len(y), 2 * len(names), seed)
    X, y = View(X.layout, names).of(X.take(rows)), y[rows]
    weight = None if weight is None else weight[rows]
    outcome = Outcome.learn(y, weight, target)
    if outcome.constant:
        return nothing
    training = TrainingRows(outcome, outcome.labels(y), weight, seed, threads, X.units)
    matrix = PlainMatrix.learn(X, training.codes, training.n_classes)
    plain = np.asarray(matrix.transform(X), dtype=np.float64)
    parents = [parent[0] for parent in matrix.parents(X.layout)]
    own = [np.array([j for j, parent in enumerate(parents) if parent == name], dtype=np.int64) for name in names]
    table = _Table(plain, own, matrix.categorical(X.layout), training)
    worth, hits = np.zeros(len(names)), np.zeros(len(names), dtype=np.int64)
    for number in range(ROUNDS):
        part = replace(training, seed=seed + number).folds(PARTS)
        found = table.round(part == 0, np.random.default_rng([seed, number]))
        real, shuffled = found[: len(names)], found[len(names) :]
        worth += real / ROUNDS
        hits += real > max(0.0, float(shuffled.max()))
    return Ranking(names, worth, hits, ROUNDS, texts)


@dataclass(frozen=True)
class _Table:
    """The rows of every round.

    Args:
        plain: (n, f) features.
        own: for each of p columns the positions of its features.
        categorical: positions of the features that are codes.
        training: labels and weights of the n rows, and what they stand for.
    """

    plain: np.ndarray
    own: list[np.ndarray]
    categorical: list[int]
    training: TrainingRows

    def round(self, held: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(2 p,) worth of each column and of its shuffled copy on the held rows, by a model of the others."""
        import lightgbm

        n, width = self.plain.shape
        copies = self.plain.copy()
        for features in self.own:
            if len(features):
                copies[:, features] = self.plain[rng.permutation(n)][:, features]
        both = np.concatenate([self.plain, copies], axis=1)
        codes = [*self.categorical, *(width + j for j in self.categorical)]
        settings = self._settings(int((~held).sum()), int(rng.integers(2**31 - 1)))
        labels, weights, outputs = self.training.labels, self.training.weight, self.training.outcome.outputs
        weight = None if weights is None else weights[~held]
        data = lightgbm.Dataset(both[~held], labels[~held], weight=weight, categorical_feature=codes, params=settings)
        booster = lightgbm.train(settings, data, num_boost_round=max(10, TREES // outputs))
        told = np.asarray(booster.predict(both[held], pred_contrib=True, num_threads=self.training.threads))
        pushes = told.reshape(int(held.sum()), -1, 2 * width + 1)  # (h, k, 2 f + 1), the constant last
        score = pushes.sum(axis=2)  # (h, k)
        before = self._losses(held, score)
        columns = [*self.own, *(width + features for features in self.own)]
        mass = None if weights is None else weights[held]
        return np.array(
            [
                float(np.average(self._losses(held, score - pushes[:, :, c].sum(axis=2)) - before, weights=mass))
                for c in columns
            ]
        )

    def _losses(self, held: np.ndarray, score: np.ndarray) -> np.ndarray:
        """(h,) log-loss or squared error of (h, k) scores."""
        labels = self.training.labels[held]
        if self.training.outcome.task == "number":
            return np.asarray((labels - score[:, 0]) ** 2)
        if score.shape[1] == 1:
            return np.asarray(np.logaddexp(0.0, np.where(labels > 0.5, -score[:, 0], score[:, 0])))
        top = score.max(axis=1)
        total = top + np.log(np.exp(score - top[:, None]).sum(axis=1))
        return np.asarray(total - score[np.arange(len(labels)), labels.astype(np.int64)])

    def _settings(self, n: int, seed: int) -> dict[str, Any]:
        """LightGBM's parameters: a small, cautious model in which every feature gets its turn."""
        outcome = self.training.outcome
        return {
            "learning_rate": 0.15,
            "num_leaves": 15,
            "min_data_in_leaf": max(3, min(20, n // 50)),
            "feature_fraction": 0.5,
            "lambda_l2": 1.0,
            "max_bin": 63,
            "min_data_per_group": 20,
        } | common_parameters(outcome.task, outcome.outputs, seed, self.training.threads)


def _sample(n: int, width: int, seed: int) -> np.ndarray:
    """Ascending positions of the rows that are looked at."""
    most = min(MOST_ROWS, max(1_000, MOST_CELLS // max(width, 1)))
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng([seed, 5]).choice(n, most, replace=False))
