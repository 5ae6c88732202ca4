"""Each check finds what it is for, leaves honest tables alone, and can never stop a training."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from trainwright.data.checks import Check, Finding, Findings, checks, run_checks
from trainwright.data.checks.finding import SEVERITIES, STATES, NotApplicable
from trainwright.data.infer import encode_target, infer_schema, infer_target
from trainwright.data.schema import Column, Kind, Role, Schema, Target
from trainwright.data.split import SplitRule, make_split

PAGES = Path(__file__).parents[2] / "docs" / "findings"


def look(frame: pl.DataFrame, target: str = "y", rule: SplitRule | None = None, **settings: Any) -> Findings:
    """Findings on a table after schema and split, as a training would have them."""
    inferred = infer_schema(frame, target=target, **settings)
    rows, what, _ = infer_target(inferred.frame, target)
    rule = rule or SplitRule()
    split = make_split(
        rule,
        rows.height,
        task=what.task,
        y=encode_target(rows[target], what),
        group=rows[rule.group].rank("dense").cast(pl.Int64).to_numpy() if rule.group else None,
        time=rows[rule.time].cast(pl.Int64).cast(pl.Float64).to_numpy() if rule.time else None,
    )
    test = rows[split.test].drop(target)
    return run_checks(rows[split.development], test, inferred.schema, what, split, notes=inferred.notes)


def found(findings: Findings, code: str) -> list[Finding]:
    return [finding for finding in findings.findings if finding.code == code]


def state(findings: Findings, code: str) -> str:
    return next(outcome.state for outcome in findings.outcomes if outcome.code == code)


def honest(n: int = 2000, seed: int = 0) -> pl.DataFrame:
    """A table with nothing to find: two numbers, a category, and a target that depends on them a little."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=n), rng.normal(size=n)
    c = rng.choice(["red", "green", "blue"], n)
    y = np.where(a + (c == "red") + rng.normal(size=n) > 0.3, "yes", "no")
    return pl.DataFrame({"a": a, "b": b, "c": c, "y": y})


def test_an_honest_table_stays_quiet_and_every_check_says_how_it_ended() -> None:
    findings = look(honest())
    assert findings.findings == ()
    assert [outcome.code for outcome in findings.outcomes] == list(checks())
    assert {outcome.state for outcome in findings.outcomes} <= {"passed", "not applicable"}
    assert all(outcome.reason for outcome in findings.outcomes if outcome.state == "not applicable")


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes"])
def test_real_tables_with_strong_honest_columns_stay_quiet(name: str) -> None:
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    frame = pl.DataFrame(bunch.data, schema=[str(c) for c in bunch.feature_names])
    # In random order: iris and wine come sorted by class, which is a note of its own.
    rows = np.random.default_rng(0).permutation(frame.height)
    findings = look(frame.with_columns(pl.Series("y", bunch.target))[rows])
    # One row of iris repeats another, which a note may say.
    assert [finding.message for finding in findings.findings if finding.code != "TW101"] == []


def test_duplicate_rows() -> None:
    frame = honest(1000)
    findings = look(pl.concat([frame, frame[:150]]))
    assert found(findings, "TW101")[0].severity == "warning"
    assert found(findings, "TW102")[0].evidence["test_rows"] > 0
    assert not found(findings, "TW103")


def test_duplicates_are_no_warning_where_few_combinations_exist() -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"sex": rng.choice(["m", "f"], 900), "y": rng.choice(["a", "b"], 900)})
    findings = look(frame, kinds={"sex": Kind.CATEGORY})
    assert {f.severity for f in findings.findings if f.code in ("TW101", "TW102", "TW103")} == {"note"}


def test_conflicting_labels_name_the_accuracy_that_is_possible() -> None:
    frame = honest(1000)
    flipped = frame[:100].with_columns(pl.when(pl.col("y") == "yes").then(pl.lit("no")).otherwise(pl.lit("yes")))
    findings = look(pl.concat([frame, flipped.select(frame.columns[:3] + ["literal"]).rename({"literal": "y"})]))
    finding = found(findings, "TW103")[0]
    assert finding.severity == "warning"
    assert 0.85 < finding.evidence["best_accuracy"] < 0.97


