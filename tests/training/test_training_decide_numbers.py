"""A decision on a number: from which distance of low and high on a person looks, and what that buys."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from training_runs import FEATURES, new_workspace, run_here, settings, table

from trainwright.api import load
from trainwright.errors import UserError
from trainwright.store.workspace import Workspace
from trainwright.training.decide import decide_version, list_decisions, use


def growing(n: int = 700, seed: int = 5) -> pl.DataFrame:
    """A number whose errors grow with its size."""
    rng = np.random.default_rng(seed)
    a = rng.uniform(1, 10, n)
    return pl.DataFrame({"a": a, "b": rng.normal(size=n), "y": 100 + 5 * a + a * rng.normal(size=n)})


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, dict[str, Any]]:
    """A version with a decision from a capacity."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trainwright.jobs.attempt._open_sealed", lambda *_: None)
        workspace = new_workspace(tmp_path_factory.mktemp("decided"))
        run_here(workspace, growing(), settings())
        return workspace, decide_version(workspace, "demo", capacity="100/1000", use=True)


def test_a_capacity_becomes_a_width_that_new_rows_keep(decided: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, found = decided
    figures = found["figures"]
    assert found["label"] == "d1" and found["goal"] == "capacity" and found["kind"] == "width"
    assert figures["review"]["value"] == pytest.approx(0.1, abs=0.01)
    assert figures["error_kept"]["value"] < figures["error_all"]["value"] < figures["error_review"]["value"]
    assert re.match(r"Of 1,000 predictions, (9\d|100) \(\d+ to \d+\) go to a person", found["text"])
    frame = load("demo", workspace=workspace.path).predict(growing(500, seed=8).drop("y"))
    assert (frame["decision"] == "review").mean() == pytest.approx(0.1, abs=0.05)
    assert frame.filter(pl.col("decision") == "review")["width"].min() > float(found["policy"]["width"])
    report = Path(found["report"]).read_text()
    assert "<strong>d1:</strong> Of 1,000 predictions" in report


def test_decisions_are_listed_and_can_be_left_out(decided: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, _ = decided
    second = decide_version(workspace, "demo", max_width="20%")
    assert second["label"] == "d2" and second["policy"]["width"] == "20.0%"
    assert [(d["label"], d["used"]) for d in list_decisions(workspace, "demo")] == [("d1", True), ("d2", False)]
    rows = growing(20).drop("y")
    assert "decision" not in load("demo", decision="none", workspace=workspace.path).predict(rows).columns
    own = load("demo", decision="d2", workspace=workspace.path).predict(rows)
    assert ((own["width"] > 0.2 * own["prediction"]) == (own["decision"] == "review")).all()
    row = load("demo", workspace=workspace.path).predict_row(rows.row(0, named=True))
    assert row["decision"] in ("accept", "review")
    use(workspace, "demo", "d1")


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({}, "needs one limit"),
        ({"max_width": 5, "capacity": "5%"}, "needs one limit"),
        ({"max_width": "wide"}, "width for review"),
        ({"capacity": "1200/1000"}, "more than the 1000"),
        ({"cost": "fp=1 fn=2"}, "is for classes"),
        ({"capacity": "5%", "by": "a"}, "is for classes"),
    ],
)
def test_what_cannot_be_decided_is_refused(
    decided: tuple[Workspace, dict[str, Any]], asked: dict[str, Any], named: str
) -> None:
    before = len(list_decisions(decided[0], "demo"))
    with pytest.raises(UserError, match=named):
        decide_version(decided[0], "demo", **asked)
    assert len(list_decisions(decided[0], "demo")) == before


@pytest.mark.usefixtures("sealed_here")
def test_classes_and_versions_without_bounds_are_refused(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    run_here(workspace, table(200).select(FEATURES), settings())
    with pytest.raises(UserError, match="this target has classes"):
        decide_version(workspace, "demo", max_width=5)
    run_here(workspace, table(200, classes=0).select(FEATURES), settings(project="off", training__interval=False))
    with pytest.raises(UserError, match="no low and high"):
        decide_version(workspace, "off", capacity="5%")
