"""Copies of the target with errors are named, strong honest columns are not; what is recorded afterwards is found."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from checks_on_parts import look

from trainwright.data.checks.quick_model import fold_numbers, out_of_fold, skill
from trainwright.data.checks.quick_table import quick_table
from trainwright.data.schema import Column, Kind

N = 1500
Rng = np.random.Generator


def honest(seed: int = 0, number: bool = False) -> pl.DataFrame:
    """Six columns, all with companions, and a target that depends on four of them."""
    rng = np.random.default_rng(seed)
    size, age = rng.normal(size=N), rng.normal(size=N)
    signal = size + 0.7 * age + rng.logistic(size=N)
    return pl.DataFrame(
        {
            "size": size,
            "weight": size + 0.5 * rng.normal(size=N),
            "age": age,
            "income": age + 0.8 * rng.normal(size=N),
            "colour": np.where(size + rng.normal(size=N) > 0, "red", "blue"),
            "noise": rng.normal(size=N),
            "y": signal if number else np.where(signal > 0.8, "yes", "no"),
        }
    )


def flipped(yes: np.ndarray, share: float, rng: Rng) -> np.ndarray:
    return yes ^ (rng.random(len(yes)) < share)


COPIES: dict[str, Callable[[np.ndarray, Rng], object]] = {
    "5 % wrong": lambda yes, rng: np.where(flipped(yes, 0.05, rng), "K7", "K2"),
    "20 % wrong": lambda yes, rng: np.where(flipped(yes, 0.2, rng), "K7", "K2"),
    "for half of the rows": lambda yes, rng: np.where(rng.random(N) < 0.5, None, np.where(yes, "K7", "K2")).tolist(),
    "a beginning": lambda yes, rng: [f"{'R' if f else 'S'}{k}" for f, k in zip(flipped(yes, 0.05, rng), yes * 0 + 3)],
    "a score that lies higher": lambda yes, rng: 2.5 * flipped(yes, 0.05, rng) + rng.normal(0, 0.5, N),
}


@pytest.mark.parametrize("shape", COPIES)
def test_a_copy_of_the_class_with_errors_is_named_alone(shape: str) -> None:
    frame = honest()
    leak = COPIES[shape]((frame["y"] == "yes").to_numpy(), np.random.default_rng(1))
    findings = look(frame.with_columns(pl.Series("leak", leak)), "TW204").findings
    assert [(f.columns, f.severity) for f in findings] == [(("leak",), "warning")]
    assert "--ignore leak" in findings[0].remedy
    assert findings[0].evidence["without_it"] < findings[0].evidence["all_columns"]


@pytest.mark.parametrize("noise", [0.1, 0.3])
def test_a_copy_of_a_number_with_noise_is_named(noise: float) -> None:
    frame = honest(number=True)
    y = frame["y"].to_numpy()
    leak = 1.8 * (y + noise * y.std() * np.random.default_rng(1).normal(size=N)) + 32
    findings = look(frame.with_columns(leak=pl.Series(leak)), "TW204").findings
    assert [(f.columns, f.severity) for f in findings] == [(("leak",), "warning")]


def test_a_copy_of_one_of_four_classes_is_named_with_the_class() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=N)
    y = np.digitize(x + 0.7 * rng.normal(size=N), [-0.7, 0.0, 0.7])
    mark = flipped(y == 2, 0.05, rng)
    frame = pl.DataFrame({"x": x, "near": x + rng.normal(size=N), "mark": mark, "y": [f"class {k}" for k in y]})
    finding = look(frame, "TW204").findings[0]
    assert finding.columns == ("mark",)
    assert "being 'class 2'" in finding.message


def test_two_parts_of_a_sum_are_named_together() -> None:
    rng = np.random.default_rng(3)
    casual, registered = rng.gamma(2, 20, N), rng.gamma(2, 150, N)
    frame = (
        honest(number=True)
        .drop("y")
        .with_columns(
            casual=pl.Series(casual), registered=pl.Series(registered), y=pl.Series(np.log(casual + registered))
        )
    )
    findings = look(frame, "TW201", "TW204").findings
    assert [set(f.columns) for f in findings] == [{"casual", "registered"}]


@pytest.mark.parametrize("number", [False, True])
def test_strong_columns_with_companions_stay_quiet(number: bool) -> None:
    assert look(honest(number=number), "TW204").findings == ()


def test_one_honest_cause_without_companions_is_at_most_a_note() -> None:
    rng = np.random.default_rng(10)
    x = rng.normal(size=(N, 4))
    frame = pl.DataFrame(x).with_columns(y=pl.Series(np.where(1.5 * x[:, 0] + rng.logistic(size=N) > 0.8, "a", "b")))
    assert {f.severity for f in look(frame, "TW204").findings} <= {"note"}


def test_columns_named_after_the_outcome_stand_in_one_finding() -> None:
    rng = np.random.default_rng(4)
    frame = honest()
    yes = (frame["y"] == "yes").to_numpy()
    filled = np.where(yes, rng.random(N) < 0.9, rng.random(N) < 0.05)
    frame = frame.with_columns(
        refund_amount=pl.Series(np.where(filled, rng.gamma(2, 40, N), 0.0)),
        closing_code=pl.Series(np.where(filled, rng.choice(["price", "fault"], N), None).tolist()),
        repair_note_length=pl.Series(rng.integers(0, 90, N)),
        last_result=pl.Series(np.where(flipped(yes, 0.1, rng), "good", "bad")),
    )
    findings = look(frame, "TW206").findings
    assert [(f.severity, set(f.columns)) for f in findings] == [
        ("warning", {"refund_amount", "closing_code"}),
        ("note", {"repair_note_length"}),
    ]
    assert "--ignore refund_amount,closing_code" in findings[0].remedy


def test_a_column_filled_for_one_class_alone_is_found_whatever_its_name() -> None:
    frame = honest()
    yes = (frame["y"] == "yes").to_numpy()
    rng = np.random.default_rng(5)
    amount = np.where(yes & (rng.random(N) < 0.3), rng.gamma(2, 40, N), 0.0)
    finding = look(frame.with_columns(f7=pl.Series(amount)), "TW206").findings[0]
    assert (finding.severity, finding.columns) == ("warning", ("f7",))


def test_an_ordinary_word_counts_only_where_the_column_knows_the_target() -> None:
    rng = np.random.default_rng(6)
    frame = honest()
    yes = (frame["y"] == "yes").to_numpy()
    dull, telling = rng.gamma(2, 60, N), rng.gamma(2, 60, N) * np.where(yes, 6, 1)
    assert look(frame.with_columns(duration=pl.Series(dull)), "TW206").findings == ()
    found = look(frame.with_columns(duration=pl.Series(telling)), "TW206").findings
    assert [(f.severity, f.columns) for f in found] == [("warning", ("duration",))]


def test_failure_modes_stand_in_one_finding_with_those_named_alike() -> None:
    rng = np.random.default_rng(7)
    failed = rng.random(6000) < 0.05
    mode = rng.integers(0, 3, 6000)
    frame = pl.DataFrame(
        {
            "load": rng.normal(size=6000),
            "TWF": (failed & (mode == 0)).astype(int),
            "HDF": (failed & (mode == 1)).astype(int),
            "RNF": (rng.random(6000) < 0.004).astype(int),
            "LAMP": (rng.random(6000) < 0.3).astype(int),
            "y": failed.astype(int),
        }
    )
    findings = look(frame, "TW202").findings
    assert [f.columns for f in findings] == [("TWF", "HDF", "RNF")]
    assert "--ignore TWF,HDF,RNF" in findings[0].remedy


def test_gaps_that_go_with_the_target_are_found_with_a_twentieth_wrong() -> None:
    rng = np.random.default_rng(8)
    frame = honest()
    gone = flipped((frame["y"] == "yes").to_numpy(), 0.05, rng)
    values = pl.Series(np.where(gone, None, rng.normal(size=N)).tolist())
    finding = look(frame.with_columns(survey=values), "TW203").findings[0]
    assert (finding.severity, finding.columns) == ("warning", ("survey",))


def test_a_quick_model_learns_what_is_there_and_nothing_from_noise() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 3)).astype(np.float32)
    folds = fold_numbers(2000)
    signal = (x[:, 0] > 0).astype(int)
    assert skill(out_of_fold(x, signal, folds, classes=2), signal, 2) > 0.9
    chance = rng.integers(0, 5, 2000)
    assert skill(out_of_fold(x, chance, folds, classes=5), chance, 5) == 0.0
    assert skill(out_of_fold(x, 3.0 * x[:, 1], folds, classes=0), 3.0 * x[:, 1], 0) > 0.9
    again = out_of_fold(x, signal, folds, classes=2)
    assert np.array_equal(again, out_of_fold(x, signal, folds, classes=2))


def test_of_a_very_wide_table_the_telling_columns_are_kept_and_it_is_said() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 600)
    frame = pl.DataFrame({f"c{j}": rng.normal(size=600) for j in range(1200)}).with_columns(told=pl.Series(y * 1.5))
    table = quick_table(frame, tuple(Column(n, Kind.NUMBER) for n in frame.columns), y, classes=True)
    assert "told" in [column.name for column in table.columns]
    assert table.evidence["columns_looked_at"] == 300 and table.evidence["columns"] == 1201


def test_places_that_differ_in_the_target_are_no_copy_of_it() -> None:
    rng = np.random.default_rng(11)
    place = rng.integers(0, 40, N)
    x = rng.normal(size=(N, 3))
    yes = x[:, 0] + 2 * rng.normal(size=40)[place] + rng.logistic(size=N) > 0
    frame = pl.DataFrame(x).with_columns(
        place=pl.Series([f"S{k}" for k in place]), y=pl.Series(np.where(yes, "a", "b"))
    )
    found = look(frame, "TW204", "TW402").findings
    assert [(f.code, f.columns) for f in found if "place" in f.columns] == [("TW402", ("place",))]