def test_constant_empty_and_identifier_columns_are_named() -> None:
    frame = honest().with_columns(
        pl.lit("same").alias("factory"),
        pl.lit(None, dtype=pl.String).alias("comment"),
        pl.Series("order_id", [f"A-{i:05d}" for i in range(2000)]),
    )
    findings = look(frame)
    assert {name for f in found(findings, "TW104") for name in f.columns} == {"factory", "comment"}
    assert found(findings, "TW105")[0].columns == ("order_id",)


def test_missing_values_by_share() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=2000)
    frame = honest().with_columns(
        pl.Series("some", np.where(rng.random(2000) < 0.4, np.nan, values)).fill_nan(None),
        pl.Series("most", np.where(rng.random(2000) < 0.9, np.nan, values)).fill_nan(None),
        pl.Series("few", np.where(rng.random(2000) < 0.05, np.nan, values)).fill_nan(None),
    )
    severities = {f.columns: f.severity for f in found(look(frame), "TW106")}
    assert severities == {("most",): "warning", ("some",): "note"}


def test_infinite_values_are_counted() -> None:
    frame = honest().with_columns(
        pl.when(pl.int_range(2000) < 400).then(float("inf")).otherwise(pl.col("b")).alias("b")
    )
    assert found(look(frame), "TW107")[0].columns == ("b",)


def test_categories_with_very_many_values() -> None:
    rng = np.random.default_rng(2)
    frame = honest().with_columns(pl.Series("town", [f"t{i}" for i in rng.integers(0, 1200, 2000)]))
    finding = found(look(frame, kinds={"town": Kind.CATEGORY}), "TW108")[0]
    assert finding.evidence["test_share_unseen"] > 0.1


LEAKS: dict[str, Callable[[np.ndarray, np.random.Generator], Any]] = {
    "a copy in other words": lambda y, rng: np.where(y == "yes", "closed", "open"),
    "a number far apart": lambda y, rng: np.where(y == "yes", 100.0, 0.0) + rng.normal(size=len(y)),
    "filled in only afterwards": lambda y, rng: np.where(y == "yes", rng.normal(size=len(y)), np.nan),
}


@pytest.mark.parametrize("kind", LEAKS)
def test_a_column_that_gives_the_target_away_is_named(kind: str) -> None:
    frame = honest()
    leak = pl.Series("leak", LEAKS[kind](frame["y"].to_numpy(), np.random.default_rng(0)))
    leak = leak.fill_nan(None) if leak.dtype.is_float() else leak
    finding = found(look(frame.with_columns(leak)), "TW201")[0]
    assert finding.columns == ("leak",)
    assert "--ignore leak;" in finding.remedy


def test_a_number_target_in_another_unit_is_a_leak() -> None:
    rng = np.random.default_rng(0)
    y = rng.lognormal(sigma=1.5, size=1000)
    frame = pl.DataFrame(
        {
            "a": rng.normal(size=1000),
            "cents": 100 * y,
            "related": y * rng.lognormal(sigma=0.5, size=1000),
            "y": y,
        }
    )
    assert [f.columns for f in found(look(frame), "TW201")] == [("cents",)]


def test_a_leak_among_three_classes() -> None:
    rng = np.random.default_rng(0)
    y = rng.choice(["a", "b", "c"], 1500)
    strong = np.where(rng.random(1500) < 0.9, y, rng.choice(["a", "b", "c"], 1500))
    frame = pl.DataFrame({"copy": y, "strong": strong, "y": y})
    assert [f.columns for f in found(look(frame), "TW201")] == [("copy",)]


def test_random_codes_that_are_nearly_unique_are_no_leak() -> None:
    rng = np.random.default_rng(0)
    frame = honest().with_columns(pl.Series("code", [f"c{i}" for i in rng.integers(0, 1500, 2000)]))
    assert not found(look(frame, kinds={"code": Kind.CATEGORY}), "TW201")


def test_a_failure_mode_among_many_is_named_although_its_score_is_ordinary() -> None:
    rng = np.random.default_rng(0)
    failed = rng.random(5000) < 0.04
    mode = failed & (rng.random(5000) < 0.3)
    harmless = rng.random(5000) < 0.3
    frame = pl.DataFrame(
        {
            "a": rng.normal(size=5000),
            "mode": mode.astype(int),
            "harmless": harmless.astype(int),
            "y": failed.astype(int),
        }
    )
    findings = look(frame)
    assert [f.columns for f in found(findings, "TW202")] == [("mode",)]
    assert not found(findings, "TW201")


