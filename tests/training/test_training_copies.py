"""Copies of a row, from the file to the split that a training seals: kept together, said, and sticky."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from training_runs import new_workspace, settings

from trainwright.data.copies import find_copies
from trainwright.data.split import DEVELOPMENT, TEST
from trainwright.training.prepare import examine, prepare
from trainwright.training.prepared import Prepared


def table(n: int, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    return pl.DataFrame(x, schema=["a", "b", "c"]).with_columns(
        y=pl.Series(np.where(x[:, 0] + rng.normal(size=n) > 0, "yes", "no"))
    )


def sets_apart(prepared: Prepared) -> int:
    """How many sets of equal rows have rows in the test part and in the development part."""
    unit = find_copies(prepared.table.frame, ["a", "b", "c"]).unit
    part = prepared.split.part
    return len(np.setdiff1d(np.intersect1d(unit[part == TEST], unit[part == DEVELOPMENT]), [-1]))


def test_a_file_that_holds_every_row_twice_is_parted_by_rows_not_copies(tmp_path: Path) -> None:
    frame = pl.concat([table(250), table(250)]).sample(fraction=1.0, shuffle=True, seed=1)
    prepared = prepare(new_workspace(tmp_path), frame, settings())
    assert sets_apart(prepared) == 0
    assert any("500 rows (100.0%) equal another row" in sentence for sentence in prepared.split.reason)
    codes = {finding.code: finding.severity for finding in prepared.findings.findings}
    assert codes["TW101"] == "warning"
    assert "TW102" not in codes


def test_later_versions_seal_new_copies_of_sealed_rows(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    frame = pl.concat([table(250), table(250)[:80]])
    first = prepare(workspace, frame, settings())
    more = pl.concat([frame, frame.sample(60, seed=3), table(40, seed=9)])
    second = prepare(workspace, more, settings(training__seed=5))
    assert sets_apart(first) == sets_apart(second) == 0
    assert np.array_equal(second.split.part[:330], first.split.part)


def test_copies_with_other_ids_stay_together(tmp_path: Path) -> None:
    frame = pl.concat([table(250), table(250)[:80]])
    frame = frame.with_columns(serial=pl.Series([f"s{i:04}x" for i in range(330)]))
    workspace = new_workspace(tmp_path)
    first = prepare(workspace, frame, settings(data__id="serial"))
    new = frame[:50].with_columns(serial=pl.Series([f"t{i:04}x" for i in range(50)]))
    second = prepare(workspace, pl.concat([frame, new]), settings(data__id="serial"))
    assert sets_apart(first) == sets_apart(second) == 0


def test_inspect_says_what_happens_to_repeats_by_chance() -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"shift": rng.choice(["early", "late"], 400), "y": rng.choice(["no", "yes"], 400)})
    seen = examine(frame, settings())
    assert any("by chance these columns repeat themselves" in sentence for sentence in seen["split"]["reason"])
    assert {f["severity"] for f in seen["findings"] if f["code"] in ("TW101", "TW102", "TW103")} == {"note"}
