"""A package whose members a second level combines: the same as in training, in a child process too, and checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from package_maker import NUMBER, THREE, TWO, make, table

from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.packages import plain_json
from trainwright.packages.manifest import Manifest
from trainwright.packages.predictor import Predictor
from trainwright.packages.second_level import SecondLevel

NAMES = {"linear 0", "decision_tree 1"}


def stacked(folder: Path, target: Target = TWO) -> Predictor:
    """A linear model and a tree under a second level with weights that add up to more than 1."""
    bias = tuple(np.linspace(-0.2, 0.2, target.n_outputs).tolist())
    level = SecondLevel({"linear 0": 0.9, "decision_tree 1": 0.4}, bias, 1e-4)
    make(folder, target, ("linear", "decision_tree"), combine=level)
    return Predictor.open(folder)


@pytest.mark.parametrize("target", [TWO, THREE], ids=["two", "three"])
def test_it_predicts_what_the_second_level_makes_of_its_members(tmp_path: Path, target: Target) -> None:
    predictor, frame = stacked(tmp_path / "p", target), table(40, seed=5)
    columns = predictor.layout.encode(predictor.conform(frame).frame)
    members = [estimator.predict(columns) for _, estimator in predictor._model.members]  # type: ignore[attr-defined]
    level = predictor.manifest.combine
    assert level is not None
    logs = sum(w * np.log(np.clip(p, 1e-4, 1)) for w, p in zip((0.9, 0.4), members)) + np.array(level.bias)
    expected = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    assert np.allclose(predictor.predict_raw(frame), expected)
    average = sum(w * p for w, p in zip((1 / 3, 2 / 3), members))
    assert not np.allclose(predictor.predict_raw(frame), average, atol=1e-3)


def test_a_row_a_table_and_a_child_process_agree(tmp_path: Path) -> None:
    predictor, frame = stacked(tmp_path / "p"), table(5, seed=2)
    whole = predictor.predict(frame)
    for i, row in enumerate(frame.to_dicts()):
        one = predictor.predict_row(row)
        assert one["prediction"] == whole["prediction"][i]
        assert one["probability_>50K"] == pytest.approx(whole["probability_>50K"][i])
    elsewhere = Predictor.open(tmp_path / "p", trusted=False)
    assert np.array_equal(elsewhere.predict_raw(frame), predictor.predict_raw(frame))


def test_reasons_of_a_stacked_linear_model_are_exact(tmp_path: Path) -> None:
    """Log-odds are what the second level adds: the account of the rows differs by what the columns pushed."""
    level = SecondLevel({"linear 0": 0.9, "linear 1": 0.4}, (0.1, -0.1), 1e-9)
    make(tmp_path / "p", TWO, ("linear", "linear"), combine=level)
    predictor = Predictor.open(tmp_path / "p")
    columns = predictor.layout.encode(predictor.conform(table(30, seed=3)).frame)
    pushes = predictor._model.pushes(columns)
    p = predictor._model.predict(columns)[:, 1]
    rest = np.log(p / (1 - p)) - pushes.values.sum(axis=1)
    assert pushes.exact and np.allclose(rest, rest[0])


def test_fold_models_of_one_name_are_averaged_first(tmp_path: Path) -> None:
    """Two fold models under one name count as that one member."""
    make(tmp_path / "p", TWO, ("linear", "linear", "decision_tree"))
    data = json.loads((tmp_path / "p" / "manifest.json").read_text())
    data["members"][1]["name"] = "linear 0"
    data["combine"] = SecondLevel({"linear 0": 1.0, "decision_tree 2": 0.5}, (0.0, 0.0), 1e-4).to_json()
    (tmp_path / "p" / "manifest.json").write_bytes(plain_json.to_bytes(data))
    predictor = Predictor.open(tmp_path / "p")
    columns = predictor.layout.encode(predictor.conform(table(20, seed=4)).frame)
    a, b, c = (estimator.predict(columns) for _, estimator in predictor._model.members)  # type: ignore[attr-defined]
    one = (1 / 3) * a + (2 / 3) * b  # members weigh 1, 2 and 3
    logs = np.log(one) + 0.5 * np.log(np.clip(c, 1e-4, 1))
    assert np.allclose(predictor._model.predict(columns), np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True))


def test_a_package_without_one_keeps_its_bytes_and_has_no_such_key(tmp_path: Path) -> None:
    manifest = make(tmp_path / "p")
    assert manifest.combine is None
    assert "combine" not in json.loads((tmp_path / "p" / "manifest.json").read_text())


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("kind", "voting", "'kind'"),
        ("weights", {"linear 0": 1.0}, "'weights'"),
        ("weights", {"linear 0": 1.0, "decision_tree 1": -0.1}, "'decision_tree 1'"),
        ("weights", {"linear 0": 0.0, "decision_tree 1": 0.0}, "'weights'"),
        ("weights", {"linear 0": 1.0, "somebody else": 1.0}, "'weights'"),
        ("bias", [0.0], "'bias'"),
        ("bias", [0.0, "0"], "'bias'"),
        ("floor", 0, "'floor'"),
        ("floor", 2, "'floor'"),
    ],
)
def test_a_wrong_second_level_is_named(tmp_path: Path, key: str, value: Any, named: str) -> None:
    stacked(tmp_path / "p")
    data = json.loads((tmp_path / "p" / "manifest.json").read_text())
    data["combine"][key] = value
    with pytest.raises(UserError, match=named):
        Manifest.from_json(data)


def test_a_number_keeps_its_weights_beside_the_members(tmp_path: Path) -> None:
    make(tmp_path / "p", NUMBER, ("linear", "linear"))
    data = json.loads((tmp_path / "p" / "manifest.json").read_text())
    data["combine"] = SecondLevel({"linear 0": 1.0, "linear 1": 1.0}, (0.0,), 1e-6).to_json()
    with pytest.raises(UserError, match="'combine'"):
        Manifest.from_json(data)
    assert isinstance(Predictor.open(tmp_path / "p").predict(table(3)), pl.DataFrame)
