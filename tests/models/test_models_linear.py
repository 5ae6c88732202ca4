"""Linear models: contributions add up, wide text stays sparse, the strength follows the data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from models_contract_data import TARGETS, fitted, strange_rows, table

from trainwright.data.columns import Columns, Layout
from trainwright.data.schema import Target
from trainwright.models.linear import Linear


def numbers(values: np.ndarray) -> Columns:
    """Columns x0, x1, ... of (n, p) numbers."""
    n, p = values.shape
    layout = Layout(tuple(f"x{j}" for j in range(p)), (), (), (), ())
    return Columns(values, np.empty((n, 0), dtype=np.int32), np.empty((n, 0)), np.empty((n, 0), dtype=object), layout)


def test_contributions_add_up_to_the_log_odds() -> None:
    X, _ = table("two")
    model = fitted("linear", "two")
    for part in (X, strange_rows(X)):
        chance = model.predict(part)[:, 1]
        pushed = sum(model.contributions(part).values())
        scores = model.preparation.transform(part).dot(model.weights)[:, 0] + model.intercept[0]
        average = model.centre @ model.weights[:, 0] + model.intercept[0]
        np.testing.assert_allclose(pushed + average, scores, rtol=1e-9)
        np.testing.assert_allclose(chance, 1 / (1 + np.exp(-scores)))


def test_contributions_turn_with_the_positive_class() -> None:
    X, y = table("two")
    turned = Linear(Target("y", "classes", ("no", "yes"), "no")).fit(X.take(np.arange(200)), y[:200], seed=3)
    for name, push in fitted("linear", "two").contributions(X).items():
        np.testing.assert_allclose(turned.contributions(X)[name], -push, atol=1e-12)


def test_contributions_add_up_to_the_number() -> None:
    X, _ = table("number")
    model = fitted("linear", "number")
    pushed = sum(model.contributions(X).values())
    average = model.centre @ model.weights[:, 0] + model.intercept[0]
    np.testing.assert_allclose(pushed + average, model.predict(X))


def test_it_finds_the_line() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(500, 3))
    y = 1e6 + 3 * values[:, 0] - 2 * values[:, 1] + 0.01 * rng.normal(size=500)
    model = Linear(TARGETS["number"]).fit(numbers(values), y)
    assert np.abs(model.predict(numbers(values)) - y).max() < 0.5
    assert set(model.derived) >= {"alpha", "strength_chosen", "converged"}


def test_noise_asks_for_more_strength_than_signal() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(300, 20))
    clear = (values[:, 0] + values[:, 1] > 0).astype(np.int64)
    noise = rng.integers(0, 2, 300)
    strengths = [Linear(TARGETS["two"]).fit(numbers(values), y).derived["C"] for y in (clear, noise)]
    assert strengths[0] > strengths[1]


@pytest.mark.parametrize("task", ["two", "four", "number"])
def test_l1_drops_columns_that_l2_keeps(task: str) -> None:
    X, y = table(task)
    setting = {"alpha": 0.1} if task == "number" else {"C": 0.1}
    dense = Linear(TARGETS[task], {"penalty": "l2", **setting}).fit(X, y)
    thin = Linear(TARGETS[task], {"penalty": "l1", **setting}).fit(X, y)
    mixed = Linear(TARGETS[task], {"penalty": "elasticnet", "l1_ratio": 0.3, **setting}).fit(X, y)
    dropped = [int((model.weights == 0).all(axis=1).sum()) for model in (dense, mixed, thin)]
    assert dropped[0] < dropped[1] <= dropped[2]


def texts(n: int) -> tuple[Columns, np.ndarray]:
    """n texts of many words, of which one decides."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, n)
    words = [" ".join(f"w{k}" for k in rng.integers(0, 400, 8)) + (" broken" if label else " sound") for label in y]
    layout = Layout((), (), (), ("note",), ())
    block = np.array(words, dtype=object)[:, None]
    return Columns(np.empty((n, 0)), np.empty((n, 0), dtype=np.int32), np.empty((n, 0)), block, layout), y


def test_wide_text_is_learned_sparse(tmp_path: Path) -> None:
    X, y = texts(400)
    model = Linear(TARGETS["two"]).fit(X.take(np.arange(300)), y[:300])
    assert model.preparation.is_sparse and model.derived["columns"] > 400
    held = X.take(np.arange(300, 400))
    assert (model.predict(held).argmax(axis=1) == y[300:]).mean() > 0.95
    model.save(tmp_path)
    loaded = Linear.load(tmp_path, TARGETS["two"])
    np.testing.assert_array_equal(loaded.predict(held), model.predict(held))
    assert model.contributions(held)["note"].shape == (100,)
