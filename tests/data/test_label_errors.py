"""Planted label errors are found among the likeliest suspects, and honest tables stay quiet."""

from __future__ import annotations

import numpy as np
import pytest

from trainwright.data.checks.label_errors import findings_of
from trainwright.data.checks.quick_model import fold_numbers, out_of_fold
from trainwright.data.label_quality.confident import confident_joint, confident_thresholds, suspect_classes
from trainwright.data.label_quality.residuals import far_limit, suspect_numbers
from trainwright.data.label_quality.suspects import MOST_LISTED


def _table(name: str) -> tuple[np.ndarray, np.ndarray]:
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    return bunch.data.astype(np.float32), bunch.target


def _flipped(y: np.ndarray, share: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    wrong = rng.random(len(y)) < share
    k = int(y.max()) + 1
    return np.where(wrong, (y + rng.integers(1, k, len(y))) % k, y), wrong


def _held_out(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return out_of_fold(x, y, fold_numbers(len(y), 5), classes=int(y.max()) + 1)


@pytest.mark.parametrize(
    ("name", "share"), [("wine", 0.1), ("breast_cancer", 0.05), ("breast_cancer", 0.1), ("iris", 0.1)]
)
def test_planted_wrong_labels_are_found(name: str, share: float) -> None:
    x, y = _table(name)
    labels, wrong = _flipped(y, share)
    found = suspect_classes(labels, _held_out(x, labels))
    hits = wrong[found.positions]
    assert hits.mean() >= 0.6 and hits.sum() / wrong.sum() >= 0.7
    assert (found.suggested == y[found.positions])[hits].mean() >= 0.8
    assert found.share is not None and 0.2 * share < found.share < 3 * share
    assert findings_of(found.to_json(np.arange(len(y)), tuple(map(str, range(3)))), "y")


@pytest.mark.parametrize("name", ["wine", "breast_cancer", "iris"])
def test_honest_tables_raise_no_finding(name: str) -> None:
    x, y = _table(name)
    found = suspect_classes(y, _held_out(x, y))
    assert findings_of(found.to_json(np.arange(len(y)), tuple(map(str, range(3)))), "y") == []


def test_overlapping_classes_are_told_from_wrong_labels() -> None:
    rng = np.random.default_rng(0)
    chance = rng.uniform(0.02, 0.6, 4000)  # the second class is never sure
    y = (rng.random(4000) < chance).astype(int)
    found = suspect_classes(y, np.stack([1 - chance, chance], axis=1))
    assert found.overlap and found.share is None and len(found) <= 40
    assert findings_of(found.to_json(np.arange(4000), ("no", "yes")), "y") == []


def test_a_model_without_skill_accuses_nobody() -> None:
    y = np.array([0] * 970 + [1] * 30)
    found = suspect_classes(y, np.tile([0.97, 0.03], (1000, 1)))
    assert found.overlap


def test_the_confident_joint_is_that_of_the_paper() -> None:
    y = np.array([0, 0, 0, 1, 1, 1])
    probability = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.3, 0.7], [0.2, 0.8], [0.75, 0.25]])
    assert confident_thresholds(y, probability) == pytest.approx([0.6, (0.7 + 0.8 + 0.25) / 3])
    joint, confident = confident_joint(y, probability)
    assert joint.tolist() == [[2, 1], [1, 2]]
    assert confident.tolist() == [0, 0, 1, 1, 1, 0]


def test_the_order_of_the_file_changes_nothing_but_the_order() -> None:
    x, y = _table("breast_cancer")
    labels, _ = _flipped(y, 0.1)
    probability = np.round(_held_out(x, labels), 6)
    mixed = np.random.default_rng(3).permutation(len(y))
    first, second = suspect_classes(labels, probability), suspect_classes(labels[mixed], probability[mixed])
    assert set(first.positions.tolist()) == set(mixed[second.positions].tolist())


def test_lost_decimal_points_are_found_where_errors_grow_with_the_number() -> None:
    rng = np.random.default_rng(0)
    truth = rng.lognormal(3, 1, 3000)
    y = truth * rng.lognormal(0, 0.2, 3000)
    wrong = rng.choice(3000, 15, replace=False)
    y[wrong] *= 10
    found = suspect_numbers(y, truth, np.arange(3000) % 5)
    assert set(wrong.tolist()) <= set(found.positions.tolist())
    assert len(found) <= 25


@pytest.mark.parametrize("law", ["normal", "laplace", "logistic"])
def test_honest_numbers_are_hardly_ever_suspected(law: str) -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        truth = rng.normal(size=2000)
        found = suspect_numbers(truth + getattr(rng, law)(size=2000), truth, np.arange(2000) % 5)
        assert len(found) < 3


def test_exact_predictions_and_single_rows_do_not_break_it() -> None:
    y = np.arange(50.0)
    assert len(suspect_numbers(y, y, np.arange(50) % 5)) == 0
    assert len(suspect_numbers(y[:1], y[:1], np.zeros(1))) == 0
    assert far_limit(np.zeros(0)) == float("inf")


def test_a_constant_prediction_accuses_nobody() -> None:
    y = np.append(np.random.default_rng(0).normal(size=500), 1e6)
    assert len(suspect_numbers(y, np.zeros(501), np.arange(501) % 5)) == 0


def test_a_long_list_is_cut_and_its_counts_are_not() -> None:
    n = 30_000
    y = np.arange(n) % 2
    probability = np.where(y[:, None] == [0, 1], 0.95, 0.05)
    y[: n // 12] = 1 - y[: n // 12]
    document = suspect_classes(y, probability).to_json(np.arange(n), ("no", "yes"))
    assert document["count"] > MOST_LISTED == len(document["rows"])
    assert sum(pair["count"] for pair in document["pairs"]) == document["count"]
