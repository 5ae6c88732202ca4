"""Our own metrics agree with scikit-learn to 1e-12, with and without weights, and stay sane where it gives
up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from trainwright.data.schema import Target
from trainwright.tasks import task_for
from trainwright.tasks.names import CLASS_METRICS, GREATER_IS_BETTER, NUMBER_METRICS

TWO = task_for(Target("y", "classes", ("no", "yes"), positive="yes"))
FIVE = task_for(Target("y", "classes", ("a", "b", "c", "d", "e")))
NUMBER = task_for(Target("y", "number"))


def _classes(n: int, k: int, seed: int, ties: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(k), np.arange(k), rng.integers(0, k, n - 2 * k)])
    p = rng.dirichlet(np.ones(k), n) + 0.7 * np.eye(k)[y] * rng.random((n, 1))
    p /= p.sum(1, keepdims=True)
    if ties and k == 2:
        p[:, 1] = np.round(p[:, 1], 1)
        p[:, 0] = 1 - p[:, 1]
    return y, p, rng.random(n) + 0.1


BINARY = {
    "roc_auc": lambda y, p, w: sk.roc_auc_score(y, p[:, 1], sample_weight=w),
    "average_precision": lambda y, p, w: sk.average_precision_score(y, p[:, 1], sample_weight=w),
    "log_loss": lambda y, p, w: sk.log_loss(y, p, sample_weight=w),
    "brier": lambda y, p, w: sk.brier_score_loss(y, p[:, 1], sample_weight=w),
    "accuracy": lambda y, p, w: sk.accuracy_score(y, p[:, 1] >= 0.5, sample_weight=w),
    "balanced_accuracy": lambda y, p, w: sk.balanced_accuracy_score(y, p[:, 1] >= 0.5, sample_weight=w),
    "weighted_f1": lambda y, p, w: sk.f1_score(y, p[:, 1] >= 0.5, average="weighted", sample_weight=w),
    "macro_f1": lambda y, p, w: sk.f1_score(y, p[:, 1] >= 0.5, average="macro", sample_weight=w),
    "mcc": lambda y, p, w: sk.matthews_corrcoef(y, p[:, 1] >= 0.5, sample_weight=w),
    "precision": lambda y, p, w: sk.precision_score(y, p[:, 1] >= 0.5, sample_weight=w),
    "recall": lambda y, p, w: sk.recall_score(y, p[:, 1] >= 0.5, sample_weight=w),
    "f1": lambda y, p, w: sk.f1_score(y, p[:, 1] >= 0.5, sample_weight=w),
}
MORE = {
    "roc_auc": lambda y, p, w: np.mean([sk.roc_auc_score(y == c, p[:, c], sample_weight=w) for c in range(p.shape[1])]),
    "average_precision": lambda y, p, w: np.mean(
        [sk.average_precision_score(y == c, p[:, c], sample_weight=w) for c in range(p.shape[1])]
    ),
    "log_loss": BINARY["log_loss"],
    "brier": lambda y, p, w: sk.brier_score_loss(y, p, sample_weight=w, labels=np.arange(p.shape[1])),
    "accuracy": lambda y, p, w: sk.accuracy_score(y, p.argmax(1), sample_weight=w),
    "balanced_accuracy": lambda y, p, w: sk.balanced_accuracy_score(y, p.argmax(1), sample_weight=w),
    "weighted_f1": lambda y, p, w: sk.f1_score(y, p.argmax(1), average="weighted", sample_weight=w),
    "macro_f1": lambda y, p, w: sk.f1_score(y, p.argmax(1), average="macro", sample_weight=w),
    "mcc": lambda y, p, w: sk.matthews_corrcoef(y, p.argmax(1), sample_weight=w),
    "top_3_accuracy": lambda y, p, w: sk.top_k_accuracy_score(y, p, k=3, sample_weight=w, labels=np.arange(p.shape[1])),
}
NUMBERS = {
    "rmse": sk.root_mean_squared_error,
    "mae": sk.mean_absolute_error,
    "r2": sk.r2_score,
    "mape": sk.mean_absolute_percentage_error,
    "median_absolute_error": sk.median_absolute_error,
    "rmsle": sk.root_mean_squared_log_error,
}


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", BINARY)
def test_two_classes_agree_with_scikit_learn(name: str, weighted: bool, ties: bool) -> None:
    y, p, w = _classes(400, 2, 1, ties)
    weight = w if weighted else None
    assert TWO.metrics[name](y, p, weight) == pytest.approx(BINARY[name](y, p, weight), abs=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", MORE)
def test_more_classes_agree_with_scikit_learn(name: str, weighted: bool) -> None:
    y, p, w = _classes(500, 5, 2)
    weight = w if weighted else None
    assert FIVE.metrics[name](y, p, weight) == pytest.approx(MORE[name](y, p, weight), abs=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_agree_with_scikit_learn(name: str, weighted: bool) -> None:
    rng = np.random.default_rng(3)
    y = rng.gamma(2.0, 100.0, 501)
    prediction = y * rng.uniform(0.7, 1.4, 501)
    weight = rng.integers(1, 4, 501).astype(float) if weighted else None
    expected = NUMBERS[name](y, prediction, sample_weight=weight)
    assert NUMBER.metrics[name](y, prediction, weight) == pytest.approx(expected, rel=1e-12)


def test_every_metric_is_checked_or_listed() -> None:
    assert set(TWO.metrics) == set(CLASS_METRICS) - {"top_3_accuracy"}
    assert set(FIVE.metrics) == set(MORE) | {"calibration_error"}
    assert list(NUMBER.metrics) == list(NUMBER_METRICS) == list(NUMBERS)
    for task in (TWO, FIVE, NUMBER):
        for metric in task.metrics.values():
            assert metric.greater_is_better == (metric.name in GREATER_IS_BETTER)


@pytest.mark.parametrize("task", [TWO, FIVE, NUMBER], ids=["two", "five", "number"])
def test_totals_by_fold_give_what_the_rows_of_the_fold_give(task) -> None:  # type: ignore[no-untyped-def]
    """Resampling rests on this: the sums of a part determine the metric on that part."""
    k = len(task.target.classes)
    if k:
        y, prediction, weight = _classes(300, k, 4)
    else:
        rng = np.random.default_rng(4)
        y, weight = rng.gamma(2.0, 10.0, 300), rng.random(300) + 0.5
        prediction = y + rng.normal(0, 3, 300)
    fold = np.arange(300) % 3
    for metric in task.metrics.values():
        if metric.tally is None or metric.finish is None or metric.binned:
            continue
        values = metric.finish(metric.tally(y, prediction).totals(fold, 3, weight))
        for number in range(3):
            rows = fold == number
            assert values[number] == pytest.approx(metric(y[rows], prediction[rows], weight[rows]), abs=1e-10)


def test_binned_stand_ins_are_close_to_the_exact_value() -> None:
    y, p, _ = _classes(5000, 2, 5)
    for name in ("average_precision", "precision_at_recall_80", "calibration_error"):
        metric = TWO.metrics[name]
        assert metric.tally is not None and metric.finish is not None
        coarse = float(metric.finish(metric.tally(y, p).total(len(y))))
        assert coarse == pytest.approx(metric(y, p), abs=0.02)


def test_precision_at_recall_is_the_best_point_of_the_curve() -> None:
    y, p, _ = _classes(300, 2, 6)
    precision, recall, _ = sk.precision_recall_curve(y, p[:, 1])
    for percent in (50, 80, 95):
        name = f"precision_at_recall_{percent}"
        assert TWO.metric(name)(y, p) == pytest.approx(precision[recall >= percent / 100].max(), abs=1e-12)


def test_a_class_that_is_absent_never_fails() -> None:
    p = np.array([[0.2, 0.8], [0.6, 0.4], [0.5, 0.5]])
    y = np.array([1, 1, 1])
    assert np.isnan(TWO.metrics["roc_auc"](y, p))
    assert TWO.metrics["recall"](y, p) == pytest.approx(2 / 3)
    assert np.isnan(TWO.metrics["average_precision"](np.zeros(3, dtype=int), p))
    five = np.full((4, 5), 0.2)
    assert FIVE.metrics["roc_auc"](np.array([0, 1, 0, 1]), five) == 0.5  # the two classes that are there
    for task, y_, p_ in ((TWO, y, p), (FIVE, np.array([0, 0, 0, 0]), five)):
        for metric in task.metrics.values():
            metric(y_, p_)


def test_calibration_error_is_near_zero_when_calibrated_and_finds_what_is_added() -> None:
    rng = np.random.default_rng(7)
    p = rng.random(20_000)
    y = (rng.random(20_000) < p).astype(int)
    honest = np.column_stack([1 - p, p])
    too_high = np.clip(p + 0.1, 0, 1)
    assert TWO.metrics["calibration_error"](y, honest) < 0.02
    error = TWO.metrics["calibration_error"](y, np.column_stack([1 - too_high, too_high]))
    assert 0.085 < error < 0.105


def test_percentage_error_leaves_out_zeros_and_says_so() -> None:
    y, prediction = np.array([0.0, 10.0, 20.0]), np.array([1.0, 11.0, 18.0])
    metric = NUMBER.metrics["mape"]
    assert metric(y, prediction) == pytest.approx(0.1)
    assert metric.note is not None and "1 rows" in str(metric.note(y))
    assert metric.note(y[1:]) is None


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_roc_auc_is_the_share_of_pairs_in_order(data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 30))
    y = np.array(data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)))
    score = np.array(data.draw(st.lists(st.integers(0, 5), min_size=n, max_size=n))) / 5
    got = TWO.metrics["roc_auc"](y, np.column_stack([1 - score, score]))
    if len(set(y.tolist())) < 2:
        assert np.isnan(got)
        return
    pairs = np.sign(score[y == 1][:, None] - score[y == 0][None, :])
    assert got == pytest.approx((pairs.mean() + 1) / 2, abs=1e-12)
