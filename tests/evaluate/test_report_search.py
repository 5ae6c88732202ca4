"""The report's section on a search: as chosen and corrected, edges, importance, figures; nothing without a search."""

from __future__ import annotations

import html
from typing import Any

from report_documents import two_classes

from trainwright.evaluate.figures_search import best_so_far, trade_off
from trainwright.evaluate.report import render_report
from trainwright.evaluate.sections import search as section

HOSTILE = "<script>alert(1)</script>"


def trial(number: int, score: float | None, seconds: float, **settings: Any) -> dict[str, Any]:
    return {
        "number": number,
        "family": "catboost",
        "settings": settings,
        "state": "pruned" if score is None else "completed",
        "score": score,
        "folds": [score],
        "fit_seconds": seconds,
        "predict_ms_per_row": 0.01 * seconds,
        "size_mb": 0.5,
        "wall_s": seconds,
        "iterations": [],
        "reason": "",
        "stopped": "",
    }


def found() -> dict[str, Any]:
    trials = [
        trial(0, 0.9251, 20.0),
        trial(1, 0.9262, 31.0, depth=4, learning_rate=0.05),
        trial(2, None, 4.0, depth=10, learning_rate=0.5),
        trial(3, 0.9279, 62.0, depth=8, learning_rate=0.02),
        trial(4, 0.9240, 9.0, depth=3, learning_rate=None),
        trial(5, 0.9255, 30.0, depth=6, learning_rate=0.04),
    ]
    return {
        "search": 3,
        "name": "s3",
        "method": "random",
        "reason": "a space without end and cheap trials",
        "reasons": ["catboost has the best defaults of 6 families"],
        "warnings": [],
        "metric": "roc_auc",
        "greater_is_better": True,
        "wanted": 6,
        "ended": "all trials are done",
        "counts": {"completed": 5, "pruned": 1},
        "trials": trials,
        "best": trials[3],
        "default": trials[0],
        "gain": {
            "bias": 0.0004,
            "candidates": 5,
            "score_as_chosen": 0.9279,
            "score_corrected": 0.9275,
            "against": 0,
            "value": 0.0024,
            "low": 0.0011,
            "high": 0.0041,
            "as_chosen": 0.0028,
            "p": 0.002,
            "verdict": "better",
            "method": "paired DeLong",
        },
        "edges": [{"text": "learning_rate is best at 0.02, the lowest of 0.02 to 0.5: try 0.005 to 0.5"}],
        "importance": {
            "family": "catboost",
            "method": "share of the variance",
            "settings": [{"setting": "learning_rate", "share": 0.7}, {"setting": "depth", "share": 0.2}],
        },
        "pareto": {"fit_seconds": [4, 0, 5, 1, 3], "predict_ms_per_row": [4, 0, 5, 1, 3], "size_mb": [3]},
        "patience": {"trials": 5, "half": 0.9262, "all": 0.9279, "gain": 0.0017},
        "note": "catboost_tuned: the best settings of search s3 join the contenders",
    }


def rendered(search: dict[str, Any] | None) -> str:
    result, evaluations = two_classes()
    if search is not None:
        result["search"] = search
    return str(render_report(result, evaluations))


def test_the_report_sets_chosen_and_corrected_beside_each_other() -> None:
    page = html.unescape(rendered(found()))
    assert "Did searching for better settings pay?" in page
    for words in (
        "ROC-AUC as chosen",
        "0.9279",
        "ROC-AUC corrected",
        "0.9275",
        "Gain over the best defaults, corrected",
        "clear beyond chance",
        "learning_rate is best at 0.02, the lowest of 0.02 to 0.5",
        "catboost: depth 8, learning_rate 0.02",
        "Which settings mattered",
        "What better settings cost",
        "trainwright tune adult --search 3 --trials 12",
        "After half of the complete trials the best was 0.9262",
    ):
        assert words in page, words


def test_without_a_search_there_is_no_such_section() -> None:
    assert "Did searching" not in rendered(None)
    assert section.view({"search": {**found(), "best": None}}, {}) == {}


def test_a_gain_that_chance_could_make_is_not_praised() -> None:
    search = found()
    search["gain"] |= {"verdict": "not distinguishable", "value": -0.0001, "low": -0.002, "high": 0.001}
    page = html.unescape(rendered(search))
    assert "the defaults may do as well" in page and "clear beyond chance" not in page
    search["gain"] = {**{k: search["gain"][k] for k in ("bias", "candidates", "score_as_chosen", "score_corrected")},
                      "against": None, "verdict": "defaults"}  # fmt: skip
    assert "No trial was better than the defaults" in html.unescape(rendered(search))


def test_figures_draw_complete_trials_and_the_front() -> None:
    figure = trade_off({"search": found()})
    assert figure is not None
    front = next(trace for trace in figure["data"] if trace["name"] == "front")
    assert list(front["x"]) == sorted(front["x"]) and len(front["x"]) == 5
    assert sum(len(t["x"]) for t in figure["data"] if t["mode"] == "markers") == 5, "the pruned one has no score"
    steps = best_so_far({"search": found()})
    assert steps is not None
    assert list(next(t for t in steps["data"] if t["name"] == "best so far")["y"]) == [
        0.9251,
        0.9262,
        0.9279,
        0.9279,
        0.9279,
    ]
    assert trade_off({"search": None}) is None and trade_off({}) is None


def test_hostile_names_do_no_harm() -> None:
    search = found()
    search["best"] = search["trials"][3] = trial(3, 0.9279, 62.0, **{HOSTILE: HOSTILE})
    search["edges"] = [{"text": HOSTILE}]
    assert HOSTILE not in rendered(search)
