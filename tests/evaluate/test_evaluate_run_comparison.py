"""Runs compared on the rows that both held out, what differs between them, and repetitions figure by figure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.evaluate.comparison_page import render_comparison
from trainwright.evaluate.figures_tries import curves_overlaid, gains
from trainwright.evaluate.paired_runs import HeldOut, Truth, compare_runs
from trainwright.evaluate.reproduction import environment_differences, figure_rows, manifest_differences
from trainwright.evaluate.run_comparison import comparison_document
from trainwright.evaluate.run_differences import plan_differences, setting_differences

TWO = Target("y", "classes", ("no", "yes"), positive="yes")


def held(p: np.ndarray, *, cut: float = 0.5, rows: np.ndarray | None = None) -> HeldOut:
    n = len(p)
    return HeldOut(
        np.arange(n) if rows is None else rows, np.arange(n) % 3, np.column_stack([1 - p, p]), np.full(n, cut)
    )


def world(n: int = 900) -> tuple[Truth, np.ndarray]:
    rng = np.random.default_rng(0)
    y = (rng.random(n) < 0.3).astype(np.int64)
    return Truth(TWO, np.arange(n), y), 1 / (1 + np.exp(-rng.normal(np.where(y, 1.0, -1.0), 1.5)))


def test_a_real_gain_is_found_and_noise_is_not() -> None:
    truth, p = world()
    rng = np.random.default_rng(1)
    noisy = np.clip(p + rng.normal(0, 0.35, len(p)), 0.001, 0.999)
    found = compare_runs(held(p), held(noisy), truth, "roc_auc", names=("new", "old"))
    assert found.verdict == "better" and 0 < found.low < found.difference < found.high
    wobbled = np.clip(p + rng.normal(0, 0.02, len(p)), 0.001, 0.999)
    same = compare_runs(held(wobbled), held(p), truth, "roc_auc", names=("new", "old"))
    assert same.verdict == "not distinguishable" and same.low < 0 < same.high


def test_each_run_decides_at_its_own_threshold() -> None:
    """Probabilities that are halved, with a threshold that is halved too, decide the same."""
    truth, p = world()
    found = compare_runs(held(p / 2, cut=0.25), held(p), truth, "accuracy", names=("new", "old"))
    assert found.difference == 0 and found.low == 0 == found.high
    shifted = compare_runs(held(p / 2), held(p), truth, "recall", names=("new", "old"))
    assert shifted.difference < 0


def test_only_common_rows_are_compared() -> None:
    truth, p = world()
    some = np.arange(300, 900)
    found = compare_runs(held(p[some], rows=some), held(p), truth, "log_loss", names=("new", "old"))
    assert found.n_rows == 600 and found.difference == pytest.approx(0)
    with pytest.raises(UserError, match="no row in common"):
        compare_runs(held(p[:10], rows=np.arange(10)), held(p[10:20], rows=np.arange(10, 20)), truth, "log_loss",
                     names=("new", "old"))  # fmt: skip


def test_settings_that_say_nothing_of_a_model_do_not_differ() -> None:
    first = {"training": {"comments": "a", "families": None}, "data": {"train_file": "a.csv"}}
    second = {"training": {"comments": "b", "families": ["linear"]}, "data": {"train_file": "b.csv"}}
    rows = setting_differences([first, second], [{}, {"training.families": "line 4"}])
    assert [(row["key"], row["values"], row["origins"]) for row in rows] == [
        ("training.families", [None, ["linear"]], ["default", "line 4"])
    ]


def test_what_the_clock_decided_is_told_and_what_was_meant_is_not() -> None:
    def plan(**given: Any) -> dict[str, Any]:
        steps = [{"name": "catboost", "family": "catboost", "settings": given}, {"name": "linear", "family": "linear"}]
        return {"steps": steps, "completed": ["catboost", "linear"], "threads": 1}

    change = [{"key": "training.family_settings.catboost.depth"}]
    assert plan_differences(plan(depth=6), plan(depth=4), change) == []
    told = plan_differences(plan(depth=6, iterations=240), {**plan(depth=4, iterations=200), "threads": 2}, change)
    assert told == ["catboost was fitted with iterations 200 instead of 240", "threads of one fit: 2 instead of 1"]
    fewer = {**plan(), "completed": ["linear"]}
    assert plan_differences(plan(), fewer) == ["catboost is no candidate any more"]


def test_the_last_digit_counts() -> None:
    def run(value: float) -> dict[str, Any]:
        return {"result": {"selected": "linear", "validation": {"roc_auc": {"value": value}}}, "record": {}}

    rows = {row["figure"]: row["same"] for row in figure_rows(run(0.9), run(np.nextafter(0.9, 1)))}
    assert rows["chosen"] and not rows["roc_auc"]
    assert all(row["same"] for row in figure_rows(run(float("nan")), run(float("nan"))))


def test_environments_and_manifests_are_compared_by_name() -> None:
    then = {"packages": {"numpy": "2.3.4"}, "cores": 4, "threads": 2}
    now = {"packages": {"numpy": "2.3.5", "xgboost-cpu": "3.2"}, "cores": 2, "threads": 2}
    assert [one["what"] for one in environment_differences(then, now)] == ["numpy", "xgboost-cpu", "cores"]
    first = {"seed": 0, "files": {"a": {"sha256": "1"}, "b": {"sha256": "2"}}}
    again = {"seed": 0, "files": {"a": {"sha256": "1"}, "b": {"sha256": "3"}}}
    assert manifest_differences(first, again) == ["1 of 2 files differ: b"]


def test_figures_are_drawn_only_where_there_is_something_to_see() -> None:
    curve = {"run": "v1", "name": "catboost", "unit": "round", "loss": "Log-loss", "steps": [1, 2],
             "training": [0.6, 0.5], "validation": [0.6, 0.55]}  # fmt: skip
    assert curves_overlaid([curve]) is None
    drawn = curves_overlaid([curve, {**curve, "run": "v2"}])
    assert drawn is not None and len(drawn["data"]) == 4
    assert curves_overlaid([curve, {**curve, "loss": "RMSE"}]) is None
    found = {"metric": "roc_auc", "difference": 0.01, "low": 0.002, "high": 0.018, "level": 0.95, "n_rows": 800}
    entry = {"metric": "roc_auc", "comparison": found, "kept": True, "changes": [{"key": "a.b", "new": 1}]}
    assert gains([entry]) is None
    two = gains([entry, {**entry, "kept": False}])
    assert two is not None and "kept" in two["layout"]["meta"]["alt"]


def a_run(number: int, threshold: float | None) -> dict[str, Any]:
    row = {"class": "yes", "support": 40, "recall": {"value": 0.8, "low": 0.7, "high": 0.9}}
    result = {"metric": "roc_auc", "threshold": None if threshold is None else {"value": threshold}, "seed": 0}
    kept = {"settings": {}, "origins": {}, "plan": {}, "record": {}, "comments": None, "curve": None}
    kept |= {"data": "d1", "data_sha": "a", "split_sha": "b", "validation": {"n_rows": 100, "per_class": [row]}}
    return {"name": f"parts@v{number}", "run": number, "result": result, **kept}


@pytest.mark.parametrize(("threshold", "said"), [(0.31, True), (0.5, False), (None, False)])
def test_a_recall_says_how_its_rows_were_decided(threshold: float | None, said: bool) -> None:
    document = comparison_document([a_run(1, 0.5), a_run(2, threshold)], [None])
    words = "ach row is decided by a threshold that the other folds chose"
    assert (document["decided"] is not None) is said
    assert (words in str(document["decided"])) is said and (words in render_comparison(document)) is said
