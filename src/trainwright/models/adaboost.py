"""AdaBoost: small trees that vote, each grown where the earlier ones failed."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainwright.models.platt import apply_scale, cross_scores, fit_scale
from trainwright.models.prepare.preparation import Matrix, Recipe
from trainwright.models.prepared import PreparedEstimator
from trainwright.models.sklearn_trees import single, trees_of
from trainwright.models.spec import Setting, Spec
from trainwright.models.tree_arrays import TreeArrays

SPEC = Spec(
    name="adaboost",
    title="AdaBoost",
    estimator="trainwright.models.adaboost:AdaBoost",
    tasks=("classes", "number"),
    complexity=35,
    explainability="low",
    explanation="Many small trees vote; importances say which columns matter.",
    upkeep="None: arrays, predictions by NumPy alone.",
    page=(
        "Small trees grown one after the other, each on rows weighted by how badly the earlier trees did, "
        "which then vote (SAMME, Zhu et al. 2009; for numbers AdaBoost.R2, Drucker 1997). Quick and "
        "compact, but mislabelled rows draw its attention; gradient boosting is nearly always the better "
        "choice. Its votes are turned into probabilities on training rows left out in turn."
    ),
    preparation=(
        "Gaps are filled with the median and flagged. Categories of at most 8 levels become yes-or-no "
        "columns, larger ones the cross-fitted average of the target. Dates become their parts, texts the "
        "weights of 200 telling words."
    ),
    settings=(
        Setting(
            "n_estimators",
            100,
            low=1,
            high=2000,
            log=True,
            guidance="Rounds; more with a lower learning_rate.",
        ),
        Setting("learning_rate", 0.5, low=0.001, high=2.0, log=True, guidance="Weight of each round's correction."),
        Setting(
            "max_depth",
            None,
            low=1,
            high=20,
            guidance="Depth of each tree; 1 cannot combine columns. By default 3 for classes, 8 for numbers.",
        ),
    ),
    iterations="n_estimators",
    cost=1.2,
)


class AdaBoost(PreparedEstimator):
    """scikit-learn's AdaBoost, kept as arrays."""

    spec = SPEC
    recipe = Recipe(max_terms=200)
    trees: TreeArrays
    votes: np.ndarray  # (trees,) weights of the trees, for numbers
    scale: np.ndarray  # (1 + classes,) votes to probabilities; for numbers the target's mean and spread

    def learn(
        self, Z: Matrix, y: np.ndarray, weight: np.ndarray | None, held: tuple[Matrix, np.ndarray] | None
    ) -> bool:
        """See `PreparedEstimator.learn`."""
        X = single(Z.toarray())
        if not self._n_classes:
            self.scale = np.array([self.prior[0], y.std() or 1.0])
            y = (y - self.scale[0]) / self.scale[1]
        booster = self._boost(X, y, weight)
        if booster is None:
            return False
        self._take(booster)
        self.iterations = len(self.trees)
        if self._n_classes:
            self.scale = self._calibrate(X, y, weight, Z.units)
        return True

    def answer(self, Z: Matrix) -> np.ndarray:
        """See `PreparedEstimator.answer`."""
        X = single(Z.toarray())
        if self._n_classes:
            return apply_scale(self.trees.total(X), self.scale)
        return _weighted_median(self.trees.each(X), self.votes) * self.scale[1] + self.scale[0]

    def _boost(self, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None) -> Any:
        """The fitted booster; None when even its first tree is no better than guessing."""
        from sklearn.ensemble import AdaBoostClassifier, AdaBoostRegressor
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        classes = bool(self._n_classes)
        depth = int(self.chosen["max_depth"] or (3 if classes else 8))
        self.derived["max_depth"] = depth
        tree = (DecisionTreeClassifier if classes else DecisionTreeRegressor)(max_depth=depth)
        booster = (AdaBoostClassifier if classes else AdaBoostRegressor)(
            tree,
            n_estimators=self.chosen["n_estimators"],
            learning_rate=self.chosen["learning_rate"],
            random_state=self.seed,
        )
        try:
            return booster.fit(X, y, sample_weight=weight)
        except ValueError as error:
            if "worse than random" in str(error):
                return None
            raise

    def _take(self, booster: Any) -> None:
        """Keeps the booster's trees, each leaf answering with its vote."""
        weights = booster.estimator_weights_[: len(booster.estimators_)]
        if not self._n_classes:
            self.votes = weights.astype(np.float64)
            self.trees = trees_of(booster.estimators_)
            return
        self.votes = np.zeros(0)
        k = self._n_classes
        shares = weights / weights.sum() if weights.sum() > 0 else np.full(len(weights), 1 / len(weights))
        answers = []
        for tree, share in zip(booster.estimators_, shares):
            # A tree grown on a draw without some class knows fewer classes than the booster.
            chosen = np.searchsorted(booster.classes_, tree.classes_)[tree.tree_.value[:, 0, :].argmax(axis=1)]
            vote = np.full((len(chosen), k), -share / (k - 1))
            vote[np.arange(len(chosen)), chosen] = share
            answers.append(vote)
        self.trees = trees_of(booster.estimators_, answers)

    def _calibrate(
        self, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None, units: np.ndarray | None
    ) -> np.ndarray:
        """Slope and offsets from votes on rows left out in turn."""

        def score(train: np.ndarray, test: np.ndarray) -> np.ndarray:
            booster = self._boost(X[train], y[train], None if weight is None else weight[train])
            if booster is None:
                return np.zeros((len(test), self._n_classes))
            part = AdaBoost(self.target)
            part.present = self.present
            part._take(booster)
            return part.trees.total(X[test])

        found = cross_scores(score, y, self._n_classes, self.seed, units=units)
        if found is None:
            return np.concatenate([[1.0], np.log(self.prior / self.prior[0])])
        rows, scores = found
        return fit_scale(scores, y[rows], None if weight is None else weight[rows])

    def arrays(self) -> dict[str, np.ndarray]:
        """See `PreparedEstimator.arrays`."""
        return {**self.trees.arrays(), "votes": self.votes, "scale": self.scale}

    def restore_arrays(self, arrays: dict[str, np.ndarray], width: int) -> None:
        """See `PreparedEstimator.restore_arrays`."""
        self.trees = TreeArrays.restore(arrays, width)
        self.votes, self.scale = arrays["votes"], arrays["scale"]


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(n,) for each row of (n, trees) values the first, in rising order, that half of the weight does not
    exceed."""
    order = np.argsort(values, axis=1, kind="stable")
    running = np.cumsum(weights[order], axis=1)
    middle = (running >= 0.5 * running[:, -1:]).argmax(axis=1)
    rows = np.arange(len(values))
    return values[rows, order[rows, middle]]
