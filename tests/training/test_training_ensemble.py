"""Greedy weights, and their scores, which must never have seen what they are scored on."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainwright.training.ensemble import blend, cross_fitted, greedy_weights


def squared(y, prediction, weight):
    return float(np.average((y - prediction) ** 2, weights=weight))


@given(st.integers(1, 6), st.integers(0, 10_000))
def test_weights_add_up_and_never_do_worse_than_the_best_single_model(models, seed):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=60)
    predictions = [y + rng.normal(size=60) * rng.uniform(0.1, 2) for _ in range(models)]
    weights = greedy_weights(predictions, y, squared)
    assert abs(weights.sum() - 1) < 1e-12
    assert (weights >= 0).all()
    best = min(squared(y, p, None) for p in predictions)
    assert squared(y, blend(predictions, weights), None) <= best + 1e-12


def test_two_models_with_opposite_errors_share_the_weight():
    y = np.linspace(0, 1, 50)
    assert np.allclose(greedy_weights([y + 0.3, y - 0.3], y, squared), [0.5, 0.5])


def test_sample_weights_decide_whom_the_ensemble_serves():
    y = np.zeros(10)
    first, second = np.r_[np.zeros(5), np.ones(5)], np.r_[np.ones(5), np.zeros(5)]
    weight = np.r_[np.ones(5), np.zeros(5)]
    assert np.allclose(greedy_weights([first, second], y, squared, sample_weight=weight), [1, 0])


def test_a_folds_scored_predictions_ignore_its_own_labels():
    rng = np.random.default_rng(0)
    y = rng.normal(size=100)
    fold = np.arange(100) % 5
    predictions = [y + rng.normal(size=100), y + rng.normal(size=100)]
    clean = cross_fitted(predictions, y, fold, squared)
    poisoned = y.copy()
    poisoned[fold == 2] = rng.normal(size=20) * 100
    after = cross_fitted(predictions, poisoned, fold, squared)
    assert np.array_equal(clean[fold == 2], after[fold == 2])
    assert not np.array_equal(clean, after)


def test_rows_of_a_single_fold_are_still_scored_by_weights_from_other_rows():
    rng = np.random.default_rng(1)
    y = rng.normal(size=40)
    predictions = [y + rng.normal(size=40), y + rng.normal(size=40)]
    out = cross_fitted(predictions, y, np.zeros(40, dtype=int), squared)
    poisoned = y.copy()
    poisoned[::5] += 50
    after = cross_fitted(predictions, poisoned, np.zeros(40, dtype=int), squared)
    assert np.array_equal(out[::5], after[::5])
