"""The estimate of fitting times: it grows as the work does, and can be turned round."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainwright.models.cost import estimate_seconds
from trainwright.models.families import MODULES

FAMILIES = (*MODULES, "lightgbm:engineered", "catboost:8")
sizes = st.tuples(st.integers(10, 1_000_000), st.integers(1, 500), st.integers(0, 50), st.sampled_from([1, 2, 7]))


@given(st.sampled_from(FAMILIES), sizes, st.integers(1, 2_000))
def test_more_work_takes_longer(family: str, size: tuple[int, int, int, int], rounds: int) -> None:
    n, numbers, categories, outputs = size
    base = estimate_seconds(family, n, numbers, categories, outputs, rounds, 1)
    assert 0 < base <= estimate_seconds(family, 2 * n, numbers, categories, outputs, rounds, 1)
    assert base <= estimate_seconds(family, n, numbers + 5, categories, outputs, rounds, 1)
    assert base <= estimate_seconds(family, n, numbers, categories, outputs, rounds + 1, 1)
    assert base >= estimate_seconds(family, n, numbers, categories, outputs, rounds, 4)


# Process seconds measured on one core, in the middle of the range that plans meet.
MEASURED = [
    ("lightgbm", (10_000, 30, 0, 2), 100, 0.33),
    ("lightgbm", (10_000, 10, 0, 7), 100, 0.80),
    ("catboost", (20_000, 10, 0, 1), 250, 0.61),
    ("catboost", (5_000, 6, 8, 2), 250, 2.0),
    ("catboost", (5_000, 6, 8, 5), 250, 16.9),
    ("catboost:8", (1_300, 27, 0, 7), 20, 0.68),
    ("catboost:10", (20_000, 27, 0, 7), 20, 3.62),
    ("forest", (8_000, 12, 0, 2), 200, 3.4),
]


@pytest.mark.parametrize(("family", "size", "rounds", "seconds"), MEASURED)
def test_the_estimate_is_within_a_factor_of_two_of_a_measurement(
    family: str, size: tuple[int, int, int, int], rounds: int, seconds: float
) -> None:
    assert 0.5 < estimate_seconds(family, *size, rounds, 1) / seconds < 2
