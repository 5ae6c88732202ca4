"""Comparisons err as seldom as they promise, find what is there, and refuse what cannot be told."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.data.schema import Target
from trainwright.evaluate.compare import (
    BETTER,
    SAME,
    TOO_FEW,
    WORSE,
    Comparison,
    compare,
    compare_to_baselines,
    compare_versions,
    corrected_t,
    holm,
)
from trainwright.tasks import task_for

TWO = task_for(Target("y", "classes", ("no", "yes"), positive="yes"))
NUMBER = task_for(Target("y", "number"))


def _both(score: np.ndarray) -> np.ndarray:
    p = 1 / (1 + np.exp(-score))
    return np.column_stack([1 - p, p])


def _rivals(n: int, seed: int, edge: float = 0.0) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Two candidates that see the truth through noise of their own; `a` sees it better by `edge`."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    y = (rng.random(n) < 1 / (1 + np.exp(-2 * z))).astype(int)
    a = _both(1.5 * (z + rng.normal(0, 0.8 - edge, n)))
    b = _both(1.5 * (z + rng.normal(0, 0.8, n)))
    return y, {"a": a, "b": b}


@pytest.mark.parametrize("metric", ["log_loss", "accuracy", "roc_auc", "f1", "average_precision"])
@pytest.mark.parametrize("folds", [0, 5])
def test_equal_candidates_are_rarely_told_apart(metric: str, folds: int) -> None:
    verdicts = []
    trials = 60 if metric == "average_precision" else 200
    for seed in range(trials):
        y, candidates = _rivals(120, seed)
        fold = np.arange(120) % folds if folds else None
        verdicts.append(compare(y, candidates, "b", TWO.metrics[metric], fold=fold)[0].verdict)
    wrong = np.mean([verdict != SAME for verdict in verdicts])
    assert wrong <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / trials)


@pytest.mark.parametrize("metric", ["log_loss", "roc_auc", "average_precision", "mcc"])
def test_a_clear_edge_is_found_with_its_sign(metric: str) -> None:
    y, candidates = _rivals(3000, 0, edge=0.6)
    fold = np.arange(3000) % 5
    first = compare(y, candidates, "b", TWO.metrics[metric], fold=fold)[0]
    second = compare(y, candidates, "a", TWO.metrics[metric], fold=fold)[0]
    assert (first.verdict, second.verdict) == (BETTER, WORSE)
    assert first.low > 0 and second.high < 0
    assert first.difference == pytest.approx(-second.difference)


def test_the_interval_is_in_the_metrics_own_units() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=500)
    good, bad = y + rng.normal(0, 1, 500), y + rng.normal(0, 2, 500)
    found = compare(y, {"good": good, "bad": bad}, "bad", NUMBER.metrics["rmse"])[0]
    rmse = NUMBER.metrics["rmse"]
    assert found.difference == pytest.approx(rmse(y, bad) - rmse(y, good))
    assert 0.7 < found.low < found.difference < found.high < 1.3


def test_groups_take_away_what_repeated_rows_pretend() -> None:
    fooled = {"rows": 0, "groups": 0}
    for seed in range(60):
        y, candidates = _rivals(30, seed)
        rows, group = np.repeat(np.arange(30), 20), np.repeat(np.arange(30), 20)
        many = {name: p[rows] for name, p in candidates.items()}
        metric = TWO.metrics["log_loss"]
        fooled["rows"] += compare(y[rows], many, "b", metric)[0].verdict != SAME
        fooled["groups"] += compare(y[rows], many, "b", metric, group=group)[0].verdict != SAME
    assert fooled["rows"] > 25 and fooled["groups"] <= 9


def _cross_validated(x: np.ndarray, y: np.ndarray, fold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Out-of-fold probabilities of a least-squares model and of the class share."""
    model, share = np.empty(len(y)), np.empty(len(y))
    for f in np.unique(fold):
        rows = fold != f
        design = np.column_stack([np.ones(rows.sum()), x[rows]])
        weights = np.linalg.lstsq(design, y[rows], rcond=None)[0]
        model[~rows] = np.clip(np.column_stack([np.ones((~rows).sum()), x[~rows]]) @ weights, 0.01, 0.99)
        share[~rows] = y[rows].mean()
    return np.column_stack([1 - model, model]), np.column_stack([1 - share, share])


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss", "accuracy"])
def test_a_permuted_target_beats_no_baseline(metric: str) -> None:
    beaten = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        x, y, fold = rng.normal(size=(150, 6)), rng.permutation(np.arange(150) % 3 == 0).astype(int), None
        fold = rng.permutation(150) % 5
        model, share = _cross_validated(x, y, fold)
        found = compare_to_baselines(
            y, {"majority": share, "model": model}, ["majority"], TWO.metrics[metric], fold=fold
        )["model"]
        beaten += found.beats_all
        assert found.beats_all or "no baseline is beaten" in found.text
    assert beaten <= 10  # two-sided 5 %, of which half would be wins: 5 expected


