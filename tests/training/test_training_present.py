"""Tests of the present process in whole trainings: its row, its column hidden from the models, its comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from training_runs import FEATURES, new_workspace, run_here, settings, table

from trainwright.errors import UserError
from trainwright.packages.predictor import Predictor

pytestmark = pytest.mark.usefixtures("sealed_here")
PROCESS = "problem.present_process.column"


def with_today(share_right: float = 0.7, *, n: int = 300, classes: int = 2, missing: int = 0) -> pl.DataFrame:
    """A table in which the column `today` is right for about this share of the rows and empty for the first few."""
    frame = table(n, classes=classes).select(FEATURES)
    rng = np.random.default_rng(1)
    right = rng.random(n) < share_right
    if classes == 0:
        today = frame["y"].to_numpy() + rng.normal(0, 1.5, n)
        values: list[Any] = today.tolist()
    else:
        names = frame["y"].unique().sort().to_list()
        other = {name: names[(i + 1) % len(names)] for i, name in enumerate(names)}
        values = [y if ok else other[y] for y, ok in zip(frame["y"].to_list(), right)]
    values[:missing] = [None] * missing
    return frame.with_columns(pl.Series("today", values))


def row_of(result: dict[str, Any]) -> dict[str, Any]:
    [row] = [row for row in result["leaderboard"] if row["role"] == "present"]
    return row


def test_a_column_of_decisions_stands_in_the_leaderboard_and_is_hidden_from_the_model(tmp_path: Path) -> None:
    wanted = settings(**{PROCESS: "today"})
    _, result = run_here(new_workspace(tmp_path), with_today(missing=20), wanted)
    row, found = row_of(result), result["present_process"]
    assert row["name"] == "present process" and result["selected"] != "present process"
    assert found["kind"] == "decisions" and found["metric"] == "f1"
    assert found["undecided"] > 0
    assert found["n_rows"] + found["undecided"] == result["split"]["sizes"]["development"]
    assert 0.6 < found["metrics"]["accuracy"]["value"] < 0.8
    assert found["metrics"]["accuracy"]["low"] < found["metrics"]["accuracy"]["value"]
    assert "roc_auc" not in found["metrics"] and row["metrics"]["roc_auc"] is None
    assert found["comparison"]["verdict"] == "better" and row["verdict"] == "worse than the model"
    assert "better than the present process by" in result["verdict"]
    assert found["matched"]["found_by_model"] > found["matched"]["found_today"]
    assert found["test"]["n_rows"] > 10 and found["test"]["metrics"]["f1"]["value"] is not None
    predictor = Predictor.open(Path(result["package"]["path"]), expected_sha=result["package"]["sha256"])
    assert "today" not in [column.name for column in predictor.manifest.schema.features]


def test_costs_decide_the_comparison_when_they_are_stated(tmp_path: Path) -> None:
    costs = {"problem.costs.false_positive": 1, "problem.costs.false_negative": 10}
    _, result = run_here(new_workspace(tmp_path), with_today(), settings(**{PROCESS: "today", **costs}))
    found = result["present_process"]
    assert found["metric"] == "cost"
    matrix = np.array(found["confusion"]["matrix"])
    assert found["metrics"]["cost"]["value"] == pytest.approx((matrix[0, 1] * 1 + matrix[1, 0] * 10) / matrix.sum())
    assert found["metrics"]["cost"]["value"] > found["model"]["cost"]["value"]


@pytest.mark.parametrize(("classes", "kind", "metric"), [(3, "decisions", "balanced_accuracy"), (0, "numbers", "rmse")])
def test_more_classes_and_numbers_are_compared_too(tmp_path: Path, classes: int, kind: str, metric: str) -> None:
    _, result = run_here(new_workspace(tmp_path), with_today(classes=classes), settings(**{PROCESS: "today"}))
    found = result["present_process"]
    assert (found["kind"], found["metric"]) == (kind, metric)
    assert found["comparison"]["verdict"] == "better"
    if classes == 0:
        names = [row["name"] for row in result["leaderboard"]]
        assert names.index(result["selected"]) < names.index("present process") < names.index("baseline")


def test_stated_figures_are_shown_as_stated(tmp_path: Path) -> None:
    wanted = settings(**{"problem.present_process.metrics": {"recall": 0.8, "precision": 0.6}})
    _, result = run_here(new_workspace(tmp_path), table().select(FEATURES), wanted)
    row = row_of(result)
    assert row["metrics"]["recall"] == 0.8 and row["verdict"] == "as stated, not measured here"
    assert result["leaderboard"][-1] is row
    assert "present process" not in result["verdict"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({PROCESS: "todya"}, ["todya", "problem.present_process.column", "did you mean 'today'?"]),
        ({PROCESS: "y"}, ["'y' is also the target"]),
        ({PROCESS: "kind"}, ["no class of 'y'", "'u'", "spell decisions like the classes ('no', 'yes')"]),
        ({"problem.present_process.metrics": {"rmse": 1.0}}, ["rmse", "2 classes"]),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_is_written(
    tmp_path: Path, given: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(UserError) as caught:
        run_here(new_workspace(tmp_path), with_today(), settings(**given))
    for word in words:
        assert word in str(caught.value)


def test_without_time_left_the_row_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainwright.training.present.REPORT_SECONDS", 1e9)
    _, result = run_here(new_workspace(tmp_path), with_today(), settings(**{PROCESS: "today"}))
    assert result["present_process"]["kind"] == "skipped"
    assert "the time limit left less" in result["present_process"]["notes"][0]
    assert row_of(result)["verdict"] == "not compared"
    assert "the time limit left less" in Path(result["report"]).read_text(encoding="utf-8")


def test_what_fails_after_the_choice_is_said_and_costs_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("planted")

    monkeypatch.setattr("trainwright.training.present.judge", broken)
    monkeypatch.setattr("trainwright.training.finish.suspected_labels", broken)
    _, result = run_here(new_workspace(tmp_path), with_today(), settings(**{PROCESS: "today"}))
    assert result["version"] == "v1" and result["suspected_labels"] == {"skipped": "it failed: ValueError: planted"}
    assert result["present_process"]["notes"] == ["not compared: it failed: ValueError: planted"]
    assert result["present_process"]["test"]["notes"] == ["not compared: the comparison failed"]
    assert result["test"]
    assert row_of(result)["verdict"] == "not compared"
