"""Bounds beside the numbers of the scikit-learn estimator: they hold, follow the level, survive a pickle."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import clone

from trainwright import TabularRegressor


def rows(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    return X, 3 * X[:, 0] + rng.normal(size=n)


def test_bounds_hold_on_new_rows_and_widen_with_the_level() -> None:
    model = TabularRegressor(families=["linear"], threads=1).fit(*rows(400, 0))
    X, y = rows(2_000, 1)
    widths = []
    for level in (0.6, 0.9):
        low, high = model.predict_interval(X, level).T
        assert level - 0.08 < np.mean((low <= y) & (y <= high)) < level + 0.08
        assert (low <= model.predict(X)).all() and (model.predict(X) <= high).all()
        widths.append(np.mean(high - low))
    assert widths[0] < 0.7 * widths[1]
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_interval(X[:9]), model.predict_interval(X[:9]))


def test_groups_and_levels_that_cannot_be_are_refused() -> None:
    X, y = rows(60, 0)
    model = TabularRegressor(families=["linear"], threads=1).fit(X, y, groups=np.arange(60) % 6)
    with pytest.raises(ValueError, match="6 groups are too few"):
        model.predict_interval(X)
    with pytest.raises(ValueError, match="level must be from"):
        model.predict_interval(X, level=1.5)
    with pytest.raises(ValueError, match="not fitted"):
        clone(model).predict_interval(X)
