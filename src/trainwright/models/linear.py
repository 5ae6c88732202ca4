"""Logistic and ridge regression, with l1 and elastic net; the strength is chosen on the training rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainwright.data.columns import Columns, Dataset
from trainwright.models.linear_learning import Fitted, Strengths, choose_strength, fit_linear
from trainwright.models.prepare.preparation import Matrix, Recipe
from trainwright.models.prepared import PreparedEstimator, limited, sigmoid_pair, softmax
from trainwright.models.spec import Report, Setting, Spec

SPEC = Spec(
    name="linear",
    title="Linear model (logistic or ridge)",
    estimator="trainwright.models.linear:Linear",
    tasks=("classes", "number"),
    complexity=10,
    explainability="high",
    explanation="Each column adds or takes a fixed amount; a row's contributions add up to its prediction.",
    upkeep="None: one array of coefficients, predictions by NumPy alone.",
    page=(
        "Logistic regression for classes, ridge regression for numbers. The yardstick for everything "
        "larger: quick, steady on few rows, strong on text, and every prediction can be taken apart. It "
        "misses what depends on two columns together or bends along a column."
    ),
    preparation=(
        "Gaps are filled with the median and flagged, far values pulled in, numbers scaled to mean 0 and "
        "spread 1. Categories become yes-or-no columns (levels under 5 rows together), dates their parts "
        "and cycles, texts the weights of up to 20,000 words and word pairs."
    ),
    settings=(
        Setting(
            "penalty",
            "l2",
            choices=("l2", "l1", "elasticnet"),
            guidance="l1 keeps few columns; l2 predicts best.",
        ),
        Setting(
            "C",
            None,
            low=1e-6,
            high=1e6,
            log=True,
            guidance="Classes: inverse strength; lower it to simplify.",
            tasks=("classes",),
        ),
        Setting(
            "alpha",
            None,
            low=1e-6,
            high=1e6,
            log=True,
            guidance="Numbers: strength; raise it to simplify.",
            tasks=("number",),
        ),
        Setting(
            "l1_ratio",
            0.5,
            low=0.0,
            high=1.0,
            guidance="elasticnet only: 1 is l1, 0 is l2.",
            only_with=("penalty", "elasticnet"),
        ),
    ),
    cost=0.03,
)


class Linear(PreparedEstimator):
    """Coefficients over prepared columns."""

    spec = SPEC
    recipe = Recipe(
        scale=True,
        clip=0.001,
        cyclic=True,
        one_hot_up_to=1 << 40,
        min_count=5,
        max_terms=20_000,
        terms_by_target=False,
        sparse_from=400,
    )
    weights: np.ndarray  # (width, outputs); one output for two classes or a number
    intercept: np.ndarray  # (outputs,)
    centre: np.ndarray  # (width,) mean prepared training row, from which contributions are counted

    def learn(
        self, Z: Matrix, y: np.ndarray, weight: np.ndarray | None, held: tuple[Matrix, np.ndarray] | None
    ) -> bool:
        """See `PreparedEstimator.learn`."""
        given = self.chosen[self._strength]
        strength, converged = self._solve(Z, y, weight, given, held=held)
        self.derived |= {
            self._strength: strength,
            "strength_chosen": given is None,
            "converged": converged,
            "columns": int(Z.width),
        }
        return True

    def more(
        self,
        X: Columns,
        y: np.ndarray,
        *,
        rounds: int | None = None,
        sample_weight: np.ndarray | None = None,
        validation: Dataset | None = None,
        seed: int = 0,
        threads: int = 1,
        report: Report | None = None,
    ) -> Linear | None:
        """See `Estimator.more`: its columns and strength stay, and the solver begins where it ended. The weights are
        taken as they are: a row that stands for five earlier ones weighs five, so that the strength means the same."""
        if self.is_constant:
            return None
        grown = Linear(self.target, dict(self.settings))
        grown.chosen, grown.seed, grown.threads = dict(self.chosen), seed, threads
        inside = grown._set_target(y, sample_weight)
        if not np.array_equal(grown.present, self.present):
            return None
        grown.preparation, grown.is_constant = self.preparation, False
        start = Fitted(self.weights, self.intercept, True) if self._n_classes else None
        strength = float(self.derived[self._strength])
        _, converged = grown._solve(self.preparation.transform(X), inside, sample_weight, strength, start=start)
        grown.derived = {**self.derived, "converged": converged, "strength_chosen": False, "learned_on_from": 0}
        return grown

    @property
    def _strength(self) -> str:
        """The setting that holds the strength."""
        return "C" if self._n_classes else "alpha"

    def _solve(
        self,
        Z: Matrix,
        y: np.ndarray,
        weight: np.ndarray | None,
        strength: float | None,
        *,
        held: tuple[Matrix, np.ndarray] | None = None,
        start: Fitted | None = None,
    ) -> tuple[float, bool]:
        """Finds the coefficients.

        Args:
            Z, y, weight: as `learn` takes them.
            strength: None: it is chosen, by the rows of `held` where they are given.
            start: where the solver for classes begins.

        Returns:
            the strength, and whether the solver came to its end.
        """
        ratio = {"l2": 0.0, "l1": 1.0, "elasticnet": float(self.chosen["l1_ratio"])}[self.chosen["penalty"]]
        shift, scale = (0.0, 1.0) if self._n_classes else (float(self.prior[0]), float(y.std()) or 1.0)
        inside = y if self._n_classes else (y - shift) / scale
        if held is not None:
            held = (held[0], held[1] if self._n_classes else (held[1] - shift) / scale)
        kind = Strengths(self._n_classes, ratio, self.seed, Z.sparse is not None)
        # The libraries that compute are loaded before their threads can be held.
        import sklearn.linear_model  # noqa: F401

        with limited(self.threads):
            if strength is None:
                strength = choose_strength(kind, Z, inside, weight, held)
            fitted = fit_linear(kind, Z, inside, weight, float(strength), start)
        self.weights, self.intercept = fitted.weights * scale, fitted.intercept * scale + shift
        ones = np.full((1, len(Z)), 1 / len(Z))
        self.centre = (ones @ Z.for_learning()).ravel()
        return float(strength), fitted.converged

    def answer(self, Z: Matrix) -> np.ndarray:
        """See `PreparedEstimator.answer`."""
        scores = Z.dot(self.weights) + self.intercept
        if not self._n_classes:
            return scores[:, 0]
        return sigmoid_pair(scores[:, 0]) if self._n_classes == 2 else softmax(scores)

    def contributions(self, X: Columns) -> dict[str, np.ndarray] | None:
        """For each feature (n,) its push, compared with the average training row: on the number, on the
        log-odds of the positive class, or, for more classes, on the score of the row's predicted class over
        the mean score."""
        features = X.layout.names
        if self.is_constant:
            return {name: np.zeros(len(X)) for name in features}
        position = {name: i for i, name in enumerate(features)}
        owner = np.array([position[source] for source in self.preparation.sources], dtype=np.int64)
        pushes = np.empty((len(X), len(features)))
        for start in range(0, len(X), 256):  # dense rows of wide tables would not fit in memory all at once
            rows = np.arange(start, min(start + 256, len(X)))
            Z = self.preparation.transform(X.take(rows))
            moved = (Z.toarray() - self.centre) * self._direction(Z).T  # (rows, width)
            by_owner = np.zeros((len(features), len(rows)))
            np.add.at(by_owner, owner, moved.T)
            pushes[rows] = by_owner.T
        return {name: pushes[:, i] for i, name in enumerate(features)}

    def _direction(self, Z: Matrix) -> np.ndarray:
        """(width, rows or 1) coefficients of what is explained."""
        if not self._n_classes:
            return self.weights
        if self._n_classes == 2:
            second_is_positive = self.present[1] == self.target.positive_index
            return self.weights if len(self.target.classes) > 2 or second_is_positive else -self.weights
        over_mean = self.weights - self.weights.mean(axis=1, keepdims=True)
        return over_mean[:, self.answer(Z).argmax(axis=1)]

    def arrays(self) -> dict[str, np.ndarray]:
        """See `PreparedEstimator.arrays`."""
        return {"weights": self.weights, "intercept": self.intercept, "centre": self.centre}

    def restore_arrays(self, arrays: dict[str, Any], width: int) -> None:
        """See `PreparedEstimator.restore_arrays`."""
        self.weights, self.intercept = arrays["weights"], arrays["intercept"]
        self.centre = arrays["centre"]
        check_shape("weights", self.weights, (width, max(self._n_classes - (self._n_classes == 2), 1)))
        check_shape("centre", self.centre, (width,))


def check_shape(name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    """Refuses a stored array of another shape than the rest of the model asks for."""
    from trainwright.errors import UserError

    if array.shape != shape:
        raise UserError(
            f"the stored array '{name}' has shape {array.shape}, expected {shape}",
            remedy="restore the model's files from where it was trained, or train again",
        )
