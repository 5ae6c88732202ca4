"""What development rows let one expect of the sealed test: wide enough for its few rows, wider for new groups."""

from __future__ import annotations

import numpy as np
import pytest

from trainwright.data.schema import Target
from trainwright.evaluate.expected import expect
from trainwright.evaluate.resampling import make_units
from trainwright.evaluate.scores import make_resampler, metric_intervals
from trainwright.tasks import task_for

CLASSES = task_for(Target("y", "classes", ("no", "yes"), positive="yes"))
NUMBER = task_for(Target("y", "number"))


def _rows(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    score = rng.normal(size=n)
    y = (score + rng.normal(size=n) > 0.8).astype(int)
    p = 1 / (1 + np.exp(-score))
    return y, np.column_stack([1 - p, p])


@pytest.mark.parametrize("name", ["roc_auc", "log_loss", "f1"])
def test_the_sealed_figure_lies_inside_about_as_often_as_said(name: str) -> None:
    metric, inside = CLASSES.metrics[name], 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        y, p = _rows(1_000, rng)
        fold = np.arange(1_000) % 5
        resampler = make_resampler(CLASSES, y, p, seed=seed)
        figure = metric_intervals(CLASSES, resampler, metrics=[metric], fold=fold)[name].to_json()
        found = expect(metric, figure, y, p, resampler.units, 180, fold=fold, seed=seed)
        sealed = metric(*_rows(180, rng))
        inside += found.low <= sealed <= found.high
    assert inside >= 53  # fewer than 53 of 60 would have a chance of under 1 % at 95 %


def test_fewer_sealed_rows_make_a_wider_range() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=500)
    prediction = y + rng.normal(size=500)
    figure = {"value": 1.0, "low": 0.94, "high": 1.06}
    few, many = (expect(NUMBER.metrics["rmse"], figure, y, prediction, make_units(500), n, seed=1) for n in (30, 5_000))
    assert few.high - few.low > 2 * (many.high - many.low)
    assert many.high - many.low >= 0.12  # never narrower than what the validation figure leaves open


def test_new_groups_differ_as_folds_differ() -> None:
    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(20), 30)
    fold = group % 5
    y = rng.normal(size=600)
    prediction = y + rng.normal(size=600) * np.array([0.5, 0.9, 1.4, 0.7, 2.0])[fold]
    figure = {"value": 1.2, "low": 1.0, "high": 1.4}
    units = make_units(600, group=group)
    found = expect(NUMBER.metrics["rmse"], figure, y, prediction, units, 120, fold=fold)
    assert found.low == 0.0 and found.high > 2.5
    assert "groups" in found.method


def test_without_an_interval_nothing_is_promised() -> None:
    y, p = _rows(50, np.random.default_rng(0))
    figure = {"value": 0.7, "low": None, "high": None}
    found = expect(CLASSES.metrics["roc_auc"], figure, y, p, make_units(50), 20).to_json()
    assert found["low"] is None and found["high"] is None
    assert "no interval" in found["method"]
