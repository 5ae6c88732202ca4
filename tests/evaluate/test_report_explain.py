"""The report's sections that explain the model: plain words, figures, hostile names, and silence without data."""

from __future__ import annotations

from typing import Any

from trainwright.evaluate.figures_explain import attribution_bars, dependence, pair, shape
from trainwright.evaluate.report import render_report
from trainwright.evaluate.sections import attributions, segments, shapes, worst_errors

HOSTILE = "<script>alert(1)</script>"
SEGMENT = {
    "where": "age < 25",
    "columns": ["age"],
    "value": 0.23,
    "elsewhere": 0.09,
    "n": 412,
    "share": 0.04,
    "p": 0.001,
    "outcome": 0.3,
    "outcome_elsewhere": 0.1,
}
RESULT: dict[str, Any] = {
    "selected": "ebm",
    "segments": {
        "measure": "share decided wrongly",
        "overall": 0.1,
        "segments": [SEGMENT],
        "tried": 321,
        "carried": 7,
        "n_rows": [5_000, 5_100],
        "level": 0.05,
        "note": "",
    },
    "worst_errors": {
        "measure": "log-loss",
        "columns": ["age", "job"],
        "n_errors": 40,
        "n_rows": 900,
        "reasons_note": "",
        "rows": [
            {
                "row": 17,
                "truth": "no",
                "predicted": "yes",
                "probability": 0.97,
                "loss": 3.5,
                "values": [41, None],
                "suspected": True,
                "reasons": [
                    {"feature": "age", "push": 0.8, "towards": "yes", "text": "age = 41 speaks for yes (+0.80)"}
                ],
            }
        ]
        * 12,
    },
    "attributions": {
        "of": "ebm",
        "scale": "log-odds of yes",
        "n_rows": 800,
        "note": "",
        "features": [{"feature": "age", "mean_abs": 0.5, "low": 0.4, "high": 0.6}],
        "dependence": [
            {"feature": "age", "kind": "number", "x": [1.0, 50.0], "push": [-0.5, 0.5], "missing": None},
            {
                "feature": HOSTILE,
                "kind": "category",
                "values": [{"value": HOSTILE, "push": 0.1, "low": 0.0, "high": 0.2, "n": 5}],
            },
        ],
    },
    "shapes": {
        "of": "ebm",
        "chosen": True,
        "folds": 5,
        "scale": "log-odds of yes",
        "terms": [
            {
                "columns": ["age"],
                "kind": "number",
                "weight": 0.5,
                "x": [1.0, 50.0],
                "lines": [{"name": "log-odds of yes", "push": [-0.5, 0.5], "low": [-0.6, 0.4], "high": [-0.4, 0.6]}],
                "missing": None,
            },
            {
                "columns": ["age", "job"],
                "kind": "pair",
                "weight": 0.1,
                "x": [1.0, 50.0],
                "y": [HOSTILE, "b"],
                "x_kind": "number",
                "y_kind": "category",
                "push": [[0.1, 0.2], [0.0, -0.1]],
            },
        ],
    },
}


def test_a_segment_is_said_in_one_line_with_what_to_do() -> None:
    page = render_report(RESULT, {})
    assert "age &lt; 25: error 23 % against 9 % elsewhere (n=412)" in page
    assert "collect more labelled examples" in page and "321 slices" in page and "7 worst" in page


def test_remedies_follow_the_kind_of_segment() -> None:
    assert "Fill the gap" in segments.remedy({**SEGMENT, "where": "age is missing"}, True)
    assert "which column would tell them apart" in segments.remedy({**SEGMENT, "share": 0.4}, True)
    assert "the error is size" in segments.remedy({**SEGMENT, "outcome": 500.0, "outcome_elsewhere": 100.0}, False)


def test_none_found_and_not_looked_for_are_different_words() -> None:
    none = {"segments": {**RESULT["segments"], "segments": []}}
    assert "No kind of row is clearly worse" in render_report(none, {})
    assert "Not looked for: no time." in render_report({"segments": {"skipped": "no time"}}, {})


def test_worst_errors_show_ten_rows_and_fold_the_others_away() -> None:
    told = worst_errors.view(RESULT, {})
    assert len(told["first"]) == 10 and len(told["more"]) == 2 and told["doubtful"] == 12
    assert told["first"][0]["reasons"] == "towards yes: age +0.800"
    page = render_report(RESULT, {})
    assert "2 more rows" in page and "label suspected" in page and "job missing" in page


def test_figures_say_in_words_what_they_show() -> None:
    bars = attribution_bars(RESULT["attributions"])
    assert bars is not None and "age push predictions most" in bars["layout"]["meta"]["alt"]
    curve = shape(RESULT["shapes"], RESULT["shapes"]["terms"][0])
    assert curve is not None and "adds −0.5" in curve["layout"]["meta"]["alt"]
    band = [trace for trace in curve["data"] if trace.get("fill") == "tonexty"]
    assert band[0]["y"] == [-0.4, 0.6]
    table = pair(RESULT["shapes"], RESULT["shapes"]["terms"][1])
    assert table is not None and "0.2" in table["layout"]["meta"]["alt"]
    assert dependence({}, {"feature": "a", "kind": "number", "x": [], "push": [], "missing": None}) is None


def test_hostile_names_stay_text() -> None:
    page = render_report(RESULT, {})
    assert HOSTILE not in page and "could not be drawn" not in page


def test_without_data_there_are_no_such_sections() -> None:
    for section in (segments, worst_errors, attributions, shapes):
        assert section.view({}, {}) == {}
    for part in ("attributions", "shapes"):
        told = render_report({part: {"skipped": "a reason to tell"}}, {})
        assert "a reason to tell" in told
