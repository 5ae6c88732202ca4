"""Tests of the figures: what they show, that they say so, and that names cannot become markup."""

from __future__ import annotations

import json

import pytest
from report_documents import a_number, many_classes, two_classes

from trainwright.evaluate.figure_style import label
from trainwright.evaluate.figures import FIGURES as OF_EVALUATION
from trainwright.evaluate.figures import thresholds
from trainwright.evaluate.figures_training import FIGURES as OF_TRAINING

DOCUMENTS = {"two": two_classes, "many": many_classes, "number": a_number}


def drawn(makers, document):
    made = {name: make(document) for name, make in makers.items()}
    return {name: figure for name, figure in made.items() if figure is not None}


def every_figure(documents):
    result, evaluations = documents
    document = evaluations["validation"]
    found = {**drawn(OF_TRAINING, result), **drawn(OF_EVALUATION, document)}
    return {**found, "thresholds": thresholds(document, 0.36)} if "thresholds" in found else found


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_figures_are_plain_json_and_say_what_they_show(kind):
    for name, figure in every_figure(DOCUMENTS[kind]()).items():
        assert json.loads(json.dumps(figure, allow_nan=False)) == figure, name
        meta = figure["layout"]["meta"]
        assert meta["title"] and meta["shows"] and meta["alt"].endswith("."), name
        assert figure["layout"]["title"]["subtitle"]["text"], name
        assert len(figure["data"]) >= 1, name


def test_each_task_gets_its_figures():
    two, number = every_figure(two_classes()), every_figure(a_number())
    classes = {"confusion", "roc", "precision_recall", "reliability", "thresholds", "confidence", "per_class"}
    assert classes | {"leaderboard", "folds", "gap", "importance", "class_distribution"} == set(two)
    assert set(number) == {"residuals", "residual_histogram", "leaderboard", "folds", "gap"}
    assert two["roc"]["layout"]["meta"]["shows"] == "Out-of-fold predictions of 41,516 development rows"


def test_empty_documents_have_no_figures():
    assert drawn(OF_TRAINING, {}) == {} == drawn(OF_EVALUATION, {})
    holes = {
        "confusion": {},
        "per_class": [],
        "curves": {"roc": None, "reliability": []},
        "residuals": None,
        "metrics": None,
    }
    assert drawn(OF_EVALUATION, holes) == {}
    assert drawn(OF_TRAINING, {"leaderboard": [{"name": "x", "metrics": {"roc_auc": None}}], "metric": "roc_auc"}) == {}


def test_names_cannot_become_markup_in_a_figure():
    text = json.dumps(every_figure(many_classes()))
    assert "<script" not in text.replace("\\", "").split('"meta"')[0]
    assert label("<a href='x'>&lt;") == "&lt;a href='x'&gt;&amp;lt;"


def test_the_confusion_matrix_counts_every_row_and_names_the_worst_mistake():
    figure = every_figure(many_classes())["confusion"]
    document = many_classes()[1]["validation"]
    cells = [cell for row in figure["data"][0]["customdata"] for cell in row]
    assert sum(cell[2] for cell in cells) == document["n_rows"]
    assert "31 times" in figure["layout"]["meta"]["alt"]
    assert all(0 <= share <= 1 for row in figure["data"][0]["z"] for share in row)


def test_a_distant_baseline_does_not_squeeze_the_others():
    layout = every_figure(two_classes())["leaderboard"]["layout"]
    assert layout["xaxis"]["range"][0] > 0.85
    assert "majority with 0.5" in layout["meta"]["alt"]


def test_the_threshold_in_use_is_drawn():
    shape = every_figure(two_classes())["thresholds"]["layout"]["shapes"][0]
    assert (shape["x0"], shape["x1"]) == (0.36, 0.36)


def test_many_classes_are_cut_to_the_weakest_and_it_is_said():
    figure = every_figure(many_classes())["per_class"]
    assert len(figure["data"][0]["x"]) == 30
    assert "30 weakest of 77" in figure["layout"]["meta"]["alt"]


def test_bars_without_intervals_are_said_to_be_deviations():
    result = two_classes()[0]
    for row in result["leaderboard"]:
        row["metrics"] = {"roc_auc": row["metrics"]["roc_auc"]["value"]}
        row["std"] = {"roc_auc": 0.004}
    figure = OF_TRAINING["leaderboard"](result)
    assert "0.9281 ± 0.0040" in figure["layout"]["meta"]["alt"]
    assert "one standard deviation" in figure["layout"]["meta"]["alt"]
    assert figure["data"][0]["error_x"]["array"][0] == pytest.approx(0.004)
