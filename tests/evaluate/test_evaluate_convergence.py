"""Every curve printed in the documents that describe this field gets the diagnosis that they give it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from trainwright.evaluate.convergence import TITLES, judge_curve, judge_document

EPOCHS = np.linspace(0, 30, 200)
EARLY_TRAINING = 0.9 * np.exp(-EPOCHS / 7) + 0.05
EARLY_VALIDATION = EARLY_TRAINING + 0.012 * (EPOCHS - 12) ** 2 / 10

# name: (training, validation, steps, codes that say what the document says)
Printed = tuple[Any, Any, Any, str]
DOCUMENTS: dict[str, Printed] = {
    # "Learning rate": too low, good, too high
    "rate too low": ([0.5, 0.499, 0.45], None, [1, 2, 100], "slow"),
    "rate good": ([0.5, 0.3, 0.1], None, [1, 2, 5], "still_improving"),
    "rate too high": ([0.5, 1.2, 3.5], None, [1, 2, 3], "diverged"),
    # "Validation": "epoch 4: overfitting!"
    "fine-tuning": ([2.5, 1.8, 1.2, 0.8], [2.6, 1.9, 1.3, 1.5], None, "overfitting"),
    # "Monitoring training": steps 100, 200 and 300 of 500
    "steps of 500": ([2.341, 1.892, 1.623], None, [100, 200, 300], "still_improving"),
    # "Learning rate that is just right"
    "too small": ([1.00, 0.99, 0.98, 0.97, 0.96], None, None, "slow"),
    "just right": ([1.00, 0.74, 0.55, 0.45, 0.41], None, None, "still_improving"),
    "too large": ([1.00, 1.80, 0.90, 2.40, 1.30], None, None, "oscillating"),
    # "Loss curves": healthy, overfitting, underfitting
    "healthy": ([0.92, 0.71, 0.58, 0.49, 0.44], [0.95, 0.76, 0.63, 0.56, 0.54], None, "still_improving"),
    "overfitting": ([0.92, 0.70, 0.51, 0.34, 0.22], [0.95, 0.77, 0.70, 0.82, 1.05], None, "overfitting"),
    "underfitting": ([1.20, 1.18, 1.16, 1.15, 1.15], [1.23, 1.21, 1.20, 1.19, 1.18], None, "underfitting"),
    # the figure of early stopping: training goes on falling, validation turns
    "early stopping": (EARLY_TRAINING, EARLY_VALIDATION, EPOCHS, "overfitting"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_documents_curves_get_their_diagnosis(name: str) -> None:
    training, validation, steps, code = DOCUMENTS[name]
    found = judge_curve(training, validation, steps=steps, unit="epoch")
    assert found.code == code, found.text
    json.dumps(found.to_json(), allow_nan=False)


@pytest.mark.parametrize(("name", "best"), [("fine-tuning", 3), ("overfitting", 3), ("early stopping", 16.8)])
def test_overfitting_names_the_step_to_stop_at(name: str, best: float) -> None:
    training, validation, steps, _ = DOCUMENTS[name]
    found = judge_curve(training, validation, steps=steps)
    assert found.best_step == pytest.approx(best, abs=0.3)
    assert f"{found.best_step:g}" in found.text


def test_an_underfit_model_converges_to_a_poor_level() -> None:
    training, validation, _, _ = DOCUMENTS["underfitting"]
    assert judge_curve(training, validation).state == "converged_poor"


# The sketches without numbers: accuracy by epoch.
def test_the_sketches_of_accuracy() -> None:
    rise = 1 - np.exp(-np.arange(30) / 3)
    normal = 0.4 + 0.5 * rise
    assert judge_curve(normal, normal - 0.02, greater_is_better=True).code == "converged"
    turning = 0.4 + 0.4 * rise - 0.2 * np.clip(np.arange(30) - 12, 0, 10) / 10
    assert judge_curve(0.4 + 0.6 * rise, turning, greater_is_better=True).code == "overfitting"
    low = 0.40 + 0.05 * rise
    assert judge_curve(low, low - 0.01, greater_is_better=True).code in ("underfitting", "plateau")


def test_a_loss_that_is_no_number_has_diverged_and_the_step_is_named() -> None:
    for broken in (np.nan, np.inf):
        found = judge_curve([0.5, 0.4, broken, 0.4], unit="epoch")
        assert found.code == "diverged" and "epoch 3" in found.text
        json.dumps(found.to_json(), allow_nan=False)
    assert judge_curve([0.7, 0.5, 0.3, 1.4, 9.0]).code == "diverged"
    assert judge_curve([]).code == "diverged"


def test_fluctuating_validation_and_a_score_that_does_not_follow_are_issues_of_the_data() -> None:
    steady = 0.3 + np.exp(-np.arange(12) / 4.0)
    wild = 1.0 + 0.5 * np.array([0, 1, -1, 1, -0.8, 0.9, -1, 0.7, -0.9, 1, -1, 0.6])
    assert judge_curve(steady, wild).code == "data_issue"
    falling = np.geomspace(1.0, 0.05, 10)
    assert judge_curve(falling, score=np.full(10, 0.52)).code == "data_issue"
    assert judge_curve(falling, score=np.linspace(0.52, 0.9, 10)).code != "data_issue"


def test_a_flat_loss_is_no_progress_and_validation_may_be_easier() -> None:
    assert judge_curve([0.693, 0.6931, 0.6929, 0.6930, 0.6930]).code == "plateau"
    learned = 0.3 + np.exp(-np.arange(10) / 2.0)
    assert judge_curve(learned, 0.7 * learned).code == "validation_above_training"


def test_poor_is_told_by_the_answer_that_ignores_every_column() -> None:
    steps = np.arange(60)
    training = 0.55 + 0.14 * np.exp(-steps / 6)
    held = 0.64 + 0.05 * np.exp(-steps / 6)
    assert judge_curve(training, held, reference=0.69).code in ("converged_poor", "overfitting")
    near = 0.62 + 0.2 * np.exp(-steps / 6)
    assert judge_curve(near, near + 0.01, reference=0.69).code == "converged_poor"
    assert judge_curve(near, near + 0.01, reference=3.0).code == "converged"


def test_what_an_early_stop_went_back_from_is_not_overfitting() -> None:
    assert judge_curve(EARLY_TRAINING, EARLY_VALIDATION, steps=EPOCHS, kept=16.8).code == "converged"


@pytest.mark.parametrize("seed", range(20))
def test_noise_on_a_converged_curve_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    curve = 0.3 + 0.5 * np.exp(-np.arange(80) / 8)
    noisy = curve + rng.normal(0, 0.004, 80)
    assert judge_curve(noisy, noisy + 0.02 + rng.normal(0, 0.004, 80)).code == "converged"


def test_a_curve_out_of_a_document_is_judged_like_one_in_memory() -> None:
    document = {
        "steps": [1, 2, 3, 4],
        "training": [2.5, 1.8, 1.2, 0.8],
        "validation": [2.6, 1.9, 1.3, 1.5],
        "unit": "x",
    }
    assert judge_document(document).code == "overfitting" and set(TITLES) > {"overfitting"}


def test_curves_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in length"):
        judge_curve([1.0, 2.0], [1.0])
