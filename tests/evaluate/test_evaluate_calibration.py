"""Temperature scaling repairs what is too sharp, leaves alone what is right, and is scored on other folds."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.errors import TrainwrightError
from trainwright.evaluate.calibration import (
    IDENTITY,
    Calibration,
    cross_fitted,
    fit_calibration,
    fit_temperature,
    log_loss,
)


def _rows(n: int, temperature: float, k: int = 2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that are calibrated once flattened by this temperature."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (n, k))
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    y = (p.cumsum(1) < rng.random((n, 1))).sum(1).clip(0, k - 1)
    sharp = np.exp(logits * temperature)
    return y, sharp / sharp.sum(1, keepdims=True)


@pytest.mark.parametrize("k", [2, 5])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_was_added_is_found(temperature: float, k: int) -> None:
    y, p = _rows(20_000, temperature, k)
    assert fit_temperature(y, p).temperature == pytest.approx(temperature, rel=0.06)


def test_no_temperature_on_a_grid_is_better() -> None:
    y, p = _rows(400, 2.0, 3)
    found = fit_temperature(y, p)
    best = min(log_loss(y, Calibration("temperature", t).apply(p)) for t in np.geomspace(0.1, 10, 400))
    assert log_loss(y, found.apply(p)) <= best + 1e-9


def test_it_is_kept_only_if_it_helps_on_other_folds() -> None:
    y, sharp = _rows(2000, 3.0)
    fold = np.arange(2000) % 5
    assert fit_calibration(y, sharp, fold).temperature == pytest.approx(3.0, rel=0.15)
    kept = sum(fit_calibration(*_rows(60, 1.0, seed=s), np.arange(60) % 5) != IDENTITY for s in range(60))
    assert kept < 40  # already calibrated: most fits do not hold on other folds


def test_a_folds_own_labels_do_not_touch_its_scored_probabilities() -> None:
    y, p = _rows(300, 2.0)
    fold = np.arange(300) % 3
    before = cross_fitted(y, p, fold)
    poisoned = np.where(fold == 1, 1 - y, y)
    after = cross_fitted(poisoned, p, fold)
    assert (before[fold == 1] == after[fold == 1]).all()
    assert not (before[fold == 0] == after[fold == 0]).all()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.05, 20), st.integers(2, 6))
def test_rows_sum_to_one_and_keep_their_order(seed: int, temperature: float, k: int) -> None:
    p = np.random.default_rng(seed).dirichlet(np.full(k, 0.3), 20)
    out = Calibration("temperature", temperature).apply(p)
    assert np.allclose(out.sum(1), 1) and (out >= 0).all()
    assert (out.max(1) == out[np.arange(20), p.argmax(1)]).all()


def test_separable_and_degenerate_rows_stay_finite() -> None:
    y = np.array([0, 1] * 10)
    hard = np.column_stack([1.0 - y, y.astype(float)])
    for labels in (y, 1 - y, np.zeros(20, dtype=int)):
        found = fit_temperature(labels, hard)
        assert 0.04 < found.temperature < 21 and np.isfinite(found.apply(hard)).all()
    assert fit_temperature(y[:0], hard[:0]) == IDENTITY
    assert fit_calibration(np.zeros(4), np.zeros(4), np.arange(4)) == IDENTITY  # numbers have none


def test_the_state_is_plain_data_and_checked_when_read() -> None:
    state = Calibration("temperature", 1.7).to_json()
    assert Calibration.from_json(json.loads(json.dumps(state))) == Calibration("temperature", 1.7)
    assert Calibration.from_json(IDENTITY.to_json()) == IDENTITY
    for bad in (
        {"kind": "magic"},
        {"kind": "temperature", "temperature": 0},
        {},
        {"kind": "temperature", "temperature": "1"},
    ):
        with pytest.raises(TrainwrightError, match="calibration"):
            Calibration.from_json(bad)
