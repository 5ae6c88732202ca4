"""One small decision tree that fits on a page."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainwright.models.prepare.preparation import Recipe
from trainwright.models.spec import Setting, Spec
from trainwright.models.tree_family import TreeFamily

SPEC = Spec(
    name="decision_tree",
    title="Decision tree",
    estimator="trainwright.models.decision_tree:DecisionTree",
    tasks=("classes", "number"),
    complexity=20,
    explainability="high",
    explanation="Read it from the top: each prediction is the answer to a handful of yes-or-no questions.",
    upkeep="None: small arrays, predictions by NumPy alone.",
    page=(
        "A tree of questions, five deep unless told otherwise. Good when people must be able to follow each "
        "decision, and as a check that a larger model is worth its weight. Rarely the most accurate, and "
        "sensitive to small changes of the data near its thresholds."
    ),
    preparation=(
        "Missing numbers stay missing and get a direction at each question. Categories of at most 8 levels "
        "become yes-or-no columns, larger ones the cross-fitted average of the target. Dates become their "
        "parts, texts the weights of 50 telling words."
    ),
    settings=(
        Setting("max_depth", 5, low=1, high=30, guidance="Raise it for accuracy, lower it to read the tree."),
        Setting(
            "min_samples_leaf",
            None,
            low=1,
            high=100_000,
            log=True,
            guidance="Rows that each answer rests on; raise it if the tree follows noise. By default half a "
            "percent of the rows, at least 5.",
        ),
    ),
    cost=0.005,
)


class DecisionTree(TreeFamily):
    """scikit-learn's tree, kept as arrays."""

    spec = SPEC
    recipe = Recipe(impute=False, max_terms=50)
    pull = 1.0

    def _grow(self, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None) -> list[Any]:
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        leaf = self.chosen["min_samples_leaf"] or max(5, len(y) // 200)
        self.derived["min_samples_leaf"] = int(leaf)
        kind = DecisionTreeClassifier if self._n_classes else DecisionTreeRegressor
        tree = kind(max_depth=self.chosen["max_depth"], min_samples_leaf=int(leaf), random_state=self.seed)
        return [tree.fit(X, y, sample_weight=weight)]
