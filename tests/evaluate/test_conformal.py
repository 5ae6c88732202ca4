"""Bounds from held-out errors: the formulas of the papers, on few rows and many, and the coverage they are for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainwright.evaluate.conformal import (
    bounded,
    compress,
    cv_plus,
    masses,
    needed_share,
    promised,
    upper_quantile,
    worst_group_quantile,
)


def naive_cv_plus(
    centres: np.ndarray, errors: np.ndarray, fold: np.ndarray, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Equation 3.1 of Barber et al. 2021, row by row as it stands there."""
    n = len(errors)
    k_high, k_low = math.ceil((1 - (1 - level)) * (n + 1) - 1e-9), math.floor((1 - level) * (n + 1) + 1e-9)
    low, high = [], []
    for row in centres:
        high.append(np.sort(row[fold] + errors)[k_high - 1])
        low.append(np.sort(row[fold] - errors)[k_low - 1])
    return np.array(low), np.array(high)


@pytest.mark.parametrize("n,level", [(20, 0.9), (57, 0.8), (400, 0.95)])
def test_bounds_are_those_of_the_paper(n: int, level: float) -> None:
    rng = np.random.default_rng(n)
    fold = np.arange(n) % 5
    errors, centres = np.abs(rng.normal(size=n)), rng.normal(size=(30, 5))
    mass, units = masses(n)
    share = needed_share(level, units)
    assert share is not None
    points = compress(errors, mass, fold)
    low, high = cv_plus(centres, np.ones_like(centres), [points[k] for k in range(5)], share)
    expected = naive_cv_plus(centres, errors, fold, level)
    np.testing.assert_allclose(low, expected[0])
    np.testing.assert_allclose(high, expected[1])


def test_many_errors_become_few_points_that_never_make_bounds_narrower() -> None:
    rng = np.random.default_rng(0)
    n = 5_000
    fold, errors = np.arange(n) % 5, rng.exponential(size=n)
    centres = rng.normal(size=(200, 5))
    mass, units = masses(n)
    share = needed_share(0.9, units)
    assert share is not None
    points = compress(errors, mass, fold)
    assert 450 <= sum(map(len, points.values())) <= 550
    low, high = cv_plus(centres, np.ones_like(centres), [points[k] for k in range(5)], share)
    exact = naive_cv_plus(centres, errors, fold, 0.9)
    assert (high >= exact[1] - 1e-12).all() and (low <= exact[0] + 1e-12).all()
    assert np.mean((high - low) / (exact[1] - exact[0])) < 1.03


def test_the_chunk_size_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    points = [np.sort(rng.random(30)), np.sort(rng.random(20))]
    centres, sizes = rng.normal(size=(100, 2)), 1 + rng.random((100, 2))
    whole = cv_plus(centres, sizes, points, 0.9)
    monkeypatch.setattr("trainwright.evaluate.conformal.CHUNK", 300)
    for a, b in zip(whole, cv_plus(centres, sizes, points, 0.9)):
        np.testing.assert_array_equal(a, b)


def test_cv_plus_covers_as_often_as_it_says() -> None:
    """Straight lines fitted on 24 rows, 400 times over: about 90 of 100 new rows lie between the bounds."""
    rng = np.random.default_rng(2)
    inside = []
    n, folds = 24, np.arange(24) % 4
    for _ in range(400):
        x, new = rng.normal(size=(n, 2)), rng.normal(size=(5, 2))
        y = x @ [1.0, -1.0] + rng.standard_t(4, size=n)
        truth = new @ [1.0, -1.0] + rng.standard_t(4, size=5)
        errors, centres = np.empty(n), np.empty((5, 4))
        for k in range(4):
            own = folds == k
            slope = np.linalg.lstsq(x[~own], y[~own], rcond=None)[0]
            errors[own], centres[:, k] = np.abs(y[own] - x[own] @ slope), new @ slope
        mass, units = masses(n)
        share = needed_share(0.9, units)
        assert share is not None
        points = compress(errors, mass, folds)
        low, high = cv_plus(centres, np.ones_like(centres), [points[k] for k in range(4)], share)
        inside.append(np.mean((low <= truth) & (truth <= high)))
    assert 0.89 <= np.mean(inside) <= 0.96


def test_each_group_counts_once_so_that_rows_of_new_groups_are_covered() -> None:
    """Most rows belong to a few quiet groups; errors of the many small ones are larger."""
    rng = np.random.default_rng(3)
    sizes = np.array([400] * 4 + [5] * 60)
    group = np.repeat(np.arange(64), sizes)
    errors = np.abs(rng.normal(size=len(group))) * np.where(group < 4, 0.3, 2.0)
    mass, units = masses(len(group), group)
    share = needed_share(0.9, units)
    assert units == 64 and share is not None
    by_group = upper_quantile(errors, mass, share)
    by_row = upper_quantile(errors, masses(len(group))[0], needed_share(0.9, len(group)) or 1.0)
    new = np.abs(rng.normal(size=(4_000, 2))) * np.where(rng.random((4_000, 1)) < 4 / 64, 0.3, 2.0)
    assert np.mean(new[:, 0] <= by_group) >= 0.89
    assert np.mean(new[:, 0] <= by_row) < 0.6


def test_too_few_groups_get_what_the_worst_one_needed() -> None:
    assert needed_share(0.9, 8) is None and needed_share(0.9, 9) == pytest.approx(1.0)
    scores = np.array([1.0, 2.0, 3.0, 10.0, 11.0, 12.0])
    assert worst_group_quantile(scores, np.array([0, 0, 0, 1, 1, 1]), 0.5) == 11.0


def test_what_is_promised_follows_the_theorem() -> None:
    assert promised(0.9, 500, 1) == 0.9
    assert promised(0.9, 100_000, 5) == pytest.approx(0.8, abs=0.001)
    assert promised(0.9, 10, 10) == pytest.approx(0.8)  # the jackknife+ itself: one row to a fold
    assert promised(0.5, 10, 3) == 0.0


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20),
    st.floats(-1e6, 1e6),
    st.floats(0, 1e6),
    st.one_of(st.none(), st.just(0.0)),
)
def test_the_prediction_always_lies_between_the_bounds(
    predictions: list[float], offset: float, width: float, floor: float | None
) -> None:
    p = np.array(predictions)
    low, high = bounded(p + offset - width, p + offset + width, p, floor)
    assert (low <= p).all() and (p <= high).all()
    if floor is not None:
        assert ((low >= floor) | (p < floor)).all()


@given(st.integers(1, 80), st.integers(1, 6), st.floats(0.5, 0.99), st.integers(0, 1_000))
def test_points_of_a_fold_are_its_errors_ascending_and_end_with_the_largest(
    n: int, folds: int, level: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    fold, errors = rng.integers(0, folds, n), rng.exponential(size=n)
    for number, points in compress(errors, masses(n)[0], fold).items():
        own = np.sort(errors[fold == number])
        np.testing.assert_array_equal(points, own)
    share = needed_share(level, n)
    if share is not None:
        quantile = upper_quantile(errors, masses(n)[0], share)
        assert (errors <= quantile).sum() >= math.ceil(level * (n + 1) - 1e-6)
