"""Measured coverage: counted rightly, unsure where rows hang together, honest about the kinds of rows it fails on."""

from __future__ import annotations

import numpy as np
import pytest

from trainwright.data.columns import Columns, Layout
from trainwright.evaluate.interval_coverage import Bounds, measure
from trainwright.evaluate.interval_words import beside_numbers, said, verdict


def bounds(inside: np.ndarray, *, width: float = 2.0, level: float = 0.9) -> Bounds:
    """Rows of which some lie between their bounds, the others above them."""
    n = len(inside)
    prediction = np.arange(n, dtype=np.float64)
    y = prediction + np.where(inside, 0.0, 2 * width)
    return Bounds(y, prediction, prediction - width / 2, prediction + width / 2, level)


def test_shares_widths_and_the_side_of_a_miss() -> None:
    found = measure(bounds(np.arange(200) % 10 != 0))
    assert found["coverage"]["value"] == pytest.approx(0.9)
    assert found["coverage"]["low"] < 0.9 < found["coverage"]["high"]
    assert found["width"]["median"] == pytest.approx(2.0)
    assert (found["below"], found["above"]) == (0.0, pytest.approx(0.1))
    assert found["score"] == pytest.approx(
        2 + 20 * 0.1 * 3
    )  # Gneiting and Raftery 2007: width + 2/alpha times the miss
    assert sum(band["n"] for band in found["by_prediction"]) == 200


def test_rows_without_a_truth_are_left_out() -> None:
    one = bounds(np.ones(100, dtype=bool))
    one.y[:40] = np.nan
    assert measure(one)["n_rows"] == 60
    one.y[:] = np.nan
    empty = measure(one)
    assert empty["n_rows"] == 0 and "no row has a truth" in said(empty, "file")


def test_rows_of_one_group_say_less_than_rows_by_themselves() -> None:
    group = np.repeat(np.arange(20), 20)
    inside = group % 10 != 0  # whole groups are missed
    alone, together = measure(bounds(inside)), measure(bounds(inside), group=group)
    assert alone["coverage"]["value"] == together["coverage"]["value"] == pytest.approx(0.9)
    assert alone["coverage"]["low"] > 0.85 and together["coverage"]["low"] < 0.75
    assert together["by_group"]["value"] == pytest.approx(0.9) and "20 groups" in together["by_group"]["method"]


def columns(values: np.ndarray) -> Columns:
    layout = Layout(("age",), (), (), (), ())
    n = len(values)
    empty = np.empty((n, 0))
    return Columns(values[:, None], empty.astype(np.int32), empty, empty.astype(object), layout)


def test_a_kind_of_row_that_is_not_covered_is_named() -> None:
    rng = np.random.default_rng(0)
    age = rng.integers(18, 90, 1_000).astype(float)
    inside = rng.random(1_000) < np.where(age < 30, 0.6, 0.95)
    shuffled = bounds(inside)
    found = measure(shuffled, columns=lambda rows: columns(age[rows]))
    worst = found["per_segment"][0]
    assert worst["too_low"] and worst["column"] == "age" and worst["where"].startswith("age <")
    assert worst["coverage"]["high"] < 0.9 and found["segments_tried"] >= 4


def test_chance_alone_names_none() -> None:
    named = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        age = rng.normal(size=600)
        found = measure(bounds(rng.random(600) < 0.9), columns=lambda rows, age=age: columns(age[rows]))
        named += any(one["too_low"] for one in found["per_segment"])
    assert named <= 2


def test_words_say_share_width_and_whether_it_was_kept() -> None:
    found = measure(bounds(np.arange(400) % 5 != 0))
    assert said(found, "test").startswith("80 of 100 true values lie between low and high (")
    assert "400 sealed test rows" in said(found, "test") and verdict(found) == "too_low"
    assert verdict(measure(bounds(np.arange(400) % 10 != 0))) == "kept"
    assert verdict(measure(bounds(np.ones(400, dtype=bool)))) == "more"
    result = {"interval": {"measured_on": "test", "test": found, "claim": "nothing is promised", "level": 0.9}}
    assert [line[:13] for line in beside_numbers(result)] == ["low and high:", "  nothing is "]
    assert beside_numbers({"interval": None}) == []
    assert beside_numbers({"interval": {"skipped": "5 rows"}}) == ["no low and high beside the predictions: 5 rows"]
