"""Impossible numbers, repeated columns, rows that hold too little: found where planted, quiet elsewhere, with words."""

from __future__ import annotations

import re
import shlex
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from trainwright.config.source import load_settings
from trainwright.data.checks import Finding, Findings, Outcome, checks
from trainwright.data.checks.commands import flag
from trainwright.data.checks.outliers import extremes
from trainwright.data.checks.policy import check_codes, silence, stop_on_errors
from trainwright.errors import UserError
from trainwright.training.prepare import examine

PAGES = Path(__file__).parents[2] / "docs" / "findings"
MINE = ("TW104", "TW105", "TW106", "TW107", "TW108", "TW110", "TW111", "TW112", "TW301", "TW302", "TW304", "TW306")


def table(n: int = 1000, **columns: Any) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"a": rng.normal(size=n), "b": rng.normal(size=n), "y": rng.choice(["no", "yes"], n)})
    return frame.with_columns(**columns)


def look(frame: pl.DataFrame, code: str, **settings: Any) -> list[dict[str, Any]]:
    given = {"data.target": "y", **{key.replace("__", "."): value for key, value in settings.items()}}
    document = examine(frame, load_settings(None, overrides=given, flags=False))
    assert [o for o in document["checks"] if o["state"] == "crashed"] == []
    return [f for f in document["findings"] if f["code"] == code]


@pytest.mark.parametrize("mark", [999.0, -999.0, 9999.0, -9999.0, 1e9])
def test_marks_of_missing_values_are_a_warning_with_their_command(mark: float) -> None:
    rng = np.random.default_rng(1)
    values = np.where(rng.random(1000) < 0.02, mark, rng.normal(40, 10, 1000).round())
    finding = look(table(age=pl.Series(values)), "TW110")[0]
    assert finding["severity"] == "warning" and finding["columns"] == ["age"]
    words = shlex.split(finding["remedy"][finding["remedy"].index("--missing-marks") :])
    given = words[0].partition("=")[2] or words[1]
    assert look(table(age=pl.Series(values)), "TW110", data__missing_marks=(given,)) == []


def test_skewed_honest_columns_hold_no_marks() -> None:
    rng = np.random.default_rng(2)
    gains = np.where(rng.random(5000) < 0.92, 0.0, np.round(rng.lognormal(8, 1.2, 5000)))
    gains[gains > 41_310] = 99_999
    gains[:20] = 99_999
    assert extremes(gains).marks == {}
    assert extremes(np.round(rng.lognormal(3, 2, 5000), 2)).slips == {}


@pytest.mark.parametrize("times", [10.0, 100.0])
def test_a_slip_of_the_decimal_point_is_a_note(times: float) -> None:
    values = np.random.default_rng(3).normal(20, 3, 1000).round(1)
    right = values[[5, 77]].tolist()
    values[[5, 77]] *= times
    found = extremes(values)
    assert sorted(found.slips.values()) == pytest.approx(sorted(right)) and not found.marks
    assert [f["severity"] for f in look(table(size=pl.Series(values)), "TW110")] in ([], ["note"])


def test_copies_codes_and_units_are_told_apart() -> None:
    kind = np.random.default_rng(4).choice(["u", "v", "w", "x"], 1000)
    codes = np.array([{"u": 7, "v": 3, "w": 9, "x": 1}[k] for k in kind])
    frame = table(a2=pl.col("a"), inches=pl.col("b") / 2.54 + 1, kind=pl.Series(kind), code=pl.Series(codes))
    findings = look(frame, "TW111")
    assert {f["columns"][0]: f["message"].split("'")[2].strip() for f in findings} == {
        "a2": "is a copy of",
        "code": "has one code for each value of",
        "inches": "goes in a straight line with",
    }
    assert {f["severity"] for f in findings} == {"note"}
    dropped = ",".join(f["columns"][0] for f in findings)
    assert look(frame, "TW111", data__ignore=tuple(dropped.split(","))) == []


def test_columns_of_different_values_are_no_codes_of_each_other() -> None:
    assert look(table(c=pl.Series(np.random.default_rng(5).permutation(1000).astype(float) + 0.5)), "TW111") == []


def test_nearly_empty_rows_are_counted() -> None:
    columns = {name: pl.Series(np.random.default_rng(i).normal(size=1000)) for i, name in enumerate("cdef")}
    frame = table(**columns)
    frame = frame.with_columns(pl.when(pl.int_range(1000) % 50 == 0).then(None).otherwise(c).alias(c) for c in "abcdef")
    finding = look(frame, "TW112")[0]
    assert finding["severity"] == "note" and "--filter-low-quality" in finding["remedy"]
    assert set(finding["evidence"]["rows"]) <= set(range(0, 1000, 50))
    assert look(table(**columns), "TW112") == []


