"""Noise in labels that training must not see changes nothing but the figures that those labels are for."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from training_runs import FEATURES, new_workspace, rows_of, settings, table

from trainwright.data.columns import Dataset, Layout
from trainwright.data.dataset import build_dataset
from trainwright.data.infer import infer_schema, infer_target
from trainwright.data.parts import LABELS_FILE, part_path
from trainwright.data.split import SplitRule, make_split
from trainwright.jobs.attempt import execute
from trainwright.store.datasets import get_split
from trainwright.store.transaction import read
from trainwright.training.fitting import fit_fold
from trainwright.training.plan import Step
from trainwright.training.prepare import prepare
from trainwright.training.trials import Work

# What a clock measured, and what the sealed test alone may say.
MEASURED = {"fit_s", "predict_ms_per_row", "row_ms", "size_mb"}


def trained(folder: Path, classes: int, noise: int | None) -> tuple[dict[str, Any], list[Any], dict[str, Any]]:
    """A result document, the stored findings and the stored plan; test labels replaced by noise if asked."""
    import time

    workspace = new_workspace(folder)
    run = prepare(workspace, table(classes=classes).select(FEATURES), settings()).run
    if noise is not None:
        with read(workspace) as connection:
            place = part_path(workspace, get_split(connection, run.split_id or 0), "test_labels") / LABELS_FILE
        labels = pl.read_parquet(place)
        order = np.random.default_rng(noise).permutation(labels.height)
        labels[order].write_parquet(place)
    result = execute(workspace, run.id, 1, time.time())
    findings = rows_of(workspace, "select code, severity, message, evidence from finding order by id")
    [(plan,)] = rows_of(workspace, "select plan from run")
    return result, findings, plan


@pytest.mark.usefixtures("sealed_here")
@pytest.mark.parametrize("classes", [2, 3, 0])
def test_noise_in_the_sealed_labels_changes_the_test_figures_alone(tmp_path: Path, classes: int) -> None:
    honest, findings, plan = trained(tmp_path / "honest", classes, None)
    poisoned, same_findings, same_plan = trained(tmp_path / "poisoned", classes, 1)
    assert (findings, plan) == (same_findings, same_plan)
    for key in ("package", "validation", "selected", "weights", "threshold", "calibration", "diagnosis", "gap"):
        mine, other = honest[key], poisoned[key]
        if key == "package":
            mine, other = mine["sha256"], other["sha256"]
        assert mine == other, key
    assert board(honest) == board(poisoned)
    assert honest["comparison"] == poisoned["comparison"]
    assert honest["importance"]["features"] == poisoned["importance"]["features"]
    assert honest["test"] != poisoned["test"]
    assert worse(poisoned, honest)


def board(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The leaderboard without what a clock measured."""
    return [{key: value for key, value in row.items() if key not in MEASURED} for row in result["leaderboard"]]


def worse(poisoned: dict[str, Any], honest: dict[str, Any]) -> bool:
    """Whether the test figure fell, as it must when its labels are noise."""
    metric = honest["metric"]
    fell = honest["test"][metric]["value"] - poisoned["test"][metric]["value"]
    return bool(fell > 0) == (metric == "roc_auc")


def work(noise: int | None = None, *, n: int = 180, fold: int = 1) -> Work:
    """Three folds of a small table; the held-out labels of one replaced by noise if asked."""
    inferred = infer_schema(table(n).select(FEATURES), target="y")
    frame, target, _ = infer_target(inferred.frame, "y")
    layout = Layout.learn(frame, inferred.schema)
    data = build_dataset(frame, inferred.schema, target, layout)
    split = make_split(SplitRule(test_size=0.0, folds=3), n, task="classes", y=data.y, classes=target.classes)
    if noise is not None:
        y = data.y.copy()
        held_out = split.folds[fold].validation
        y[held_out] = np.random.default_rng(noise).permutation(1 - y[held_out])
        data = Dataset(data.columns, y, data.rows, data.weight, data.group, data.time, data.cluster)
    return Work(data, target, split.folds, seed=3, threads=1, jobs=1)


STEPS = (
    Step("linear", "linear"),
    Step("tree", "decision_tree"),
    Step("forest", "forest", {"n_estimators": 5}),
    Step("lightgbm", "lightgbm", {"features": "plain", "n_estimators": 20}, inner=0.2),
    Step("engineered", "lightgbm", {"features": "engineered", "n_estimators": 20}, inner=0.2),
    Step("catboost", "catboost", {"iterations": 10}),
)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_noise_in_a_folds_held_out_labels_leaves_its_model_alone(tmp_path: Path, step: Step) -> None:
    honest, poisoned = work(), work(noise=5)
    assert (honest.dataset.y != poisoned.dataset.y).any()
    saved = []
    for name, given in (("honest", honest), ("poisoned", poisoned)):
        fit = fit_fold(step, 1, given, lambda event: None)
        folder = tmp_path / name
        folder.mkdir()
        fit.estimator.save(folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        bytes_of = {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
        saved.append((bytes_of, fit.prediction.tobytes(), fit.training_prediction.tobytes(), fit.estimator.iterations))
    assert saved[0][0] and saved[0] == saved[1]


def test_another_folds_model_does_see_those_labels(tmp_path: Path) -> None:
    """The opposite, so that the test above cannot pass by comparing nothing."""
    step = STEPS[0]
    honest, poisoned = (fit_fold(step, 0, given, lambda event: None) for given in (work(), work(noise=5)))
    assert not np.array_equal(honest.prediction, poisoned.prediction)
