"""Shapes of additive models, summaries of exact accounts, and the rows with the worst errors."""

from __future__ import annotations

import doctest
from importlib import import_module

import numpy as np
import pytest

from trainwright.data.columns import MISSING, Columns, Layout
from trainwright.data.schema import Target
from trainwright.evaluate.attributions import Account, summary
from trainwright.evaluate.shapes import shapes
from trainwright.evaluate.worst import told_rows, worst_rows

N = 400


@pytest.fixture
def columns() -> Columns:
    rng = np.random.default_rng(0)
    layout = Layout(("age", "flag"), ("town",), ("day",), ("note",), (("bern", "oslo", "rome"),))
    age = rng.uniform(0, 100, N)
    age[:40] = np.nan
    codes = rng.integers(0, 3, (N, 1)).astype(np.int32)
    codes[40:60] = MISSING
    days = 86_400.0 * np.arange(N)[:, None]
    texts = np.full((N, 1), "words", dtype=object)
    return Columns(np.column_stack([age, rng.integers(0, 2, N)]), codes, days, texts, layout)


def model(slope: float):
    """A sum of shapes in closed form: slope times age, 5 where it is missing; towns add 0, 1, 2; a pair adds 7."""

    def terms(X: Columns) -> dict[tuple[str, ...], np.ndarray]:
        age, town = X.numbers[:, 0], X.codes[:, 0]
        known = np.nan_to_num(age)
        return {
            ("age",): np.where(np.isnan(age), 5.0, slope * age)[:, None],
            ("town",): town[:, None].astype(float),
            ("flag",): 0.1 * X.numbers[:, 1:],
            ("day",): X.times / 86_400 / 100,
            ("age", "town"): (7.0 * ((known > 50) & (town == 2)))[:, None],
        }

    return terms


def test_shapes_are_the_terms_with_the_spread_of_the_fold_models(columns: Columns) -> None:
    told = shapes([model(0.9), model(1.1)], columns, ["price"], frozenset({"flag"}))
    by_name = {tuple(one["columns"]): one for one in told}
    age = by_name[("age",)]
    line = age["lines"][0]
    np.testing.assert_allclose(line["push"], age["x"], rtol=1e-5)
    np.testing.assert_allclose(line["low"], 0.9 * np.array(age["x"]), rtol=1e-5)
    np.testing.assert_allclose(line["high"], 1.1 * np.array(age["x"]), rtol=1e-5)
    assert age["missing"][0]["push"] == 5.0 and age["x"] == sorted(age["x"])
    assert dict(zip(by_name[("town",)]["x"], by_name[("town",)]["lines"][0]["push"])) == {
        "bern": 0,
        "oslo": 1,
        "rome": 2,
    }
    assert by_name[("town",)]["missing"][0]["push"] == MISSING
    assert by_name[("flag",)]["x"] == ["false", "true"] and by_name[("day",)]["kind"] == "time"
    assert told[0]["columns"] == ["age"]  # the strongest first


def test_a_pair_is_a_table_over_both_columns(columns: Columns) -> None:
    told = shapes([model(1.0)], columns, ["price"])
    pair = next(one for one in told if one["kind"] == "pair")
    table = np.array(pair["push"])
    assert table.shape == (len(pair["y"]), len(pair["x"])) and pair["columns"] == ["age", "town"]
    rome, old = pair["y"].index("rome"), np.array(pair["x"]) > 50
    assert (table[rome, old] == 7).all() and table.sum() == 7 * old.sum()


def test_an_account_is_told_by_its_mean_size_and_its_dependence(columns: Columns) -> None:
    push = np.column_stack([2 * np.nan_to_num(columns.numbers[:, 0]), -columns.codes[:, 0], np.zeros(N)])
    account = Account(np.arange(N), ("age", "town", "note"), push.astype(float), np.zeros(N), "a note")
    told = summary(account, columns)
    assert [one["feature"] for one in told["features"]] == ["age", "town", "note"]
    assert told["features"][0]["mean_abs"] == pytest.approx(np.abs(push[:, 0]).mean())
    assert told["features"][0]["low"] < told["features"][0]["mean_abs"] < told["features"][0]["high"]
    age, town = told["dependence"]
    np.testing.assert_allclose(age["push"], 2 * np.array(age["x"]), rtol=1e-4)
    assert age["missing"] == {"push": 0.0, "n": 40}
    assert {one["value"]: one["push"] for one in town["values"]} == {"bern": 0, "oslo": -1, "rome": -2, None: 1}
    assert told["n_rows"] == N and told["note"] == "a note"


def test_worst_errors_are_wrong_decisions_with_the_least_probability_of_the_truth() -> None:
    target = Target("ok", "classes", ("no", "yes"), "yes")
    y = np.array([0, 1, 1, 0])
    p = np.array([[0.9, 0.1], [0.95, 0.05], [0.6, 0.4], [0.45, 0.55]])
    decided = np.array([0, 0, 0, 0])  # the last is decided rightly by a high threshold
    worst = worst_rows(y, p, decided, target)
    assert worst.at.tolist() == [1, 2]
    rows = told_rows(worst, y, p, decided, np.array([10, 11, 12, 13]), target)
    assert rows[0] == {
        "row": 11,
        "truth": "yes",
        "predicted": "no",
        "probability": 0.95,
        "loss": pytest.approx(-np.log(0.05)),
    }
    assert worst_rows(y, p, decided, target, most=1).at.tolist() == [1]


def test_a_certain_mistake_has_a_finite_loss() -> None:
    target = Target("ok", "classes", ("no", "yes"), "yes")
    worst = worst_rows(np.array([1]), np.array([[1.0, 0.0]]), np.array([0]), target)
    assert np.isfinite(worst.loss).all()


@pytest.mark.parametrize("name", ["slices", "worst", "sections.segments", "sections.worst_errors"])
def test_the_examples_in_docstrings_hold(name: str) -> None:
    result = doctest.testmod(import_module(f"trainwright.evaluate.{name}"))
    assert result.attempted and not result.failed