def test_missingness_that_goes_with_the_target() -> None:
    rng = np.random.default_rng(0)
    frame = honest()
    yes = frame["y"].to_numpy() == "yes"
    gap = rng.random(2000) < np.where(yes, 0.5, 0.1)
    chance = rng.random(2000) < 0.3
    frame = frame.with_columns(
        pl.Series("told", np.where(gap, np.nan, 1.0) * rng.normal(size=2000)).fill_nan(None),
        pl.Series("chance", np.where(chance, np.nan, 1.0) * rng.normal(size=2000)).fill_nan(None),
    )
    assert [f.columns for f in found(look(frame), "TW203")] == [("told",)]


def test_rare_and_unequal_classes_are_named_with_counts() -> None:
    rng = np.random.default_rng(0)
    y = ["common"] * 1500 + ["seldom"] * 24 + ["odd"] * 5
    frame = pl.DataFrame({"a": rng.normal(size=1529), "y": y})
    findings = look(frame)
    assert [(f.severity, list(f.evidence["rows"])) for f in found(findings, "TW301")] == [
        ("warning", ["odd"]),
        ("note", ["seldom"]),
    ]
    assert found(findings, "TW302")[0].severity == "warning"


def with_dates(drift: float) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    start = datetime(2024, 1, 1)
    y = np.where(rng.random(2000) < 0.3 + drift * np.arange(2000) / 2000, "yes", "no")
    return pl.DataFrame(
        {
            "a": rng.normal(size=2000),
            "sold_at": [start + timedelta(hours=i) for i in range(2000)],
            "date_of_birth": [start - timedelta(days=int(d)) for d in rng.integers(7000, 20000, 2000)],
            "y": y,
        }
    )


@pytest.mark.parametrize(("drift", "severity"), [(0.0, "note"), (0.6, "warning")])
def test_dates_with_a_random_split_propose_time(drift: float, severity: str) -> None:
    findings = found(look(with_dates(drift)), "TW401")
    assert [(f.columns, f.severity) for f in findings] == [(("sold_at",), severity)]
    assert "--time sold_at" in findings[0].remedy


def test_dates_with_a_split_in_time_are_fine() -> None:
    findings = look(with_dates(0.3), rule=SplitRule(time="sold_at"))
    assert state(findings, "TW401") == "not applicable"


@pytest.mark.parametrize("effect", [0.0, 2.0])
def test_an_owner_of_many_rows_proposes_group(effect: float) -> None:
    rng = np.random.default_rng(0)
    owner = rng.integers(0, 150, 2000)
    y = np.where(rng.normal(size=2000) + effect * rng.normal(size=150)[owner] > 0, "yes", "no")
    frame = pl.DataFrame(
        {"a": rng.normal(size=2000), "customer_id": owner, "unit_price": rng.normal(size=2000), "y": y}
    )
    findings = look(frame)
    assert [(f.columns, f.severity) for f in found(findings, "TW402")] == [
        (("customer_id",), "warning" if effect else "note")
    ]
    grouped = look(frame, rule=SplitRule(group="customer_id"))
    assert state(grouped, "TW402") == "not applicable"


def test_noise_in_test_labels_changes_no_finding() -> None:
    frame = honest(1000)
    inferred = infer_schema(frame, target="y")
    rows, target, _ = infer_target(inferred.frame, "y")
    split = make_split(SplitRule(), 1000, task="classes", y=encode_target(rows["y"], target))
    poisoned = rows["y"].to_list()
    for i in split.test:
        poisoned[i] = "yes"
    for values in (rows, rows.with_columns(pl.Series("y", poisoned))):
        again = run_checks(values[split.development], values[split.test].drop("y"), inferred.schema, target, split)
        assert again == run_checks(rows[split.development], rows[split.test].drop("y"), inferred.schema, target, split)


def test_test_labels_are_refused() -> None:
    frame = honest(200)
    inferred = infer_schema(frame, target="y")
    rows, target, _ = infer_target(inferred.frame, "y")
    with pytest.raises(ValueError, match="target column 'y'"):
        run_checks(rows[:100], rows[100:], inferred.schema, target)


