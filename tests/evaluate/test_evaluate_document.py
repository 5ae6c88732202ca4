"""The evaluation document: the shape that its readers rely on, and rows only where rows may be shown."""

from __future__ import annotations

import doctest
import importlib
import json
import time
from typing import Any

import numpy as np
import pytest

from trainwright.data.schema import Target
from trainwright.errors import TrainwrightError
from trainwright.evaluate.document import evaluate
from trainwright.tasks import metric_from, task_for

TWO = Target("y", "classes", ("no", "yes"), positive="yes")
FOUR = Target("y", "classes", ("a", "b", "c", "</script><script>alert(1)</script>"))
NUMBER = Target("price", "number")


def _classes(n: int, k: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(k), rng.integers(0, k, n - k)])
    p = rng.dirichlet(np.ones(k), n) + 0.6 * np.eye(k)[y]
    return y, p / p.sum(1, keepdims=True)


@pytest.mark.parametrize("part", ["validation", "test", "file"])
@pytest.mark.parametrize("target", [TWO, FOUR], ids=["two", "four"])
def test_the_shape_of_a_document_of_classes(target: Target, part: str) -> None:
    k = len(target.classes)
    y, p = _classes(500, k)
    fold = np.arange(500) % 5 if part == "validation" else None
    found = evaluate(target, y, p, part=part, rows=np.arange(500) + 7, fold=fold)
    json.dumps(found, allow_nan=False)
    assert (found["part"], found["task"], found["n_rows"], found["level"]) == (part, "classes", 500, 0.95)
    assert found["metric"] == task_for(target).default_name and Target.from_json(found["target"]) == target
    assert set(found["metrics"]) == set(task_for(target).metrics)
    for name, figure in found["metrics"].items():
        assert {"value", "low", "high", "method"} <= set(figure), name
        assert figure["low"] <= figure["value"] <= figure["high"], name
    assert [row["class"] for row in found["per_class"]] == list(target.classes)
    assert sum(row["support"] for row in found["per_class"]) == 500
    for row in found["per_class"]:
        for figure in (row["precision"], row["recall"], row["f1"]):
            assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1
    assert np.sum(found["confusion"]["matrix"]) == 500
    histogram = found["curves"]["confidence"]
    assert sum(histogram["right"]) + sum(histogram["wrong"]) == 500
    assert len(histogram["edges"]) == len(histogram["right"]) + 1
    assert sum(b["n"] for b in found["curves"]["reliability"]) == 500
    rocs = found["curves"]["roc"]
    for roc in [rocs] if isinstance(rocs, dict) else rocs:
        assert len(roc["fpr"]) == len(roc["tpr"]) <= 200
        assert (roc["fpr"][0], roc["tpr"][0], roc["fpr"][-1], roc["tpr"][-1]) == (0, 0, 1, 1)
        assert roc["fpr"] == sorted(roc["fpr"]) and roc["tpr"] == sorted(roc["tpr"])
    if target is TWO:
        assert len(found["curves"]["thresholds"]) == 19


def _numbers_in(value: Any) -> set[float]:
    if isinstance(value, dict):
        return set().union(*[_numbers_in(v) for v in value.values()], set())
    if isinstance(value, list):
        return set().union(*[_numbers_in(v) for v in value], set())
    return {value} if isinstance(value, int | float) else set()


def test_only_validation_shows_rows() -> None:
    y, p = _classes(300, 2)
    rows = np.arange(300) + 1_000_000
    for part in ("test", "file"):
        found = evaluate(TWO, y, p, part=part, rows=rows)
        assert "examples" not in found["confusion"]
        assert not _numbers_in(found) & set(rows.tolist())
    rng = np.random.default_rng(0)
    v = rng.normal(size=300)
    found = evaluate(NUMBER, v, v + rng.normal(size=300), part="test", rows=rows)
    assert set(found["residuals"]) == {"edges", "counts"} and sum(found["residuals"]["counts"]) == 300


def test_examples_lie_in_their_cell_surest_mistakes_first() -> None:
    y, p = _classes(600, 2)
    rows = np.random.default_rng(1).permutation(5000)[:600]
    found = evaluate(TWO, y, p, part="validation", rows=rows, fold=np.arange(600) % 5)
    at = {int(row): i for i, row in enumerate(rows)}
    for cell, listed in found["confusion"]["examples"].items():
        i, j = map(int, cell.split(","))
        assert len(listed) == min(20, found["confusion"]["matrix"][i][j])
        assert all(y[at[row]] == i and p[at[row]].argmax() == j for row in listed)
        confidence = [p[at[row]].max() for row in listed]
        assert confidence == sorted(confidence, reverse=True)


def test_numbers_show_at_most_two_thousand_points() -> None:
    rng = np.random.default_rng(0)
    y = rng.gamma(2, 10, 5000)
    found = evaluate(NUMBER, y, y + rng.normal(size=5000), part="validation", fold=np.arange(5000) % 5)
    json.dumps(found, allow_nan=False)
    residuals = found["residuals"]
    assert len(residuals["predicted"]) == len(residuals["actual"]) == 2000
    assert sum(residuals["counts"]) == 5000 and len(residuals["edges"]) == 41
    assert found["metrics"]["r2"]["low"] > 0.9


