"""A limit on the width sends the unsure rows to a person, and says what that buys."""

from __future__ import annotations

import numpy as np
import pytest

from trainwright.errors import UserError
from trainwright.evaluate.resampling import Units
from trainwright.evaluate.width_review import Rows, judge_limit, limit_for


def rows(n: int = 500, seed: int = 0) -> Rows:
    rng = np.random.default_rng(seed)
    width = rng.uniform(1, 10, n)
    return Rows(width, np.abs(rng.normal(size=n)) * width / 3.3, Units(np.arange(n), n), seed)


@pytest.mark.parametrize("share", [0.02, 0.05, 0.31, 1.0])
def test_a_capacity_is_kept(share: float) -> None:
    one = rows()
    sent = judge_limit(one, limit_for(one.width, share))["review"]["value"]
    assert share - 1 / 500 - 1e-9 <= sent <= share + 1e-9 or (share == 1.0 and sent == 499 / 500)


def test_ties_send_fewer_not_more() -> None:
    assert limit_for(np.array([1.0, 2.0, 2.0, 2.0]), 0.5) == 2.0


def test_what_a_limit_buys() -> None:
    found = judge_limit(rows(), 8.0)
    assert found["error_kept"]["value"] < found["error_all"]["value"] < found["error_review"]["value"]
    assert found["error_kept"]["low"] < found["error_kept"]["value"] < found["error_kept"]["high"]
    assert found["saved"] > found["review"]["value"]  # the rows sent hold more than their share of the error
    errors = [at["error_kept"] for at in found["sweep"]]
    assert errors[0] == pytest.approx(found["error_all"]["value"]) and errors[-1] < errors[0]


def test_a_limit_that_no_row_exceeds_sends_none() -> None:
    found = judge_limit(rows(), 1e9)
    assert found["review"]["value"] == 0.0 and found["error_review"] is None and found["saved"] == 0.0


def test_equal_widths_cannot_choose() -> None:
    with pytest.raises(UserError, match="same distance"):
        limit_for(np.full(50, 3.0), 0.1)
