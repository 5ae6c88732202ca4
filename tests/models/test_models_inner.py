"""Cuts that families make within their own training rows keep groups and stretches of time whole."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainwright.data.dataset import inner_units
from trainwright.models.inner import inner_folds


@given(st.integers(2, 8), st.integers(0, 1000), st.integers(3, 40))
def test_a_group_never_stands_in_two_inner_folds(count, seed, groups):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, size=200)
    folds = inner_folds(rng.normal(size=200), count, seed, units=inner_units(group, None))
    assert all(len(np.unique(folds[group == g])) == 1 for g in np.unique(group))
    assert folds.min() >= 0
    assert folds.max() < count
    assert np.array_equal(folds, inner_folds(np.zeros(200), count, seed, units=inner_units(group, None)))


@given(st.integers(0, 1000), st.integers(30, 300))
def test_equal_times_share_a_unit_and_units_follow_time(seed, n):
    time = np.random.default_rng(seed).integers(0, 40, size=n).astype(float)
    units = inner_units(None, time)
    order = np.argsort(time, kind="stable")
    assert (np.diff(units[order]) >= 0).all()
    assert all(len(np.unique(units[time == t])) == 1 for t in np.unique(time))


def test_rows_without_a_group_are_units_of_their_own():
    units = inner_units(np.array([0, 0, -1, -1, 1]), None)
    assert units[0] == units[1]
    assert len(np.unique(units)) == 4


def test_independent_rows_have_no_units():
    assert inner_units(None, None) is None
