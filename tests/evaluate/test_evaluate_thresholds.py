"""Thresholds do what their rule says, and are scored on folds that had no say in them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.evaluate.thresholds import ThresholdRule, choose_threshold, sweep
from trainwright.tasks import task_for

TARGET = Target("y", "classes", ("no", "yes"), positive="yes")
TASK = task_for(TARGET)


def _rows(n: int, share: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = (np.arange(n) < share * n).astype(int)
    score = 1 / (1 + np.exp(-(rng.normal(size=n) + 1.5 * y - 2)))
    return y, np.column_stack([1 - score, score])


def test_balanced_rows_keep_one_half_and_rare_ones_get_the_most_f1() -> None:
    even = choose_threshold(TARGET, *_rows(400, 0.5))
    assert even is not None and even.value == 0.5 and "50%" in even.reason
    y, p = _rows(400, 0.1)
    rare = choose_threshold(TARGET, y, p)
    assert rare is not None
    best = max(TASK.at(t).metrics["f1"](y, p) for t in p[:, 1])
    assert TASK.at(rare.value).metrics["f1"](y, p) == pytest.approx(best)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["recall", "precision"]), st.floats(0.1, 0.95))
def test_a_demand_is_met_or_said_to_be_out_of_reach(seed: int, what: str, level: float) -> None:
    y, p = _rows(80, 0.3, seed)
    p = np.round(p, 2)
    rule = ThresholdRule(min_recall=level) if what == "recall" else ThresholdRule(min_precision=level)
    found = choose_threshold(TARGET, y, p, rule=rule)
    assert found is not None
    got = TASK.at(found.value).metrics[what](y, p)
    reachable = max(TASK.at(t).metrics[what](y, p) for t in p[:, 1])
    assert found.met == (reachable >= level - 1e-12)
    if found.met:
        assert got >= level - 1e-12
    else:
        assert "no threshold reaches" in found.reason


def test_costs_choose_the_cheapest_threshold() -> None:
    y, p = _rows(500, 0.3, 3)

    def cost(threshold: float) -> float:
        flagged = p[:, 1] >= threshold
        return 1.0 * (flagged & (y == 0)).sum() + 8.0 * (~flagged & (y == 1)).sum()

    rule = ThresholdRule(false_positive=1, false_negative=8)
    found = choose_threshold(TARGET, y, p, rule=rule)
    assert found is not None and cost(found.value) == min(cost(t) for t in [*p[:, 1], 1.1])
    dear = ThresholdRule(false_positive=1000, false_negative=1e-6)
    never = choose_threshold(TARGET, y, p[:, ::-1], rule=dear)  # the highest score is not a positive row
    assert never is not None and never.value == 1.0


def test_each_folds_threshold_is_chosen_without_it() -> None:
    y, p = _rows(300, 0.2, 4)
    fold = np.random.default_rng(0).permutation(300) % 3
    found = choose_threshold(TARGET, y, p, fold=fold)
    poisoned = choose_threshold(TARGET, np.where(fold == 1, 1 - y, y), p, fold=fold)
    assert found is not None and poisoned is not None
    assert found.by_row is not None and poisoned.by_row is not None
    assert (found.by_row[fold == 1] == poisoned.by_row[fold == 1]).all()
    assert len(np.unique(found.by_row)) <= 3


def test_choosing_and_scoring_on_the_same_rows_flatters_and_cross_fitting_does_not() -> None:
    flattered, honest = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        y, score = (rng.random(80) < 0.2).astype(int), rng.random(80)  # nothing to learn
        p = np.column_stack([1 - score, score])
        rule = ThresholdRule(false_positive=1, false_negative=4)
        found = choose_threshold(TARGET, y, p, rule=rule, fold=np.arange(80) % 5)
        assert found is not None and found.by_row is not None

        def cost(threshold: float | np.ndarray, y: np.ndarray = y, score: np.ndarray = score) -> float:
            flagged = score >= threshold
            return float(((flagged & (y == 0)).sum() + 4 * (~flagged & (y == 1)).sum()) / 80)

        flattered.append(cost(found.value))
        honest.append(cost(found.by_row))
    assert np.mean(flattered) < 0.78 < np.mean(honest)  # 0.8 is the cost of any threshold on new rows


def test_the_sweep_is_what_deciding_gives() -> None:
    y, p = _rows(200, 0.3, 5)
    rows = sweep(TARGET, y, p)
    assert [row["threshold"] for row in rows] == [round(0.05 * i, 2) for i in range(1, 20)]
    for row in rows:
        at = TASK.at(row["threshold"])  # type: ignore[arg-type]
        assert row["flagged"] == pytest.approx((at.decide(p) == 1).mean())
        assert row["recall"] == pytest.approx(at.metrics["recall"](y, p))
        assert row["f1"] == pytest.approx(at.metrics["f1"](y, p))
        if row["flagged"] == 0:
            assert row["precision"] is None


def test_rules_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UserError, match="both costs"):
        ThresholdRule(false_positive=1)
    with pytest.raises(UserError, match="between 0 and 1"):
        ThresholdRule(min_recall=80)
    with pytest.raises(UserError, match="at least 0"):
        ThresholdRule(false_positive=-1, false_negative=2)


def test_no_positive_rows_and_other_targets() -> None:
    y, p = _rows(50, 0.0)
    found = choose_threshold(TARGET, y, p, rule=ThresholdRule(maximise="f1"))
    assert found is not None and found.value == 0.5 and not found.met
    assert choose_threshold(Target("y", "number"), y.astype(float), y.astype(float)) is None
    assert choose_threshold(Target("y", "classes", ("a", "b", "c")), y, np.full((50, 3), 1 / 3)) is None