def _own(run: Callable[[Any], list[Finding]]) -> Check:
    return Check("TW999", "own", "note", "A check of a test", run)


def _run_own(*own: Check, deadline: float | None = None) -> Findings:
    frame = honest(200)
    inferred = infer_schema(frame, target="y")
    rows, target, _ = infer_target(inferred.frame, "y")
    return run_checks(rows, None, inferred.schema, target, deadline=deadline, only=own)


def test_a_crash_is_recorded_and_the_others_run_on() -> None:
    def broken(context: Any) -> list[Finding]:
        raise ZeroDivisionError("by nought")

    findings = _run_own(_own(broken), checks()["TW104"])
    assert [o.state for o in findings.outcomes] == ["crashed", "passed"]
    assert findings.outcomes[0].reason == "ZeroDivisionError: by nought"


def test_checks_after_the_deadline_are_skipped_by_name() -> None:
    import time

    def slow(context: Any) -> list[Finding]:
        time.sleep(0.05)
        return []

    findings = _run_own(_own(slow), checks()["TW104"], deadline=0.02)
    assert [o.state for o in findings.outcomes] == ["passed", "skipped"]
    assert "0.02 seconds" in findings.outcomes[1].reason


def test_what_cannot_be_looked_at_says_why() -> None:
    def nothing(context: Any) -> list[Finding]:
        raise NotApplicable("there is no column")

    assert _run_own(_own(nothing)).outcomes[0].to_json()["reason"] == "there is no column"


def test_findings_come_back_from_json() -> None:
    frame = honest(1000)
    findings = look(pl.concat([frame, frame[:150]]))
    assert Findings.from_json(findings.to_json()) == findings


@pytest.mark.parametrize("code", checks())
def test_contract_of_every_check(code: str) -> None:
    check = checks()[code]
    assert check.code == code and len(code) == 5 and code.startswith("TW")
    assert check.severity in SEVERITIES
    assert check.slug == check.slug.lower().replace(" ", "-")
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    for heading in ("How it is detected", "Why it matters", "What to do"):
        assert f"## {heading}" in page
    assert f"[{code}]({code}.md)" in (PAGES / "README.md").read_text(encoding="utf-8")


EMPTY = {
    "two rows": pl.DataFrame({"a": [1.0, 2.0], "y": ["p", "q"]}),
    "target alone": pl.DataFrame({"y": ["p", "q"] * 30}),
    "all missing": pl.DataFrame({"a": pl.Series([None] * 60, dtype=pl.Float64), "y": ["p", "q"] * 30}),
    "infinite alone": pl.DataFrame({"a": [float("inf")] * 60, "y": ["p", "q"] * 30}),
    "number target": pl.DataFrame({"a": [1.5] * 30 + [2.5] * 30, "y": [float(i) + 0.5 for i in range(60)]}),
    "constant number": pl.DataFrame({"a": [1.5] * 60, "y": [2.5] * 60}),
}


@pytest.mark.parametrize("name", EMPTY)
def test_no_check_crashes_on_poor_tables(name: str) -> None:
    frame = EMPTY[name]
    words = frame["y"].dtype == pl.String
    schema = Schema(
        tuple(
            Column("y", Kind.CATEGORY if words else Kind.NUMBER, Role.TARGET) if c == "y" else Column(c, Kind.NUMBER)
            for c in frame.columns
        )
    )
    target = Target("y", "classes", ("p", "q"), "q") if words else Target("y", "number")
    findings = run_checks(frame, frame.drop("y")[:1], schema, target)
    assert [o.reason for o in findings.outcomes if o.state == "crashed"] == []
    assert {o.state for o in findings.outcomes} <= set(STATES)


def test_checks_that_fit_models_are_not_begun_with_too_little_time() -> None:
    inferred = infer_schema(honest(), target="y")
    rows, what, _ = infer_target(inferred.frame, "y")
    findings = run_checks(rows, None, inferred.schema, what, deadline=0.95)
    reasons = {outcome.code: outcome.reason for outcome in findings.outcomes if outcome.state == "skipped"}
    assert {"TW204", "TW205", "TW206"} <= set(reasons)
    assert all("quick models" in reasons[code] for code in ("TW204", "TW205", "TW206"))
    assert state(findings, "TW101") == "passed"
