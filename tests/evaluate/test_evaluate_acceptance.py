"""Rules for keeping a model, and what to try next."""

from __future__ import annotations

from typing import Any

import pytest

from trainwright.errors import UserError
from trainwright.evaluate.acceptance import check_rule, judge_rule, parse_rule
from trainwright.evaluate.next_try import next_tries

DOCUMENT: dict[str, Any] = {
    "metrics": {
        "recall": {"value": 0.93, "low": 0.88, "high": 0.96},
        "log_loss": {"value": 0.31, "low": 0.28, "high": 0.34},
    },
    "per_class": [
        {"class": "black and white", "support": 40, "recall": {"value": 0.4, "low": 0.25, "high": 0.56}},
        {"class": "grey", "support": 400, "recall": {"value": 0.95, "low": 0.92, "high": 0.97}},
    ],
}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("recall>=0.88", True),
        ("recall >= 89%", False),
        ("log_loss<=0.34 and recall>=0.5", True),
        ("log_loss<=0.33", False),
        ("recall[black and white]>=0.2 and recall[grey]>0.9", True),
        ("recall[black and white]>=0.3", False),
    ],
)
def test_a_rule_is_held_by_the_end_that_speaks_against_it(text: str, kept: bool) -> None:
    rule = parse_rule(text)
    check_rule(rule, DOCUMENT)
    assert all(one["kept"] for one in judge_rule(rule, DOCUMENT)) is kept


@pytest.mark.parametrize("text", ["", "recall", "recall=0.9", "recall>=high", "recall>=0.9 or f1>=0.8", ">=0.9"])
def test_what_cannot_be_read_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UserError, match="cannot be read") as refused:
        parse_rule(text)
    assert "recall>=0.9" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [("recall>=1.9", "recall is never above 1"), ("recall[grey]>=2", "above 1"), ("log_loss<=-1", "below 0")],
)
def test_a_limit_that_nothing_can_reach_is_refused_before_a_training(text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        check_rule(parse_rule(text), DOCUMENT)


def test_a_figure_without_an_interval_keeps_nothing() -> None:
    document = {"metrics": {"recall": {"value": 1.0, "low": None, "high": None}}}
    [one] = judge_rule(parse_rule("recall>=0.5"), document)
    assert not one["kept"] and "no interval" in one["text"]


def result(**more: Any) -> dict[str, Any]:
    return {"project": "parts", "version": "v1", "run": 7, "settings": {"training": {}}, **more}


def test_the_weakest_class_comes_before_weaker_evidence_and_is_not_proposed_twice() -> None:
    remedies = [
        {"key": "training.family_settings.catboost.depth", "old": 6, "new": 4, "text": "make catboost simpler",
         "because": "31 % is lost"},
        {"key": "data.folds", "old": 1, "new": 5, "text": "judge by cross-validation", "because": "one part"},
    ]  # fmt: skip
    diagnosis = {"code": "overfitting", "title": "it learns by heart", "remedies": remedies}
    found = next_tries(result(diagnosis=diagnosis, gap={"share": 0.31}), per_class=DOCUMENT["per_class"])
    assert [one["key"] for one in found] == ["training.class_weight", "training.family_settings.catboost.depth"]
    assert found[0]["weak_point"] == "the class black and white" and "40" in found[0]["because"]
    assert found[1]["command"] == "trainwright try parts@v1 --set training.family_settings.catboost.depth=4"
    log = [{"base": {"run": 7}, "changes": [{"key": "training.class_weight", "new": "balanced"}]}]
    after = next_tries(result(diagnosis=diagnosis, gap={"share": 0.31}), log, DOCUMENT["per_class"])
    assert after[0]["key"] == "training.resample" and after[0]["new"] == "over"
    elsewhere = [{"base": {"run": 6}, "changes": log[0]["changes"]}]
    assert next_tries(result(), elsewhere, DOCUMENT["per_class"])[0]["key"] == "training.class_weight"


def test_a_rare_class_that_is_found_as_often_as_the_rest_is_no_weak_point() -> None:
    rows = [
        {"class": "a", "support": 10, "recall": {"value": 0.7, "low": 0.4, "high": 0.9}},
        {"class": "b", "support": 400, "recall": {"value": 0.88, "low": 0.85, "high": 0.9}},
    ]
    assert next_tries(result(), per_class=rows) == []


def test_time_is_proposed_where_the_limit_cut_the_plan() -> None:
    budget = {"limit_s": 20.0, "shortened": ["catboost: 80 rounds instead of 1000"]}
    [one] = next_tries(result(budget=budget))
    assert (one["key"], one["old"], one["new"]) == ("training.time_limit", 20.0, 40.0)
    assert one["command"].endswith("--set training.time_limit=40")
