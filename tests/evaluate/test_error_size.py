"""Widths follow the size of errors where that makes them narrower, and stay the same where it does not."""

from __future__ import annotations

import numpy as np
import pytest

from trainwright.evaluate.conformal import masses, needed_share, upper_quantile
from trainwright.evaluate.error_size import Errors, ErrorSize, choose_kind, fit_size


def errors(n: int = 2_000, *, growing: bool, seed: int = 0, spread: bool = False) -> Errors:
    """Errors that grow with the prediction, or do not; or that grow with how far members disagree."""
    rng = np.random.default_rng(seed)
    prediction, disagreement = rng.uniform(0, 10, n), rng.exponential(size=n)
    scale = np.full(n, 2.0)
    if growing:
        scale = 0.2 + disagreement if spread else 0.2 + prediction
    features = {"prediction": prediction, **({"spread": disagreement} if spread else {})}
    return Errors(np.abs(rng.normal(size=n)) * scale, features, np.arange(n) % 5)


def test_widths_follow_the_prediction_where_errors_grow_with_it() -> None:
    chosen = choose_kind(errors(growing=True), 0.9)
    assert chosen.kind == "prediction" and "narrower at the same coverage" in chosen.reason
    assert chosen.widths["prediction"] < 0.9 * chosen.widths["constant"]
    size = fit_size("prediction", errors(growing=True))
    small, large = size.of({"prediction": np.array([1.0, 9.0])})
    assert 4 < large / small < 12


def test_and_the_spread_of_the_members_where_that_tells_more() -> None:
    chosen = choose_kind(errors(growing=True, spread=True), 0.9)
    assert chosen.kind == "spread" and chosen.widths["spread"] < chosen.widths["prediction"]


@pytest.mark.parametrize("seed", range(5))
def test_widths_stay_the_same_where_nothing_is_gained(seed: int) -> None:
    chosen = choose_kind(errors(growing=False, seed=seed), 0.9)
    assert chosen.kind == "constant" and "narrower" in chosen.reason


def test_few_rows_and_one_held_out_part_keep_one_width() -> None:
    assert "too few" in choose_kind(errors(100, growing=True), 0.9).reason
    one = errors(growing=True)
    assert choose_kind(Errors(one.error, one.features, np.zeros(2_000, dtype=int)), 0.9).kind == "constant"


def test_varying_widths_cover_small_and_large_predictions_alike() -> None:
    known, new = errors(growing=True), errors(growing=True, seed=1)
    share = {}
    for kind in ("constant", "prediction"):
        size = fit_size(kind, known)
        mass, units = masses(len(known.error), known.group)
        share_needed = needed_share(0.9, units)
        assert share_needed is not None
        half = upper_quantile(known.error / size.of(known.features), mass, share_needed)
        inside = new.error <= half * size.of(new.features)
        assert 0.87 <= inside.mean() <= 0.93
        share[kind] = inside[new.features["prediction"] > 8].mean()
    assert share["constant"] < 0.75 < 0.86 < share["prediction"]


def test_sizes_are_interpolated_and_never_nothing() -> None:
    size = ErrorSize("prediction", (0.0, 10.0), (1.0, 3.0))
    np.testing.assert_allclose(size.of({"prediction": np.array([[-5.0, 5.0], [10.0, 99.0]])}), [[1, 2], [3, 3]])
    n = 400
    exact = Errors(np.where(np.arange(n) < 200, 0.0, 1.0), {"prediction": np.arange(float(n))}, np.arange(n) % 4)
    assert min(fit_size("prediction", exact).size) > 0
    same = Errors(np.ones(n), {"prediction": np.zeros(n)}, np.arange(n) % 4)
    assert fit_size("prediction", same).kind == "constant"
    assert (
        choose_kind(Errors(np.zeros(n), {"prediction": np.arange(float(n))}, np.arange(n) % 4), 0.9).kind == "constant"
    )