def test_a_real_signal_beats_the_baselines_and_says_which() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(600, 4))
    y = (rng.random(600) < 1 / (1 + np.exp(-2 * x[:, 0]))).astype(int)
    fold = np.arange(600) % 5
    model, share = _cross_validated(x, y, fold)
    candidates = {"majority": share, "linear": model, "boosting": model}
    found = compare_to_baselines(y, candidates, ["majority", "linear"], TWO.metrics["roc_auc"], fold=fold)
    assert found["boosting"].beaten == ("majority",) and not found["boosting"].beats_all
    assert found["boosting"].text == "boosting beats majority; it is not distinguishable from linear"
    json.dumps(found["boosting"].to_json(), allow_nan=False)


def test_being_less_wrong_than_a_bad_baseline_is_no_win() -> None:
    rng = np.random.default_rng(2)
    y = rng.integers(0, 2, 500)
    half, wild = np.full((500, 2), 0.5), _both(rng.normal(0, 3, 500))
    candidates = {"majority": half, "linear": wild, "model": _both(rng.normal(0, 0.3, 500))}
    found = compare_to_baselines(y, candidates, ["majority", "linear"], TWO.metrics["log_loss"])["model"]
    assert any(c.against == "linear" and c.verdict == BETTER for c in found.rows)
    assert found.beaten == () and found.text.startswith("no baseline is beaten")
    few = {name: p[:5] for name, p in candidates.items()}
    none = compare_to_baselines(y[:5], few, ["majority", "linear"], TWO.metrics["log_loss"])["model"]
    assert "too few rows" in none.text and not none.beats_all


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_its_definition(ps: list[float]) -> None:
    given_ = [Comparison(str(i), "x", "m", 1.0, 0, 2, p, p, SAME, 100, "t") for i, p in enumerate(ps)]
    found = holm(given_)
    order = sorted(range(len(ps)), key=lambda i: ps[i])
    largest = 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, ps[i] * (len(ps) - rank)))
        assert found[i].p_corrected == largest
        assert (found[i].verdict == BETTER) == (largest < 1 - found[i].level)


def test_many_candidates_need_more_evidence() -> None:
    y, candidates = _rivals(400, 4, edge=0.15)
    metric = TWO.metrics["log_loss"]
    alone = compare(y, candidates, "b", metric)[0]
    rng = np.random.default_rng(0)
    crowd = {**candidates, **{f"c{i}": _both(rng.normal(size=400)) * 0 + candidates["b"] for i in range(30)}}
    among = compare(y, crowd, "b", metric)[0]
    assert among.p == alone.p and among.p_corrected == pytest.approx(min(1.0, alone.p * 31))


def test_two_versions_under_a_hundred_rows_get_no_verdict() -> None:
    y, candidates = _rivals(2000, 5, edge=0.6)
    a, b = candidates["a"], candidates["b"]
    metric = TWO.metrics["log_loss"]
    assert compare_versions(y, a, b, metric, names=("v2", "v1")).verdict == BETTER
    few = compare_versions(y[:99], a[:99], b[:99], metric, names=("v2", "v1"))
    assert few.verdict == TOO_FEW and math.isfinite(few.difference) and few.n_rows == 99
    assert compare_versions(y[:3], a[:3], b[:3], metric).verdict == TOO_FEW


def test_identical_predictions_are_not_distinguishable() -> None:
    y, candidates = _rivals(300, 6)
    for name in ("log_loss", "roc_auc", "f1", "average_precision"):
        twins = {"a": candidates["a"], "b": candidates["a"].copy()}
        found = compare(y, twins, "b", TWO.metrics[name], fold=np.arange(300) % 3)[0]
        assert (found.verdict, found.difference) == (SAME, 0.0)


def test_corrected_t_is_wider_than_the_plain_one() -> None:
    mean, half, p = corrected_t([0.02, 0.01, 0.03, 0.015, 0.02])
    assert mean == pytest.approx(0.019)
    assert half == pytest.approx(2.7764 * np.std([0.02, 0.01, 0.03, 0.015, 0.02], ddof=1) * math.sqrt(0.45), rel=1e-3)
    assert 0 < p < 0.05
