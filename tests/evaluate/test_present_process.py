"""Tests of reading and judging the present process: kinds of answers, missing ones, scores, and equal treatment."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.evaluate import present_process
from trainwright.evaluate.present_answers import Decided, read_decisions
from trainwright.evaluate.present_process import Rows, comparable, judge, leaderboard_row
from trainwright.tasks import task_for

TARGET = Target("defect", "classes", ("no", "yes"), positive="yes")
NUMBER = Target("price", "number")


@pytest.mark.parametrize(
    ("values", "kind", "positive"),
    [
        (["yes", "no", ""], "decisions", [1, 0]),
        ([True, False, None], "decisions", [1, 0]),
        (["True", "false", None], "decisions", [1, 0]),
        (["1", "0", "?"], "decisions", [1, 0]),
        (["0.8", "0.1", None], "probabilities", [0.8, 0.1]),
        ([7.0, 3.0, None], "scores", [1, 0]),
    ],
)
def test_answers_are_read_in_many_spellings(values: list[object], kind: str, positive: list[float]) -> None:
    found = read_decisions(pl.Series("today", values), TARGET)
    assert found.kind == kind and found.decided.tolist() == [True, True, False]
    assert found.prediction[:2, 1].tolist() == positive
    assert found.prediction[:2].sum(1).tolist() == [1, 1]


def test_labels_that_are_numbers_are_known_in_any_spelling() -> None:
    target = Target("grade", "classes", ("1", "2", "3"), numeric_labels="int")
    found = read_decisions(pl.Series("today", ["1.0", "3", None]), target)
    assert found.prediction[:2].argmax(1).tolist() == [0, 2]


@pytest.mark.parametrize(
    ("values", "target", "words"),
    [
        (["scrap", "yes", "maybe"], TARGET, ["'scrap', 'maybe'", "2 rows", "'no', 'yes'"]),
        ([None, None], TARGET, ["'today' holds no value", "'defect'"]),
        (["12", "cheap"], NUMBER, ["are no numbers", "'cheap'", "1 row"]),
        (["0.5", "a"], Target("k", "classes", ("a", "b", "c")), ["'0.5'", "'a', 'b', 'c'"]),
    ],
)
def test_answers_that_are_none_are_named(values: list[object], target: Target, words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        read_decisions(pl.Series("today", values), target)
    for word in ["problem.present_process.column", *words]:
        assert word in str(caught.value)


def rows_and_model(n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    y = (rng.random(n) < 0.3).astype(int)
    p = 1 / (1 + np.exp(-(rng.normal(np.where(y == 1, 1.0, -1.0), 1.0))))
    return y, np.column_stack([1 - p, p])


def decide(y: np.ndarray, p: np.ndarray) -> Decided:
    return Decided("decisions", np.eye(2)[(p[:, 1] > 0.5).astype(int)], np.ones(len(y), dtype=bool))


def test_a_process_that_decides_like_the_model_is_not_told_from_it() -> None:
    y, model = rows_and_model()
    document = judge(TARGET, task_for(TARGET).metrics["roc_auc"], decide(y, model), model, Rows(y), name="m")
    assert document["metric"] == "f1"
    assert document["metrics"]["f1"]["value"] == document["model"]["f1"]["value"]
    assert document["comparison"]["difference"] == 0 and document["comparison"]["verdict"] == "not distinguishable"
    assert document["confusion"] == document["model_confusion"]
    assert document["matched"]["found_today"] == document["matched"]["found_by_model"]


def test_only_rows_that_were_decided_count_for_both() -> None:
    y, model = rows_and_model()
    found = decide(y, model)
    decided = np.arange(len(y)) < 100
    found.prediction[~decided] = np.nan
    document = judge(
        TARGET,
        task_for(TARGET).metrics["roc_auc"],
        Decided("decisions", found.prediction, decided),
        model,
        Rows(y),
        name="m",
    )
    assert (document["n_rows"], document["undecided"]) == (100, 300)
    assert sum(map(sum, document["model_confusion"]["matrix"])) == 100


def test_scores_are_judged_by_their_order_only() -> None:
    y, model = rows_and_model()
    task = task_for(TARGET)
    assert {m.kind for m in comparable(task, "scores", task.metrics["log_loss"])} == {"rank"}
    found = read_decisions(pl.Series("today", (100 * model[:, 1] + 7).tolist()), TARGET)
    document = judge(TARGET, task.metrics["log_loss"], found, model, Rows(y), name="m")
    assert document["metric"] == "roc_auc" and "log_loss" not in document["metrics"]
    assert document["metrics"]["roc_auc"]["value"] == pytest.approx(document["model"]["roc_auc"]["value"])


def test_few_decided_rows_are_not_compared() -> None:
    y, model = rows_and_model(8)
    document = judge(TARGET, task_for(TARGET).metrics["roc_auc"], decide(y, model), model, Rows(y), name="m")
    assert document["metrics"] == {} and "fewer than 10" in document["notes"][0]
    assert leaderboard_row(document, "roc_auc")["verdict"] == "not compared"


def test_very_many_rows_are_sampled_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(present_process, "MOST_ROWS", 200)
    y, model = rows_and_model(400)
    document = judge(TARGET, task_for(TARGET).metrics["roc_auc"], decide(y, model), model, Rows(y), name="m")
    assert document["n_rows"] == 200 and "200 rows drawn at random" in document["notes"][0]


def test_numbers_that_are_constant_do_not_break_the_reading() -> None:
    found = read_decisions(pl.Series("today", [5.0, 5.0, 5.0]), TARGET)
    assert found.kind == "scores" and np.isfinite(found.prediction).all()
