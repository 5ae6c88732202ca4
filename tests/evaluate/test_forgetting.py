"""What is forgotten is told from chance, and full or incremental is recommended for the reasons that are named."""

from __future__ import annotations

import numpy as np
import pytest

from trainwright.data.replay import LEAST_PER_CLASS, replayed
from trainwright.evaluate.forgetting import forgetting, sentence
from trainwright.evaluate.retraining import Change, recommend


def test_a_class_that_is_found_less_often_is_named_and_the_others_are_not() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 200)
    before = np.where(rng.random(600) < 0.9, y, (y + 1) % 3)
    after = np.where((y == 1) & (rng.random(600) < 0.3), 2, before)
    found = forgetting(y, before, after, ["a", "b", "c", "unseen"])
    assert [one.verdict for one in found] == ["not distinguishable", "forgotten", "not distinguishable"]
    assert [one.rows for one in found] == [200, 200, 200]
    lost = found[1]
    assert lost.low < lost.difference < lost.high < 0 and lost.after == pytest.approx(np.mean(after[y == 1] == 1))
    words = sentence([one.to_json() for one in found], "old rows")
    assert words.startswith("a class is forgotten on old rows: b is found in")


def test_of_two_classes_a_moved_threshold_is_said_to_trade_one_for_the_other() -> None:
    y = np.repeat([0, 1], 200)
    row = np.arange(400)
    before = np.where(y == 0, row % 10 < 2, row % 10 < 7).astype(int)
    after = np.where(y == 0, row % 10 < 4, row % 10 < 9).astype(int)
    words = sentence([one.to_json() for one in forgetting(y, before, after, ["no", "yes"])], "old rows")
    assert "no is found in 60% of its 200 rows instead of 80%" in words
    assert "yes is found in 90% instead of 70%: the threshold may have moved" in words
    worse = np.where(y == 0, row % 10 < 4, row % 10 < 7).astype(int)
    assert "threshold" not in sentence(
        [one.to_json() for one in forgetting(y, before, worse, ["no", "yes"])], "old rows"
    )


def test_chance_is_not_called_forgetting() -> None:
    """Two models that err alike differ on single rows; with ten classes some differ more than others."""
    wrong = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        y = np.repeat(np.arange(10), 60)
        sides = [np.where(rng.random(600) < 0.8, y, (y + 1) % 10) for _ in range(2)]
        wrong += any(one.verdict == "forgotten" for one in forgetting(y, *sides, [str(i) for i in range(10)]))
    assert wrong <= 4


def test_the_interval_holds_the_true_change_about_as_often_as_it_says() -> None:
    inside = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        y = np.zeros(80, dtype=int)
        before = (rng.random(80) >= 0.9).astype(int)
        turned = rng.random(80) < np.where(before == 0, 0.2, 0.5)
        after = np.where(turned, 1 - before, before)
        one = forgetting(y, before, after, ["a", "b"])[0]
        inside += one.low <= -0.13 <= one.high
    assert inside >= 0.93 * 400


def test_improvement_is_said_too() -> None:
    y = np.zeros(100, dtype=int)
    found = forgetting(y, np.where(np.arange(100) < 40, 1, 0), y, ["a", "b"])
    assert found[0].verdict == "improved" and "nothing is forgotten" in sentence([found[0].to_json()], "old rows")


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (Change(None, 0, 100), "full", "first model"),
        (Change("a@v1", 1000, 150), "incremental", "15% as many new rows"),
        (Change("a@v1", 1000, 600), "full", "more than half"),
        (Change("a@v1", 1000, 300), "incremental", "between the 20 %"),
        (Change("a@v1", 1000, 100, new_classes=("x",)), "incremental", "a class is new (x)"),
        (Change("a@v1", 1000, 20, corrected=7), "incremental", "7 earlier rows came again"),
        (Change("a@v1", 1000, 100, unknown={"job": 0.4}), "full", "40% in job"),
        (Change("a@v1", 1000, 100, unknown={"job": 0.05}), "incremental", "10%"),
        (Change("a@v1", 1000, 100, degraded="a@v1 does worse on the new rows"), "full", "does worse"),
    ],
)
def test_full_or_incremental_has_its_reason(change: Change, kind: str, words: str) -> None:
    found = recommend(change)
    assert found.kind == kind and words in found.text


def test_times_stand_beside_the_reasons() -> None:
    text = recommend(Change("a@v1", 1000, 100, seconds_incremental=8.0, seconds_full=118.0)).text
    assert "8.0" in text and "1\u202fmin" in text.replace("\xa0", "\u202f")


def test_every_class_is_learned_from_again() -> None:
    y = np.array([0] * 2000 + [1] * 60 + [2] * 10)
    kept = replayed(y, 0.1, task="classes", seed=3)
    assert np.bincount(y[kept]).tolist() == [200, LEAST_PER_CLASS, 10]
    assert np.array_equal(kept, replayed(y, 0.1, task="classes", seed=3))
    assert not np.array_equal(kept, replayed(y, 0.1, task="classes", seed=4))
    assert len(replayed(y, 500, task="classes", seed=0)) == pytest.approx(500, abs=60)


def test_what_must_be_kept_is_kept_and_a_number_is_drawn_over_its_range() -> None:
    y = np.random.default_rng(0).normal(size=1000)
    always = np.zeros(1000, dtype=bool)
    always[:5] = True
    kept = replayed(y, 0.2, task="number", seed=0, always=always)
    assert np.isin(np.arange(5), kept).all() and abs(len(kept) - 200) <= 15
    assert abs(y[kept].mean() - y.mean()) < 0.1 and abs(y[kept].std() - y.std()) < 0.1
    assert replayed(y, 0, task="number", seed=0, always=always).tolist() == [0, 1, 2, 3, 4]
