"""Intervals hold the truth as often as they say, and degenerate rows give a reason instead of a crash."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.data.schema import Target
from trainwright.evaluate.intervals import bootstrap, delong, validation_interval, wilson
from trainwright.evaluate.resampling import PACKETS, Resampler, block_length, drawn_counts, make_units
from trainwright.evaluate.scores import make_resampler, metric_intervals
from trainwright.tasks import metric_from, task_for

TWO = task_for(Target("y", "classes", ("no", "yes"), positive="yes"))
NUMBER = task_for(Target("y", "number"))


def _scored(n: int, seed: int, gap: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Normal scores; the area under the ROC curve is known: Phi(gap / sqrt 2)."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.4).astype(int)
    score = 1 / (1 + np.exp(-(rng.normal(size=n) + gap * y)))
    return y, np.column_stack([1 - score, score])


def _holds(lows: list[float], highs: list[float], truth: float) -> float:
    return float(np.mean([(low <= truth <= high) for low, high in zip(lows, highs)]))


def test_wilson_matches_the_published_example() -> None:
    # Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    expected = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for (successes, trials), (low, high) in expected.items():
        found = wilson(successes, trials)
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 500), st.data())
def test_wilson_holds_its_value_and_widens_with_the_level(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, trials))
    narrow, wide = wilson(successes, trials, 0.9), wilson(successes, trials, 0.99)
    assert 0 <= wide.low <= narrow.low <= narrow.value <= narrow.high <= wide.high <= 1


def test_delong_equals_the_textbook_sum_and_holds_the_truth() -> None:
    y, p = _scored(60, 0)
    auc = TWO.metrics["roc_auc"]
    assert auc.influence is not None
    pulls = auc.influence(y, p, None)
    up, down = p[y == 1, 1], p[y == 0, 1]
    wins = (up[:, None] > down[None, :]) + 0.5 * (up[:, None] == down[None, :])
    variance = wins.mean(1).var(ddof=1) / len(up) + wins.mean(0).var(ddof=1) / len(down)
    assert (pulls**2).sum() / 60**2 == pytest.approx(variance, rel=1e-10)

    truth = 0.5 * (1 + math.erf(1 / math.sqrt(2) / math.sqrt(2)))
    found = [delong(auc, *_scored(120, seed)) for seed in range(300)]
    assert 0.92 <= _holds([i.low for i in found], [i.high for i in found], truth) <= 0.98


def test_the_bootstrap_holds_the_truth_for_rows() -> None:
    truth = math.sqrt(2 / math.pi)
    lows, highs = [], []
    for seed in range(200):
        error = np.random.default_rng(seed).normal(size=60)
        resampler = make_resampler(NUMBER, np.zeros(60), error, seed=seed, resamples=400)
        found = bootstrap(NUMBER.metrics["mae"], resampler)
        lows.append(found.low)
        highs.append(found.high)
    assert 0.90 <= _holds(lows, highs, truth) <= 0.985


def test_packets_of_rows_vary_as_rows_do() -> None:
    rng = np.random.default_rng(0)
    error = rng.exponential(size=PACKETS * 5)
    found = bootstrap(NUMBER.metrics["mae"], make_resampler(NUMBER, np.zeros(len(error)), error))
    width = 2 * 1.96 * error.std() / math.sqrt(len(error))
    assert found.high - found.low == pytest.approx(width, rel=0.15)


def test_groups_widen_the_interval_and_hold_the_truth_where_rows_do_not() -> None:
    held = {"groups": [], "rows": []}  # type: dict[str, list[bool]]
    for seed in range(150):
        rng = np.random.default_rng(seed)
        group = np.repeat(np.arange(12), 20)
        error = rng.normal(0, 1, 12)[group] + rng.normal(0, 0.5, 240) + 5
        for how, codes in (("groups", group), ("rows", None)):
            resampler = make_resampler(NUMBER, np.zeros(240), error, group=codes, seed=seed, resamples=300)
            found = bootstrap(NUMBER.metrics["mae"], resampler)
            held[how].append(found.low <= 5 <= found.high)
    assert np.mean(held["groups"]) >= 0.90
    assert np.mean(held["rows"]) < 0.6


def test_grouped_roc_auc_is_wider_when_rows_repeat() -> None:
    y, p = _scored(80, 3)
    y5, p5, group = np.repeat(y, 5), np.repeat(p, 5, axis=0), np.repeat(np.arange(80), 5)
    auc = TWO.metrics["roc_auc"]
    single = delong(auc, y, p)
    repeated = delong(auc, y5, p5, units=make_units(400, group=group))
    naive = delong(auc, y5, p5)
    assert repeated.high - repeated.low == pytest.approx(single.high - single.low, rel=0.06)
    assert naive.high - naive.low < 0.6 * (repeated.high - repeated.low)


def test_blocks_of_time_widen_the_interval_of_a_slow_error() -> None:
    rng = np.random.default_rng(1)
    error = np.zeros(2000)
    for i in range(1, 2000):
        error[i] = 0.95 * error[i - 1] + rng.normal()
    error = np.abs(error)
    shuffled = rng.permutation(2000)  # the order of the rows says nothing: the time column does
    time = np.arange(2000.0)[shuffled]
    by_time = make_resampler(NUMBER, np.zeros(2000), error[shuffled], time=time)
    by_row = make_resampler(NUMBER, np.zeros(2000), error[shuffled])
    wide, narrow = (bootstrap(NUMBER.metrics["mae"], r) for r in (by_time, by_row))
    assert by_time.units.block > 20 and "rows in sequence" in wide.method
    assert wide.high - wide.low > 2.5 * (narrow.high - narrow.low)


def test_block_length_follows_the_dependence() -> None:
    rng = np.random.default_rng(2)
    noise = rng.normal(size=1000)
    slow = np.convolve(rng.normal(size=1050), np.ones(40), mode="valid")[:1000]
    assert block_length(1000, noise) <= 20
    assert block_length(1000, slow) >= 40
    assert block_length(1000, None) == 10


def test_fold_interval_is_wider_than_the_plain_t_and_says_what_it_left_out() -> None:
    values = [0.80, 0.84, 0.82, 0.79, 0.85]
    found = validation_interval(values)
    plain = 2.776 * np.std(values, ddof=1) / math.sqrt(5)
    assert found.value == pytest.approx(0.82)
    assert (found.high - found.low) / 2 == pytest.approx(plain * math.sqrt(5 * (1 / 5 + 1 / 4)), rel=1e-3)
    assert "1 of 6 folds" in str(validation_interval([*values, float("nan")]).note)
    assert math.isnan(validation_interval([0.8]).low) and validation_interval([0.8]).reason


def test_roc_auc_over_folds_is_averaged_never_pooled() -> None:
    """Fold models on different scales: each orders its own rows perfectly, the pool does not."""
    y = np.tile([0, 1], 40)
    fold = np.repeat([0, 1], 40)
    score = np.where(y == 1, 0.3, 0.1) + 0.5 * fold
    p = np.column_stack([1 - score, score])
    found = metric_intervals(TWO, make_resampler(TWO, y, p), fold=fold)
    assert found["roc_auc"].value == 1.0
    assert TWO.metrics["roc_auc"](y, p) < 0.8


@pytest.mark.parametrize("n", [1, 2, 5, 9, 10, 15])
@pytest.mark.parametrize("positives", [0, 1, 2, "all"])
@pytest.mark.parametrize("roles", ["none", "fold", "group", "time"])
def test_degenerate_rows_never_fail(n: int, positives: int | str, roles: str) -> None:
    y = np.ones(n, dtype=int) if positives == "all" else (np.arange(n) < int(positives)).astype(int)
    p = np.column_stack([1 - np.linspace(0, 1, n), np.linspace(0, 1, n)])
    role = {
        "none": {},
        "fold": {},
        "group": {"group": np.arange(n) % 3},
        "time": {"time": np.arange(float(n))},
    }
    fold = np.arange(n) % 2 if roles == "fold" else None
    found = metric_intervals(TWO, make_resampler(TWO, y, p, **role[roles]), fold=fold)  # type: ignore[arg-type]
    for name, interval in found.items():
        bounded = math.isfinite(interval.low) and math.isfinite(interval.high)
        assert bounded or interval.reason, name
        if bounded:
            assert interval.low <= interval.value <= interval.high, name
        if n < 10 and roles != "fold":
            assert not bounded, name


def test_perfect_predictions_do_not_pretend_to_be_certain() -> None:
    y = np.tile([0, 1], 15)
    p = np.column_stack([1.0 - y, y.astype(float)])
    found = metric_intervals(TWO, make_resampler(TWO, y, p))
    for name in ("roc_auc", "accuracy", "f1", "balanced_accuracy", "recall"):
        assert found[name].value == 1.0 and found[name].low < 0.97, name


def test_equal_weights_change_nothing_and_uneven_ones_widen() -> None:
    y, p = _scored(300, 5)
    plain = metric_intervals(TWO, make_resampler(TWO, y, p))
    even = metric_intervals(TWO, make_resampler(TWO, y, p, weight=np.full(300, 2.0)))
    uneven = metric_intervals(
        TWO, make_resampler(TWO, y, p, weight=np.random.default_rng(0).exponential(size=300) ** 2)
    )
    for name in ("accuracy", "log_loss", "roc_auc"):
        assert (even[name].low, even[name].high) == pytest.approx((plain[name].low, plain[name].high))
        assert uneven[name].high - uneven[name].low > 1.3 * (plain[name].high - plain[name].low)


def test_the_level_of_a_later_opening_widens_every_interval() -> None:
    y, p = _scored(400, 6)
    resampler = make_resampler(TWO, y, p)
    usual, third = metric_intervals(TWO, resampler), metric_intervals(TWO, resampler, level=1 - 0.05 / 3)
    for name in usual:
        assert third[name].low < usual[name].low and third[name].high > usual[name].high, name


def test_the_same_seed_gives_the_same_bounds_and_the_time_limit_is_recorded() -> None:
    y, p = _scored(200, 7)

    def slow_metric(y_true: np.ndarray, y_pred: np.ndarray) -> float:
        return float((y_true == y_pred).mean())

    mine = metric_from(slow_metric, TWO)
    first, second = (bootstrap(TWO.metrics["log_loss"], make_resampler(TWO, y, p, seed=9)) for _ in range(2))
    assert first == second
    assert first != bootstrap(TWO.metrics["log_loss"], make_resampler(TWO, y, p, seed=10))
    hurried = bootstrap(mine, make_resampler(TWO, y, p, budget_seconds=0.0))
    assert "50 resamples" in hurried.method and hurried.low < hurried.value < hurried.high
    by_hand = bootstrap(mine, make_resampler(TWO, y, p, resamples=400))
    theory = wilson(round(mine(y, p) * 200), 200)
    assert by_hand.high - by_hand.low == pytest.approx(theory.high - theory.low, rel=0.15)


def test_many_groups_are_dealt_whole() -> None:
    group = np.repeat(np.arange(3 * PACKETS), 2)
    units = make_units(len(group), group=group)
    assert units.count == PACKETS
    assert (units.code[::2] == units.code[1::2]).all()


def test_resampled_values_agree_with_rows_drawn_one_by_one() -> None:
    """The product of counts and sums is the bootstrap, not an approximation of it."""
    y, p = _scored(50, 8)
    resampler = Resampler(y, p, make_units(50), resamples=20)
    values = resampler.values(TWO.metrics["f1"])
    counts = resampler._counts(50)
    for b in range(20):
        rows = np.repeat(np.arange(50), counts[b].astype(int))
        assert values[b] == pytest.approx(TWO.metrics["f1"](y[rows], p[rows]), abs=1e-12)


def test_two_candidates_are_resampled_with_draws_that_are_made_once() -> None:
    y, p = _scored(60, 8)
    drawn_counts.cache_clear()
    for prediction in (p, p[::-1].copy(), p**2):
        for metric in ("f1", "accuracy"):
            Resampler(y, prediction, make_units(60), resamples=25).values(TWO.metrics[metric])
    assert drawn_counts.cache_info().misses == 1
