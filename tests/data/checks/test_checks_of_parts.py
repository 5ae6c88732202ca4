"""Parts that differ: told apart by a quick model, mixed differently; quiet where they were drawn by chance."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from checks_on_parts import look, states

from trainwright.data.schema import Role
from trainwright.data.split import SplitRule


def table(n: int, seed: int = 0, night: float = 0.3) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    return pl.DataFrame(
        {
            "a": a,
            "weight": rng.normal(10.0, 2.0, n),
            "shift": np.where(rng.random(n) < night, "night", "day"),
            "site": rng.choice(["Ulm", "Bonn", "Kiel"], n),
            "y": np.where(a + rng.normal(size=n) > 0, "yes", "no"),
        }
    )


@pytest.mark.parametrize("seed", range(4))
def test_parts_drawn_by_chance_are_alike(seed: int) -> None:
    rows = table(1500, seed)
    for findings in (look(rows, "TW403", "TW404"), look(rows[:1200], "TW403", "TW404", test=rows[1200:])):
        assert findings.findings == ()
        assert states(findings) == ["passed", "passed"]


def test_a_test_file_in_other_units_is_told_apart_by_name() -> None:
    rows = table(1500)
    test = rows[1200:].with_columns(pl.col("weight") * 2.2)
    [finding] = look(rows[:1200], "TW403", test=test).findings
    assert finding.severity == "warning"
    assert finding.columns[0] == "weight"
    assert finding.evidence["low"] > 0.7


def test_only_the_combination_differs() -> None:
    rng = np.random.default_rng(0)
    rows = pl.DataFrame(rng.normal(size=(3000, 2)), schema=["a", "b"])
    rows = rows.with_columns(y=pl.Series(rng.choice(["p", "q"], 3000)))
    test = rows[2000:].with_columns(b=pl.col("b").abs() * pl.col("a").sign())
    [finding] = look(rows[:2000], "TW403", test=test).findings
    assert finding.columns == ()
    assert "combination" in finding.message


@pytest.mark.parametrize("shuffled", [False, True])
def test_a_running_number_is_named_and_left_out(shuffled: bool) -> None:
    rows = table(1500).with_columns(row_number=pl.Series(np.arange(1500) * 1.5))
    mixed = pl.concat([rows[:1200].sample(fraction=1.0, shuffle=True, seed=0), rows[1200:]])
    mixed = mixed.with_columns(row_number=(pl.col("row_number") / 1.5).cast(pl.Int64)) if shuffled else rows
    [finding] = look(mixed[:1200], "TW403", test=mixed[1200:], kinds={"row_number": "number"}).findings
    assert (finding.severity, finding.columns) == ("note", ("row_number",))
    assert "--ignore row_number" in finding.remedy


def test_rows_of_known_groups_do_not_tell_the_parts_apart() -> None:
    rng = np.random.default_rng(0)
    owner = np.repeat(np.arange(150), 10)
    level = rng.normal(size=(150, 3))[owner] + 0.01 * rng.normal(size=(1500, 3))
    frame = pl.DataFrame(level, schema=["a", "b", "c"]).with_columns(
        owner=pl.Series([f"o{k}" for k in owner]), y=pl.Series(rng.choice(["p", "q"], 1500))
    )
    findings = look(frame, "TW403", rule=SplitRule(group="owner"), roles={"owner": Role.GROUP})
    assert states(findings) == ["passed"]


def test_drift_over_time_is_expected_and_the_time_column_left_out() -> None:
    rows = table(1500).with_columns(
        seen=pl.Series([datetime(2024, 1, 1) + timedelta(hours=h) for h in range(1500)]),
        weight=pl.col("weight") + 2.5 * (pl.int_range(1500) > 1200),
    )
    findings = look(rows, "TW403", rule=SplitRule(time="seen"), roles={"seen": Role.TIME})
    [finding] = findings.findings
    assert finding.columns[0] == "weight"
    assert "seen" not in finding.columns
    assert "drift is to be expected" in finding.message


@pytest.mark.parametrize("night", [0.5, 0.9])
def test_another_mix_of_shifts_is_named_with_its_shares(night: float) -> None:
    [finding] = look(table(1200), "TW404", test=table(400, 1, night)).findings
    assert (finding.severity, finding.columns) == ("warning", ("shift",))
    before, after = finding.evidence["moved"]["night"]
    assert before == pytest.approx(0.3, abs=0.05)
    assert after == pytest.approx(night, abs=0.07)


def test_values_never_seen_in_development_are_counted_but_not_named() -> None:
    test = table(400, 1).with_columns(
        site=pl.when(pl.int_range(400) < 120).then(pl.lit("Secretville")).otherwise(pl.col("site"))
    )
    [finding] = look(table(1200), "TW404", test=test).findings
    assert finding.evidence["unseen_values"] == 1
    assert finding.evidence["share_of_unseen"] == pytest.approx(0.3)
    assert "Secretville" not in str(finding.to_json())


def test_months_of_a_later_part_are_no_warning() -> None:
    moments = [datetime(2024, 1, 1) + timedelta(hours=6 * h) for h in range(1400)]
    rows = table(1400).with_columns(seen=pl.Series(moments), month=pl.Series([f"{m:%b}" for m in moments]))
    findings = look(rows, "TW404", rule=SplitRule(time="seen"), roles={"seen": Role.TIME})
    assert [(f.columns, f.severity) for f in findings.findings] == [(("month",), "note")]


def test_parts_too_small_or_absent_are_not_compared() -> None:
    small = look(table(100), "TW403", "TW404", test=table(10, 1))
    none = look(table(100), "TW403", "TW404", rule=SplitRule(test_size=0.0))
    assert states(small) == states(none) == ["not applicable", "not applicable"]


def test_poor_tables_crash_nothing() -> None:
    rng = np.random.default_rng(0)
    wide = pl.DataFrame(rng.normal(size=(200, 1000)), schema=[f"x{j}" for j in range(1000)])
    gaps = pl.DataFrame({"a": [None] * 199 + [1.5], "b": [1.0] * 100 + [None] * 100, "c": ["u", None] * 100})
    for frame in (wide, gaps, pl.concat([gaps[:1]] * 200).with_columns(d=pl.Series([1.0, 2.0] * 100))):
        frame = frame.with_columns(y=pl.Series(rng.choice(["p", "q"], 200)))
        findings = look(frame[:150], "TW403", "TW404", test=frame[150:])
        assert set(states(findings)) <= {"passed", "found", "not applicable"}