def test_unknown_labels_and_missing_predictions_are_left_out_and_said() -> None:
    y, p = _classes(200, 2)
    y[:10], p[10:15] = -1, np.nan
    fold = np.arange(200) % 5
    fold[15:20] = -1
    found = evaluate(TWO, y, p, part="validation", fold=fold, rows=np.arange(200), group=np.arange(200) % 40)
    assert found["n_rows"] == 180 and "20 rows" in found["notes"][0]
    nothing = evaluate(TWO, np.full(5, -1), p[20:25], part="file")
    assert nothing["metrics"] == {} and nothing["n_rows"] == 0


def test_the_threshold_decides_also_row_by_row() -> None:
    y, p = _classes(400, 2)
    task = task_for(TWO)
    low = evaluate(TWO, y, p, part="file", threshold=0.2)
    assert low["threshold"] == 0.2
    assert low["metrics"]["recall"]["value"] == pytest.approx(task.at(0.2).metrics["recall"](y, p))
    assert np.array(low["confusion"]["matrix"])[:, 1].sum() == (p[:, 1] >= 0.2).sum()
    each = np.where(np.arange(400) % 2 == 0, 0.2, 0.8)
    rows = evaluate(TWO, y, p, part="validation", threshold=each, fold=np.arange(400) % 5)
    assert rows["threshold"] is None
    assert rows["metrics"]["f1"]["value"] == pytest.approx(task.at(each).metrics["f1"](y, p))


def test_order_is_averaged_over_folds_and_groups_widen() -> None:
    y, p = _classes(400, 2)
    fold = np.arange(400) % 4
    found = evaluate(TWO, y, p, part="validation", fold=fold)["metrics"]["roc_auc"]
    area = task_for(TWO).metrics["roc_auc"]
    assert found["value"] == pytest.approx(np.mean([area(y[fold == f], p[fold == f]) for f in range(4)]))
    assert "folds" in found["method"]
    twice, group = np.tile(np.arange(400), 4), np.tile(np.arange(400), 4)
    wide = evaluate(TWO, y[twice], p[twice], part="test", group=group)["metrics"]["accuracy"]
    narrow = evaluate(TWO, y[twice], p[twice], part="test")["metrics"]["accuracy"]
    assert "400 groups" in wide["method"]
    assert wide["high"] - wide["low"] > 1.6 * (narrow["high"] - narrow["low"])


def test_weights_count_and_a_users_own_metric_joins() -> None:
    y, p = _classes(200, 2)
    weight = np.where(y == 1, 3.0, 1.0)

    def share_right(y_true: np.ndarray, y_pred: np.ndarray, sample_weight: np.ndarray | None = None) -> float:
        return float(np.average(y_true == y_pred, weights=sample_weight))

    mine = metric_from(share_right, task_for(TWO))
    found = evaluate(TWO, y, p, part="test", weight=weight, extra=[mine])["metrics"]
    assert found["share_right"]["value"] == pytest.approx(found["accuracy"]["value"])
    assert found["accuracy"]["value"] != pytest.approx((p.argmax(1) == y).mean())


@pytest.mark.parametrize("n", [1, 2, 12])
def test_a_handful_of_rows_gives_a_document_with_reasons(n: int) -> None:
    y, p = np.zeros(n, dtype=int), np.tile([0.7, 0.3], (n, 1))
    found = evaluate(TWO, y, p, part="test")
    json.dumps(found, allow_nan=False)
    assert found["metrics"]["roc_auc"]["value"] is None and found["metrics"]["roc_auc"]["reason"]
    number = evaluate(NUMBER, np.zeros(n), np.zeros(n), part="test")
    json.dumps(number, allow_nan=False)


def test_an_unknown_part_or_shape_is_refused() -> None:
    with pytest.raises(TrainwrightError, match="part must be one of"):
        evaluate(TWO, np.zeros(3, dtype=int), np.zeros((3, 2)), part="training")
    with pytest.raises(ValueError, match=r"\(n, 2\)"):
        evaluate(TWO, np.zeros(3, dtype=int), np.zeros((3, 3)), part="test")


def test_thirty_thousand_rows_take_less_than_two_seconds() -> None:
    y, p = _classes(32_000, 2)
    evaluate(TWO, y[:100], p[:100], part="test")  # imports
    started = time.process_time()
    evaluate(TWO, y, p, part="validation", fold=np.arange(32_000) % 5, rows=np.arange(32_000))
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    "module",
    [
        "tasks",
        "tasks.classification",
        "tasks.regression",
        "tasks.task",
        "evaluate.calibration",
        "evaluate.diagnosis",
        "evaluate.document",
        "evaluate.importance",
        "evaluate.intervals",
        "evaluate.scores",
    ],
)
def test_examples_in_the_documentation_run(module: str) -> None:
    found = doctest.testmod(importlib.import_module(f"trainwright.{module}"))
    assert found.attempted > 0 and found.failed == 0
