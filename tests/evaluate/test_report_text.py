"""Tests of the words around figures: formats, the verdict and the explanations."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_documents import a_number, many_classes, two_classes

from trainwright.evaluate.report_record import parts
from trainwright.evaluate.text import (
    METRICS,
    TERMS,
    THIN,
    count,
    duration,
    explain,
    interval,
    number,
    one_in,
    percent,
    plural,
    score,
    verdict,
)


def test_decimals_follow_the_width_of_the_interval():
    assert score("roc_auc", {"value": 0.92731, "low": 0.921, "high": 0.933}) == "0.927"
    assert score("rmse", {"value": 48123.4, "low": 47700, "high": 48600}) == "48,123"
    assert interval("accuracy", {"value": 0.85, "low": 0.8, "high": 0.9}) == f"80 to 90{THIN}%"
    assert interval("accuracy", 0.85) == ""


@given(st.floats(allow_nan=True, allow_infinity=True), st.none() | st.floats(0, 1e12))
def test_every_float_has_a_text(value, width):
    assert number(value, width)
    assert percent(value if math.isfinite(value) and abs(value) < 1e300 else None, width)


@given(st.floats(0, 1e7))
def test_durations_never_show_sixty_seconds(seconds):
    text = duration(seconds)
    assert text and f"60{THIN}s" not in text and f"60{THIN}min" not in text


@given(st.floats(0.0001, 1))
def test_frequencies_stay_close_to_the_share(share):
    text = one_in(share)
    if text.startswith("1 in "):
        assert 1 / int(text[5:].replace(",", "")) == pytest.approx(share, rel=0.2)
    elif text != "all":
        assert int(text.split()[0]) / 100 == pytest.approx(share, abs=0.006)


def test_counts():
    assert (count(27676), plural(1, "row"), plural(2, "class", "classes")) == ("27,676", "1 row", "2 classes")


def test_the_verdict_prefers_the_sealed_test_and_names_its_level():
    said = verdict(two_classes()[0])
    assert said.tone == "good"
    for part in ("ROC-AUC 0.926", f"97.5{THIN}% interval", "7,326 sealed test rows", "beats every baseline"):
        assert part in said.sentence


def test_the_verdict_is_bad_when_a_baseline_stands():
    result = two_classes()[0]
    result["comparison"] = {"rows": [{"name": "ensemble", "against": "linear", "verdict": "not distinguishable"}]}
    assert verdict(result).tone == "bad"
    assert "No baseline is clearly beaten" in verdict(result).sentence
    assert "the baseline linear is chosen" in verdict(many_classes()[0]).sentence


def test_the_verdict_names_the_baselines_that_stand():
    result = two_classes()[0]
    result["leaderboard"][0] |= {
        "verdict": "not distinguishable",
        "comparisons": [
            {"name": "ensemble", "against": "majority", "verdict": "better"},
            {"name": "ensemble", "against": "linear", "verdict": "not distinguishable"},
        ],
    }
    assert verdict(result).tone == "caution"
    assert verdict(result).sentence.endswith("it beats guessing, but not clearly linear.")


@pytest.mark.parametrize(
    "change, words",
    [
        ({}, "partly memorised"),
        ({"findings": [{"severity": "error", "code": "x", "message": "m"}]}, "1 finding about the data"),
        ({"test": {"rmse": {"value": 9e4, "low": 8e4, "high": 9.9e4}}}, "clearly worse than validation"),
    ],
)
def test_the_verdict_says_why_to_be_careful(change, words):
    said = verdict({**a_number()[0], **change})
    assert said.tone == "caution" and words in said.sentence


def test_a_document_without_figures_still_gets_a_sentence():
    assert verdict({}).tone == "plain"
    assert "has not been evaluated" in verdict({"selected": "linear"}).sentence


def test_every_metric_and_term_is_explained():
    for name, about in METRICS.items():
        assert about.title and about.text.endswith((".", "?")) and about.scale, name
    assert all(text.endswith(".") for _, text in TERMS.values())
    assert explain("precision_at_recall_80").percent
    assert explain("my_own_metric").title == "my own metric"


def test_sealed_rows_of_the_base_are_counted_where_the_rows_are_listed():
    result = {
        "n_rows": {"train": 1134, "validation": 566, "test": 600},
        "split": {"sizes": {"development": 1700, "test": 225}, "folds": [{}, {}, {}]},
    }
    assert parts(result)[-1] == ("Sealed test rows", "225")
    assert parts({**result, "incremental": {"base": "v1"}})[-1] == ("Sealed test rows", "600, 225 of them new")
