"""Ranking by risk, and precision and lift in its first rows."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from package_maker import NUMBER, THREE, TWO

from trainwright.errors import UserError
from trainwright.packages.ranking import lift, rank


def test_rows_are_sorted_by_the_probability_of_the_positive_class() -> None:
    frame = pl.DataFrame({"prediction": ["a", "b", "a"], "probability_>50K": [0.2, 0.9, 0.2]})
    ranked = rank(frame, TWO)
    assert ranked.columns[:2] == ["rank", "row"]
    assert ranked["row"].to_list() == [1, 0, 2]  # equal ones stay in the order of the file
    assert ranked["rank"].to_list() == [1, 2, 3]


def test_a_column_called_rank_in_the_file_is_kept() -> None:
    ranked = rank(pl.DataFrame({"rank": ["x", "y"], "prediction": [1.0, 2.0]}), NUMBER)
    assert ranked["rank_in_file"].to_list() == ["y", "x"]


def test_more_than_two_classes_have_no_one_risk() -> None:
    with pytest.raises(UserError, match="3 classes"):
        rank(pl.DataFrame({"prediction": ["low"]}), THREE)


def test_lift_of_a_perfect_ranking() -> None:
    truth = np.array([1] * 10 + [0] * 90)
    (top,) = lift(np.linspace(1, 0, 100), truth, (10,))
    assert (top.precision, top.recall, top.lift, top.share) == (1.0, 1.0, 10.0, 0.1)


def test_equal_scores_give_no_lift_whatever_the_order_of_the_file() -> None:
    truth = np.array([1] * 10 + [0] * 90)
    for figures in (lift(np.zeros(100), truth), lift(np.zeros(100), truth[::-1])):
        assert [round(figure.lift or 0, 12) for figure in figures] == [1.0] * 5


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_all_rows_together_have_recall_one_and_lift_one(rows: list[tuple[float, bool]]) -> None:
    scores = np.array([score for score, _ in rows])
    truth = np.array([positive for _, positive in rows], dtype=int)
    (whole,) = lift(scores, truth, (len(rows),))
    assert whole.precision == pytest.approx(truth.mean())
    if truth.any():
        assert whole.recall == pytest.approx(1) and whole.lift == pytest.approx(1)
    else:
        assert whole.recall is None and whole.lift is None
