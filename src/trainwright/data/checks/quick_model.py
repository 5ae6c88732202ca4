"""A small boosted model for checks: seconds instead of minutes, and predictions only of rows it was not fitted on.

It answers "how well can these columns tell this target?", never more: few rows, few rounds, fixed settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from trainwright.data.checks.association import as_codes, as_numbers
from trainwright.data.schema import Column, Kind

ROWS = 10_000
COLUMNS = 300
ROUNDS = 50
# Every class costs a tree per round; from here on rounds are shared among the classes.
CLASSES = 4
LEAST_ROUNDS = 8
# One: threads that wait for each other cost more than they save on so few rows, least of all on a busy machine.
THREADS = 1


def design(frame: pl.DataFrame, columns: Sequence[Column]) -> np.ndarray:
    """The matrix of a quick model, one column for each column of the table.

    Numbers, booleans and dates stand for themselves; categories become codes in the order of their spelling, so that
    values with a common beginning lie side by side; texts become their length. Missing is NaN.

    Args:
        frame: n rows.
        columns: p columns of it, with their kinds.

    Returns:
        (n, p) float32.

    Example:
        >>> from trainwright.data.schema import Column, Kind
        >>> frame = pl.DataFrame({"age": [30, None], "town": ["Ulm", "Bonn"]})
        >>> design(frame, [Column("age", Kind.NUMBER), Column("town", Kind.CATEGORY)]).tolist()
        [[30.0, 2.0], [nan, 1.0]]
    """
    x = np.full((frame.height, len(columns)), np.nan, dtype=np.float32)
    for j, column in enumerate(columns):
        x[:, j] = _numbers(frame[column.name], column.kind)
    return x


def _numbers(values: pl.Series, kind: Kind) -> np.ndarray:
    """(n,) float64 of one column of any kind."""
    if kind is Kind.TEXT:
        return as_numbers(values.cast(pl.String).str.len_chars())
    if values.dtype == pl.Boolean or values.dtype.is_numeric():
        return as_numbers(values)
    if values.dtype.is_temporal():
        moments = as_numbers(values.cast(pl.Datetime("us")))
        # float32 tells moments of many years apart only to minutes: counted from the first, in seconds.
        first = np.nanmin(moments) if np.isfinite(moments).any() else 0.0
        return (moments - first) / 1e6
    codes = as_codes(values).astype(np.float64)
    codes[values.is_null().to_numpy()] = np.nan
    return codes


def fold_numbers(n: int, folds: int = 3, *, seed: int = 0, group: np.ndarray | None = None) -> np.ndarray:
    """(n,) int64 a random fold for every row; rows of one group share theirs.

    Example:
        >>> np.bincount(fold_numbers(10, 2)).tolist()
        [5, 5]
    """
    rng = np.random.default_rng(seed)
    if group is None:
        return rng.permutation(n) % folds
    values, inverse, sizes = np.unique(group, return_inverse=True, return_counts=True)
    fold_of = np.empty(len(values), dtype=np.int64)
    loads = np.zeros(folds)
    order = rng.permutation(len(values))
    for i in order[np.argsort(-sizes[order], kind="stable")]:  # the largest groups first, each where least lies
        fold_of[i] = int(loads.argmin())
        loads[fold_of[i]] += sizes[i]
    return fold_of[inverse.reshape(-1)]


def out_of_fold(
    x: np.ndarray,
    y: np.ndarray,
    folds: np.ndarray,
    *,
    classes: int,
    seed: int = 0,
    rounds: int = ROUNDS,
    categorical: Sequence[int] = (),
) -> np.ndarray:
    """Predictions of every row by a model fitted on the other folds.

    Args:
        x: (n, p) float32, NaN where missing; see `design`.
        y: (n,) class positions from 0, or numbers.
        folds: (n,) fold of each row; a row with a negative one is only learned from, and predicted as the mean.
        classes: number of classes; 0 for a number.
        seed: of what LightGBM draws.
        rounds: boosting rounds; fewer where there are many classes.
        categorical: positions of columns of x whose codes have no order.

    Returns:
        (n, classes) probabilities, or (n,) numbers.
    """
    prior = np.bincount(y.astype(np.int64), minlength=classes) / len(y) if classes else float(y.mean())
    result = np.tile(prior, (len(y), 1)) if classes else np.full(len(y), prior)
    for number in np.unique(folds[folds >= 0]):
        held = folds == number
        result[held] = fit_predict(
            x[~held], y[~held], x[held], classes=classes, seed=seed, rounds=rounds, categorical=categorical
        )
    return result


def fit_predict(
    x: np.ndarray,
    y: np.ndarray,
    x_new: np.ndarray,
    *,
    classes: int,
    seed: int = 0,
    rounds: int = ROUNDS,
    categorical: Sequence[int] = (),
) -> np.ndarray:
    """What a quick model of rows (x, y) says about the rows x_new; see `out_of_fold`."""
    held = np.unique(y)
    prior = np.bincount(y.astype(np.int64), minlength=classes) / len(y) if classes else float(y.mean())
    if len(held) < 2 or x.shape[1] == 0:
        return np.tile(prior, (len(x_new), 1)) if classes else np.full(len(x_new), prior)
    import lightgbm

    labels = np.searchsorted(held, y) if classes else y
    settings = _settings(len(y), len(held) if classes else 0, seed)
    if classes and len(held) > CLASSES:
        rounds = max(LEAST_ROUNDS, rounds * CLASSES // len(held))
    data = lightgbm.Dataset(x, labels, params=settings, categorical_feature=list(categorical), free_raw_data=True)
    booster = lightgbm.train(settings, data, num_boost_round=rounds)
    predicted = np.asarray(booster.predict(x_new, num_threads=THREADS))
    if not classes:
        return predicted
    result = np.zeros((len(x_new), classes))
    result[:, held.astype(np.int64)] = predicted if len(held) > 2 else np.stack([1 - predicted, predicted], axis=1)
    return result


def _settings(n: int, classes: int, seed: int) -> dict[str, Any]:
    """LightGBM's settings: strong enough to find what is there, cautious on few rows, the same at every run."""
    objective: dict[str, Any] = {"objective": "regression"}
    if classes == 2:
        objective = {"objective": "binary"}
    elif classes:
        objective = {"objective": "multiclass", "num_class": classes}
    return {
        **objective,
        "learning_rate": 0.15,
        "num_leaves": 15,
        "min_data_in_leaf": max(3, min(20, n // 50)),
        "lambda_l2": 1.0,
        "max_bin": 63,
        "min_data_per_group": 10,
        "num_threads": THREADS,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }


def skill(prediction: np.ndarray, y: np.ndarray, classes: int) -> float:
    """The share of what there is to know that a prediction knows: 0 for the mean or the class shares, 1 for all.

    For numbers R2; for classes the likewise shortened log loss (McFadden 1974). At least 0.

    Example:
        >>> round(skill(np.array([[0.9, 0.1], [0.1, 0.9]]), np.array([0, 1]), 2), 2)
        0.85
    """
    return max(0.0, 1 - float(losses(prediction, y, classes).mean()) / max(base_loss(y, classes), 1e-12))


@dataclass(frozen=True)
class Known:
    """A skill with its 95 % interval, and how many standard deviations it lies above nothing."""

    value: float
    low: float
    high: float
    deviations: float

    def to_json(self) -> dict[str, float]:
        """The figures as plain data."""
        return {"skill": round(self.value, 4), "low": round(self.low, 4), "high": round(self.high, 4)}


def known(prediction: np.ndarray, y: np.ndarray, classes: int) -> Known:
    """The skill of a prediction, with an interval from what it gains on every row.

    Args:
        prediction, y, classes: as in `skill`.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> y = rng.normal(size=400)
        >>> figure = known(y + rng.normal(size=400) / 2, y, 0)
        >>> figure.low < 0.75 < figure.high
        True
    """
    base = max(base_loss(y, classes), 1e-12)
    mean = np.bincount(y.astype(np.int64), minlength=classes) / len(y) if classes else float(y.mean())
    plain = np.tile(mean, (len(y), 1)) if classes else np.full(len(y), mean)
    gains = (losses(plain, y, classes) - losses(prediction, y, classes)) / base
    value, error = float(gains.mean()), float(gains.std() / max(len(y), 1) ** 0.5)
    low, high = np.clip([value - 1.96 * error, value + 1.96 * error], 0.0, 1.0)
    return Known(max(0.0, value), float(low), float(high), value / max(error, 1e-12))


def losses(prediction: np.ndarray, y: np.ndarray, classes: int) -> np.ndarray:
    """(n,) loss of every row: log loss for classes, squared error for numbers."""
    if not classes:
        return np.asarray((y - prediction) ** 2)
    chance = prediction[np.arange(len(y)), y.astype(np.int64)]
    return np.asarray(-np.log(np.clip(chance, 1e-3, 1.0)))


def base_loss(y: np.ndarray, classes: int) -> float:
    """The mean loss of the class shares, or of the mean."""
    if not classes:
        return float(((y - y.mean()) ** 2).mean())
    share = np.bincount(y.astype(np.int64), minlength=classes) / len(y)
    share = share[share > 0]
    return float(-(share * np.log(share)).sum())
