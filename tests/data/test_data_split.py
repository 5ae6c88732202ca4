"""What a user may rely on in a split, kind by kind, with the sentences it says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from trainwright.data.split import (
    DEVELOPMENT,
    LEFT_OUT,
    TEST,
    Split,
    SplitRule,
    make_split,
)
from trainwright.errors import UserError


def labels(n: int, *shares: float) -> np.ndarray:
    """n class codes with these shares, mixed by a fixed seed."""
    rng = np.random.default_rng(0)
    return rng.permutation(np.searchsorted(np.cumsum(shares), np.arange(n) / n, side="right"))


def said(split: Split, words: str) -> bool:
    return any(words in sentence for sentence in split.reason)


def test_default_is_70_15_15_and_stratified() -> None:
    y = labels(10_000, 0.9, 0.1)
    split = make_split(SplitRule(), 10_000, task="classes", y=y, classes=("no", "yes"))
    assert (split.part == TEST).sum() == 1500
    assert y[split.test].sum() == 150
    assert len(split.folds) == 5
    assert split.summary()["class_shares"] == {"no": 0.9, "yes": 0.1}
    assert said(split, "equal shares of the classes")


def test_sixty_twenty_twenty_cuts_once() -> None:
    rule = SplitRule(test_size=0.2, validation_size=0.2, holdout=True)
    split = make_split(rule, 1000, task="classes", y=labels(1000, 0.5, 0.5))
    assert split.n_rows == {"train": 600, "validation": 200, "test": 200}


@pytest.mark.parametrize(
    ("n", "folds"),
    [(300, 15), (3_000, 8), (100_000, 5), (300_000, 1)],
    ids=["tiny", "small", "large", "huge"],
)
def test_number_of_folds_follows_the_rows(n: int, folds: int) -> None:
    split = make_split(SplitRule(), n, task="number", y=np.arange(n, dtype=float))
    assert len(split.folds) == folds


def test_millions_of_rows_get_smaller_shares_with_the_reason() -> None:
    n = 2_000_000
    split = make_split(SplitRule(stratify=False), n, task="number")
    assert split.n_rows == {"train": 1_800_000, "validation": 100_000, "test": 100_000}
    assert said(split, "rather than 15%")
    asked = make_split(SplitRule(stratify=False, most_rows=None), n, task="number")
    assert asked.n_rows["test"] == 300_000


def test_small_test_part_is_announced_with_the_width_of_its_interval() -> None:
    split = make_split(SplitRule(), 300, task="classes", y=labels(300, 0.5, 0.5))
    assert said(split, "only 45 rows")
    assert said(split, "about 0.23 wide")
    large = make_split(SplitRule(), 1000, task="classes", y=labels(1000, 0.5, 0.5))
    assert not said(large, "interval")


def test_number_target_has_the_same_quantiles_in_test_and_development() -> None:
    y = np.random.default_rng(1).lognormal(sigma=2.0, size=2000)
    split = make_split(SplitRule(), 2000, task="number", y=y)
    top = y >= np.quantile(y, 0.9)
    assert abs(top[split.test].sum() - 30) <= 1


def test_rare_class_is_named_with_its_count() -> None:
    y = np.array([0] * 500 + [1] * 480 + [2] * 3)
    split = make_split(SplitRule(), len(y), task="classes", y=y, classes=("ok", "bad", "odd"))
    assert said(split, "'odd' (3)")


def test_a_single_example_of_a_class_stays_in_development() -> None:
    y = np.array([0] * 50 + [1] * 49 + [2])
    for seed in range(20):
        split = make_split(SplitRule(seed=seed), len(y), task="classes", y=y)
        assert split.part[-1] == DEVELOPMENT


def test_few_examples_of_the_rarer_of_two_classes_lower_the_folds() -> None:
    y = np.array([0] * 996 + [1] * 4)
    split = make_split(SplitRule(test_size=0.0), 1000, task="classes", y=y)
    assert len(split.folds) == 4
    assert all(y[split.development[fold.validation]].sum() == 1 for fold in split.folds)
    assert said(split, "rarer class has only 4 rows")


def test_small_strata_are_merged_and_named() -> None:
    y = np.tile([0, 1], 100)
    strata = np.repeat([0, 1], 100)
    strata[:3] = 2
    split = make_split(
        SplitRule(strata=("site",)),
        200,
        task="classes",
        y=y,
        strata=strata,
        classes=("no", "yes"),
        strata_names=("north", "south", "west"),
    )
    assert said(split, "stratum 'west': 2 rows")
    shares = np.bincount(strata[split.test]) / len(split.test)
    assert shares[0] == pytest.approx(0.485, abs=0.05)


def test_without_shuffling_the_last_rows_are_held_and_folds_are_blocks() -> None:
    split = make_split(SplitRule(shuffle=False), 1000, task="number", y=np.arange(1000.0))
    assert split.test.tolist() == list(range(850, 1000))
    assert all(np.diff(fold.validation).max() == 1 for fold in split.folds)


def test_test_size_zero_holds_nothing_back_and_says_so() -> None:
    split = make_split(SplitRule(test_size=0.0), 600, task="number", y=np.arange(600.0))
    assert len(split.test) == 0
    assert said(split, "cross-validated")


def test_given_test_file_holds_nothing_back() -> None:
    split = make_split(SplitRule(given_test=True), 600, task="number", y=np.arange(600.0))
    assert len(split.development) == 600
    assert said(split, "a file of its own")


def test_groups_keep_class_shares() -> None:
    rng = np.random.default_rng(3)
    group = rng.integers(0, 200, 5000)
    y = (rng.random(5000) < rng.random(200)[group]).astype(int)
    split = make_split(SplitRule(group="site"), 5000, task="classes", y=y, group=group)
    assert len(split.test) == pytest.approx(750, abs=40)
    assert y[split.test].mean() == pytest.approx(y.mean(), abs=0.02)
    for fold in split.folds:
        assert y[split.development[fold.validation]].mean() == pytest.approx(y.mean(), abs=0.02)


def test_fewer_groups_than_folds_lower_the_folds() -> None:
    group = np.repeat(np.arange(4), 100)
    split = make_split(SplitRule(group="site"), 400, task="number", y=np.arange(400.0), group=group)
    assert len({fold.number for fold in split.folds}) == 3
    assert said(split, "only 3 groups of 'site'")


def test_one_group_is_refused() -> None:
    with pytest.raises(UserError, match="'site' has a single group"):
        make_split(SplitRule(group="site"), 50, task="number", y=np.arange(50.0), group=np.zeros(50, int))


def test_missing_time_is_refused_with_its_count() -> None:
    time = np.arange(100.0)
    time[:7] = np.nan
    with pytest.raises(UserError, match=r"'day'.*7 of 100 rows"):
        make_split(SplitRule(time="day"), 100, task="number", y=np.arange(100.0), time=time)


def test_gap_in_rows_leaves_exactly_these_rows_out() -> None:
    split = make_split(SplitRule(time="row-order", gap=5), 1000, task="number", y=np.arange(1000.0))
    assert split.test.tolist() == list(range(850, 1000))
    assert np.flatnonzero(split.part == LEFT_OUT).tolist() == [845, 846, 847, 848, 849]
    for fold in split.folds:
        assert fold.validation.min() - fold.train.max() == 6


def test_groups_that_begin_late_are_tested_whole() -> None:
    group = np.arange(1000) // 20  # each group lives in 20 consecutive rows
    split = make_split(
        SplitRule(group="batch", time="row-order"), 1000, task="number", y=np.arange(1000.0), group=group
    )
    assert split.test.tolist() == list(range(840, 1000))
    assert (split.part == LEFT_OUT).sum() == 0


def test_groups_that_recur_are_crossed_with_time_and_the_loss_is_counted() -> None:
    group = np.arange(2000) % 40
    split = make_split(
        SplitRule(group="machine", time="row-order"), 2000, task="number", y=np.arange(2000.0), group=group
    )
    assert len(split.test) == pytest.approx(300, abs=60)
    assert sum(split.left_out.values()) == (split.part == LEFT_OUT).sum() > 0
    assert said(split, "are neither and were left out")


def test_split_column_with_words() -> None:
    values = ["Train"] * 60 + ["valid"] * 20 + ["TEST"] * 20
    rule = SplitRule(split_column="part")
    split = make_split(rule, 100, task="number", y=np.arange(100.0), split_values=values)
    assert split.n_rows == {"train": 60, "validation": 20, "test": 20}


def test_split_column_with_fold_numbers() -> None:
    values = [i % 3 + 1 for i in range(90)] + ["test"] * 10
    split = make_split(SplitRule(split_column="fold"), 100, task="number", y=np.arange(100.0), split_values=values)
    assert [fold.validation.tolist() for fold in split.folds] == [list(range(k, 90, 3)) for k in range(3)]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["train", "later", "test"], "'later' \\(1 rows\\)"),
        (["train", None, "test"], "missing \\(1 rows\\)"),
        (["train", "1", "2"], "mixes fold numbers"),
        (["test", "test", "test"], "no training row"),
        (["1", "1", "test"], "a single fold"),
    ],
)
def test_split_column_mistakes_are_named(values: list[str | None], message: str) -> None:
    with pytest.raises(UserError, match=message):
        make_split(SplitRule(split_column="part"), 3, task="number", y=np.arange(3.0), split_values=values)


def test_split_column_that_cuts_a_group_is_refused() -> None:
    with pytest.raises(UserError, match="1 groups of 'site'"):
        make_split(
            SplitRule(split_column="part", group="site"),
            4,
            task="number",
            y=np.arange(4.0),
            group=np.array([0, 0, 1, 1]),
            split_values=["train", "train", "train", "test"],
        )


def test_dates_given_by_the_user() -> None:
    day = 86_400.0
    time = np.arange(100) * day  # from 1970-01-01
    rule = SplitRule(time="day", validation_from="1970-03-02", test_from="1970-03-22", gap=2 * day)
    split = make_split(rule, 100, task="number", y=np.arange(100.0), time=time)
    assert split.test.tolist() == list(range(80, 100))
    assert split.development[split.folds[0].validation].tolist() == list(range(60, 78))
    assert split.development[split.folds[0].train].tolist() == list(range(58))


def test_date_outside_the_column_is_refused() -> None:
    rule = SplitRule(time="day", test_from="2030-01-01")
    with pytest.raises(UserError, match="test_from is 2030-01-01, but no row of column 'day'"):
        make_split(rule, 100, task="number", y=np.arange(100.0), time=np.arange(100.0))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"test_size": 1.2}, "test_size must be a share"),
        ({"test_size": 0.6, "validation_size": 0.5}, "leave no row for training"),
        ({"folds": 0}, "folds must be at least 1"),
        ({"gap": 3.0}, "gap is given, but no time column"),
        ({"test_from": "2026-01-01"}, "need the column"),
    ],
)
def test_impossible_rules_are_refused_at_once(settings: dict[str, float], message: str) -> None:
    with pytest.raises(UserError, match=message):
        SplitRule(**settings)  # type: ignore[arg-type]


def test_development_of_a_single_class_is_refused() -> None:
    y = np.array([0] * 85 + [1] * 15)
    with pytest.raises(UserError, match="all 85 development rows are of class 'no'"):
        make_split(SplitRule(time="row-order"), 100, task="classes", y=y, classes=("no", "yes"))


@pytest.mark.parametrize(
    "rule",
    [SplitRule(), SplitRule(time="row-order", gap=3), SplitRule(test_size=0.0, folds=4, repeats=2)],
    ids=["random", "time", "repeated"],
)
def test_split_survives_disk_and_json(rule: SplitRule, tmp_path: Path) -> None:
    split = make_split(rule, 700, task="classes", y=labels(700, 0.7, 0.3), classes=("a", "b"))
    split.save(tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    split.save(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first
    for again in (Split.load(tmp_path), Split.from_json(json.loads(json.dumps(split.to_json())))):
        assert again.summary() == split.summary()
        assert np.array_equal(again.part, split.part)
        for ours, theirs in zip(again.folds, split.folds, strict=True):
            assert np.array_equal(ours.train, theirs.train)
            assert np.array_equal(ours.validation, theirs.validation)
