"""Duplicate rows, rows in both parts, conflicting labels and near duplicates: found where planted, quiet elsewhere."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from checks_on_parts import look, states

from trainwright.data.split import SplitRule

CODES = ("TW101", "TW102", "TW103", "TW109")


def table(n: int, seed: int = 0) -> pl.DataFrame:
    """n honest rows: numbers that depend on each other, whole numbers, a category, a date."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    return pl.DataFrame(
        {
            "a": a,
            "b": 0.7 * a + rng.normal(size=n),
            "c": rng.gamma(2.0, 30.0, n),
            "age": rng.integers(18, 90, n),
            "colour": rng.choice(["red", "green", "blue"], n),
            "y": np.where(a + rng.normal(size=n) > 0, "yes", "no"),
        }
    )


def jittered(frame: pl.DataFrame, noise: float, how: str = "spread") -> pl.DataFrame:
    rng = np.random.default_rng(7)
    moved = []
    for name in ("a", "b", "c"):
        scale = pl.col(name).abs() if how == "value" else pl.lit({"a": 1.0, "b": 1.2, "c": 42.0}[name])
        moved.append(pl.col(name) + noise * scale * pl.Series(rng.normal(size=frame.height)))
    return frame.with_columns(moved)


@pytest.mark.parametrize("seed", range(3))
def test_an_honest_table_has_no_copy(seed: int) -> None:
    findings = look(table(1500, seed), *CODES)
    assert [f.message for f in findings.findings] == []
    assert set(states(findings)) == {"passed"}


def test_copies_in_one_file_are_a_warning_and_kept_on_one_side() -> None:
    rows = table(900)
    findings = look(pl.concat([rows, rows[:90]]), *CODES)
    [finding] = findings.findings
    assert (finding.code, finding.severity) == ("TW101", "warning")
    assert finding.evidence["kept_on_one_side"]
    assert "Copies stay on one side" in finding.message  # so no test row equals a development row: TW102 passes


def test_a_few_copies_are_a_note() -> None:
    rows = table(1000)
    assert [(f.code, f.severity) for f in look(pl.concat([rows, rows[:15]]), *CODES).findings] == [("TW101", "note")]


