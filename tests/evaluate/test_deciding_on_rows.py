"""What a decision does on labelled rows is counted as it happens, with the intervals that the same shares have."""

from __future__ import annotations

import numpy as np
import pytest

from trainwright.data.schema import Target
from trainwright.evaluate.deciding.costs import read_costs
from trainwright.evaluate.deciding.on_rows import on_rows
from trainwright.evaluate.deciding.policy import REVIEW
from trainwright.evaluate.intervals import wilson
from trainwright.evaluate.resampling import make_units

TWO = Target("state", "classes", ("ok", "faulty"), positive="faulty")
THREE = Target("kind", "classes", ("crack", "dent", "none"))


def test_two_classes_are_counted_with_reviews_and_costs() -> None:
    y = np.array([1] * 20 + [0] * 80)
    decided = np.array([1] * 10 + [REVIEW] * 6 + [0] * 4 + [1] * 5 + [REVIEW] * 15 + [0] * 60)
    costs = read_costs(TWO, "fp=2 fn=30 review=1")
    found = on_rows(TWO, y, decided, make_units(100), costs=costs)
    assert found["precision"]["value"] == pytest.approx(10 / 15)
    assert found["recall"]["value"] == pytest.approx(16 / 20)  # a person finds what is sent to them
    assert found["review"]["value"] == pytest.approx(0.21)
    assert found["missed_per_1000"]["value"] == pytest.approx(40)
    assert found["cost_per_1000"]["value"] == pytest.approx(10 * (5 * 2 + 4 * 30 + 21))
    edge = wilson(16, 20)
    assert (found["recall"]["low"], found["recall"]["high"]) == pytest.approx((edge.low, edge.high))
    assert found["cost_per_1000"]["low"] < found["cost_per_1000"]["value"] < found["cost_per_1000"]["high"]
    assert "cost_per_1000" not in on_rows(TWO, y, decided, make_units(100))


def test_rows_of_a_group_count_together() -> None:
    y, decided = np.tile([1, 0, 1, 0], 100), np.tile([1, 0, 0, 1], 100)
    alone = on_rows(TWO, y, decided, make_units(400))["recall"]
    y, decided = np.repeat(y[::40], 40), np.repeat(np.array([1, 0] * 5), 40)
    together = on_rows(TWO, y, decided, make_units(400, group=np.repeat(np.arange(10), 40)))["recall"]
    assert together["high"] - together["low"] > 2 * (alone["high"] - alone["low"])


def test_more_classes_have_what_makes_sense_for_them() -> None:
    y, decided = np.array([0, 0, 1, 1, 2, 2, 2, 2] * 20), np.array([0, 1, 1, REVIEW, 2, 2, 2, 0] * 20)
    costs = read_costs(
        THREE, {"crack": {"dent": 5, "none": 9}, "dent": {"crack": 2, "none": 2}, "none": {"crack": 1, "dent": 1}}
    )
    found = on_rows(THREE, y, decided, make_units(160), costs=costs)
    assert found["review"]["value"] == pytest.approx(1 / 8)
    assert found["right"]["value"] == pytest.approx(5 / 7)
    assert found["wrong_per_1000"]["value"] == pytest.approx(250)
    assert found["cost_per_1000"]["value"] == pytest.approx(1000 * (5 + 1) / 8)
    assert set(on_rows(THREE, y, decided, make_units(160))) == {"review", "right", "wrong_per_1000"}
