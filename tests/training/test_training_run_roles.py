"""A run from a table to a version, for every kind of target and every role a column may have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from training_runs import FEATURES, new_workspace, rows_of, run_here, settings, table

from trainwright.data.parts import read_development
from trainwright.data.split import DEVELOPMENT, TEST
from trainwright.packages.predictor import Predictor
from trainwright.store.datasets import get_split
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace

pytestmark = pytest.mark.usefixtures("sealed_here")


def finished(result: dict[str, Any], version: str | None = "v1") -> None:
    """What every completed run has, whatever its roles."""
    assert result["version"] == version
    names = [row["name"] for row in result["leaderboard"]]
    assert {"baseline", "linear", "forest"} <= set(names)
    assert result["selected"] in names
    assert result["validation"][result["metric"]]["value"] is not None
    assert Path(result["report"]).read_text(encoding="utf-8").startswith("<!doctype html>")
    predictor = Predictor.open(Path(result["package"]["path"]), expected_sha=result["package"]["sha256"])
    assert predictor.manifest.task == result["task"]


@pytest.mark.parametrize(
    ("classes", "task", "metric"),
    [(2, "classes", "roc_auc"), (3, "classes", "log_loss"), (0, "number", "rmse")],
)
def test_every_kind_of_target_becomes_a_version(tmp_path: Path, classes: int, task: str, metric: str) -> None:
    workspace = new_workspace(tmp_path)
    frame = table(classes=classes).select(FEATURES)
    prepared, result = run_here(workspace, frame, settings())
    finished(result)
    assert (result["task"], result["metric"]) == (task, metric)
    assert result["comparison"]["beats_baselines"] or result["selected"] != "baseline"
    sizes = result["n_rows"]
    assert sizes["test"] == int((prepared.split.part == TEST).sum()) == 36
    assert result["test"][metric]["value"] is not None
    assert result["ledger"] == {"k": 1, "level": 0.95, "unknown_labels": 0}
    states = [row[0] for row in rows_of(workspace, "select state from event where kind = 'state' order by seq")]
    assert states == ["queued", "initializing", "training", "evaluating", "completed"]


def parts(workspace: Workspace, prepared: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Development and test rows as the split has them."""
    frame = prepared.table.frame
    part = prepared.split.part
    return frame.filter(pl.Series(part == DEVELOPMENT)), frame.filter(pl.Series(part == TEST))


