"""Codes, identifiers and row order that know the target are named; owners of rows are found, single and in pairs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from checks_on_parts import look, states

from trainwright.data.checks.code_parts import code_parts
from trainwright.data.schema import Role
from trainwright.data.split import SplitRule

N = 1500
CHANCE = SplitRule()


def table(seed: int = 0) -> tuple[pl.DataFrame, np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=N)
    yes = a + rng.logistic(size=N) > 1
    frame = pl.DataFrame({"a": a, "b": a + rng.normal(size=N), "y": np.where(yes, "yes", "no")})
    return frame, yes, rng


CODES: dict[str, tuple[Callable[[np.ndarray, np.ndarray], list[object]], str]] = {
    "a beginning": (lambda told, s: [f"{'K' if t else 'L'}{k}" for t, k in zip(told, s)], "its first character"),
    "a middle": (
        lambda told, s: [f"{k % 90 + 10}/{'R' if t else 'S'}/{k}" for t, k in zip(told, s)],
        "its letters",
    ),
    "an ending": (lambda told, s: [f"{k}{'-B' if t else ''}" for t, k in zip(told, s)], "its length"),
    "a number": (lambda told, s: [f"ID{(90_000 if t else 0) + k:07d}" for t, k in zip(told, s)], "its number"),
}


@pytest.mark.parametrize("shape", CODES)
def test_a_code_that_carries_the_outcome_is_named_with_the_part_that_does(shape: str) -> None:
    frame, yes, rng = table()
    make, part = CODES[shape]
    told = yes ^ (rng.random(N) < 0.05)
    code = pl.Series("code", make(told, rng.permutation(80_000)[:N] + 10_000))
    findings = look(frame.with_columns(code), "TW205", rule=CHANCE).findings
    assert [(f.columns, f.severity) for f in findings] == [(("code",), "warning")]
    assert findings[0].evidence["part"] == part
    assert findings[0].evidence["low"] < findings[0].evidence["skill"] < findings[0].evidence["high"]


def test_identifiers_that_say_nothing_stay_quiet() -> None:
    frame, _, rng = table()
    frame = frame.with_columns(
        pl.Series("order_id", [f"A-{k}" for k in rng.permutation(N)]), pl.Series("number", np.arange(N) + 7)
    )
    assert states(look(frame, "TW205", rule=CHANCE)) == ["passed"]


def test_the_parts_of_long_numbers_keep_their_order() -> None:
    parts = code_parts(pl.Series([10**17 + k for k in range(40)]))
    assert (np.diff(parts["its number"]) > 0).all()


def test_a_drifting_file_proposes_its_row_order_unless_the_split_has_it() -> None:
    frame, _, rng = table()
    shift = np.linspace(-1.5, 1.5, N)
    drifting = frame.with_columns(y=pl.Series(np.where(shift + rng.logistic(size=N) > 0.5, "yes", "no")))
    finding = look(drifting, "TW205", rule=CHANCE).findings[0]
    assert finding.severity == "warning" and "--time row-order" in finding.remedy
    assert finding.evidence["loss_on_later_rows"] > 1.05
    assert look(drifting, "TW205", rule=SplitRule(time="row-order")).findings == ()


def test_a_file_sorted_by_its_target_is_a_note() -> None:
    frame, _, _ = table()
    findings = look(frame.sort("y"), "TW205", rule=CHANCE).findings
    assert [f.severity for f in findings] == ["note"] and "sorted" in findings[0].message
    assert look(frame, "TW205", rule=CHANCE).findings == ()


def visits(style: str, seed: int = 0, effect: float = 1.5) -> pl.DataFrame:
    """About 250 owners with 3 to 9 rows each, which share offsets of three columns and an effect on the target."""
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(250), rng.integers(3, 10, 250))
    n = len(owner)
    x = {f"x{j}": rng.normal(size=250)[owner] + 0.7 * rng.normal(size=n) for j in range(3)}
    signal = effect * rng.normal(size=250)[owner] + rng.normal(size=n)
    code = rng.permutation(250)[owner]
    names: dict[str, dict[str, object]] = {
        "string": {"ref": [f"Q{7 * c + 1000}" for c in code]},
        "integer": {"ref": code * 13 + 1000},
        "prefix and number": {"ref": [f"north{c % 5}-{c:04d}" for c in code]},
        "two columns": {"ward": [f"ward {c % 6}" for c in code], "bed": code // 6 + 1},
    }
    frame = pl.DataFrame({**x, "other": rng.normal(size=n), **names[style], "y": np.where(signal > 0, "ill", "well")})
    return frame[rng.permutation(n)]


@pytest.mark.parametrize("style", ["string", "integer", "prefix and number", "two columns"])
def test_owners_are_found_by_how_their_rows_resemble_each_other(style: str) -> None:
    finding = look(visits(style), "TW402", rule=CHANCE).findings[0]
    assert finding.severity == "warning"
    assert finding.columns == (("ward", "bed") if style == "two columns" else ("ref",))
    assert finding.evidence["by_chance"] > finding.evidence["new_values"] + 0.02
    assert ("--group owner" if style == "two columns" else "--group ref") in finding.remedy


def test_owners_whose_target_is_their_rows_own_matter_are_no_warning() -> None:
    assert "warning" not in {f.severity for f in look(visits("string", effect=0.0), "TW402", rule=CHANCE).findings}


def test_regions_quantities_and_their_pairs_are_no_owners() -> None:
    rng = np.random.default_rng(1)
    rooms = rng.integers(1, 400, N)
    region = rng.integers(0, 40, N)
    frame = pl.DataFrame(
        {
            "rooms": rooms,
            "beds": rooms // 3 + rng.integers(0, 4, N),
            "people": rooms * 2 + rng.integers(0, 20, N),
            "region": [f"region {r}" for r in region],
            "class": rng.choice(["a", "b", "c"], N),
            "y": rooms / 100 + rng.normal(size=40)[region] * 0.3 + rng.normal(size=N),
        }
    )
    assert look(frame, "TW402", rule=CHANCE).findings == ()


def test_a_split_by_group_is_what_the_check_asks_for() -> None:
    grouped = look(visits("string"), "TW402", rule=SplitRule(group="ref"), roles={"ref": Role.GROUP})
    assert states(grouped) == ["not applicable"]


ALL = ("TW201", "TW202", "TW203", "TW204", "TW205", "TW206", "TW402")


def poor(name: str) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    if name == "every row a duplicate":
        return pl.DataFrame({"a": [1.5] * 400, "b": ["x", "z"] * 200, "y": ["p", "q"] * 200})
    if name == "columns without a value":
        empty = {f"m{j}": pl.Series([None] * 400, dtype=pl.String) for j in range(4)}
        return pl.DataFrame({**empty, "a": rng.normal(size=400), "y": rng.choice(["p", "q"], 400)})
    if name == "eighty classes":
        return pl.DataFrame({"a": rng.normal(size=2000), "b": rng.normal(size=2000), "y": rng.integers(0, 80, 2000)})
    if name == "a constant number":
        return pl.DataFrame({"a": rng.normal(size=400), "b": rng.normal(size=400), "y": [2.5] * 399 + [2.6]})
    if name == "six rows":
        return pl.DataFrame({"a": [1.5, 2, 3, 4, 5, 6], "b": ["x", "z"] * 3, "y": ["p", "q"] * 3})
    wide = {f"c{j}": rng.normal(size=300) for j in range(1500)}
    return pl.DataFrame({**wide, "y": rng.choice(["p", "q"], 300)})


@pytest.mark.parametrize(
    "name",
    ["every row a duplicate", "columns without a value", "eighty classes", "a constant number", "six rows", "wide"],
)
def test_poor_tables_crash_nothing(name: str) -> None:
    ended = states(look(poor(name), *ALL, rule=CHANCE))
    assert set(ended) <= {"found", "passed", "not applicable"}, ended
