"""What a training tells about its model: weak segments, worst errors, pushes, shapes, and why some are absent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from training_runs import FEATURES, new_workspace, run_here, settings, table

from trainwright.models.extras import is_installed
from trainwright.models.families import families
from trainwright.training import explanations
from trainwright.training.explanations import mark_suspected

pytestmark = pytest.mark.usefixtures("sealed_here")
needs_ebm = pytest.mark.skipif(not is_installed(families()["ebm"]), reason="the extra 'explain' is absent")
KEYS = ("segments", "worst_errors", "attributions", "shapes")


def trained(folder: Path, frame: pl.DataFrame, **more: Any) -> dict[str, Any]:
    return run_here(new_workspace(folder), frame, settings(**more))[1]


def weak_table(n: int = 1000) -> pl.DataFrame:
    """Rows of kind w are coin flips; the others follow a and b."""
    rng = np.random.default_rng(3)
    frame = table(n, seed=1).select(FEATURES)
    flips = rng.choice(["no", "yes"], n)
    kept = (frame["kind"] != "w").to_numpy()
    return frame.with_columns(y=pl.Series(np.where(kept, frame["y"].to_numpy(), flips)))


@needs_ebm
def test_an_ebm_is_explained_by_its_shapes_and_its_weak_segment_is_found(tmp_path: Path) -> None:
    result = trained(
        tmp_path,
        weak_table(),
        training__families=("ebm",),
        training__family_settings={"ebm": {"max_rounds": 150, "bags": 1, "learning_rate": 0.1, "interactions": 2}},
    )
    assert result["selected"] == "ebm", result["comparison"]
    shapes = result["shapes"]
    assert shapes["chosen"] and shapes["folds"] == 3 and shapes["terms"][0]["columns"] == ["a"]
    line = shapes["terms"][0]["lines"][0]
    assert line["push"][0] < 0 < line["push"][-1]  # y is yes where a is large
    assert all(low <= push <= high for low, push, high in zip(line["low"], line["push"], line["high"]))
    assert result["segments"]["segments"][0]["where"] == "kind = w"
    assert result["segments"]["segments"][0]["value"] > 0.35
    assert [one["feature"] for one in result["attributions"]["features"][:1]] == ["a"]
    rows = result["worst_errors"]["rows"]
    frame = weak_table()
    assert 0 < len(rows) <= 50 and all(row["truth"] != row["predicted"] for row in rows)
    for row in rows:  # the values belong to the row, and so does the truth
        told = dict(zip(result["worst_errors"]["columns"], row["values"]))
        assert frame["y"][row["row"]] == row["truth"] and frame["kind"][row["row"]] == told["kind"]
        assert len(row["reasons"]) == 3 and row["reasons"][0]["exact"]
    assert [row["loss"] for row in rows] == sorted((row["loss"] for row in rows), reverse=True)


def test_no_sealed_row_is_among_the_worst_errors(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    prepared, result = run_here(workspace, table(400).select(FEATURES), settings())
    sealed = set(np.flatnonzero(prepared.split.part == 1).tolist())
    assert sealed and not sealed & {row["row"] for row in result["worst_errors"]["rows"]}


def test_a_number_is_explained_in_its_own_unit(tmp_path: Path) -> None:
    result = trained(tmp_path, table(500, classes=0).select(FEATURES))
    assert all(set(result[key]) - {"seconds", "skipped"} for key in KEYS), result["shapes"]
    shape = next(term for term in result["shapes"]["terms"] if term["columns"] == ["a"])
    push, x = shape["lines"][0]["push"], shape["x"]
    assert (push[-1] - push[0]) / (x[-1] - x[0]) == pytest.approx(2, abs=0.2)  # y = 2 a + b
    assert result["attributions"]["scale"] == "y"
    assert result["worst_errors"]["rows"][0]["probability"] is None


def test_many_classes_leave_out_what_cannot_be_told(tmp_path: Path) -> None:
    result = trained(tmp_path, table(600, classes=3).select(FEATURES))
    assert result["attributions"]["scale"] == "score of the predicted class"
    assert "no sum of shapes" in result["shapes"]["skipped"]
    assert result["worst_errors"]["rows"][0]["reasons"]


def test_a_family_without_an_account_says_so(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 500))
    frame = pl.DataFrame({"a": a, "b": b, "y": np.where(a * b > 0, "yes", "no")})  # no linear model can tell
    result = trained(tmp_path, frame, training__families=("extra_trees",))
    assert result["selected"] in ("extra_trees", "forest")
    assert "gives no exact account" in result["attributions"]["skipped"]
    rows = result["worst_errors"]
    assert rows["rows"][0]["reasons"] == [] and "no exact account" in rows["reasons_note"]


def test_a_constant_answer_is_not_explained(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"a": rng.normal(size=200), "y": rng.choice(["no", "yes"], 200)})
    result = trained(tmp_path, frame)
    if result["selected"] == "baseline":
        assert {result[key]["skipped"] for key in KEYS} == {
            "one constant answers every row: there is nothing to explain"
        }
    else:
        assert not result["segments"]["segments"]


def test_a_suspected_label_is_marked_unless_the_classes_overlap() -> None:
    told = {"worst_errors": {"rows": [{"row": 4}, {"row": 7}]}}
    doubtful = {"rows": [{"row": 7}], "overlap": False}
    assert [row["suspected"] for row in mark_suspected(told, doubtful)["worst_errors"]["rows"]] == [False, True]
    assert not any(
        row["suspected"] for row in mark_suspected(told, {**doubtful, "overlap": True})["worst_errors"]["rows"]
    )
    assert mark_suspected({"worst_errors": {"skipped": "why"}}, None) == {"worst_errors": {"skipped": "why"}}


def test_without_time_every_part_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explanations, "KEPT", 1e9)
    result = trained(tmp_path, table(300).select(FEATURES))
    assert {result[key]["skipped"] for key in KEYS} == {explanations.LATE}


def test_a_slow_account_is_left_out_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explanations, "seconds_per_row", lambda outcome: 1e6)
    result = trained(tmp_path, table(300).select(FEATURES))
    assert "would take about" in result["attributions"]["skipped"]
    assert explanations.LATE in result["worst_errors"]["reasons_note"] and result["worst_errors"]["rows"]


def test_an_explanation_that_fails_does_not_cost_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("planted")

    monkeypatch.setattr(explanations, "weak_segments", broken)
    result = trained(tmp_path, table(300).select(FEATURES))
    assert result["version"] == "v1" and result["segments"]["skipped"] == "it failed: ValueError: planted"
