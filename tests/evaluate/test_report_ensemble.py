"""The report on ensembles and on columns left out: plain words, both sides of the cost, nothing made up."""

from __future__ import annotations

from typing import Any

import pytest

from trainwright.evaluate.ensemble_words import cost_words, sentence, told
from trainwright.evaluate.sections import ensemble, weak_columns


def document(kind: str = "stacking", verdict: str = "better", difference: float = 0.004) -> dict[str, Any]:
    """A result with an ensemble over two models in three folds."""
    gain = {"difference": difference, "low": difference - 0.003, "high": difference + 0.003, "verdict": verdict}
    cost = {
        "fit_s": {"single": 2.0, "ensemble": 7.0},
        "row_ms": {"single": 0.1, "ensemble": 0.3},
        "size_mb": {"single": 1.0, "ensemble": 1.0},
        "models": {"single": 1, "ensemble": 2},
        "explainability": {"single": "medium", "ensemble": "low"},
    }
    members = [
        {"name": name, "family": name, "weight": 0.5, "models": 1, "value": 0.9} for name in ("catboost", "linear")
    ]
    found: dict[str, Any] = {
        "kind": kind, "name": kind, "single": "catboost", "metric": "roc_auc", "selected": verdict == "better",
        "members": members, "gain": {**gain, "level": 0.95, "method": "paired t over rows"}, "cost": cost,
    }  # fmt: skip
    found["sentence"] = sentence(found)
    board = [
        {"name": "catboost", "fold_scores": [0.90, 0.91, 0.92]},
        {"name": kind, "fold_scores": [0.91, 0.905, 0.93]},
    ]
    return {"metric": "roc_auc", "ensemble": found, "leaderboard": board}


@pytest.mark.parametrize(
    ("verdict", "difference", "words"),
    [
        ("better", 0.004, "is better than catboost alone: ROC-AUC 0.004 better"),
        ("not distinguishable", -0.001, "cannot be told apart from catboost alone: ROC-AUC 0.001 worse"),
        ("too few rows", 0.0, "has too few rows to be compared with catboost alone"),
    ],
)
def test_the_sentence_says_gain_interval_and_cost(verdict: str, difference: float, words: str) -> None:
    said = str(document(verdict=verdict, difference=difference)["ensemble"]["sentence"])
    assert words in said
    assert "3.5 times the training time, 3 times as long for a row and the same size" in said


def test_a_model_that_was_kept_is_said_to_be_kept() -> None:
    assert str(told(document(verdict="not distinguishable")["ensemble"])).endswith("; the single model is kept.")
    assert "kept" not in str(told(document()["ensemble"]))


def test_a_cost_that_was_not_measured_is_not_made_up() -> None:
    assert cost_words({"fit_s": {"single": float("nan"), "ensemble": 1.0}}) == "its cost was not measured"
    assert cost_words({"fit_s": {"single": 0.0, "ensemble": 1.0}}) == "its cost was not measured"


def test_the_section_shows_both_sides_and_the_gain_in_every_fold() -> None:
    result = document()
    view = ensemble.view(result, {})
    assert [row["what"] for row in view["costs"]][:2] == ["Models", "Training, all folds"]
    assert [row["name"] for row in view["members"]] == ["catboost", "linear"]
    figure = ensemble.figures(result, {})["ensemble_folds"]
    assert figure is not None and "in 2 of 3 folds" in str(figure)


def test_a_metric_that_is_better_when_less_is_drawn_the_right_way_round() -> None:
    result = document()
    result["ensemble"]["metric"] = "log_loss"
    assert "in 1 of 3 folds" in str(ensemble.figures(result, {})["ensemble_folds"])


@pytest.mark.parametrize(
    "found", [None, {"kind": "none", "skipped": "not asked for"}, {"kind": "greedy", "skipped": "only one model"}]
)
def test_without_an_ensemble_there_is_no_figure_and_no_claim(found: Any) -> None:
    result = {"metric": "roc_auc", "ensemble": found, "leaderboard": []}
    assert ensemble.figures(result, {})["ensemble_folds"] is None
    view = ensemble.view(result, {})
    assert (
        view == {}
        if found is None or found["kind"] == "none"
        else view == {"skipped": "No weighted average: only one model."}
    )


def test_columns_are_counted_by_the_folds_that_kept_them() -> None:
    rows = [
        {"name": "age", "kept": 3, "of": 3},
        {"name": "shoe", "kept": 1, "of": 3},
        {"name": "dice", "kept": 0, "of": 3},
    ]
    found = {"columns": rows, "always": ["age"], "never": ["dice"], "per_fold": [2, 1, 1], "method": "how"}
    view = weak_columns.view({"selection": found}, {})
    assert view["said"] == "Of 3 columns 1 was kept in every fold and 1 in none; each fold sees 1 to 2."
    assert [row["kept"] for row in view["first"]] == ["3 of 3", "1 of 3", "0 of 3"]
    assert weak_columns.view({"selection": None}, {}) == {}
