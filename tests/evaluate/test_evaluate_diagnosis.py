"""Known shapes of training and validation figures get the verdict that a practitioner would give."""

from __future__ import annotations

import json

import numpy as np
import pytest

from trainwright.data.schema import Target
from trainwright.evaluate.diagnosis import ADVICE, diagnose, skill
from trainwright.tasks import Metric, task_for

AREA = task_for(Target("y", "classes", ("a", "b"))).metrics["roc_auc"]
LOSS = task_for(Target("y", "classes", ("a", "b"))).metrics["log_loss"]
RMSE = task_for(Target("y", "number")).metrics["rmse"]
WOBBLE = np.array([-0.004, 0.003, 0.0, 0.002, -0.001])


@pytest.mark.parametrize(
    ("metric", "training", "validation", "baseline", "code"),
    [
        (AREA, 0.94, 0.92, 0.5, "good"),
        (AREA, 1.00, 0.91, 0.5, "good"),  # a forest knows its training rows by heart and still generalises
        (AREA, 0.99, 0.70, 0.5, "overfitting"),
        (AREA, 0.56, 0.55, 0.5, "underfitting"),
        (AREA, 0.52, 0.50, 0.5, "underfitting"),
        (AREA, 0.98, 0.50, 0.5, "data_issue"),
        (AREA, 0.99999, 0.99999, 0.5, "data_issue"),
        (AREA, 0.75, 0.85, 0.5, "validation_above_training"),
        (LOSS, 0.28, 0.30, 0.55, "good"),
        (LOSS, 0.05, 0.45, 0.55, "overfitting"),
        (LOSS, 0.60, 0.65, 0.55, "underfitting"),
        (RMSE, 40.0, 47.0, 115.0, "good"),
        (RMSE, 1.0, 90.0, 115.0, "overfitting"),
    ],
)
def test_verdicts(metric, training: float, validation: float, baseline: float, code: str) -> None:  # type: ignore[no-untyped-def]
    top = 1.0 if metric is AREA else np.inf
    found = diagnose(
        metric, np.minimum(training + WOBBLE / 10, top), np.minimum(validation + WOBBLE / 10, top), baseline
    )
    assert found.code == code, found.text
    assert found.advice and metric.title in found.text
    json.dumps(found.to_json(), allow_nan=False)


ACCURACY = task_for(Target("y", "classes", ("a", "b"))).metrics["accuracy"]
F1 = task_for(Target("y", "classes", ("a", "b"), positive="b")).metrics["f1"]


@pytest.mark.parametrize(
    ("metric", "training", "validation", "baseline", "code"),
    [
        (ACCURACY, 0.99, 0.60, 0.5, "overfitting"),  # "model remembers training data"
        (ACCURACY, 0.90, 0.87, 0.5, "good"),  # "generalizes well"
        (ACCURACY, 0.99, 0.72, 0.5, "overfitting"),  # the practice question
        (F1, 0.98, 0.71, 0.0, "overfitting"),  # a gap of 0.27 "suggests overfitting or a mismatch"
    ],
)
def test_the_figures_printed_in_the_documents_get_their_diagnosis(
    metric: Metric, training: float, validation: float, baseline: float, code: str
) -> None:
    found = diagnose(metric, [training] * 3, [validation] * 3, baseline)
    assert found.code == code, found.text
    assert found.gap.difference == pytest.approx(training - validation)


def test_folds_that_differ_much_are_unstable() -> None:
    found = diagnose(AREA, [0.9] * 5, [0.60, 0.95, 0.70, 0.92, 0.66], 0.5)
    assert found.code == "unstable" and "repeated cross-validation" in " ".join(found.advice)


def test_the_gap_has_a_sign_an_interval_and_a_meaning() -> None:
    found = diagnose(LOSS, 0.10 + WOBBLE, 0.40 + WOBBLE, 0.55).gap
    assert found.difference == pytest.approx(0.30)
    assert found.low <= found.difference <= found.high and "wide gap" in found.text
    same = diagnose(AREA, [0.80, 0.82, 0.81], [0.81, 0.80, 0.82], 0.5).gap
    assert "no gap" in same.text


def test_one_fold_none_and_a_perfect_baseline_never_fail() -> None:
    assert diagnose(AREA, [0.9], [0.88], 0.5).code == "good"
    assert diagnose(AREA, [], [], 0.5).code == "data_issue"
    assert diagnose(AREA, [np.nan, 0.9], [0.8, np.nan], 0.5).code == "data_issue"
    assert diagnose(RMSE, [0.0, 0.0], [0.0, 0.0], 0.0).code == "data_issue"


def test_skill_is_zero_for_the_baseline_and_one_when_perfect() -> None:
    assert skill(RMSE, np.array([115.0, 0.0]), 115.0).tolist() == [0.0, 1.0]
    assert skill(AREA, np.array([0.5, 1.0]), 0.5).tolist() == [0.0, 1.0]


def test_every_code_has_advice() -> None:
    assert all(title and advice for title, advice in ADVICE.values())
