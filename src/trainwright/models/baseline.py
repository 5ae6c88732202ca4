"""The least a model must beat: always the shares of the classes, or always the mean."""

from __future__ import annotations

import numpy as np

from trainwright.models.prepare.preparation import Matrix
from trainwright.models.prepared import PreparedEstimator
from trainwright.models.spec import Spec

SPEC = Spec(
    name="baseline",
    title="Majority or mean",
    estimator="trainwright.models.baseline:Baseline",
    tasks=("classes", "number"),
    complexity=0,
    explainability="high",
    explanation="It gives every row the same answer.",
    upkeep="None: a few numbers in a file.",
    page=(
        "Predicts the share of each class among the training rows, or the mean of the target, whatever the "
        "row. It is there to be beaten: a model that does not beat it has learned nothing from the columns."
    ),
    preparation="None: it looks at no column.",
    cost=0.0001,
)


class Baseline(PreparedEstimator):
    """Shares of the classes, or the (weighted) mean; absent classes get 0."""

    spec = SPEC
    uses_columns = False

    def learn(
        self, Z: Matrix, y: np.ndarray, weight: np.ndarray | None, held: tuple[Matrix, np.ndarray] | None
    ) -> bool:
        """Nothing: the prior answers."""
        return False
