"""What both scikit-learn estimators share: parameters checked, rows read, the learned state, tags."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from trainwright.array_likes import Door, read_groups, read_table, read_weight
from trainwright.data.columns import Columns, Dataset
from trainwright.data.schema import Schema, Target
from trainwright.errors import UserError
from trainwright.training.develop import Developed, Request, develop

SEEDS = 1_000_000  # each fit multiplies the seed by a thousand, and libraries take seeds below 2**31


class Tabular(BaseEstimator):
    """Reads rows, trains, and keeps the account of it; the parameters are stored by the subclasses."""

    n_features_in_: int
    feature_names_in_: np.ndarray
    schema_: Schema
    leaderboard_: list[dict[str, Any]]
    selected_: str
    oof_prediction_: np.ndarray
    notes_: tuple[str, ...]

    def _train(
        self, read: tuple[pl.DataFrame, bool], y: np.ndarray, target: Target, sample_weight: Any, groups: Any
    ) -> None:
        """Trains on a table from `read_table`; y is (n,) class positions or numbers, already checked."""
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
        for name, why in developed.unfinished.items():
            if why.startswith("failed"):
                warnings.warn(f"{name} is left out: it {why}", UserWarning, stacklevel=3)
        self._keep(door, developed, rows, n)

    def _keep(self, door: Door, developed: Developed, rows: np.ndarray, n: int) -> None:
        """The learned state."""
        self._door, self._model = door, developed
        self.schema_ = door.schema
        self.leaderboard_ = developed.leaderboard
        self.selected_ = developed.selected
        self.notes_ = (*developed.notes, *(f"{name}: {why}" for name, why in developed.unfinished.items()))
        self.oof_prediction_ = np.full((n, *developed.prediction.shape[1:]), np.nan)
        self.oof_prediction_[rows] = developed.prediction

    def _request(self) -> Request:
        """The parameters, checked."""
        from trainwright.config.durations import parse_duration
        from trainwright.models.extras import require
        from trainwright.models.families import families as known_families

        families = self._listed_families()
        unknown = [name for name in families if name not in known_families()]
        if unknown:
            raise self._refused("families", f"names among {list(known_families())}", unknown[0])
        require(known_families()[name] for name in families)
        if isinstance(self.ensemble, str) and self.ensemble not in ("greedy", "bagging", "stacking"):
            raise self._refused("ensemble", "a bool, 'greedy', 'bagging' or 'stacking'", self.ensemble)
        chosen = self.select_features
        if not isinstance(chosen, bool) and not (_whole(chosen) and chosen >= 1):
            raise self._refused("select_features", "a bool or an int of at least 1", chosen)
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
            ensemble=self.ensemble if isinstance(self.ensemble, str) else bool(self.ensemble),
            select_features=self.select_features,
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
        return ValueError(f"The {name!r} parameter of {type(self).__name__} must be {expected}. Got {found!r} instead.")

    def _predict(self, X: Any) -> np.ndarray:
        """(n, k) probabilities or (n,) numbers."""
        columns = self._columns(X)  # first: it says when nothing was fitted
        return self._model.predict(columns)

    def _bounds(self, X: Any, level: float) -> np.ndarray:
        """(n, 2) bounds beside numbers."""
        from trainwright.training.memory_intervals import bounds_in_memory

        columns = self._columns(X)
        errors = self._model.errors
        assert errors is not None
        try:
            return bounds_in_memory(errors, self._model.members, columns, level)
        except UserError as error:
            raise ValueError(str(error)) from error

    def _columns(self, X: Any) -> Columns:
        """The rows as the models see them."""
        check_is_fitted(self)
        frame, _ = read_table(self, X, reset=False)
        try:
            return self._door.layout.encode(self._door.read(frame))
        except UserError as error:
            raise ValueError(str(error)) from error

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags


def _whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _usable_threads() -> int:
    """Cores that this process may use: joblib's workers are told theirs in OMP_NUM_THREADS."""
    from trainwright.machine import usable_cores

    told = os.environ.get("OMP_NUM_THREADS", "")
    return min(usable_cores(), int(told)) if told.isdigit() and int(told) > 0 else usable_cores()
