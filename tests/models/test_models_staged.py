"""Boosters tell their loss by round, and what they would say after fewer rounds."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from trainwright.data.columns import Dataset, Layout
from trainwright.data.dataset import build_dataset
from trainwright.data.infer import infer_schema, infer_target
from trainwright.data.schema import Target
from trainwright.models.extras import install_command, is_installed
from trainwright.models.families import families


def rows(classes: int, n: int = 300) -> tuple[Dataset, Target]:
    rng = np.random.default_rng(classes)
    a, b = rng.normal(size=n), rng.normal(size=n)
    signal = a + b + rng.normal(size=n)
    names = np.array(["low", "mid", "high"])[: max(classes, 1)]
    y = 100 + 50 * signal if classes == 0 else names[np.digitize(signal, np.linspace(-1, 1, classes - 1))]
    frame = pl.DataFrame({"a": a, "b": b, "c": rng.choice(["u", "v"], n), "y": y})
    inferred = infer_schema(frame, target="y")
    frame, target, _ = infer_target(inferred.frame, "y")
    layout = Layout.learn(frame, inferred.schema)
    return build_dataset(frame, inferred.schema, target, layout, rows=np.arange(n)), target


@pytest.mark.parametrize("classes", [0, 2, 3])
@pytest.mark.parametrize("family", ["lightgbm", "catboost", "xgboost"])
def test_stages_end_at_the_prediction_and_the_curve_at_the_kept_round(family: str, classes: int) -> None:
    data, target = rows(classes)
    learn, held = data.take(np.arange(200)), data.take(np.arange(200, 300))
    spec = families()[family]
    if not is_installed(spec):
        pytest.skip(f"{install_command(spec)} brings its library")
    assert spec.iterations is not None
    model = spec.load()(target, {spec.iterations: 40, "patience": 10})
    model.fit(learn.columns, learn.y, validation=held, seed=1)
    assert model.iterations is not None
    stages = model.staged(held.columns, [1, max(2, model.iterations // 2), model.iterations])
    assert stages is not None
    assert np.allclose(stages[-1], model.predict(held.columns), atol=1e-6)
    curve = model.curve
    assert curve is not None and len(curve["steps"]) == len(curve["validation"]) <= 100
    assert curve["steps"][int(np.argmin(curve["validation"]))] == model.iterations
    if classes == 0:  # in the unit of the target
        error = float(np.sqrt(np.mean((model.predict(held.columns) - held.y) ** 2)))
        assert min(curve["validation"]) == pytest.approx(error, rel=1e-3)


def test_without_inner_rows_there_is_no_curve_but_there_are_stages() -> None:
    data, target = rows(2)
    model = families()["catboost"].load()(target, {"iterations": 12})
    model.fit(data.columns, data.y, seed=1)
    assert model.curve is None and len(model.staged(data.columns, [1, 12]) or []) == 2


def test_families_that_do_not_learn_in_rounds_have_no_stages() -> None:
    data, target = rows(2)
    model = families()["linear"].load()(target)
    model.fit(data.columns, data.y, seed=1)
    assert model.staged(data.columns, [1]) is None
