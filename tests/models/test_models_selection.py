"""Columns that tell nothing are found, those that tell something are kept, and noise is never told to be signal."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from trainwright.data.columns import Columns, Layout
from trainwright.data.schema import Column, Kind, Schema, Target
from trainwright.models.features.selection import Ranking, rank_columns

TARGETS = {
    2: Target("y", "classes", ("no", "yes"), "yes"),
    3: Target("y", "classes", ("a", "b", "c")),
    0: Target("y", "number"),
}


def example(k: int, n: int = 600, seed: int = 0, noises: int = 8) -> tuple[Columns, np.ndarray]:
    """Numbers `x0`, `x1`, category `shop` and date `day` that tell y, among noise, some of it of many values."""
    rng = np.random.default_rng(seed)
    x0, x1, shop, day = rng.normal(size=n), rng.normal(size=n), rng.integers(0, 4, n), rng.integers(0, 700, n)
    signal = 1.5 * x0 + x1 + 1.5 * (shop == 2) + 3 * (day > 350) + 0.5 * rng.normal(size=n)
    frame = pl.DataFrame(
        {
            "x0": x0,
            "x1": x1,
            **{f"noise{i}": rng.normal(size=n) for i in range(noises)},
            "shop": [f"s{i}" for i in shop],
            "number_plate": [f"p{i}" for i in rng.integers(0, 200, n)],
            "day": pl.Series(day * 86_400_000_000).cast(pl.Datetime("us")),
        }
    )
    kinds = [Kind.NUMBER] * (2 + noises) + [Kind.CATEGORY, Kind.CATEGORY, Kind.DATETIME]
    schema = Schema(tuple(Column(name, kind) for name, kind in zip(frame.columns, kinds)))
    cuts = np.quantile(signal, np.arange(1, k) / k) if k else []
    return Layout.learn(frame, schema).encode(frame), np.digitize(signal, cuts).astype(np.int64) if k else signal


@pytest.mark.parametrize("k", [2, 3, 0])
def test_columns_that_tell_are_kept_and_noise_goes(k: int) -> None:
    X, y = example(k)
    kept = rank_columns(X, y, TARGETS[k], seed=1).kept()
    assert {"x0", "x1", "shop", "day"} <= set(kept)
    assert len(set(kept) - {"x0", "x1", "shop", "day"}) <= 2  # of nine


def test_a_column_of_many_values_is_not_taken_for_a_strong_one() -> None:
    """Its splits memorise training rows; rows that the small model has not seen do not gain."""
    X, y = example(2)
    ranking = rank_columns(X, y, TARGETS[2])
    assert "number_plate" not in ranking.kept()
    assert ranking.worth[ranking.names.index("number_plate")] < ranking.worth[ranking.names.index("x1")] / 5


def test_so_many_of_the_strongest_are_kept_when_a_number_is_given() -> None:
    X, y = example(0)
    ranking = rank_columns(X, y, TARGETS[0])
    assert set(ranking.kept(2)) <= {"x0", "x1", "day"} and len(ranking.kept(2)) == 2
    assert len(ranking.kept(10_000)) == len(X.layout.names)


def test_where_nothing_beats_noise_every_column_stays() -> None:
    X, y = example(2)
    shuffled = np.random.default_rng(3).permutation(y)
    ranking = rank_columns(X, shuffled, TARGETS[2])
    assert len(ranking.kept()) in {len(X.layout.names), *range(1, 4)}  # all, or a stroke of luck


@pytest.mark.parametrize("n", [10, 59])
def test_too_few_rows_leave_every_column(n: int) -> None:
    X, y = example(2)
    ranking = rank_columns(X.take(np.arange(n)), y[:n], TARGETS[2])
    assert ranking.rounds == 0 and ranking.kept() == X.layout.names


def test_a_constant_target_leaves_every_column() -> None:
    X, _ = example(2)
    assert rank_columns(X, np.zeros(len(X), dtype=np.int64), TARGETS[2]).kept() == X.layout.names


def test_texts_are_always_kept() -> None:
    ranking = Ranking(("a", "b"), np.array([1.0, 0.0]), np.array([8, 0]), 8, ("remark",))
    assert ranking.kept() == ("a", "remark") and ranking.kept(1) == ("a", "remark")


def test_the_same_rows_and_seed_give_the_same_ranking() -> None:
    X, y = example(2)
    first, second = (rank_columns(X, y, TARGETS[2], seed=5) for _ in range(2))
    assert np.array_equal(first.worth, second.worth) and np.array_equal(first.hits, second.hits)
    other = rank_columns(X, y, TARGETS[2], seed=6)
    assert not np.array_equal(first.worth, other.worth)