@pytest.mark.parametrize("different", [1, 5, 40])
def test_every_row_a_copy_is_more_than_a_note(different: int) -> None:
    rows = table(different).with_columns(y=pl.Series(["yes", "no"] * different)[:different])
    frame = pl.concat([rows] * (400 // different)).with_columns(
        y=pl.Series(np.random.default_rng(0).choice(["yes", "no"], different * (400 // different)))
    )
    findings = look(frame, "TW101", kinds={"a": "number", "colour": "category", "age": "number", "b": "number"})
    assert "crashed" not in [o.state for o in findings.outcomes]
    assert [f.severity for f in findings.findings] == ["warning"]


def test_columns_of_few_values_repeat_by_chance() -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "sex": rng.choice(["m", "f"], 900),
            "shift": rng.choice(["a", "b", "c"], 900),
            "y": rng.choice(["p", "q"], 900),
        }
    )
    assert {f.severity for f in look(frame, *CODES, kinds={"sex": "category"}).findings} == {"note"}


@pytest.mark.parametrize(("share", "severity"), [(0.05, "warning"), (0.2, "warning"), (0.7, "error")])
def test_training_rows_in_a_test_file(share: float, severity: str) -> None:
    rows = table(1250)
    many = int(250 * share)
    test = pl.concat([rows[:many], rows[1000 + many :]])
    [finding] = look(rows[:1000], *CODES, test=test).findings
    assert (finding.code, finding.severity) == ("TW102", severity)
    assert finding.evidence["test_rows"] == many


def test_conflicting_labels_name_sets_rows_and_the_accuracy_that_is_left() -> None:
    rows = table(900)
    again = rows[:90].with_columns(y=pl.when(pl.col("y") == "yes").then(pl.lit("no")).otherwise(pl.lit("yes")))
    [finding] = look(pl.concat([rows, again]), "TW103", rule=SplitRule(test_size=0.0)).findings
    assert finding.severity == "warning"
    assert finding.evidence["rows"] == 180
    assert finding.evidence["groups"] == 90
    assert finding.evidence["best_accuracy"] == pytest.approx(1 - 90 / 990, abs=1e-4)


def test_conflicting_numbers_name_the_r2_that_is_left() -> None:
    rng = np.random.default_rng(0)
    rows = table(600).with_columns(y=pl.Series(rng.normal(size=600)))
    again = rows[:300].with_columns(y=pl.Series(rng.normal(size=300)))
    [finding] = look(pl.concat([rows, again]), "TW103", rule=SplitRule(test_size=0.0)).findings
    assert finding.severity == "warning"
    # Two independent values of variance 1 lose half of it; two thirds of the rows are such pairs.
    assert finding.evidence["best_r2"] == pytest.approx(1 - 1 / 3, abs=0.06)


@pytest.mark.parametrize("noise", [0.001, 0.005, 0.01])
@pytest.mark.parametrize("where", ["one file", "test file", "test file, by value"])
def test_near_copies_are_found(noise: float, where: str) -> None:
    rows = table(1600)
    how = "value" if "value" in where else "spread"
    if where == "one file":
        findings = look(pl.concat([rows, jittered(rows[:80], noise)]), "TW109")
    else:
        test = pl.concat([rows[1320:], jittered(rows[:20], noise, how)])
        findings = look(rows[:1300], "TW109", test=test)
    assert [f.severity for f in findings.findings] == ["warning"]


def test_texts_typed_anew_are_near_copies() -> None:
    words = ["pump", "valve", "leaks", "drips", "loud", "hot", "cold", "yard", "hall", "roof", "seal", "broken"]
    rng = np.random.default_rng(0)
    notes = [" ".join(rng.choice(words, 9)) + f" {k}" for k in range(700)]
    frame = pl.DataFrame({"note": notes, "y": rng.choice(["p", "q"], 700)})
    test = frame[600:].with_columns(note=pl.when(pl.int_range(100) < 15).then(pl.lit("")).otherwise(pl.col("note")))
    typed = [text.upper().replace(" ", " ; ") + "." for text in notes[:15]]
    test = test.with_columns(note=pl.Series([*typed, *test["note"].to_list()[15:]]))
    assert [f.code for f in look(frame[:600], "TW109", test=test, kinds={"note": "text"}).findings] == ["TW109"]


@pytest.mark.parametrize("columns", [1, 2])
def test_rows_of_one_or_two_numbers_lie_close_by_nature(columns: int) -> None:
    for seed in range(6):
        rng = np.random.default_rng(seed)
        frame = pl.DataFrame(rng.normal(size=(1000, columns)), schema=[f"x{j}" for j in range(columns)])
        frame = frame.with_columns(y=pl.Series(rng.choice(["p", "q"], 1000)))
        assert look(frame, "TW109").findings == ()


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes"])
def test_real_tables_have_no_near_copies(name: str) -> None:
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    frame = pl.DataFrame(bunch.data, schema=[str(c) for c in bunch.feature_names])
    frame = frame.with_columns(pl.Series("y", bunch.target)).sample(fraction=1.0, shuffle=True, seed=0)
    assert [f for f in look(frame, *CODES).findings if f.severity != "note"] == []
    cut = int(0.8 * frame.height)
    assert look(frame[:cut], "TW109", test=frame[cut:]).findings == ()


def test_poor_tables_crash_nothing() -> None:
    rng = np.random.default_rng(0)
    y = np.array(["p", "q"] * 60)
    wide = pl.DataFrame(rng.normal(size=(120, 2000)), schema=[f"x{j}" for j in range(2000)])
    gaps = pl.DataFrame({"a": [None] * 119 + [1.5], "b": [float("inf")] * 60 + [1.0] * 60})
    for frame in (wide, gaps, pl.concat([wide[:60]] * 2), table(2).drop("y")):
        findings = look(
            frame.with_columns(y=pl.Series(y[: frame.height])), *CODES, rule=SplitRule(test_size=0.0, folds=1)
        )
        assert set(states(findings)) <= {"passed", "found", "not applicable"}
