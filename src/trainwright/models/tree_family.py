"""What one tree, a forest and extremely random trees share: averaged answers of trees kept as arrays."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from trainwright.models.prepare.preparation import Matrix, Recipe
from trainwright.models.prepared import PreparedEstimator
from trainwright.models.sklearn_trees import single, trees_of
from trainwright.models.tree_arrays import TreeArrays


class TreeFamily(PreparedEstimator):
    """Averages the trees that `_grow` fits. Thresholds and answers are stored as float32."""

    recipe = Recipe(impute=False, max_terms=200)
    pull: ClassVar[float] = 0.2  # rows of the prior in each leaf: no tree is ever sure
    trees: TreeArrays
    centre: float  # of the target: float32 answers are kept around 0, in units of `scale`
    scale: float

    def _grow(self, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None) -> list[Any]:
        """Fitted scikit-learn trees for float32 rows and y, class positions or standardised numbers."""
        raise NotImplementedError

    def learn(
        self, Z: Matrix, y: np.ndarray, weight: np.ndarray | None, held: tuple[Matrix, np.ndarray] | None
    ) -> bool:
        """See `PreparedEstimator.learn`."""
        X = single(Z.toarray())
        if self._n_classes:
            self.centre, self.scale = 0.0, 1.0
            grown = self._grow(X, y, weight)
            # The shares of two classes sum to 1: one of them says both.
            keep = [1] if self._n_classes == 2 else list(range(self._n_classes))
        else:
            self.centre, self.scale = float(self.prior[0]), float(y.std()) or 1.0
            grown = self._grow(X, (y - self.centre) / self.scale, weight)
            keep = [0]
        answers = [self._answers(tree.tree_)[:, keep].astype(np.float32) for tree in grown]
        self.trees = trees_of(grown, answers)
        self.derived["leaves"] = self.trees.leaves
        return True

    def _answers(self, tree: Any) -> np.ndarray:
        """(nodes, outputs) what each node answers.

        For classes these are the shares as if the node held `pull` more rows of the prior: a leaf of few rows
        would otherwise be sure of its class (the m-estimate of Cestnik 1990)."""
        if not self._n_classes or not self.pull:
            return tree.value[:, 0, :]
        rows = tree.weighted_n_node_samples[:, None]
        return (tree.value[:, 0, :] * rows + self.pull * self.prior) / (rows + self.pull)

    def answer(self, Z: Matrix) -> np.ndarray:
        """See `PreparedEstimator.answer`."""
        mean = self.trees.total(single(Z.toarray())) / len(self.trees)
        if not self._n_classes:
            return mean[:, 0] * self.scale + self.centre
        if self._n_classes == 2:
            return np.concatenate([1 - mean, mean], axis=1)
        return mean / mean.sum(axis=1, keepdims=True)

    def arrays(self) -> dict[str, np.ndarray]:
        """See `PreparedEstimator.arrays`."""
        return {**self.trees.arrays(), "target": np.array([self.centre, self.scale])}

    def restore_arrays(self, arrays: dict[str, np.ndarray], width: int) -> None:
        """See `PreparedEstimator.restore_arrays`."""
        self.trees = TreeArrays.restore(arrays, width)
        self.centre, self.scale = arrays["target"].tolist()
