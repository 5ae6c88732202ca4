"""Each kind of calibration repairs what it is for, leaves alone what is right, and is read back from plain data."""

from __future__ import annotations

import json

import numpy as np
import pytest
from calibration_rows import bent_rows, rows_of
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.errors import UserError
from trainwright.evaluate.calibration import IDENTITY, Calibration, log_loss, read_calibration
from trainwright.evaluate.calibration_isotonic import MOST_KNOTS, Curve, Isotonic, fit_isotonic
from trainwright.evaluate.calibration_sigmoid import Sigmoid, fit_sigmoid
from trainwright.evaluate.calibration_temperature import Temperature, fit_temperature

FITS = {"temperature": fit_temperature, "sigmoid": fit_sigmoid, "isotonic": fit_isotonic}


@pytest.mark.parametrize("k", [2, 5])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_was_added_is_found(temperature: float, k: int) -> None:
    y, p = rows_of(20_000, temperature, k)
    assert fit_temperature(y, p).temperature == pytest.approx(temperature, rel=0.06)


def test_no_temperature_on_a_grid_is_better() -> None:
    y, p = rows_of(400, 2.0, 3)
    found = fit_temperature(y, p)
    best = min(log_loss(y, Temperature(float(t)).apply(p)) for t in np.geomspace(0.1, 10, 400))
    assert log_loss(y, found.apply(p)) <= best + 1e-9


@pytest.mark.parametrize(("slope", "offset"), [(0.5, 0.0), (1.0, -1.5), (2.0, 1.0)])
def test_a_factor_and_a_shift_of_the_log_odds_are_found(slope: float, offset: float) -> None:
    rng = np.random.default_rng(1)
    z = rng.normal(0, 1.5, 30_000)
    right = 1 / (1 + np.exp(-(slope * z + offset)))
    p = 1 / (1 + np.exp(-z))
    found = fit_sigmoid((rng.random(len(z)) < right).astype(int), np.column_stack([1 - p, p]))
    assert found.slopes[0] == pytest.approx(slope, rel=0.06)
    assert found.offsets[0] == pytest.approx(offset, abs=0.06)


def test_the_sigmoid_is_scikit_learns() -> None:
    from sklearn.calibration import _sigmoid_calibration

    y, p = rows_of(500, 2.0)
    z = np.log(p[:, 1] / p[:, 0])
    a, b = _sigmoid_calibration(z, y)
    found = fit_sigmoid(y, p)
    assert (found.slopes[0], found.offsets[0]) == pytest.approx((-a, -b), abs=1e-3)


def test_the_steps_are_scikit_learns_and_the_curve_goes_through_their_middles() -> None:
    from sklearn.isotonic import IsotonicRegression

    y, p, _ = bent_rows(3_000)
    theirs = IsotonicRegression().fit_transform(p[:, 1], y)
    curve = fit_isotonic(y, p).curves[0]
    levels = np.unique(theirs)
    for given_, shown in list(zip(curve.given, curve.shown))[2:-2]:  # the ends count rows that nobody saw
        level = levels[np.abs(levels - shown).argmin()]
        assert shown == pytest.approx(level, abs=1e-9)
        assert given_ == pytest.approx(p[theirs == level, 1].mean(), abs=1e-9)
    assert min(curve.shown) > 0 and max(curve.shown) < 1


def test_only_a_curve_mends_what_no_factor_and_shift_can() -> None:
    y, p, right = bent_rows(6_000)
    off = {name: np.abs(fit(y, p).apply(p)[:, 1] - right).mean() for name, fit in FITS.items()}
    assert off["isotonic"] < 0.04 < min(off["temperature"], off["sigmoid"])


@pytest.mark.parametrize("kind", ["sigmoid", "isotonic"])
def test_each_of_more_classes_is_mended_by_itself(kind: str) -> None:
    y, right = rows_of(9_000, 1.0, 3)
    wrong = right * np.array([3.0, 1.0, 0.3])  # as if the first class had been copied
    wrong /= wrong.sum(1, keepdims=True)
    fresh = FITS[kind](y[:6000], wrong[:6000]).apply(wrong[6000:])
    assert np.abs(wrong[6000:].mean(0) - right[6000:].mean(0)).max() > 0.1
    assert np.abs(fresh.mean(0) - right[6000:].mean(0)).max() < 0.04
    assert log_loss(y[6000:], fresh) < log_loss(y[6000:], wrong[6000:]) - 0.05


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.sampled_from(sorted(FITS)), st.integers(2, 5), st.booleans())
def test_rows_sum_to_one_and_two_classes_keep_the_order_of_rows(seed: int, kind: str, k: int, weighted: bool) -> None:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(k, 0.3), 40)
    y = rng.integers(0, k, 40)
    found = FITS[kind](y, p, rng.integers(0, 4, 40).astype(float) if weighted else None)
    out = found.apply(p)
    assert np.allclose(out.sum(1), 1) and (out >= 0).all() and np.isfinite(out).all()
    if k == 2:
        order = np.argsort(p[:, 1], kind="stable")
        assert (np.diff(out[order, 1]) >= 0).all()
        assert ((np.diff(out[order, 1]) > 0) | (np.diff(p[order, 1]) < 1e-9)).all()  # and none tie


