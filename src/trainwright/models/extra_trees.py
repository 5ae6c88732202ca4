"""Extremely random trees: like a forest, but thresholds are drawn at random too."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainwright.models.forest import SETTINGS, default_leaf, forest_parameters
from trainwright.models.spec import Spec
from trainwright.models.tree_family import TreeFamily

SPEC = Spec(
    name="extra_trees",
    title="Extra trees",
    estimator="trainwright.models.extra_trees:ExtraTrees",
    tasks=("classes", "number"),
    complexity=31,
    explainability="medium",
    explanation="Single trees can be read, their average cannot; importances say which columns matter.",
    upkeep="None: arrays, predictions by NumPy alone.",
    page=(
        "A forest whose questions use random thresholds (Geurts, Ernst and Wehenkel 2006). Quicker to grow, "
        "smoother between the rows it saw, and different enough from boosting to help in an ensemble. "
        "Larger on disk, and weaker where exact thresholds matter or many columns are noise."
    ),
    preparation=(
        "Missing numbers stay missing and get a direction at each question. Categories of at most 8 levels "
        "become yes-or-no columns, larger ones the cross-fitted average of the target. Dates become their "
        "parts, texts the weights of 200 telling words."
    ),
    settings=SETTINGS,
    iterations="n_estimators",
    cost=0.3,
)

_DRAW = 100_000  # rows drawn for each tree of a large table


class ExtraTrees(TreeFamily):
    """scikit-learn's extra trees, kept as arrays."""

    spec = SPEC

    def _grow(self, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None) -> list[Any]:
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

        kind = ExtraTreesClassifier if self._n_classes else ExtraTreesRegressor
        large = len(y) > _DRAW
        least = 2 if self._n_classes or len(y) > 5000 else 1
        # Random thresholds smooth already: leaves may be smaller than a forest's.
        parameters = forest_parameters(self, default_leaf(len(y), 10_000, least))
        forest = kind(**parameters, bootstrap=large, max_samples=_DRAW if large else None)
        return list(forest.fit(X, y, sample_weight=weight).estimators_)
