"""scikit-learn estimators that train in memory, in this process: no workspace, no sealed test.

They obey scikit-learn's contract (constructor only stores, learned state ends in `_`, picklable, clonable), so that
pipelines, cross-validation and searches work on them. For a versioned model with a sealed test use `trainwright.train`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin

from trainwright.array_likes import read_table, read_y
from trainwright.data.schema import Target
from trainwright.estimator_base import Tabular
from trainwright.training.develop import Request

CALIBRATIONS = ("auto", "none", "temperature", "sigmoid", "isotonic")


class TabularClassifier(ClassifierMixin, Tabular):
    """Classes from a table: boosters, a forest and a linear model, cross-validated, blended, calibrated.

    Tables (pandas, polars, Arrow) have their columns understood as `trainwright inspect` shows them: numbers,
    categories, dates, texts; identifiers and constants are left out, `schema_` says which and why. In a numeric array
    every column is a number. Missing values are welcome; infinite ones count as missing.

    Args:
        time_limit: seconds, or "90s", "5m"; None sizes the work by the table alone, so that fitting again gives the
            same model.
        families: names of families (`trainwright families list`), or None for the default plan. Without a time limit
            named families get all the rounds of their defaults.
        metric: name of the metric that chooses; None for ROC-AUC with two classes, log-loss with more.
        random_state: of folds and fits.
        threads: cores to use; None for all that OMP_NUM_THREADS and the machine allow.
        folds: number of folds, or None to let the number of rows decide.
        ensemble: whether several models together may be chosen, or how: "greedy" (a weighted average, what True means),
            "bagging" (the best one on several parts of the rows, averaged) or "stacking" (a second model weighs them).
        select_features: leave weak columns out, decided anew within the training rows of each fold; a number keeps that
            many of the strongest.
        positive: of two classes, the one that precision, recall, F1 and `threshold_` are about; None: `classes_[1]`.
        class_weight: "balanced", or a weight for each label: mistakes on rare classes weigh more while training.
            Probabilities are calibrated again afterwards, so `predict` hardly moves; `threshold_` says where to cut.
        resample: "over", "under" or "smote": evens out the classes among the rows that each fit learns from.
        calibration: "temperature", "sigmoid", "isotonic" or "none": what makes probabilities mean what they say, fitted
            on held-out rows; "auto" takes what does better on folds that it was not fitted on.

    After `fit`: `classes_`, `n_features_in_`, `feature_names_in_` (where columns have names), `leaderboard_` (one
    dict per candidate, best first), `selected_`, `oof_prediction_` ((n, k) probabilities from models that did not
    see the row; NaN where no fold held it out or its weight is 0), `threshold_`, `schema_`, `notes_`.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(40, 3))
        >>> model = TabularClassifier(families=["linear"]).fit(X, X[:, 0] > 0)
        >>> model.predict(np.array([[2.0, 0, 0], [-2.0, 0, 0]])).tolist()
        [True, False]
    """

    classes_: np.ndarray
    threshold_: float | None

    def __init__(
        self,
        *,
        time_limit: float | str | None = None,
        families: Sequence[str] | str | None = None,
        metric: str | None = None,
        random_state: Any = 0,
        threads: int | None = None,
        folds: int | None = None,
        ensemble: bool | str = True,
        select_features: bool | int = False,
        positive: Any = None,
        class_weight: Any = None,
        resample: str | None = None,
        calibration: str = "auto",
    ):
        self.time_limit = time_limit
        self.families = families
        self.metric = metric
        self.random_state = random_state
        self.threads = threads
        self.folds = folds
        self.ensemble = ensemble
        self.select_features = select_features
        self.positive = positive
        self.class_weight = class_weight
        self.resample = resample
        self.calibration = calibration

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> TabularClassifier:
        """Trains on n labelled rows.

        Args:
            X: (n, p) a pandas, polars or Arrow table, an array, or lists.
            y: (n,) labels.
            sample_weight: (n,) weights of 0 or more, or None.
            groups: (n,) labels of groups that must not stand on both sides of a fold, or None.

        Raises:
            ValueError: in scikit-learn's wording, about the rows or a parameter.
        """
        from sklearn.utils import check_consistent_length
        from sklearn.utils.multiclass import check_classification_targets

        read = read_table(self, X, reset=True)
        labels = read_y(self, y, numeric=False)
        check_consistent_length(read[0], labels)
        check_classification_targets(labels)
        classes, positions = np.unique(labels, return_inverse=True)
        names = tuple(str(label) for label in classes)
        target = Target("target", "classes", names, self._positive_name(classes, names))
        self._train(read, positions.astype(np.int64), target, sample_weight, groups)
        self.classes_ = classes
        self.threshold_ = self._model.threshold
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """(n, k) calibrated probabilities in the order of `classes_`."""
        return self._predict(X)

    def predict(self, X: Any) -> np.ndarray:
        """(n,) the most probable class. For another cut than one half see `threshold_`."""
        best = self._predict(X).argmax(axis=1)
        return self.classes_[best]

    def decision_function(self, X: Any) -> np.ndarray:
        """(n,) log-odds of `classes_[1]` for two classes, or (n, k) logarithms of the probabilities."""
        logs = np.log(np.maximum(self._predict(X), np.finfo(np.float64).tiny))
        return logs[:, 1] - logs[:, 0] if logs.shape[1] == 2 else logs

    def _request(self) -> Request:
        weights = self.class_weight
        if isinstance(weights, Mapping):
            fine = all(isinstance(w, int | float | np.number) and 0 < w < np.inf for w in weights.values())
            weights = {str(label): float(w) for label, w in weights.items()} if fine else None
        elif weights not in (None, "balanced"):
            weights = None
        if self.class_weight is not None and weights is None:
            raise self._refused("class_weight", "None, 'balanced' or labels with weights above 0", self.class_weight)
        if self.resample not in (None, "none", "over", "under", "smote"):
            raise self._refused("resample", "None, 'over', 'under' or 'smote'", self.resample)
        if self.calibration not in CALIBRATIONS:
            raise self._refused("calibration", f"one of {', '.join(CALIBRATIONS)}", self.calibration)
        options: dict[str, Any] = {"class_weight": weights, "resample": self.resample, "calibration": self.calibration}
        return replace(super()._request(), **options)

    def _positive_name(self, classes: np.ndarray, names: tuple[str, ...]) -> str | None:
        if len(classes) != 2:
            if self.positive is not None:
                raise self._refused("positive", f"None with {len(classes)} classes", self.positive)
            return None
        if self.positive is None:
            return names[1]
        for label, name in zip(classes.tolist(), names):
            if label == self.positive:
                return name
        raise self._refused("positive", f"one of {classes.tolist()}", self.positive)


class TabularRegressor(RegressorMixin, Tabular):
    """Numbers from a table: boosters, a forest and a linear model, cross-validated and blended.

    Columns are read as in `TabularClassifier`.

    Args:
        time_limit, families, random_state, threads, folds, ensemble, select_features: as in `TabularClassifier`.
        metric: name of the metric that chooses; None for RMSE.

    After `fit`: `n_features_in_`, `feature_names_in_` (where columns have names), `leaderboard_`, `selected_`,
    `oof_prediction_` ((n,) from models that did not see the row), `schema_`, `notes_`.

    Example:
        >>> X = np.random.default_rng(0).normal(size=(40, 2))
        >>> model = TabularRegressor(families=["linear"]).fit(X, 3 * X[:, 0])
        >>> model.predict(np.array([[1.0, 0.0]])).round(1).tolist()
        [3.0]
    """

    def __init__(
        self,
        *,
        time_limit: float | str | None = None,
        families: Sequence[str] | str | None = None,
        metric: str | None = None,
        random_state: Any = 0,
        threads: int | None = None,
        folds: int | None = None,
        ensemble: bool | str = True,
        select_features: bool | int = False,
    ):
        self.time_limit = time_limit
        self.families = families
        self.metric = metric
        self.random_state = random_state
        self.threads = threads
        self.folds = folds
        self.ensemble = ensemble
        self.select_features = select_features

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> TabularRegressor:
        """Trains on n rows with a known number; arguments and errors as in `TabularClassifier.fit`."""
        from sklearn.utils import check_consistent_length

        read = read_table(self, X, reset=True)
        numbers = read_y(self, y, numeric=True)
        check_consistent_length(read[0], numbers)
        self._train(read, numbers, Target("target", "number"), sample_weight, groups)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """(n,) numbers."""
        return self._predict(X)

    def predict_interval(self, X: Any, level: float = 0.9) -> np.ndarray:
        """(n, 2) bounds between which about this share of true numbers lies (CV+ conformal prediction).

        Args:
            X: as for `predict`.
            level: from 0.5 to 0.99.

        Raises:
            ValueError: a level outside, or fitted on too few rows or groups for it.

        Example:
            >>> X = np.random.default_rng(0).normal(size=(60, 2))
            >>> model = TabularRegressor(families=["linear"]).fit(X, 3 * X[:, 0] + X[:, 1] ** 2)
            >>> low, high = model.predict_interval(X[:5]).T
            >>> bool((low < high).all())
            True
        """
        return self._bounds(X, level)