def test_sparse_tables_are_not_called_empty() -> None:
    rng = np.random.default_rng(6)
    sparse = {f"c{i}": pl.Series(np.where(rng.random(1000) < 0.95, 0.0, 1.0 + i)) for i in range(6)}
    missing = {f"m{i}": pl.Series(np.where(rng.random(1000) < 0.9, np.nan, i)).fill_nan(None) for i in range(20)}
    assert look(pl.DataFrame({**sparse, "y": rng.choice(["n", "p"], 1000)}), "TW112") == []
    assert look(table(**missing), "TW112") == []


def test_rare_classes_say_how_many_more_and_imbalance_what_to_do() -> None:
    frame = table().with_columns(y=pl.when(pl.int_range(1000) < 8).then(pl.lit("rare")).otherwise("y"))
    finding = look(frame, "TW301")[0]
    assert finding["severity"] == "warning" and "more of 'rare'" in finding["remedy"]
    assert "--metric balanced_accuracy" in look(frame, "TW302")[0]["remedy"]
    two = table().with_columns(y=pl.when(pl.int_range(1000) % 25 == 0).then(pl.lit("rare")).otherwise(pl.lit("usual")))
    remedy = look(two, "TW302")[0]["remedy"]
    assert "--metric average_precision" in remedy and "--class-weight balanced" in remedy and "--min-recall" in remedy


def test_commands_quote_what_a_shell_would_split() -> None:
    assert flag("--ignore", ["a b", "c"]) == "--ignore 'a b,c'"
    assert flag("--missing-marks", ["-999"]) == "--missing-marks=-999"
    assert flag("--ignore", [f"c{i}" for i in range(30)]).endswith(",c19,...")


def test_five_thousand_columns_are_looked_at_in_seconds() -> None:
    rng = np.random.default_rng(7)
    names = [f"c{i}" for i in range(5000)]
    frame = pl.DataFrame(rng.normal(size=(200, 5000)).astype(np.float32), schema=names)
    frame = frame.with_columns(c4999=pl.col("c0") * 3, c4998=pl.lit(None, dtype=pl.Float32))
    from trainwright.data.checks import run_checks
    from trainwright.data.schema import Column, Kind, Role, Schema, Target

    schema = Schema((*(Column(name, Kind.NUMBER) for name in names), Column("y", Kind.CATEGORY, Role.TARGET)))
    mine = [checks()[code] for code in MINE if code != "TW304"]
    begin = time.process_time()
    frame = frame.with_columns(y=pl.Series(rng.choice(["n", "p"], 200)))
    found = run_checks(frame, None, schema, Target("y", "classes", ("n", "p"), "p"), only=mine)
    assert time.process_time() - begin < 10
    assert [f.columns for f in found.findings if f.code == "TW111"] == [("c4999",)]
    assert [f.columns for f in found.findings if f.code == "TW104"] == [("c4998",)]
    assert {o.state for o in found.outcomes} <= {"found", "passed", "not applicable"}


def test_a_silenced_code_leaves_one_note_with_what_it_said() -> None:
    loud = (Finding("TW302", "warning", "One."), Finding("TW302", "note", "Two."), Finding("TW101", "note", "Three."))
    quiet = silence(Findings(loud, (Outcome("TW302", "class-imbalance", "found"),)), ["TW302"])
    assert [(f.code, f.severity) for f in quiet.findings] == [("TW101", "note"), ("TW302", "note")]
    assert "1 warning and 1 note" in quiet.findings[1].message
    assert [f["message"] for f in quiet.findings[1].evidence["silenced"]] == ["One.", "Two."]
    assert quiet.outcomes[0].reason == "silenced by data.ignore_findings"


def test_unknown_codes_are_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"TW320.*did you mean TW30"):
        check_codes(["TW320"])
    with pytest.raises(UserError, match="TW and three digits"):
        load_settings(None, overrides={"data.ignore_findings": ("imbalance",)}, flags=False)
    unknown = load_settings(None, overrides={"data.target": "y", "data.ignore_findings": ("TW320",)}, flags=False)
    with pytest.raises(UserError, match="TW320"):  # before anything is read
        examine(PAGES / "no_such_table.csv", unknown)


def test_only_errors_stop_a_training() -> None:
    assert stop_on_errors([{"code": "TW101", "severity": "warning", "message": "w"}]) is None
    error = stop_on_errors([{"code": "TW102", "severity": "error", "message": "bad", "remedy": "repair"}])
    assert error is not None and error.exit_code == 2 and "bad" in str(error) and "repair" in str(error)


@pytest.mark.parametrize("code", MINE)
def test_the_example_of_each_page_shows_its_finding(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    assert all(f"## {words}" in page for words in ("How it is detected", "Why it matters", "What to do", "Example"))
    example = re.search(r"## Example\n+```python\n(.*?)```", page, re.S)
    assert example is not None
    exec(compile(example[1], code, "exec"), {})
    assert re.search(rf"^(error|warning|note) {code} ", capsys.readouterr().out, re.M)
