"""scikit-learn's histogram gradient boosting, kept as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainwright.models.prepare.preparation import Matrix, Recipe
from trainwright.models.prepared import PreparedEstimator, limited, sigmoid_pair, softmax
from trainwright.models.sklearn_trees import histogram_trees_of
from trainwright.models.spec import Setting, Spec
from trainwright.models.tree_arrays import TreeArrays

SPEC = Spec(
    name="hist_gradient_boosting",
    title="Histogram gradient boosting",
    estimator="trainwright.models.hist_gradient_boosting:HistGradientBoosting",
    tasks=("classes", "number"),
    complexity=42,
    explainability="low",
    explanation="Hundreds of trees add up; importances say which columns matter.",
    upkeep="None: arrays, predictions by NumPy alone.",
    page=(
        "Trees grown one after the other, each on what the earlier ones got wrong, over columns cut into "
        "255 bins. Close to LightGBM, from which it takes its design; choose it where LightGBM cannot be "
        "installed. With validation rows it stops by itself."
    ),
    preparation=(
        "Missing numbers stay missing and get a direction at each question. Categories of at most 8 levels "
        "become yes-or-no columns, larger ones the cross-fitted average of the target. Dates become their "
        "parts, texts the weights of 300 telling words."
    ),
    settings=(
        Setting(
            "n_estimators",
            200,
            low=1,
            high=10_000,
            log=True,
            guidance="Rounds; more with a lower learning_rate.",
        ),
        Setting("learning_rate", 0.06, low=0.001, high=1.0, log=True, guidance="Lower is finer and slower."),
        Setting("max_leaf_nodes", 31, low=2, high=1024, log=True, guidance="Lower it on small or noisy tables."),
        Setting("min_samples_leaf", 20, low=1, high=100_000, log=True, guidance="Raise it on noisy tables."),
        Setting("l2_regularization", 0.0, low=0.0, high=1000.0, guidance="Raise it on small or noisy tables."),
        Setting("max_features", 1.0, low=0.01, high=1.0, guidance="Share of columns for each question."),
    ),
    iterations="n_estimators",
    cost=0.27,
)

_PATIENCE = 20  # rounds without progress on the validation rows before training stops


class HistGradientBoosting(PreparedEstimator):
    """Sums of trees turned into probabilities by the softmax, or the number itself."""

    spec = SPEC
    recipe = Recipe(impute=False, max_terms=300)
    trees: TreeArrays
    start: np.ndarray  # (outputs,) score before the first tree

    def learn(
        self, Z: Matrix, y: np.ndarray, weight: np.ndarray | None, held: tuple[Matrix, np.ndarray] | None
    ) -> bool:
        """See `PreparedEstimator.learn`."""
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        kind = HistGradientBoostingClassifier if self._n_classes else HistGradientBoostingRegressor
        # scikit-learn validates on classes it was trained on only; `held` has no others.
        stop: dict[str, Any] = {} if held is None else {"X_val": held[0].toarray(), "y_val": held[1]}
        if held is not None and self.held_weight is not None:
            stop["sample_weight_val"] = self.held_weight
        with limited(self.threads):
            booster = kind(
                max_iter=self.chosen["n_estimators"],
                learning_rate=self.chosen["learning_rate"],
                max_leaf_nodes=self.chosen["max_leaf_nodes"],
                min_samples_leaf=self.chosen["min_samples_leaf"],
                l2_regularization=self.chosen["l2_regularization"],
                max_features=float(self.chosen["max_features"]),
                early_stopping=held is not None,
                n_iter_no_change=_PATIENCE,
                categorical_features=None,
                random_state=self.seed,
            ).fit(Z.toarray(), y, sample_weight=weight, **stop)
        self.trees = histogram_trees_of(booster)
        self.start = booster._baseline_prediction.ravel().astype(np.float64)
        self.iterations = int(booster.n_iter_)
        self.derived |= {"threads": self.threads}
        return True

    def answer(self, Z: Matrix) -> np.ndarray:
        """See `PreparedEstimator.answer`."""
        scores = self.trees.total(Z.toarray()) + self.start
        if not self._n_classes:
            return scores[:, 0]
        return sigmoid_pair(scores[:, 0]) if self._n_classes == 2 else softmax(scores)

    def arrays(self) -> dict[str, np.ndarray]:
        """See `PreparedEstimator.arrays`."""
        return {**self.trees.arrays(), "start": self.start}

    def restore_arrays(self, arrays: dict[str, np.ndarray], width: int) -> None:
        """See `PreparedEstimator.restore_arrays`."""
        self.trees, self.start = TreeArrays.restore(arrays, width), arrays["start"]
