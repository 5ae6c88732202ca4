"""A correction of probabilities matches means, keeps the order, and is saved beside the model that it corrects."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models_contract_data import TARGETS, table

from trainwright.errors import UserError
from trainwright.models.families import families
from trainwright.models.members import load_member
from trainwright.models.recalibrated import FILE, Recalibrated, Recalibration, fit_recalibration
from trainwright.models.spec import Estimator


def fitted(task: str) -> Estimator:
    X, y = table(task)
    return families()["linear"].load()(TARGETS[task], families()["linear"].defaults()).fit(X, y)


def loss(y: np.ndarray, p: np.ndarray) -> float:
    return float(-np.log(np.clip(p[np.arange(len(y)), y], 1e-12, 1)).mean())


@given(seed=st.integers(0, 10_000), k=st.integers(2, 5), sharpen=st.booleans())
@settings(max_examples=40, deadline=None)
def test_the_mean_of_each_class_is_its_share(seed: int, k: int, sharpen: bool) -> None:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(k), 300)
    y = np.array([rng.choice(k, p=row**2 / (row**2).sum()) for row in p])
    weight = rng.uniform(0.5, 2.0, 300)
    found = fit_recalibration(y, p, weight, sharpen=sharpen)
    after = found.apply(p)
    share = np.bincount(y, weights=weight, minlength=k) / weight.sum()
    assert np.average(after, axis=0, weights=weight) == pytest.approx(share, abs=1e-4)
    assert after.sum(axis=1) == pytest.approx(1)
    assert np.average(-np.log(after[np.arange(300), y]), weights=weight) <= (
        np.average(-np.log(p[np.arange(300), y]), weights=weight) + 1e-9
    )


def test_a_known_shift_is_undone() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=40_000) * 1.5 - 3
    p = 1 / (1 + np.exp(-z))
    y = (rng.random(40_000) < p).astype(np.int64)
    odds = 12 * p / (1 - p)  # as if the rare class had weighed twelve times as much
    shifted = odds / (1 + odds)
    found = fit_recalibration(y, np.column_stack([1 - shifted, shifted]))
    assert found.bias[1] - found.bias[0] == pytest.approx(-np.log(12), abs=0.1)
    assert found.sharpness == pytest.approx(1, abs=0.05)


def test_the_order_of_two_classes_stays() -> None:
    p = np.linspace(0.01, 0.99, 50)
    after = Recalibration(0.7, (0.8, -0.8)).apply(np.column_stack([1 - p, p]))[:, 1]
    assert (np.diff(after) > 0).all()


@pytest.mark.parametrize("certain", [0.0, 1.0])
def test_certain_predictions_and_absent_classes_give_finite_numbers(certain: float) -> None:
    p = np.column_stack([np.full(20, 1 - certain), np.full(20, certain), np.zeros(20)])
    found = fit_recalibration(np.array([0, 1] * 10), p)
    assert np.isfinite(found.apply(p)).all()
    assert np.isfinite([found.sharpness, *found.bias]).all()
    one = fit_recalibration(np.zeros(20, dtype=np.int64), p)
    assert one == Recalibration(1.0, (0.0, 0.0, 0.0))


@pytest.mark.parametrize("task", ["two", "four"])
def test_a_corrected_model_is_saved_and_loaded(task: str, tmp_path: Path) -> None:
    X, y = table(task)
    inner = fitted(task)
    correction = fit_recalibration(np.roll(y, 3), inner.predict(X))
    model = Recalibrated(inner, correction)
    model.save(tmp_path)
    back = load_member(families()["linear"].load(), tmp_path, TARGETS[task])
    assert np.array_equal(back.predict(X), model.predict(X))
    assert not np.array_equal(back.predict(X), inner.predict(X))


def test_a_model_without_a_correction_is_loaded_as_it_is(tmp_path: Path) -> None:
    inner = fitted("two")
    inner.save(tmp_path)
    assert type(load_member(families()["linear"].load(), tmp_path, TARGETS["two"])) is type(inner)


def test_reasons_follow_the_correction() -> None:
    X, _ = table("two")
    inner = fitted("two")
    model = Recalibrated(inner, Recalibration(0.5, (1.0, -1.0)))
    before, after = inner.contributions(X), model.contributions(X)
    assert before is not None and after is not None
    assert all(np.allclose(after[name], 0.5 * before[name]) for name in before)


def test_predictions_by_round_end_where_the_model_does() -> None:
    X, y = table("two")
    spec = families()["lightgbm"]
    inner = spec.load()(TARGETS["two"], {"n_estimators": 20, "features": "plain"}).fit(X, y)
    model = Recalibrated(inner, Recalibration(0.5, (1.0, -1.0)))
    stages = model.staged(X, [5, 20])
    assert stages is not None
    assert np.allclose(stages[-1], model.predict(X))


@pytest.mark.parametrize(
    "written",
    [[], {"sharpness": 0, "bias": [0, 0]}, {"sharpness": 1, "bias": [0]}, {"sharpness": 1, "bias": ["a", 0]}],
)
def test_a_damaged_correction_is_refused(written: object, tmp_path: Path) -> None:
    fitted("two").save(tmp_path)
    (tmp_path / FILE).write_text(json.dumps(written), "utf-8")
    with pytest.raises(UserError, match="recalibration"):
        load_member(families()["linear"].load(), tmp_path, TARGETS["two"])