def test_groups_are_never_on_two_sides(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    frame = table(400).select([*FEATURES, "site"])
    prepared, result = run_here(workspace, frame, settings(data__group="site"))
    finished(result)
    development, test = parts(workspace, prepared)
    assert not set(development["site"]) & set(test["site"])
    site = development["site"].to_numpy()
    for fold in prepared.split.folds:
        assert not set(site[fold.train]) & set(site[fold.validation])
    assert "groups" in result["test"]["log_loss"]["method"]


def test_test_rows_are_later_than_every_development_row(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    prepared, result = run_here(workspace, table().select([*FEATURES, "day"]), settings(data__time="day"))
    finished(result)
    development, test = parts(workspace, prepared)
    assert development["day"].max() < test["day"].min()
    day = development["day"].to_numpy()
    for fold in prepared.split.folds:
        assert day[fold.train].max() < day[fold.validation].min()
    assert "blocks" in result["test"]["log_loss"]["method"]


def test_the_order_of_the_rows_may_be_the_time(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    prepared, result = run_here(workspace, table().select(FEATURES), settings(data__time="row-order"))
    finished(result)
    assert prepared.split.part.tolist() == [DEVELOPMENT] * 204 + [TEST] * 36
    assert "blocks" in result["test"]["log_loss"]["method"]


def test_group_and_time_together_leave_out_what_is_neither(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    frame = table(600).select([*FEATURES, "site", "day"])
    prepared, result = run_here(workspace, frame, settings(data__group="site", data__time="day"))
    finished(result)
    development, test = parts(workspace, prepared)
    assert not set(development["site"]) & set(test["site"])
    assert development["day"].max() < test["day"].min()
    left = result["split"]["sizes"]["left_out"]
    assert left == 600 - development.height - test.height > 0
    assert sum(result["split"]["left_out"].values()) == left


def test_clusters_leave_the_split_alone_and_widen_the_intervals(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    frame = table().select([*FEATURES, "day", "lot"])
    prepared, result = run_here(workspace, frame, settings(data__time="day", data__cluster="lot"))
    finished(result)
    plain = new_workspace(tmp_path / "plain")
    other, _ = run_here(plain, frame, settings(data__time="day", data__ignore=("lot",)))
    assert np.array_equal(prepared.split.part, other.split.part)
    assert "12 clusters" in result["validation"]["log_loss"]["method"]


def test_weights_count_in_training_validation_and_test(tmp_path: Path) -> None:
    frame = table().select([*FEATURES, "importance"])
    weighted = settings(data__weight="importance")
    _, first = run_here(new_workspace(tmp_path), frame, weighted)
    finished(first)
    doubled = frame.with_columns(pl.col("importance") * 2)
    _, second = run_here(new_workspace(tmp_path / "doubled"), doubled, weighted)
    _, ignored = run_here(new_workspace(tmp_path / "ignored"), frame, settings(data__ignore=("importance",)))
    for part in ("validation", "test"):
        accuracy = [run[part]["balanced_accuracy"]["value"] for run in (first, second, ignored)]
        assert accuracy[0] == pytest.approx(accuracy[1], abs=0.05)
        assert first[part]["log_loss"]["value"] != ignored[part]["log_loss"]["value"]


def test_a_split_column_is_obeyed(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    given = np.array(["train", "validation", "test"])[np.arange(240) % 8 // 6 + (np.arange(240) % 8 == 7)]
    frame = table().select(FEATURES).with_columns(pl.Series("part", given))
    wanted = settings(data__split_column="part", data__folds=None, data__repeats=None)
    prepared, result = run_here(workspace, frame, wanted)
    finished(result)
    assert result["n_rows"] == {"train": 180, "validation": 30, "test": 30}
    assert np.array_equal(prepared.split.part == TEST, given == "test")


def test_a_test_file_is_the_sealed_test_and_nothing_is_held_back(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    frame = table(300).select(FEATURES)
    frame[200:].write_csv(tmp_path / "test.csv")
    prepared, result = run_here(workspace, frame[:200], settings(data__test_file=str(tmp_path / "test.csv")))
    finished(result)
    assert (prepared.split.part == DEVELOPMENT).all()
    assert result["n_rows"]["test"] == 100 and result["split"]["sizes"]["test"] == 100
    assert result["ledger"]["k"] == 1
    document = rows_of(workspace, "select document from evaluation where part = 'test'")
    assert '"n_rows": 100' in str(document[0][0]).replace("'", '"')


def test_without_a_test_part_there_are_cross_validated_figures_only(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    _, result = run_here(workspace, table().select(FEATURES), settings(data__test_size=0))
    finished(result)
    assert result["test"] is None and result["ledger"] is None
    assert result["n_rows"]["test"] == 0
    assert rows_of(workspace, "select * from test_opening") == []
    assert "test" not in result["verdict"]


def test_one_fixed_validation_part(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    wanted = settings(data__validation_split=0.2, data__folds=None, data__repeats=None)
    _, result = run_here(workspace, table().select(FEATURES), wanted)
    finished(result)
    assert result["n_rows"] == {"train": 156, "validation": 48, "test": 36}
    assert len(rows_of(workspace, "select * from trial where name = 'linear'")) == 1


def test_repeated_folds_are_all_fitted(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    _, result = run_here(workspace, table().select(FEATURES), settings(data__folds=2, data__repeats=2))
    finished(result)
    assert len(rows_of(workspace, "select * from trial where name = 'linear'")) == 4
    assert len(result["leaderboard"][0]["fold_scores"]) == 4


def test_a_rehearsal_makes_no_version_and_leaves_the_test_sealed(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    frame = table(400).select(FEATURES)
    _, result = run_here(workspace, frame, settings(training__sample=0.5))
    finished(result, version=None)
    assert result["rehearsal"] is True and result["test"] is None and result["ledger"] is None
    for emptied in ("version", "test_opening", "sealed_key"):
        assert rows_of(workspace, f"select * from {emptied}") == []
    _, full = run_here(workspace, frame, settings())
    assert full["version"] == "v1" and full["ledger"]["k"] == 1


def test_development_rows_alone_are_read_for_training(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    prepared, _ = run_here(workspace, table().select(FEATURES), settings())
    with read(workspace) as connection:
        row = get_split(connection, prepared.run.split_id or 0)
    frame, split, numbers = read_development(workspace, row)
    assert frame.equals(prepared.table.frame.filter(pl.Series(prepared.split.part == DEVELOPMENT)))
    assert numbers.tolist() == np.flatnonzero(split.part == DEVELOPMENT).tolist()
