"""Quick looks by small LightGBMs on a sample of the training rows: which features matter, and what a block is
worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.models.features.outcome import Outcome
from trainwright.models.inner import inner_folds
from trainwright.models.lightgbm_learning import common_parameters

CELLS = 3_000_000  # rows times features of a sample: about a second of training on one core
ROWS = 20_000


@dataclass(frozen=True)
class TrainingRows:
    """What features are learned from, besides the columns.

    Args:
        outcome: what the target is.
        labels: (n,) compact class positions or standardised numbers.
        weight: (n,) weights or None.
        seed: seed of every random choice.
        threads: number of threads.
        units: (n,) units that folds keep whole, as in `Columns`, or None.
    """

    outcome: Outcome
    labels: np.ndarray
    weight: np.ndarray | None
    seed: int
    threads: int
    units: np.ndarray | None = None

    @property
    def n_classes(self) -> int:
        """Number of classes among the labels, 0 for numbers."""
        return len(self.outcome.present)

    @property
    def codes(self) -> np.ndarray:
        """(n,) labels as encoders want them: int64 class positions, or numbers."""
        return self.labels.astype(np.int64) if self.n_classes else self.labels

    def folds(self, count: int) -> np.ndarray:
        """(n,) numbers of `count` folds made among these rows."""
        return inner_folds(self.codes, count, self.seed, n_classes=self.n_classes, units=self.units)

    def sample(self, width: int) -> np.ndarray:
        """Sorted positions of the rows to look at when there are `width` features."""
        n, most = len(self.labels), int(np.clip(CELLS // max(width, 1), 1_000, ROWS))
        if n <= most:
            return np.arange(n)
        return np.sort(np.random.default_rng(self.seed).choice(n, most, replace=False))

    def gains(self, matrix: np.ndarray, rows: np.ndarray, categorical: list[int]) -> np.ndarray:
        """(p,) total gain of each feature in one small model.

        Args:
            matrix: (s, p) features of some rows.
            rows: (s,) positions of these rows.
            categorical: positions of the features that are codes.
        """
        import lightgbm

        parameters = self._parameters(len(rows))
        data = self._dataset(matrix, rows, categorical, parameters)
        rounds = max(10, 60 // self.outcome.outputs)
        booster = lightgbm.train(parameters, data, num_boost_round=rounds)
        return np.asarray(booster.feature_importance("gain"), dtype=np.float64)

    def loss(self, matrix: np.ndarray, rows: np.ndarray, folds: np.ndarray, categorical: list[int]) -> float:
        """Mean loss (log-loss or squared error) of small models, each on the fold it was not trained on.

        Args:
            matrix: (s, p) features of some rows.
            rows: (s,) positions of these rows.
            folds: (s,) fold numbers.
            categorical: positions of the features that are codes.
        """
        import lightgbm

        parameters = self._parameters(len(rows))
        whole = self._dataset(matrix, rows, categorical, parameters).construct()
        losses = []
        for fold in range(int(folds.max()) + 1):
            recorded: dict[str, dict[str, list[float]]] = {}
            lightgbm.train(
                parameters,
                whole.subset(np.flatnonzero(folds != fold)),
                num_boost_round=max(20, 120 // self.outcome.outputs),
                valid_sets=[whole.subset(np.flatnonzero(folds == fold))],
                callbacks=[lightgbm.record_evaluation(recorded)],
            )
            losses.append(min(next(iter(recorded["valid_0"].values()))))
        return float(np.mean(losses))

    def _dataset(self, matrix: np.ndarray, rows: np.ndarray, categorical: list[int], parameters: dict[str, Any]) -> Any:
        import lightgbm

        return lightgbm.Dataset(
            matrix,
            self.labels[rows],
            weight=None if self.weight is None else self.weight[rows],
            categorical_feature=categorical,
            params=parameters,
            free_raw_data=False,
        )

    def _parameters(self, n: int) -> dict[str, Any]:
        """Parameters of a small model on n rows."""
        return {
            "num_leaves": 15,
            "learning_rate": 0.1,
            "min_data_in_leaf": max(2, min(20, n // 50)),
            "feature_fraction": 0.7,
            "max_bin": 63,
        } | common_parameters(self.outcome.task, self.outcome.outputs, self.seed, self.threads)
