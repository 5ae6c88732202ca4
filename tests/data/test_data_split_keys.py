"""Rows of earlier versions are recognised, however many equal rows a table holds."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.data.split import DEVELOPMENT, TEST, SplitRule, make_split
from trainwright.data.split_keys import earlier_rows, number_copies

KEYS = st.lists(st.integers(0, 30), min_size=20, max_size=200).map(lambda v: np.array(v, dtype=np.uint64))


@settings(max_examples=50, deadline=None)
@given(KEYS)
def test_every_copy_gets_a_key_of_its_own(keys: np.ndarray) -> None:
    assert len(np.unique(number_copies(keys))) == len(keys)


@settings(max_examples=50, deadline=None)
@given(KEYS, st.integers(0, 3), KEYS)
def test_the_same_rows_are_split_the_same_way_again_and_stay_so_when_rows_are_added(
    keys: np.ndarray, seed: int, more: np.ndarray
) -> None:
    rule = SplitRule(seed=seed, folds=2)
    y = np.arange(len(keys), dtype=float)
    first = make_split(rule, len(keys), task="number", y=y)
    numbered = number_copies(keys)
    recorded = numbered[first.part == TEST], numbered[first.part == DEVELOPMENT]
    tested, developed = earlier_rows(keys, *recorded)
    again = make_split(rule, len(keys), task="number", y=y, earlier_test=tested, earlier_development=developed)
    assert np.array_equal(again.part, first.part)
    longer_tested, longer_developed = earlier_rows(np.concatenate([keys, more]), *recorded)
    assert np.array_equal(longer_tested[: len(keys)], tested)
    assert np.array_equal(longer_developed[: len(keys)], developed)
    assert not (longer_tested & longer_developed).any()


def test_a_new_copy_of_a_sealed_row_is_sealed() -> None:
    keys = np.array([1, 2, 3], dtype=np.uint64)
    tested, developed = earlier_rows(np.array([1, 1, 2, 2, 9], dtype=np.uint64), keys[:1], keys[1:])
    assert tested.tolist() == [True, True, False, False, False]
    assert developed.tolist() == [False, False, True, True, False]
