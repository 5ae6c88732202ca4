"""Low and high in a package: in tables and single rows alike, checked key by key, absent where they were never made."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from package_maker import NUMBER, TWO, make, table

from trainwright.errors import UserError
from trainwright.evaluate.error_size import ErrorSize
from trainwright.packages.limits_posix import available
from trainwright.packages.manifest import NAME, Manifest
from trainwright.packages.number_intervals import (
    CV_PLUS,
    RESIDUALS,
    IntervalState,
    NumberIntervals,
    ReviewWidth,
    rounded_up,
)
from trainwright.packages.predictor import Predictor

FOLDS = IntervalState(
    0.8, CV_PLUS, 0.9, points={0: (0.1, 0.2, 0.5), 1: (0.1, 0.3, 0.7)}, floor=0.0, claim="as promised"
)
AROUND = IntervalState(0.9, RESIDUALS, 0.91, ErrorSize("prediction", (2.0, 4.0), (0.5, 1.5)), half=2.0)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bounds")
    make(folder, NUMBER, interval=FOLDS)
    return folder


def test_low_and_high_stand_beside_each_prediction(made: Path) -> None:
    predictor = Predictor.open(made)
    assert predictor.interval is not None and predictor.interval.claim == "as promised"
    frame = predictor.predict(table())
    assert frame.columns == ["prediction", "low", "high", "width"]
    prediction, low, high = (frame[name].to_numpy() for name in ("prediction", "low", "high"))
    assert (low <= prediction).all() and (prediction <= high).all() and (low >= 0).all()
    np.testing.assert_allclose(frame["width"], high - low)
    np.testing.assert_array_equal(prediction, predictor.predict_raw(table()))


def test_a_single_row_says_the_same(made: Path) -> None:
    predictor = Predictor.open(made)
    frame = predictor.predict(table(), review_width=1.3)
    assert set(frame["decision"]) == {"accept", "review"} or frame["decision"].n_unique() == 1
    for i in (0, 5, 17):
        row = predictor.predict_row(table().row(i, named=True), review_width=1.3)
        for name, value in frame.row(i, named=True).items():
            assert row[name] == (pytest.approx(value) if name != "decision" else value)


def test_bounds_are_cv_plus_of_each_folds_own_models(made: Path) -> None:
    predictor = Predictor.open(made)
    columns = predictor.layout.encode(predictor.conform(table()).frame)
    parts = predictor._model.parts(columns)
    assert parts.shape == (60, 2)
    reach = np.concatenate([parts[:, :1] + [0.1, 0.2, 0.5], parts[:, 1:] + [0.1, 0.3, 0.7]], axis=1)
    expected = np.sort(reach, axis=1)[:, 5]  # 0.9 of six points is the sixth
    np.testing.assert_allclose(
        predictor.predict_spans(table())[:, 2], np.maximum(expected, predictor.predict_raw(table()))
    )


def test_residual_bounds_follow_the_prediction(tmp_path: Path) -> None:
    make(tmp_path, NUMBER, interval=AROUND)
    frame = Predictor.open(tmp_path).predict(table())
    expected = 4.0 * np.interp(frame["prediction"], [2.0, 4.0], [0.5, 1.5])
    np.testing.assert_allclose(frame["width"], expected)


def test_the_spread_of_members_can_set_the_width() -> None:
    size = ErrorSize("spread", (0.0, 1.0), (1.0, 2.0))
    state = IntervalState(0.9, CV_PLUS, 1.0, size, {0: (1.0,), 1: (1.0,)})
    intervals = NumberIntervals(state, ["a", "b", "a", "b"], [0, 0, 1, 1], [0.25] * 4)
    parts = np.array([[4.0, 4.0, 4.0, 4.0], [3.0, 5.0, 3.0, 5.0]])
    low, high = intervals.bounds(parts, np.array([4.0, 4.0]))
    np.testing.assert_allclose(high - low, [2.0, 4.0])


def test_the_same_state_writes_the_same_manifest_and_comes_back(made: Path) -> None:
    data = json.loads((made / NAME).read_bytes())
    assert Manifest.from_json(data).to_bytes() == (made / NAME).read_bytes()
    assert "interval" not in json.loads(make(made.parent / "without", NUMBER).to_bytes())


def test_a_package_without_bounds_predicts_as_before(tmp_path: Path) -> None:
    make(tmp_path, NUMBER)
    predictor = Predictor.open(tmp_path)
    assert predictor.predict(table()).columns == ["prediction"]
    assert list(predictor.predict_row(table().row(0, named=True))) == ["prediction"]
    for call in (
        lambda: predictor.predict(table(), review_width=5),
        lambda: predictor.predict_row(table().row(0, named=True), review_width=5),
        lambda: predictor.predict_spans(table()),
    ):
        with pytest.raises(UserError, match="no low and high"):
            call()


@pytest.mark.skipif(not available(), reason="this system cannot limit a process")
def test_a_package_from_elsewhere_gives_the_same_bounds(made: Path) -> None:
    ours, theirs = Predictor.open(made), Predictor.open(made, trusted=False)
    assert ours.predict(table()).equals(theirs.predict(table()))


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("level", 1.5, "'level'"),
        ("method", "magic", "'method'"),
        ("method", RESIDUALS, "'half'"),
        ("share", -1, "'share'"),
        ("points", {"0": [0.1]}, "'points'"),
        ("points", {"0": [0.3, 0.1], "1": [0.1]}, "'points'"),
        ("points", {"0": [0.1], "1": [-1]}, "'points'"),
        ("points", {"0": [0.1], "1": []}, "'points'"),
        ("points", {"0": [0.1], "7": [0.1]}, "'points'"),
        ("points", {"x": [0.1]}, "'points'"),
        ("size", {"kind": "moon", "at": [], "size": []}, "'kind'"),
        ("size", {"kind": "spread", "at": [1, 0], "size": [1, 1]}, "'at'"),
        ("size", {"kind": "spread", "at": [0, 1], "size": [1, -1]}, "'size'"),
        ("floor", "low", "'floor'"),
        ("review", "wide", "width for review"),
        ("claim", 5, "'claim'"),
    ],
)
def test_a_manifest_with_a_wrong_key_is_refused(made: Path, key: str, value: Any, named: str) -> None:
    data = copy.deepcopy(json.loads((made / NAME).read_bytes()))
    data["interval"][key] = value
    with pytest.raises(UserError, match=named):
        Manifest.from_json(data)


def test_bounds_of_folds_need_fold_models_and_a_number(made: Path) -> None:
    data = json.loads((made / NAME).read_bytes())
    refitted = copy.deepcopy(data)
    refitted["members"][0]["fold"] = None
    with pytest.raises(UserError, match="'method'"):
        Manifest.from_json(refitted)
    classes = json.loads(make(made.parent / "classes", TWO).to_bytes())
    classes["interval"] = data["interval"]
    with pytest.raises(UserError, match="'interval'"):
        Manifest.from_json(classes)


@pytest.mark.parametrize("given", ["", "wide", 0, -3, "0%", "nan", "inf"])
def test_a_width_that_is_none_is_refused(given: Any) -> None:
    with pytest.raises(UserError, match="width for review"):
        ReviewWidth.parse(given)


def test_a_relative_width_is_a_share_of_the_prediction() -> None:
    width = ReviewWidth.parse("20%")
    assert width.exceeded(np.array([10.0, -10.0, 100.0]), np.array([3.0, 3.0, 3.0])).tolist() == [True, True, False]
    assert str(width) == "20%" and ReviewWidth.parse(str(width)) == width


def test_errors_are_rounded_up_never_down() -> None:
    rng = np.random.default_rng(0)
    for value in (*(10.0 ** rng.uniform(-8, 8, 200)), 123456.7, 1e-300, 0.0):
        short = rounded_up(value)
        assert short >= value and short == rounded_up(short)
        assert short <= value * (1 + 2e-5) or value < 1e-200
