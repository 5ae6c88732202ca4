"""The answer to "would more rows help?" is right where the true curve is known."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from trainwright.data.schema import Target
from trainwright.evaluate.seed_stability import seed_stability
from trainwright.evaluate.size_curve import fit_law, size_curve
from trainwright.tasks import task_for

RMSE = task_for(Target("y", "number")).metrics["rmse"]
AREA = task_for(Target("y", "classes", ("a", "b"))).metrics["roc_auc"]
SHARES = np.array([0.125, 0.25, 0.5, 1.0])


def least_squares(seed: int, n: int, d: int, folds: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Sizes, RMSE by fold and size of least squares on d Gaussian columns, and what twice the rows truly give.

    The expected squared error with n rows is sigma^2 (1 + d / (n - d - 1)), from the inverse Wishart distribution
    (Hastie et al. 2022, "Surprises in high-dimensional ridgeless least squares interpolation", section 3).
    """
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    y = X @ np.full(d, 0.3) + rng.normal(size=n)
    parts = np.array_split(rng.permutation(n), folds)
    scores = np.empty((folds, len(SHARES)))
    for f, held in enumerate(parts):
        train = rng.permutation(np.concatenate([part for g, part in enumerate(parts) if g != f]))
        for s, share in enumerate(SHARES):
            rows = train[: int(share * len(train))]
            weights = np.linalg.lstsq(X[rows], y[rows], rcond=None)[0]
            scores[f, s] = np.sqrt(np.mean((X[held] @ weights - y[held]) ** 2))
    full = n * (folds - 1) / folds

    def true(rows: float) -> float:
        return math.sqrt(1 + d / (rows - d - 1))

    return SHARES * full, scores, true(full) - true(2 * full)


@pytest.mark.parametrize(("n", "d", "folds"), [(600, 15, 3), (1000, 30, 5), (2000, 5, 5)])
def test_the_interval_covers_what_twice_the_rows_truly_give(n: int, d: int, folds: int) -> None:
    covered, told = 0, []
    for seed in range(40):
        sizes, scores, true = least_squares(seed, n, d, folds)
        found = size_curve(RMSE, sizes, scores, seed=seed)
        value, low, high = found.gain
        assert low <= value <= high
        covered += low <= true <= high
        told.append(found.told)
    assert covered >= 0.9 * 40
    if d == 30:  # a gain that five folds can see
        assert told.count("gain") > 30
    if d == 5:  # next to none: nobody is sent to collect rows for it
        assert told.count("gain") < 8


def test_a_law_is_found_again_and_the_answer_has_its_figures() -> None:
    sizes = 1600 * SHARES
    truth = 0.95 - 0.04 * SHARES**-0.5
    a, b, c = fit_law(SHARES, (1 - truth)[None, :])
    assert (float(a[0]), float(b[0]), float(c[0])) == pytest.approx((0.05, 0.04, 0.5), rel=0.1)
    spread = np.array([[0.0004], [-0.0004], [0.0002], [-0.0002], [0.0]])
    found = size_curve(AREA, sizes, truth + spread)
    assert found.told == "gain"
    assert found.gain[0] == pytest.approx(0.04 * (1 - 2**-0.5), rel=0.15)
    assert found.text.startswith("twice the rows would raise ROC-AUC by about 1.") and "points" in found.text
    document = found.to_json()
    json.dumps(document, allow_nan=False)
    assert [point["rows"] for point in document["points"]] == sizes.tolist()
    assert all(point["low"] <= point["value"] <= point["high"] for point in document["points"])
    assert max(found.ahead["value"]) <= 1.0


def test_noise_is_said_to_tell_nothing_and_a_flat_curve_promises_nothing() -> None:
    rng = np.random.default_rng(1)
    noise = 0.8 + rng.normal(0, 0.03, (5, 4))
    assert size_curve(AREA, 800 * SHARES, noise).told != "gain"
    assert "cannot be told" in size_curve(AREA, 800 * SHARES, noise - 0.05 * SHARES).text
    flat = 0.8 + np.array([[0.0], [0.01], [-0.01], [0.02]]) + np.zeros(4)
    found = size_curve(AREA, 800 * SHARES, flat)
    assert found.told == "nothing" and "next to nothing" in found.text


def test_too_little_to_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="three sizes and two folds"):
        size_curve(AREA, [10, 20], np.ones((3, 2)))
    with pytest.raises(ValueError, match="three sizes and two folds"):
        size_curve(AREA, 100 * SHARES, np.array([[0.7, 0.8, 0.9, np.nan], [0.7, 0.8, 0.9, 0.9]]))


def test_seeds_that_change_more_than_the_lead_are_a_warning() -> None:
    decisions = np.array([[0, 1, 1, 0], [0, 1, 0, 0], [0, 1, 1, 0]]), 0.0
    found = seed_stability(AREA, [0.900, 0.910, 0.890], decisions, lead=("linear", 0.004), splits=[0.88, 0.92])
    assert found["flips"] == 0.25 and found["std"] == pytest.approx(0.01)
    assert "linear" in found["warning"] and "luck" in found["warning"]
    assert "1 in 4 rows" in found["text"] and "folds drawn anew" in found["text"]
    assert seed_stability(AREA, [0.900, 0.901], decisions, lead=("linear", 0.05))["warning"] == ""
    json.dumps(found, allow_nan=False)


def test_predicted_numbers_move_in_terms_of_the_usual_error() -> None:
    table = np.array([[1.0, 2.0], [1.2, 2.2], [0.8, 1.8]])
    found = seed_stability(RMSE, [2.0, 2.1, 1.9], (table, 2.0))
    assert found["flips"] is None and found["moved"] == pytest.approx(0.1) and "usual error" in found["text"]
