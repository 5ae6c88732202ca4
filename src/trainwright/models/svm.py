"""Support vector machine with the radial kernel, for small and middling tables."""

from __future__ import annotations

import numpy as np

from trainwright.models.linear import check_shape
from trainwright.models.platt import apply_scale, cross_scores, fit_scale
from trainwright.models.prepare.preparation import Matrix, Recipe
from trainwright.models.prepared import PreparedEstimator
from trainwright.models.spec import Setting, Spec

MAX_ROWS = 5000

SPEC = Spec(
    name="svm",
    title="Support vector machine",
    estimator="trainwright.models.svm:SupportVectorMachine",
    tasks=("classes", "number"),
    complexity=45,
    explainability="low",
    explanation="It compares a row with hundreds of training rows; importances say which columns matter.",
    upkeep="Arrays, predictions by NumPy alone. It holds prepared training rows: guard it like the data.",
    page=(
        "Draws a smooth border by comparing each row with the training rows near it (radial kernel). Good "
        "on small tables of numbers. Its cost grows with the square of the rows, so above 5,000 it learns "
        "from a random 5,000; its support vectors are training rows in prepared form, so do not hand the "
        "model where the data may not go."
    ),
    preparation=(
        "Gaps are filled with the median and flagged, far values pulled in, numbers scaled to mean 0 and "
        "spread 1. Categories become yes-or-no columns (at most 50 levels each), dates their parts and "
        "cycles, texts the weights of 300 telling words."
    ),
    settings=(
        Setting("C", 1.0, low=1e-4, high=1e4, log=True, guidance="Raise it to follow the rows more closely."),
        Setting("gamma", None, low=1e-6, high=100.0, log=True, guidance="Raise it for a more wiggly border."),
        Setting(
            "epsilon",
            0.1,
            low=0.0,
            high=10.0,
            guidance="Numbers: errors, in spreads of the target, not punished.",
            tasks=("number",),
        ),
    ),
    cost=0.04,
    max_rows=MAX_ROWS,
)

_CHUNK = 1 << 22  # kernel entries computed at a time


