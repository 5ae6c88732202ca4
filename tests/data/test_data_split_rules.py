"""Rules that hold for every split of every table, tried on generated ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from trainwright.data.split import DEVELOPMENT, TEST, Split, SplitRule, inner_cut, inner_folds, make_split
from trainwright.errors import UserError

SEEDS = st.integers(0, 2**31)
many = settings(max_examples=40, deadline=None)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    """Sizes, classes, groups and tied times of a table."""
    n = draw(st.integers(60, 300))
    rng = np.random.default_rng(draw(SEEDS))
    return {
        "n": n,
        "y": rng.integers(0, draw(st.integers(2, 4)), n),
        "group": rng.integers(-1, draw(st.integers(8, 60)), n),
        "time": rng.integers(0, draw(st.integers(8, 200)), n).astype(float),
        "seed": draw(st.integers(0, 10)),
    }


def split_of(table: dict[str, Any], *, group: bool = False, time: bool = False, **settings: Any) -> Split:
    rule = SplitRule(seed=table["seed"], group="site" if group else None, time="day" if time else None, **settings)
    return make_split(
        rule,
        table["n"],
        task="classes",
        y=table["y"],
        group=table["group"] if group else None,
        time=table["time"] if time else None,
    )


def check_partition(split: Split) -> None:
    n = int((split.part == DEVELOPMENT).sum())
    assert set(np.unique(split.part)) <= {0, 1, 2}
    assert sum(split.left_out.values()) == (split.part == 2).sum()
    for fold in split.folds:
        assert len(fold.train) and len(fold.validation)
        assert len(np.intersect1d(fold.train, fold.validation)) == 0
        assert max(fold.train.max(), fold.validation.max()) < n


def check_covered_once(split: Split) -> None:
    n = int((split.part == DEVELOPMENT).sum())
    for repeat in {fold.repeat for fold in split.folds}:
        seen = np.concatenate([fold.validation for fold in split.folds if fold.repeat == repeat])
        assert sorted(seen) == list(range(n))
    for fold in split.folds:
        assert len(fold.train) + len(fold.validation) == n


@many
@given(tables())
def test_random_split_is_exact_and_stratified_within_a_row(table: dict[str, Any]) -> None:
    split = split_of(table)
    check_partition(split)
    check_covered_once(split)
    assert len(split.test) == round(0.15 * table["n"])
    sizes = np.bincount(table["y"])
    tested = np.bincount(table["y"][split.test], minlength=len(sizes))
    assert (np.abs(tested - 0.15 * sizes) <= 1)[sizes > 1].all()
    y = table["y"][split.development]
    k = 1 + max(fold.number for fold in split.folds)
    for fold in split.folds:
        counts = np.bincount(y[fold.validation], minlength=len(sizes))
        assert (np.abs(counts - np.bincount(y, minlength=len(sizes)) / k) < 1).all()


@many
@given(tables())
def test_groups_never_straddle_a_cut(table: dict[str, Any]) -> None:
    split = split_of(table, group=True)
    check_partition(split)
    check_covered_once(split)
    group = table["group"]

    def apart(one: np.ndarray, other: np.ndarray) -> bool:
        common = np.intersect1d(group[one], group[other])
        return not (common >= 0).any()  # rows without a group stand alone

    assert apart(split.development, split.test)
    assert len(split.test)
    for fold in split.folds:
        assert apart(split.development[fold.train], split.development[fold.validation])


@many
@given(tables(), st.integers(0, 5))
def test_held_out_rows_are_later_and_equal_times_stay_together(table: dict[str, Any], gap: int) -> None:
    try:
        split = split_of(table, time=True, gap=float(gap))
    except UserError:
        assume(False)
    check_partition(split)
    time = table["time"]
    assert time[split.test].min() > time[split.development].max() + max(gap - 1, 0)
    for fold in split.folds:
        rows = split.development
        assert time[rows[fold.validation]].min() > time[rows[fold.train]].max() + max(gap - 1, 0)
    windows = [set(time[split.development[fold.validation]]) for fold in split.folds]
    assert sum(map(len, windows)) == len(set().union(*windows))


@many
@given(tables())
def test_groups_and_time_together_hold_both_promises(table: dict[str, Any]) -> None:
    try:
        split = split_of(table, group=True, time=True)
    except UserError:
        assume(False)
    check_partition(split)
    time, group = table["time"], table["group"]

    def both(earlier: np.ndarray, later: np.ndarray) -> None:
        assert time[later].min() > time[earlier].max()
        assert not (np.intersect1d(group[earlier], group[later]) >= 0).any()

    both(split.development, split.test)
    for fold in split.folds:
        both(split.development[fold.train], split.development[fold.validation])


@pytest.mark.parametrize("kind", [{}, {"group": True}, {"time": True}], ids=["random", "grouped", "time"])
@settings(max_examples=10, deadline=None)
@given(table=tables())
def test_equal_arguments_give_equal_splits(kind: dict[str, bool], table: dict[str, Any]) -> None:
    assert split_of(table, **kind).to_json() == split_of(table, **kind).to_json()


def test_another_seed_gives_another_split() -> None:
    table = {"n": 200, "y": np.arange(200) % 2, "seed": 1}
    assert not np.array_equal(split_of(table).part, split_of({**table, "seed": 2}).part)


def test_repeats_draw_other_folds() -> None:
    group = np.repeat(np.arange(40), 5)
    split = make_split(SplitRule(group="site"), 200, task="number", y=np.arange(200.0), group=group)
    first, second = split.folds[0].validation, split.folds[5].validation
    assert not np.array_equal(first, second)


@many
@given(tables(), st.sampled_from(["plain", "group", "time", "both"]))
def test_inner_cut_obeys_the_roles(table: dict[str, Any], kind: str) -> None:
    group = table["group"] if kind in ("group", "both") else None
    time = table["time"] if kind in ("time", "both") else None
    cut = inner_cut(0.2, task="classes", y=table["y"], group=group, time=time, seed=table["seed"])
    if cut is None:
        assume(kind == "both")
        return
    train, validation = cut
    assert len(np.intersect1d(train, validation)) == 0
    assert len(train) > len(validation) > 0 or kind != "plain"
    if group is not None:
        assert not (np.intersect1d(group[train], group[validation]) >= 0).any()
    if time is not None:
        assert time[validation].min() > time[train].max()


def test_inner_cut_is_refused_where_it_would_be_nonsense() -> None:
    y = np.arange(100) % 2
    assert inner_cut(0.2, task="classes", y=y[:40]) is None
    assert inner_cut(0.2, task="classes", y=y, group=np.zeros(100, int)) is None
    assert inner_cut(0.2, task="classes", y=y, time=np.zeros(100)) is None
    assert inner_cut(0.2, task="classes", y=y) is not None


@many
@given(tables(), st.integers(2, 6))
def test_inner_folds_obey_the_roles(table: dict[str, Any], k: int) -> None:
    y, group, time = table["y"], table["group"], table["time"]
    plain = inner_folds(k, task="classes", y=y, seed=1)
    assert np.ptp(np.bincount(plain, minlength=k)) <= 1
    grouped = inner_folds(k, task="classes", y=y, group=group, seed=1)
    for code in np.unique(group[group >= 0]):
        assert len(np.unique(grouped[group == code])) == 1
    timed = inner_folds(k, task="classes", y=y, time=time)
    order = np.argsort(time, kind="stable")
    assert (np.diff(timed[order]) >= 0).all()
    assert all(len(np.unique(timed[time == moment])) == 1 for moment in np.unique(time))


def test_test_rows_do_not_depend_on_the_folds() -> None:
    table = {"n": 500, "y": np.arange(500) % 2, "seed": 1}
    few, more = split_of(table, folds=3), split_of(table, folds=7)
    assert np.array_equal(few.part == TEST, more.part == TEST)
