"""CatBoost and LightGBM: what a user may rely on beyond the contract that every family keeps."""

from __future__ import annotations

import doctest
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.data.columns import Columns, Dataset, Layout
from trainwright.data.schema import Column, Kind, Schema, Target
from trainwright.errors import UserError
from trainwright.models.catboost import CatBoost
from trainwright.models.lightgbm import LightGBM
from trainwright.models.spec import Estimator

TWO = Target("y", "classes", ("no", "yes"), "yes")
FIRST_POSITIVE = Target("y", "classes", ("no", "yes"), "no")
THREE = Target("y", "classes", ("a", "b", "c"))
NUMBER = Target("y", "number")

Make = Callable[..., Estimator]


def plain(target: Target, **settings: object) -> Estimator:
    return LightGBM(target, {"n_estimators": 40, **settings})


def engineered(target: Target, **settings: object) -> Estimator:
    return LightGBM(target, {"n_estimators": 40, "features": "engineered", **settings})


def catboost(target: Target, **settings: object) -> Estimator:
    return CatBoost(target, {"iterations": 40, **settings})


each = pytest.mark.parametrize("make", [plain, engineered, catboost])


def table(n: int, seed: int = 0) -> tuple[Columns, np.ndarray]:
    """n rows of every kind of column and a score (n,) that depends on most of them."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=n), rng.normal(size=n)
    city = rng.choice(["Aachen", "Bonn", "Celle", "Demmin"], n)
    day = rng.integers(0, 700, n)
    note = rng.choice(["pump leaks", "all quiet", "valve stuck"], n)
    score = 2 * a + (city == "Bonn") - (city == "Celle") + (note == "pump leaks") + 0.3 * rng.normal(size=n)
    frame = pl.DataFrame(
        {
            "a": np.where(rng.random(n) < 0.1, np.nan, a),
            "b": b,
            "city": [None if missing else value for missing, value in zip(rng.random(n) < 0.1, city)],
            "day": pl.Series(day).cast(pl.Int64) * 86_400_000_000,
            "note": note,
        }
    ).with_columns(pl.col("day").cast(pl.Datetime("us")))
    kinds = (Kind.NUMBER, Kind.NUMBER, Kind.CATEGORY, Kind.DATETIME, Kind.TEXT)
    schema = Schema(tuple(Column(name, kind) for name, kind in zip(frame.columns, kinds)))
    return Layout.learn(frame, schema).encode(frame), score


def numbers(values: np.ndarray) -> Columns:
    """A table of numbers alone."""
    n, p = values.shape
    layout = Layout(tuple(f"x{j}" for j in range(p)), (), (), (), (), single=values.dtype == np.float32)
    return Columns(values, np.empty((n, 0), np.int32), np.empty((n, 0)), np.empty((n, 0), dtype=object), layout)


def log_odds(probability: np.ndarray) -> np.ndarray:
    return np.log(probability) - np.log1p(-probability)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@each
def test_mixed_columns_are_learned(make: Make) -> None:
    X, score = table(700)
    y = (score > 0).astype(np.int64)
    model = make(TWO).fit(X.take(np.arange(500)), y[:500])
    hit = (model.predict(X.take(np.arange(500, 700))).argmax(axis=1) == y[500:]).mean()
    assert hit > 0.8


@each
def test_a_large_number_keeps_its_small_differences(make: Make) -> None:
    X, score = table(500)
    y = 1e9 + score  # float32, which libraries store labels in, knows 1e9 only to the nearest 64
    predicted = make(NUMBER).fit(X, y).predict(X)
    assert np.corrcoef(predicted, y)[0, 1] > 0.9


@each
@pytest.mark.parametrize("target", [TWO, THREE, NUMBER], ids=["two", "three", "number"])
def test_contributions_add_up_to_the_prediction(make: Make, target: Target) -> None:
    X, score = table(300)
    if target.task == "classes":
        y = np.digitize(score, np.quantile(score, np.linspace(0, 1, len(target.classes) + 1)[1:-1]))
    else:
        y = score
    model = make(target).fit(X, y)
    few = X.take(np.arange(40))
    pushes = model.contributions(few)
    assert pushes is not None and set(pushes) == set(X.layout.names)
    total = np.sum(list(pushes.values()), axis=0)
    predicted = model.predict(few)
    if target is NUMBER:
        base = predicted - total
    elif target is TWO:
        base = log_odds(predicted[:, 1]) - total
    else:  # scores of three classes are known up to a shift per row: only finite and varied can be asked for
        assert np.isfinite(total).all() and total.std() > 0
        return
    np.testing.assert_allclose(base, base[0], atol=1e-5)


@each
def test_contributions_are_about_the_positive_class(make: Make) -> None:
    X, score = table(300)
    y = (score > 0).astype(np.int64)
    towards_yes = make(TWO).fit(X, y).contributions(X)
    towards_no = make(FIRST_POSITIVE).fit(X, y).contributions(X)
    assert towards_yes is not None and towards_no is not None
    np.testing.assert_allclose(towards_yes["a"], -towards_no["a"])
    assert np.corrcoef(towards_yes["a"][X.numbers[:, 0] > -9], score[X.numbers[:, 0] > -9])[0, 1] > 0.5


@each
def test_the_same_training_writes_the_same_bytes(make: Make, tmp_path: Path) -> None:
    X, score = table(300)
    y = (score > 0).astype(np.int64)
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        make(TWO).fit(X, y, seed=5).save(tmp_path / name)
    assert files(tmp_path / "first") == files(tmp_path / "second")


@each
def test_one_row_is_predicted_as_it_is_within_many(make: Make, tmp_path: Path) -> None:
    X, score = table(300)
    model = make(NUMBER).fit(X, score)
    model.save(tmp_path)
    loaded = type(model).load(tmp_path, NUMBER)
    many = model.predict(X)
    np.testing.assert_array_equal(loaded.predict(X), many)
    np.testing.assert_array_equal([loaded.predict(X.take(np.array([i])))[0] for i in range(20)], many[:20])


@each
def test_a_class_without_rows_gets_no_probability(make: Make) -> None:
    X, score = table(200)
    y = np.where(score > 0, 2, 0)
    predicted = make(THREE).fit(X, y).predict(X)
    assert (predicted[:, 1] == 0).all()
    np.testing.assert_allclose(predicted.sum(axis=1), 1.0)
    assert predicted[y == 2, 2].mean() > 0.7


@each
def test_nothing_to_learn_gives_the_prior(make: Make, tmp_path: Path) -> None:
    X, _ = table(100)
    y = np.repeat([0, 1], [75, 25])
    one_class = make(TWO).fit(X, np.ones(100, dtype=np.int64))
    assert (one_class.predict(X) == [0.0, 1.0]).all()
    assert make(NUMBER).fit(X, np.full(100, 7.5)).predict(X).tolist() == [7.5] * 100
    flat = numbers(np.ones((100, 3)))
    np.testing.assert_allclose(make(TWO).fit(flat, y).predict(flat)[0], [0.75, 0.25], atol=0.01)
    nothing = numbers(np.empty((100, 0)))
    model = make(TWO).fit(nothing, y)
    np.testing.assert_allclose(model.predict(nothing)[0], [0.75, 0.25])
    assert model.contributions(nothing) == {}
    model.save(tmp_path)
    assert type(model).load(tmp_path, TWO).predict(nothing).tolist() == model.predict(nothing).tolist()


@each
def test_ten_rows_are_enough_to_run(make: Make) -> None:
    X, score = table(10)
    predicted = make(NUMBER).fit(X, score).predict(X)
    assert np.isfinite(predicted).all() and predicted.std() > 0


@each
def test_unseen_and_missing_values_are_predicted(make: Make) -> None:
    X, score = table(300)
    model = make(NUMBER).fit(X, score)
    nothing = Columns(
        np.full((2, 2), np.nan),
        np.array([[-1], [-2]], dtype=np.int32),
        np.full((2, 1), np.nan),
        np.array([[""], ["wholly new words"]], dtype=object),
        X.layout,
    )
    assert np.isfinite(model.predict(nothing)).all()


@each
def test_weights_move_the_prediction(make: Make) -> None:
    X, _ = table(400)
    y = np.tile([0, 1], 200)
    weight = np.where(y == 1, 9.0, 1.0)
    assert make(TWO).fit(X, y, sample_weight=weight).predict(X)[:, 1].mean() > 0.75


@each
def test_validation_stops_the_training(make: Make) -> None:
    rng = np.random.default_rng(0)
    X, _ = table(400)
    y = rng.integers(0, 2, 400)  # nothing to learn: more rounds can only hurt
    held = Dataset(X.take(np.arange(300, 400)), y[300:], np.arange(300, 400))
    rounds = {"iterations" if make is catboost else "n_estimators": 300, "patience": 10}
    model = make(TWO, **rounds).fit(X.take(np.arange(300)), y[:300], validation=held)
    assert model.iterations is not None and 0 < model.iterations < 100


@each
def test_validation_may_hold_a_class_that_training_lacks(make: Make) -> None:
    X, score = table(300)
    y = (score > 0).astype(np.int64)
    held = Dataset(X.take(np.arange(50)), np.full(50, 2), np.arange(50))
    predicted = make(THREE).fit(X.take(np.arange(50, 300)), y[50:], validation=held).predict(X)
    assert (predicted[:, 2] == 0).all()


@each
def test_progress_ends_with_the_last_round(make: Make) -> None:
    X, score = table(200)
    events: list[dict[str, object]] = []
    make(NUMBER).fit(X, score, report=events.append)
    assert events[-1]["kind"] == "iteration" and events[-1]["step"] == events[-1]["of"] == 40


@each
def test_a_wrong_setting_is_refused_by_name(make: Make) -> None:
    X, score = table(50)
    with pytest.raises(UserError, match="learning_rate"):
        make(NUMBER, learning_rate=7).fit(X, score)


def test_catboost_says_which_learning_rate_it_derived() -> None:
    X, score = table(200)
    rates = [
        CatBoost(NUMBER, settings).fit(X, score).derived["learning_rate"]
        for settings in ({"iterations": 20}, {"iterations": 200}, {"iterations": 20, "l2_leaf_reg": 9.0})
    ]
    assert rates[0] > rates[1]
    # CatBoost itself would give up deriving and take 0.03 when l2_leaf_reg is named.
    assert rates[2] == rates[0]


def test_numbers_alone_reach_lightgbm_without_a_copy() -> None:
    X = numbers(np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32))
    model = LightGBM(NUMBER, {"n_estimators": 3}).fit(X, X.numbers[:, 0].astype(np.float64))
    assert model._matrix is not None and model._matrix.transform(X) is X.numbers


def test_a_leaf_may_be_small_when_rows_are_few() -> None:
    X, score = table(60)
    model = LightGBM(NUMBER, {"n_estimators": 50}).fit(X, score)
    assert model.derived["min_child_samples"] == 3
    assert np.corrcoef(model.predict(X), score)[0, 1] > 0.8


@pytest.mark.parametrize("name", ["lightgbm_learning", "features.numeric", "features.progress"])
def test_examples_are_right(name: str) -> None:
    found = doctest.testmod(import_module(f"trainwright.models.{name}"))
    assert found.attempted > 0 and found.failed == 0
