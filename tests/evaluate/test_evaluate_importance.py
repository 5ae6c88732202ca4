"""Importance finds the columns that matter, whatever their kind, and a deadline costs precision before
columns."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from trainwright.data.columns import Columns, Layout
from trainwright.data.schema import Column, Kind, Schema, Target
from trainwright.evaluate.importance import permutation_importance, shuffled
from trainwright.tasks import task_for

AREA = task_for(Target("y", "classes", ("a", "b"), positive="b")).metrics["roc_auc"]
KINDS = {
    "size": Kind.NUMBER,
    "noise": Kind.NUMBER,
    "city": Kind.CATEGORY,
    "when": Kind.DATETIME,
    "words": Kind.TEXT,
}


def _columns(n: int) -> tuple[Columns, np.ndarray]:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "size": rng.normal(size=n),
            "noise": rng.normal(size=n),
            "city": rng.choice(["x", "y"], n),
            "when": pl.Series(rng.integers(0, 10**15, n)).cast(pl.Datetime("us")),
            "words": rng.choice(["red", "blue"], n),
        }
    )
    columns = Layout.learn(frame, Schema(tuple(Column(k, v) for k, v in KINDS.items()))).encode(frame)
    return columns, (rng.random(n) < 1 / (1 + np.exp(-_score(columns)))).astype(int)


def _score(columns: Columns) -> np.ndarray:
    return 2 * columns.numbers[:, 0] + 1.5 * columns.codes[:, 0] + 1.0 * (columns.texts[:, 0] == "red")


def _predict(positions: np.ndarray, columns: Columns) -> np.ndarray:
    assert len(positions) == len(columns)
    p = 1 / (1 + np.exp(-_score(columns)))
    return np.column_stack([1 - p, p])


def test_columns_that_matter_come_first_and_the_others_are_near_zero() -> None:
    columns, y = _columns(2000)
    found = permutation_importance(columns, y, np.arange(2000) % 5, _predict, AREA)
    names = [feature.feature for feature in found.features]
    assert names[:3] == ["size", "city", "words"] and found.rounds == 10 and found.left_out == ()
    by_name = {feature.feature: feature for feature in found.features}
    assert by_name["noise"].value == 0 and by_name["when"].value == 0
    assert by_name["size"].low > 0.1 and by_name["words"].low > 0
    json.dumps(found.to_json(), allow_nan=False)


def test_rows_go_to_the_models_of_their_own_fold() -> None:
    columns, y = _columns(300)
    fold = np.arange(300) % 3
    fold[:30] = -1  # rows that no fold held out
    seen: list[int] = []

    def predict(positions: np.ndarray, part: Columns) -> np.ndarray:
        assert len(set(fold[positions])) == 1 and (fold[positions] >= 0).all()
        seen.append(int(fold[positions][0]))
        return _predict(positions, part)

    permutation_importance(columns, y, fold, predict, AREA, repeats=1)
    assert set(seen) == {0, 1, 2}


def test_a_deadline_still_covers_what_it_can_and_names_the_rest() -> None:
    columns, y = _columns(300)
    found = permutation_importance(columns, y, np.arange(300) % 3, _predict, AREA, seconds=0.0)
    assert found.rounds == 1
    assert len(found.features) == 1 and len(found.left_out) == 4
    assert found.features[0].low != found.features[0].low  # no interval from one fold
    json.dumps(found.to_json(), allow_nan=False)


def test_the_same_seed_gives_the_same_figures_and_rows_are_limited() -> None:
    columns, y = _columns(2000)
    fold = np.arange(2000) % 4
    first, second = (permutation_importance(columns, y, fold, _predict, AREA, max_rows=400, seed=3) for _ in range(2))
    assert first == second and first.n_rows == 400


def test_shuffling_moves_one_column_only() -> None:
    columns, _ = _columns(50)
    order = np.random.default_rng(0).permutation(50)
    for name in KINDS:
        moved = shuffled(columns, name, order)
        same = {
            block: np.array_equal(getattr(moved, block), getattr(columns, block), equal_nan=block == "numbers")
            for block in ("numbers", "codes", "times", "texts")
        }
        assert sum(not value for value in same.values()) == 1
    with pytest.raises(KeyError):
        shuffled(columns, "absent", order)
