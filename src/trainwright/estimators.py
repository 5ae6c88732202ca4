"""scikit-learn estimators that train in memory, in this process: no workspace, no sealed test.

They obey scikit-learn's contract (constructor only stores, learned state ends in `_`, picklable, clonable), so that
pipelines, cross-validation and searches work on them. For a versioned model with a sealed test use `trainwright.train`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from trainwright.array_likes import Door, read_groups, read_table, read_weight, read_y
from trainwright.data.columns import Dataset
from trainwright.data.schema import Schema, Target
from trainwright.errors import UserError
from trainwright.training.develop import Developed, Request, develop

SEEDS = 1_000_000  # each fit multiplies the seed by a thousand, and libraries take seeds below 2**31


class _Tabular(BaseEstimator):  # type: ignore[misc]
    """What both estimators share: reading rows, training, the account of it."""

    n_features_in_: int
    feature_names_in_: np.ndarray
    schema_: Schema
    leaderboard_: list[dict[str, Any]]
    selected_: str
    oof_prediction_: np.ndarray
    notes_: tuple[str, ...]

    def _train(
        self, X: Any, y: np.ndarray, target: Target, sample_weight: Any, groups: Any, read: tuple[Any, bool]
    ) -> None:
        """Trains on checked labels: y is (n,) class positions or numbers."""
        frame, plain = read
        n = len(y)
        weight, group = read_weight(sample_weight, n), read_groups(groups, n)
        # A weight of zero means that the row is not there.
        rows = np.arange(n) if weight is None else np.flatnonzero(weight > 0)
        if target.task == "classes" and len(np.unique(y[rows])) < 2:
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes in the data, but the data contains "
                f"only one class: {target.classes[int(y[rows[0]])]!r}"
            )
        try:
            door, typed = Door.learn(frame if len(rows) == n else frame[rows], plain=plain)
            dataset = Dataset(
                door.layout.encode(typed),
                y[rows],
                rows,
                None if weight is None else weight[rows],
                None if group is None else group[rows],
            )
            developed = develop(dataset, target, door.layout, self._request())
        except UserError as error:
            raise ValueError(str(error)) from error
        self._keep(door, developed, rows, n)

    def _keep(self, door: Door, developed: Developed, rows: np.ndarray, n: int) -> None:
        """The learned state."""
        self._door, self._model = door, developed
        self.schema_ = door.schema
        self.leaderboard_ = developed.leaderboard
        self.selected_ = developed.selected
        self.notes_ = developed.notes
        self.oof_prediction_ = np.full((n, *developed.prediction.shape[1:]), np.nan)
        self.oof_prediction_[rows] = developed.prediction

    def _request(self) -> Request:
        """The parameters, checked."""
        from trainwright.config.durations import parse_duration
        from trainwright.models.families import families as known_families

        families = self._listed_families()
        unknown = [name for name in families if name not in known_families()]
        if unknown:
            raise self._refused("families", f"names among {list(known_families())}", unknown[0])
        limit = None if self.time_limit is None else parse_duration(self.time_limit)
        if limit is not None and limit <= 0:
            raise self._refused("time_limit", "a span of time above 0, such as 60 or '5m'", self.time_limit)
        if self.folds is not None and not (_whole(self.folds) and self.folds >= 2):
            raise self._refused("folds", "an int of at least 2 or None", self.folds)
        if self.threads is not None and not (_whole(self.threads) and self.threads >= 1):
            raise self._refused("threads", "an int of at least 1 or None", self.threads)
        return Request(
            metric=self.metric,
            families=families,
            limit=limit,
            folds=None if self.folds is None else int(self.folds),
            ensemble=bool(self.ensemble),
            seed=self._seed(),
            cores=int(self.threads or _usable_threads()),
        )

    def _listed_families(self) -> tuple[str, ...]:
        if self.families is None:
            return ()
        if isinstance(self.families, str):
            return (self.families,)
        return tuple(self.families)

    def _seed(self) -> int:
        from sklearn.utils import check_random_state

        if _whole(self.random_state):
            return int(self.random_state) % SEEDS
        return int(check_random_state(self.random_state).randint(SEEDS))

    def _refused(self, name: str, expected: str, found: object) -> ValueError:
        return ValueError(
            f"The {name!r} parameter of {type(self).__name__} must be {expected}. Got {found!r} instead."
        )

    def _predict(self, X: Any) -> np.ndarray:
        """(n, k) probabilities or (n,) numbers."""
        check_is_fitted(self)
        frame, _ = read_table(self, X, reset=False)
        try:
            columns = self._door.layout.encode(self._door.read(frame))
        except UserError as error:
            raise ValueError(str(error)) from error
        return self._model.predict(columns)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags


class TabularClassifier(ClassifierMixin, _Tabular):  # type: ignore[misc]
    """Classes from a table: boosters, a forest and a linear model, cross-validated, blended, calibrated.

    Tables (pandas, polars, Arrow) have their columns understood as `trainwright inspect` shows them: numbers,
    categories, dates, texts; identifiers and constants are left out, `schema_` says which and why. In a numeric array
    every column is a number. Missing values are welcome; infinite ones count as missing.

    Args:
        time_limit: seconds, or "90s", "5m"; None sizes the work by the number of rows alone, so that fitting again
            gives the same model.
        families: names of families (`trainwright families list`), or None for the default plan.
        metric: name of the metric that chooses; None for ROC-AUC with two classes, log-loss with more.
        random_state: of folds and fits.
        threads: cores to use; None for all that OMP_NUM_THREADS and the machine allow.
        folds: number of folds, or None to let the number of rows decide.
        ensemble: whether a weighted average of families may be chosen.
        positive: of two classes, the one that precision, recall, F1 and `threshold_` are about; None: `classes_[1]`.

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
        ensemble: bool = True,
        positive: Any = None,
    ):
        self.time_limit = time_limit
        self.families = families
        self.metric = metric
        self.random_state = random_state
        self.threads = threads
        self.folds = folds
        self.ensemble = ensemble
        self.positive = positive

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
        self._train(X, positions.astype(np.int64), target, sample_weight, groups, read)
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


class TabularRegressor(RegressorMixin, _Tabular):  # type: ignore[misc]
    """Numbers from a table: boosters, a forest and a linear model, cross-validated and blended.

    Columns are read as in `TabularClassifier`.

    Args:
        time_limit, families, random_state, threads, folds, ensemble: as in `TabularClassifier`.
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
        ensemble: bool = True,
    ):
        self.time_limit = time_limit
        self.families = families
        self.metric = metric
        self.random_state = random_state
        self.threads = threads
        self.folds = folds
        self.ensemble = ensemble

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> TabularRegressor:
        """Trains on n rows with a known number; arguments and errors as in `TabularClassifier.fit`."""
        from sklearn.utils import check_consistent_length

        read = read_table(self, X, reset=True)
        numbers = read_y(self, y, numeric=True)
        check_consistent_length(read[0], numbers)
        self._train(X, numbers, Target("target", "number"), sample_weight, groups, read)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """(n,) numbers."""
        return self._predict(X)


def _whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _usable_threads() -> int:
    """Cores that this process may use: joblib's workers are told theirs in OMP_NUM_THREADS."""
    from trainwright.training.options import usable_cores

    told = os.environ.get("OMP_NUM_THREADS", "")
    return min(usable_cores(), int(told)) if told.isdigit() and int(told) > 0 else usable_cores()