class SupportVectorMachine(PreparedEstimator):
    """One border for each class against the others (one for two classes), scored by our own kernel."""

    spec = SPEC
    recipe = Recipe(scale=True, clip=0.001, cyclic=True, one_hot_up_to=1 << 40, min_count=2, max_levels=50)
    vectors: np.ndarray  # (vectors, width)
    weights: np.ndarray  # (vectors, borders)
    intercept: np.ndarray  # (borders,)
    gamma: float
    scale: np.ndarray  # scores to probabilities; for numbers the target's mean and spread

    def learn(
        self, Z: Matrix, y: np.ndarray, weight: np.ndarray | None, held: tuple[Matrix, np.ndarray] | None
    ) -> bool:
        """See `PreparedEstimator.learn`."""
        X = Z.toarray()
        kept = self._draw(y, weight)
        X, y, weight = X[kept], y[kept], None if weight is None else weight[kept]
        spread = float(X.var())
        given = self.chosen["gamma"]
        # scikit-learn's "scale": distances then do not grow with the number of columns.
        self.gamma = float(given) if given is not None else 1 / (X.shape[1] * spread if spread > 0 else 1.0)
        self.derived |= {"gamma": self.gamma, "rows": len(kept)}
        if not self._n_classes:
            self.scale = np.array([y.mean(), y.std() or 1.0])
            y = (y - self.scale[0]) / self.scale[1]
        self.vectors, self.weights, self.intercept = self._borders(X, y, weight)
        self.derived["support_vectors"] = len(self.vectors)
        if self._n_classes:
            self.scale = self._calibrate(X, y, weight, None if Z.units is None else Z.units[kept])
        return True

    def answer(self, Z: Matrix) -> np.ndarray:
        """See `PreparedEstimator.answer`."""
        scores = self._score(Z.toarray(), self.vectors, self.weights, self.intercept)
        if not self._n_classes:
            return scores[:, 0] * self.scale[1] + self.scale[0]
        return apply_scale(scores, self.scale)

    def _draw(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Positions of the rows learned from: all, or a random part with at least two of every class."""
        if len(y) <= MAX_ROWS:
            return np.arange(len(y))
        rng = np.random.default_rng(self.seed)
        order = rng.permutation(len(y))
        first: list[np.ndarray] = []
        if self._n_classes:
            first = [order[y[order] == k][:2] for k in range(self._n_classes)]
        must = np.concatenate([*first, np.zeros(0, dtype=np.int64)])
        rest = order[~np.isin(order, must)]
        return np.sort(np.concatenate([must, rest[: max(MAX_ROWS - len(must), 0)]]))

    def _borders(
        self, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Support vectors, their weights for each border, and intercepts."""
        from sklearn.svm import SVC, SVR

        shared = {"C": float(self.chosen["C"]), "gamma": self.gamma, "cache_size": 500, "max_iter": 200_000}
        k = self._n_classes
        if not k:
            machines = [SVR(epsilon=float(self.chosen["epsilon"]), **shared).fit(X, y, sample_weight=weight)]
        else:
            sides = [y == 1] if k == 2 else [y == c for c in range(k)]
            machines = [SVC(**shared).fit(X, side, sample_weight=weight) for side in sides]
        used = np.unique(np.concatenate([machine.support_ for machine in machines]))
        weights = np.zeros((len(used), len(machines)))
        for j, machine in enumerate(machines):
            weights[np.searchsorted(used, machine.support_), j] = machine.dual_coef_[0]
        return X[used], weights, np.array([machine.intercept_[0] for machine in machines])

    def _score(self, X: np.ndarray, vectors: np.ndarray, weights: np.ndarray, intercept: np.ndarray) -> np.ndarray:
        """(n, k) scores of the classes, or (n, 1) numbers: sums of weights times exp(-gamma |x - v|^2)."""
        out = np.empty((len(X), weights.shape[1]))
        squares = (vectors**2).sum(axis=1)
        step = max(1, _CHUNK // max(len(vectors), 1))
        for start in range(0, len(X), step):
            rows = X[start : start + step]
            distance = (rows**2).sum(axis=1)[:, None] + squares - 2 * rows @ vectors.T
            out[start : start + step] = np.exp(-self.gamma * np.maximum(distance, 0)) @ weights
        out += intercept
        return np.concatenate([-out, out], axis=1) / 2 if self._n_classes == 2 else out

    def _calibrate(
        self, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None, units: np.ndarray | None
    ) -> np.ndarray:
        """Slope and offsets from scores of rows left out in turn."""

        def score(train: np.ndarray, test: np.ndarray) -> np.ndarray:
            borders = self._borders(X[train], y[train], None if weight is None else weight[train])
            return self._score(X[test], *borders)

        found = cross_scores(score, y, self._n_classes, self.seed, units=units)
        if found is None:
            return np.concatenate([[1.0], np.log(self.prior / self.prior[0])])
        rows, scores = found
        return fit_scale(scores, y[rows], None if weight is None else weight[rows])

    def arrays(self) -> dict[str, np.ndarray]:
        """See `PreparedEstimator.arrays`."""
        return {
            "vectors": self.vectors,
            "weights": self.weights,
            "intercept": self.intercept,
            "gamma": np.array([self.gamma]),
            "scale": self.scale,
        }

    def restore_arrays(self, arrays: dict[str, np.ndarray], width: int) -> None:
        """See `PreparedEstimator.restore_arrays`."""
        self.vectors, self.weights = arrays["vectors"], arrays["weights"]
        self.intercept, self.scale = arrays["intercept"], arrays["scale"]
        self.gamma = float(arrays["gamma"][0])
        check_shape("vectors", self.vectors, (len(self.weights), width))
