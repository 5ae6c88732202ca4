"""Random forest: many deep trees on random draws of the rows, averaged."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainwright.models.spec import Setting, Spec
from trainwright.models.tree_family import TreeFamily

SETTINGS = (
    Setting(
        "n_estimators",
        200,
        low=1,
        high=5000,
        log=True,
        guidance="More trees steady the average; cost grows alike.",
    ),
    Setting("max_depth", None, low=1, high=64, guidance="Lower it for a smaller, coarser model."),
    Setting(
        "min_samples_leaf",
        None,
        low=1,
        high=100_000,
        log=True,
        guidance="Raise it for smoother probabilities and a smaller package, lower it for fine signals.",
    ),
    Setting(
        "max_features",
        None,
        low=0.01,
        high=1.0,
        choices=("sqrt", "log2"),
        guidance="Share of columns that each question may choose from; lower makes trees more different.",
    ),
)

SPEC = Spec(
    name="forest",
    title="Random forest",
    estimator="trainwright.models.forest:Forest",
    tasks=("classes", "number"),
    complexity=30,
    explainability="medium",
    explanation="Single trees can be read, their average cannot; importances say which columns matter.",
    upkeep="None: arrays, predictions by NumPy alone.",
    page=(
        "Many trees, each grown on a random draw of the rows and choosing its questions from a random part "
        "of the columns; their average is steady and hard to overfit. Good without tuning on small and "
        "middling tables. Larger on disk than boosting, usually a little less accurate, and unable to "
        "predict beyond the targets it saw."
    ),
    preparation=(
        "Missing numbers stay missing and get a direction at each question. Categories of at most 8 levels "
        "become yes-or-no columns, larger ones the cross-fitted average of the target. Dates become their "
        "parts, texts the weights of 200 telling words."
    ),
    settings=SETTINGS,
    iterations="n_estimators",
    cost=0.5,
)

# Rows drawn for each tree of a large table: beyond this trees grow in size and time, hardly in accuracy.
_DRAW = 100_000


class Forest(TreeFamily):
    """scikit-learn's random forest, kept as arrays."""

    spec = SPEC

    def _grow(self, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None) -> list[Any]:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        kind = RandomForestClassifier if self._n_classes else RandomForestRegressor
        draw = _DRAW if len(y) > _DRAW else None
        parameters = forest_parameters(self, default_leaf(len(y), 5000, 2 if self._n_classes else 1))
        forest = kind(**parameters, bootstrap=True, max_samples=draw)
        return list(forest.fit(X, y, sample_weight=weight).estimators_)


def forest_parameters(model: TreeFamily, leaf_by_default: int) -> dict[str, Any]:
    """scikit-learn's parameters for the settings of a forest; what was chosen goes to `derived`."""
    chosen, classes = model.chosen, bool(model._n_classes)
    leaf = chosen["min_samples_leaf"] or leaf_by_default
    share = chosen["max_features"] or ("sqrt" if classes else 0.4)
    model.derived |= {"min_samples_leaf": int(leaf), "max_features": share, "threads": model.threads}
    model.iterations = chosen["n_estimators"]
    return {
        "n_estimators": chosen["n_estimators"],
        "max_depth": None if chosen["max_depth"] is None else int(chosen["max_depth"]),
        "min_samples_leaf": int(leaf),
        "max_features": share if isinstance(share, str) else float(share),
        "n_jobs": model.threads,
        "random_state": model.seed,
    }


def default_leaf(n: int, rows_per_step: int, least: int) -> int:
    """Rows in a leaf: few for small tables, more as rows come in, so that the package stays small."""
    return max(least, min(20, n // rows_per_step))
