"""The report says whether twice the time or a larger model would pay, by what the run measured, or that it cannot."""

from __future__ import annotations

from typing import Any

import pytest
from report_documents import two_classes

from trainwright.evaluate.report import render_report
from trainwright.evaluate.worth import larger_model, twice_the_time, worth

STEPS = [-0.002, 0.001, 0.0, 0.002, -0.001]


def run_of(*candidates: tuple[str, float, float], **more: Any) -> dict[str, Any]:
    """A result document with candidates (name, seconds, mean score), in the order in which they were fitted."""
    return {
        "metric": "roc_auc",
        "leaderboard": [
            {"name": name, "family": name, "fit_s": seconds, "fold_scores": [score + step for step in STEPS]}
            for name, seconds, score in candidates
        ],
        "plan": {"trials": [{"name": name, "state": "finished"} for name, _, _ in candidates]},
        "budget": {"shortened": []},
        **more,
    }


def test_time_that_bought_nothing_later_would_hardly_buy_more() -> None:
    found = twice_the_time(run_of(("linear", 1, 0.9), ("catboost", 10, 0.93), ("lightgbm", 12, 0.92)))
    assert found["answer"] == "hardly" and found["gain"]["value"] == 0
    assert "(12 s) brought nothing better than catboost" in found["text"]


def test_time_that_still_bought_something_and_ended_too_early_would_pay() -> None:
    trials = [{"name": name, "state": "finished"} for name in ("linear", "catboost")]
    trials.append({"name": "net", "state": "optional: no time was left for it"})
    run = run_of(("linear", 5, 0.9), ("catboost", 10, 0.95), plan={"trials": trials})
    found = twice_the_time(run)
    assert found["answer"] == "yes" and found["gain"]["low"] > 0
    assert "net: optional: no time was left for it" in found["evidence"]
    assert "from linear to catboost, a gain of 0.05" in found["text"]


def test_an_ensemble_belongs_to_the_end() -> None:
    run = run_of(("linear", 1, 0.9), ("catboost", 10, 0.93), ("lightgbm", 12, 0.92))
    run["leaderboard"].append(
        {"name": "ensemble", "family": "ensemble", "fit_s": 23, "fold_scores": [0.95 + s for s in STEPS]}
    )
    assert "from catboost to ensemble" in twice_the_time(run)["text"]


def test_less_is_better_where_it_is() -> None:
    run = {**run_of(("linear", 5, 0.5), ("catboost", 10, 0.4)), "metric": "log_loss"}
    assert twice_the_time(run)["gain"]["value"] == pytest.approx(0.1)


def test_what_was_cut_short_leaves_the_answer_open_and_rounds_that_still_gain_answer_it() -> None:
    run = run_of(("linear", 1, 0.9), ("catboost", 10, 0.93), ("lightgbm", 12, 0.92))
    cut = {**run, "budget": {"shortened": ["net: 3 of 5 folds were done when the time was up"]}}
    assert twice_the_time(cut)["answer"] == "unknown"
    assert "3 of 5 folds" in twice_the_time(cut)["text"]
    assert twice_the_time({**run, "convergence": {"code": "still_improving"}})["answer"] == "yes"
    assert "had settled" in twice_the_time({**run, "convergence": {"code": "converged"}})["text"]
    other = {**run, "budget": {"shortened": ["importance was not measured for 3 columns"]}}
    assert twice_the_time(other)["answer"] == "hardly"


def test_a_run_without_evidence_says_so() -> None:
    assert "skipped" in twice_the_time({}) and "skipped" in twice_the_time(run_of(("linear", 1, 0.9)))
    assert "skipped" in larger_model({}) and larger_model({"rare_class": {"skipped": "why"}}) == {"skipped": "why"}


@pytest.mark.parametrize(
    ("low", "high", "answer"), [(0.05, 0.2, "yes"), (-0.2, -0.05, "no"), (-0.1, 0.2, "hardly"), (None, None, "unknown")]
)
def test_the_larger_model_is_judged_on_the_rows_of_the_rare_class(low: Any, high: Any, answer: str) -> None:
    found = larger_model({"rare_class": rare(low, high)})
    assert found["answer"] == answer
    assert "of the 339 rows of class Failure, catboost finds 71 of 100 and linear 60" in found["text"].replace(
        "Of the", "of the"
    )


def rare(low: float | None, high: float | None) -> dict[str, Any]:
    return {
        "class": "Failure",
        "n_rows": 339,
        "smaller": {"name": "linear", "found": 0.6},
        "larger": {"name": "catboost", "found": 0.71},
        "difference": {"value": 0.11, "low": low, "high": high},
    }


def test_the_report_shows_both_answers() -> None:
    result, evaluations = two_classes()
    result |= run_of(("linear", 1, 0.9), ("catboost", 10, 0.93), ("lightgbm", 12, 0.92)) | {
        "rare_class": rare(0.05, 0.2)
    }
    page = render_report({**result, "worth": worth(result)}, evaluations)
    assert "More time: Twice the time would hardly pay" in page
    assert "A larger model, for the rare class: The larger model helps the rare class" in page
    page = render_report({**result, "worth": worth({})}, evaluations)
    assert "More time: Not measured: fewer than two candidates" in page