@pytest.mark.parametrize("kind", FITS)
def test_a_weight_of_two_is_the_row_twice(kind: str) -> None:
    y, p = rows_of(300, 2.0)
    twice = np.arange(300) % 3 == 0
    copied = np.concatenate([np.arange(300), np.flatnonzero(twice)])
    by_weight = FITS[kind](y, p, 1.0 + twice).apply(p)
    by_copies = FITS[kind](y[copied], p[copied]).apply(p)
    assert np.abs(by_weight - by_copies).max() < 0.02  # but for how sure so many rows make the ends


@pytest.mark.parametrize("kind", FITS)
def test_separable_and_degenerate_rows_stay_finite_and_never_certain(kind: str) -> None:
    y = np.array([0, 1] * 10)
    hard = np.column_stack([1.0 - y, y.astype(float)])
    same = np.full((20, 2), 0.5)
    for labels, given_ in ((y, hard), (1 - y, hard), (np.zeros(20, dtype=int), hard), (y, same)):
        out = FITS[kind](labels, given_).apply(given_)
        assert np.isfinite(out).all() and np.allclose(out.sum(1), 1)
    if kind != "temperature":
        out = FITS[kind](y, hard).apply(hard)
        assert out.min() > 0.01  # ten rows of each kind are no proof


def test_few_rows_at_the_end_of_a_curve_do_not_lift_the_many_beside_them() -> None:
    p = np.linspace(0.001, 0.3, 2_000)
    y = np.zeros(2_000, dtype=int)
    y[1::50] = 1  # the second row from below is positive, and so is every fiftieth
    found = fit_isotonic(y, np.column_stack([1 - p, p]))
    assert found.apply(np.array([[0.999, 0.001]]))[0, 1] < 0.03


def test_a_curve_has_few_knots_however_many_rows_there_are() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(60_000)
    y = (rng.random(60_000) < p).astype(int)
    curve = fit_isotonic(y, np.column_stack([1 - p, p])).curves[0]
    assert 20 < len(curve.given) <= MOST_KNOTS
    assert np.abs(curve.at(np.linspace(0.05, 0.95, 50)) - np.linspace(0.05, 0.95, 50)).max() < 0.05


STATES: list[Calibration] = [
    IDENTITY,
    Temperature(1.7),
    Sigmoid((1.2,), (-0.3,)),
    Isotonic((Curve((0.1, 0.4, 0.8), (0.05, 0.3, 0.9)),)),
]


@pytest.mark.parametrize("state", STATES)
def test_the_state_is_plain_data(state: Calibration) -> None:
    again = read_calibration(json.loads(json.dumps(state.to_json())), 2)
    assert again == state
    p = np.array([[0.2, 0.8], [0.95, 0.05]])
    assert (again.apply(p) == state.apply(p)).all()


@pytest.mark.parametrize("fit", FITS.values())
def test_what_is_fitted_comes_back_from_json_to_the_last_digit(fit: object) -> None:
    y, p = rows_of(500, 2.0, 3)
    found = fit(y, p)  # type: ignore[operator]
    again = read_calibration(json.loads(json.dumps(found.to_json())), 3)
    assert (again.apply(p) == found.apply(p)).all()


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"kind": "magic"},
        {"kind": ["temperature"]},
        {"kind": "temperature"},
        {"kind": "temperature", "temperature": 0},
        {"kind": "temperature", "temperature": "1"},
        {"kind": "temperature", "temperature": True},
        {"kind": "temperature", "temperature": 10**400},
        {"kind": "sigmoid", "slopes": [1.0], "offsets": []},
        {"kind": "sigmoid", "slopes": [-1.0], "offsets": [0.0]},
        {"kind": "sigmoid", "slopes": [None], "offsets": [0.0]},
        {"kind": "sigmoid", "slopes": [1.0], "offsets": [10**400]},
        {"kind": "sigmoid", "slopes": [1.0, 1.0], "offsets": [0.0, 0.0]},  # of two classes one has a curve
        {"kind": "isotonic"},
        {"kind": "isotonic", "curves": []},
        {"kind": "isotonic", "curves": [{"given": [0.1, 0.2], "shown": [0.1]}]},
        {"kind": "isotonic", "curves": [{"given": [0.2, 0.1], "shown": [0.1, 0.2]}]},
        {"kind": "isotonic", "curves": [{"given": [0.1, 0.2], "shown": [0.3, 0.2]}]},
        {"kind": "isotonic", "curves": [{"given": [0.1, 0.2], "shown": [0.0, 0.2]}]},
        {"kind": "isotonic", "curves": [{"given": [0.1], "shown": ["x"]}]},
        {"kind": "isotonic", "curves": [{"given": [i / 300 for i in range(101)], "shown": [0.5] * 101}]},
    ],
)
def test_a_state_that_no_fit_writes_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(UserError, match="calibration"):
        read_calibration(bad, 2)
