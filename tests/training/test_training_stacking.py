"""A stacked second level learns from out-of-fold predictions alone, and cannot make skill out of noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.training import stacking
from trainwright.training.nonnegative import nonnegative
from trainwright.training.stacking import Rows, blocks_of, cross_fitted_stack, fit_second_level


def said(y: np.ndarray, noise: float, rng: np.random.Generator, k: int = 2) -> np.ndarray:
    """(n, k) probabilities that follow the truth the better, the less noise there is."""
    scores = 1.5 * np.eye(k)[y] + noise * rng.normal(size=(len(y), k))
    odds = np.exp(scores)
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def rows(k: int = 2, n: int = 400, seed: int = 0, noises: tuple[float, ...] = (0.5, 1.0, 4.0)) -> Rows:
    """Members of different quality; k of 0 for a number."""
    rng = np.random.default_rng(seed)
    y: Any = rng.integers(0, k, n) if k else rng.normal(size=n)
    parts = {f"m{i}": said(y, s, rng, k) if k else y + s * rng.normal(size=n) for i, s in enumerate(noises)}
    return Rows(parts, y, np.arange(n) % 5)


def log_loss(y: np.ndarray, p: np.ndarray) -> float:
    return float(-np.log(np.clip(p[np.arange(len(y)), y], 1e-15, 1)).mean())


@given(st.integers(1, 6), st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_the_least_of_a_quadratic_obeys_its_conditions(m: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(2 * m, m))
    curvature, pull = a.T @ a + 0.01 * np.eye(m), rng.normal(size=m) * 5
    w = nonnegative(curvature, pull)
    slope = pull - curvature @ w
    assert (w >= 0).all()
    assert np.abs(slope[w > 0]).max(initial=0.0) < 1e-6  # flat where it is free to move
    assert (slope[w == 0] < 1e-6).all()  # and held at 0 only where it would go below


@pytest.mark.parametrize("k", [2, 3, 0])
def test_the_better_member_weighs_more_and_the_whole_beats_it(k: int) -> None:
    given_rows = rows(k, n=800)
    level = fit_second_level(given_rows)
    assert level.weights["m0"] > level.weights["m1"] > level.weights["m2"] - 1e-12
    honest, best = cross_fitted_stack(given_rows), given_rows.predictions["m0"]
    if k:
        assert np.allclose(honest.sum(axis=1), 1) and (honest > 0).all()
        assert log_loss(given_rows.y, honest) < log_loss(given_rows.y, best)
    else:
        assert np.mean((given_rows.y - honest) ** 2) < np.mean((given_rows.y - best) ** 2)
        assert sum(level.weights.values()) == pytest.approx(1)


@pytest.mark.parametrize("k", [2, 4, 0])
def test_newton_finds_the_minimum(k: int) -> None:
    """No small step from the found coefficients lowers the penalised loss."""
    given_rows = rows(k, n=300, seed=3)
    level = stacking._fit(given_rows, 0.01)
    mass = np.full(300, 1 / 300)
    names = list(given_rows.predictions)
    w = np.array([level.weights[name] for name in names])
    rng = np.random.default_rng(0)
    if k:
        logs = np.stack([np.log(np.clip(given_rows.predictions[name], level.floor, 1)) for name in names], axis=2)
        ahead = logs[:, 1:] - logs[:, :1]
        theta = np.concatenate([w, np.array(level.bias[1:]) - level.bias[0]])

        def loss(at: np.ndarray) -> float:
            return stacking._class_loss(at, ahead, given_rows.y, mass, 0.01)

        nudges = rng.normal(size=(200, len(theta))) * 0.01
    else:
        z = np.column_stack([given_rows.predictions[name] for name in names])
        theta = w

        def loss(at: np.ndarray) -> float:
            squared = float(mass @ (given_rows.y - z @ at) ** 2) / float(np.var(given_rows.y))
            return squared / 2 + 0.01 / 2 * float(((at - 1 / len(at)) ** 2).sum())

        nudges = rng.normal(size=(200, len(theta))) * 0.01
        nudges -= nudges.mean(axis=1, keepdims=True)  # weights add up to 1
    for nudge in nudges:
        other = theta + nudge
        if (other[: len(names)] >= 0).all():
            assert loss(other) >= loss(theta) - 1e-7


@pytest.mark.parametrize("k", [2, 3, 0])
def test_a_folds_scored_predictions_ignore_its_own_labels(k: int) -> None:
    clean = rows(k, seed=1)
    poisoned_y = clean.y.copy()
    own = clean.block == 2
    poisoned_y[own] = (poisoned_y[own] + 1) % k if k else poisoned_y[own] * -50
    poisoned = Rows(clean.predictions, poisoned_y, clean.block)
    before, after = cross_fitted_stack(clean), cross_fitted_stack(poisoned)
    assert np.array_equal(before[own], after[own])
    assert not np.array_equal(before[~own], after[~own])  # the others do learn from them


def test_the_second_level_is_never_shown_the_rows_it_is_scored_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A spy: no fit for a fold holds a row of that fold, and it holds predictions and truth, nothing else."""
    given_rows = rows(2, n=200)
    marked = Rows(
        given_rows.predictions, given_rows.y, given_rows.block, np.arange(1.0, 201.0)
    )  # weights name the rows
    seen: list[Rows] = []
    real = stacking.fit_second_level
    monkeypatch.setattr(
        stacking, "fit_second_level", lambda given, seed=0: seen.append(given) or real(given, seed=seed)
    )
    cross_fitted_stack(marked)
    assert len(seen) == 5
    for part, one in zip(np.unique(marked.block), seen):
        assert one.weight is not None
        held_out = set(np.flatnonzero(marked.block == part) + 1.0)
        assert held_out.isdisjoint(one.weight.tolist()) and len(one.y) == 160


