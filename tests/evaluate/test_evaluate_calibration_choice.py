"""The calibration is as free as the rows allow, no freer than pays, and scored by folds that it was not made from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from calibration_rows import bent_rows, rows_of

from trainwright.evaluate.calibration import IDENTITY, KINDS, log_loss
from trainwright.evaluate.calibration_choice import FROM, CalibrationChoice, Rows, choose_calibration
from trainwright.evaluate.calibration_temperature import Temperature, fit_temperature


def held(y: np.ndarray, p: np.ndarray, folds: int = 5, **more: Any) -> Rows:
    return Rows(y, p, np.arange(len(y)) % folds, **more)


def too_high(n: int, seed: int = 0) -> Rows:
    """Probabilities whose log-odds are moved: no temperature mends that."""
    rng = np.random.default_rng(seed)
    z = rng.normal(0, 1.5, n)
    p = 1 / (1 + np.exp(-(z + 1.5)))
    y = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(int)
    return held(y, np.column_stack([1 - p, p]))


def test_few_rows_get_a_temperature_only_if_it_helps_on_other_folds() -> None:
    found = choose_calibration(held(*rows_of(500, 3.0)), classes=("no", "yes"))
    assert found.kind == "temperature" and set(found.compared) == {"identity", "temperature"}
    assert "300 held-out rows of each class" in found.reason and "class no has" in found.reason
    kept = sum(choose_calibration(held(*rows_of(60, 1.0, seed=s))).calibration != IDENTITY for s in range(60))
    assert kept < 40  # already calibrated: most fits do not hold on other folds


def test_among_nothing_and_a_temperature_the_rule_is_that_of_earlier_releases() -> None:
    """Packages of runs with few rows keep their bytes."""
    for seed in range(20):
        y, p = rows_of(80, 1.3, seed=seed)
        rows = held(y, p)
        crossed = p.copy()
        for fold in range(5):
            own = rows.fold == fold
            crossed[own] = fit_temperature(y[~own], p[~own]).apply(p[own])
        found = choose_calibration(rows)
        if log_loss(y, crossed) < log_loss(y, p):
            assert found.calibration == fit_temperature(y, p)
            assert (found.scored(rows) == crossed).all()
        else:
            assert found.calibration == IDENTITY
            assert (found.scored(rows) == p).all()


def test_a_level_that_is_off_gets_a_sigmoid_and_a_bent_curve_a_curve() -> None:
    assert choose_calibration(too_high(2_000)).kind == "sigmoid"
    y, p, _ = bent_rows(5_000)
    found = choose_calibration(held(y, p))
    assert found.kind == "isotonic"
    assert "lowers the log-loss" in found.reason


def test_what_is_right_is_left_to_the_simplest_kind() -> None:
    for seed in range(5):
        found = choose_calibration(held(*rows_of(4_000, 1.0, seed=seed)))
        assert found.kind in ("identity", "temperature") and set(found.compared) == set(KINDS)
    assert choose_calibration(held(*rows_of(4_000, 3.0))).kind == "temperature"


def test_rows_of_the_rarest_class_decide_what_is_considered() -> None:
    y, p = rows_of(6_000, 2.0)
    positive = np.flatnonzero(y == 1)
    for rare, considered in ((299, 2), (300, 3), (999, 3), (1_000, 4)):
        kept = np.sort(np.concatenate([np.flatnonzero(y == 0), positive[:rare]]))
        assert len(choose_calibration(held(y[kept], p[kept])).compared) == considered
    copies = np.where(y == 1, 1.0, 1e-6)
    copies[positive[0]] = 1e9  # weights that leave next to one row of a class
    assert len(choose_calibration(held(y, p, weight=copies)).compared) == 2


def test_groups_make_the_choice_more_careful() -> None:
    """Gains that come from a few large groups are not taken for gains on every row."""
    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(8), 500)
    shift = np.array([3.0, 2.0, -1.5, -2.5, 1.0, -1.0, 0.5, 0.0])[group]
    z = rng.normal(0, 1, 4_000)
    y = (rng.random(4_000) < 1 / (1 + np.exp(-(z + shift)))).astype(int)
    p = 1 / (1 + np.exp(-z))
    p = np.column_stack([1 - p, p])
    fold = group % 4
    alone = choose_calibration(Rows(y, p, fold))
    grouped = choose_calibration(Rows(y, p, fold, unit=group))
    assert KINDS.index(grouped.kind) <= KINDS.index(alone.kind)
    assert grouped.compared == alone.compared


@pytest.mark.parametrize("asked", ["temperature", "sigmoid", "isotonic"])
def test_a_kind_that_is_asked_for_is_obeyed_and_its_effect_told(asked: str) -> None:
    found = choose_calibration(held(*rows_of(120, 1.0)), asked=asked)
    assert (found.kind, found.asked) == (asked, asked)
    assert found.reason.startswith("as asked: on folds that it was not fitted on the log-loss goes from")
    single = choose_calibration(Rows(*rows_of(120, 1.0), np.zeros(120)), asked=asked)
    assert single.kind == asked and np.isfinite(single.scored(Rows(*rows_of(120, 1.0), np.zeros(120)))).all()


def test_none_and_numbers_and_a_single_part_change_nothing() -> None:
    rows = too_high(1_000)
    off = choose_calibration(rows, asked="none")
    assert off.kind == "identity" and off.reason.startswith("as asked") and (off.scored(rows) == rows.prediction).all()
    assert choose_calibration(Rows(np.zeros(4), np.zeros(4), np.arange(4))).kind == "identity"
    single = choose_calibration(Rows(rows.y, rows.prediction, np.zeros(1_000)))
    assert single.kind == "identity" and "single validation part" in single.reason
    empty = Rows(rows.y[:0], rows.prediction[:0], rows.fold[:0])
    assert choose_calibration(empty).kind == "identity"


def test_a_repetition_takes_the_kind_that_was_recorded() -> None:
    rows = held(*rows_of(2_000, 3.0))
    assert choose_calibration(rows).kind == "temperature"
    for kind in KINDS:
        assert choose_calibration(rows, allowed=(kind,)).kind == kind
    y, p, _ = bent_rows(5_000)
    first = choose_calibration(held(y, p))
    again = choose_calibration(held(y, p), allowed=(first.kind,))
    assert again.calibration == first.calibration and (again.scored(held(y, p)) == first.scored(held(y, p))).all()
    earlier = choose_calibration(held(y, p), allowed=("identity", "temperature"))
    assert isinstance(earlier.calibration, Temperature) or earlier.calibration == IDENTITY


@pytest.mark.parametrize("make", [lambda: too_high(1_500), lambda: held(*bent_rows(4_000)[:2])])
def test_a_folds_own_labels_do_not_touch_its_scored_probabilities(make: Any) -> None:
    rows = make()
    found = choose_calibration(rows)
    assert FROM[found.kind] > 0
    before = found.scored(rows)
    own = rows.fold == 1
    noisy = Rows(np.where(own, 1 - rows.y, rows.y), rows.prediction, rows.fold)
    after = found.scored(noisy)
    assert (before[own] == after[own]).all()
    assert not (before[~own] == after[~own]).all()


def test_what_is_scored_may_differ_from_what_was_chosen_on() -> None:
    rows = too_high(1_500)
    found = choose_calibration(rows)
    other = too_high(1_500, seed=9)
    assert log_loss(other.y, found.scored(other)) < log_loss(other.y, other.prediction) - 0.05


def test_more_classes_and_two_folds_work() -> None:
    y, right = rows_of(4_500, 1.0, 3)
    wrong = right * np.array([3.0, 1.0, 0.3])
    wrong /= wrong.sum(1, keepdims=True)
    rows = held(y, wrong, folds=2)
    found = choose_calibration(rows)
    assert found.kind in ("sigmoid", "isotonic")
    assert log_loss(y, found.scored(rows)) < log_loss(y, wrong) - 0.05


def test_the_choice_is_the_same_at_every_run() -> None:
    y, p, _ = bent_rows(30_000)  # more rows than the choice within folds looks at
    first, second = (choose_calibration(held(y, p)) for _ in range(2))
    assert first == second
    assert (first.scored(held(y, p)) == second.scored(held(y, p))).all()


def test_the_document_is_plain_data() -> None:
    found = CalibrationChoice(Temperature(2.0), "auto", "why", {"identity": 0.5, "temperature": 0.4})
    assert found.to_json() == {
        "asked": "auto", "chosen": "temperature", "reason": "why", "compared": {"identity": 0.5, "temperature": 0.4},
    }  # fmt: skip