@pytest.mark.parametrize("k", [2, 3])
def test_labels_that_are_chance_stay_chance(k: int) -> None:
    """Out-of-fold means lean away from the labels that they lack; nothing may be made of that."""
    gained = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        n = 60 * k
        y, fold = rng.integers(0, k, n), np.arange(n) % 5
        shares = np.array([np.bincount(y[fold != f], minlength=k) / (fold != f).sum() for f in range(5)])[fold]
        parts = {}
        for i in range(6):
            odds = shares * np.exp(0.3 * rng.normal(size=(n, k)))
            parts[f"m{i}"] = odds / odds.sum(axis=1, keepdims=True)
        honest = cross_fitted_stack(Rows(parts, y, fold))
        gained.append(log_loss(y, shares) - log_loss(y, honest))
    assert np.mean(gained) < 0.005  # a fraction of a percent of log(k), and mostly below zero


def test_a_negative_weight_would_have_gained_from_chance() -> None:
    """The reason for weights of at least 0: a constant that lacks a fold's labels tells them, turned round."""
    y = np.random.default_rng(4).permutation(np.repeat([0, 1], 50))
    fold = np.arange(100) % 5
    lacking = np.array([y[fold != f].mean() for f in range(5)])[fold]
    assert np.corrcoef(lacking, [y[fold == f].mean() for f in fold])[0, 1] < -0.99
    p = np.column_stack([1 - lacking, lacking])
    level = fit_second_level(Rows({"a": p, "b": p**2 / (p**2).sum(axis=1, keepdims=True)}, y, fold))
    assert min(level.weights.values()) >= 0


@pytest.mark.parametrize("k", [2, 3, 0])
def test_more_rows_than_are_looked_at_give_the_same_answer_again(k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacking, "MOST_CELLS", 1_000)
    many = rows(k, n=3_000)
    first, second = (fit_second_level(many, seed=1) for _ in range(2))
    assert first == second != fit_second_level(many, seed=2)


def test_probabilities_of_zero_and_absent_classes_give_finite_numbers() -> None:
    y = np.array([0, 1] * 30)
    sure = np.zeros((60, 3))
    sure[np.arange(60), y] = 1.0
    level = fit_second_level(Rows({"a": sure, "b": sure[::-1]}, y, np.arange(60) % 3))
    out = level.apply({"a": sure, "b": sure[::-1]})
    assert np.isfinite(out).all() and np.allclose(out.sum(axis=1), 1)
    assert out[:, 2].max() < 0.1


def test_row_weights_decide_whom_the_second_level_serves() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=200)
    first, second = y.copy(), y.copy()
    first[100:] += 3 * rng.normal(size=100)
    second[:100] += 3 * rng.normal(size=100)
    weight = np.r_[np.ones(100), np.full(100, 1e-6)]
    level = fit_second_level(Rows({"first": first, "second": second}, y, np.arange(200) % 4, weight))
    assert level.weights["first"] > 0.9


def test_a_single_validation_part_is_cut_in_whole_groups() -> None:
    group = np.repeat(np.arange(20), 5)
    parts = blocks_of(np.zeros(100, dtype=np.int64), np.arange(100.0), group)
    assert len(np.unique(parts)) > 1
    assert all(len(np.unique(parts[group == g])) == 1 for g in range(20))
    fold = np.arange(100) % 3
    assert np.array_equal(blocks_of(fold, np.arange(100.0), group), fold)  # folds are kept as they are
