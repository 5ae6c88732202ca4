"""A training says whether more rows would help, how much is luck, and how its curves settled; nothing else changes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from training_runs import FEATURES, new_workspace, run_here, settings, table

import trainwright as tw
from trainwright.data.columns import Dataset
from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.jobs import launch
from trainwright.training import understand
from trainwright.training.row_parts import part_of

BOOSTED = {
    "training__families": ("lightgbm",),
    "training__family_settings": {"lightgbm": {"n_estimators": 25, "patience": 25}, "forest": {"n_estimators": 3}},
}


def work(n: int = 100, **roles: Any) -> Any:
    """What `part_of` reads of a run's work."""
    y = roles.pop("y", np.arange(n) % 2)
    data = Dataset(SimpleNamespace(), y, np.arange(n), **roles)  # type: ignore[arg-type]
    return SimpleNamespace(dataset=data, target=Target("y", "classes", ("a", "b")))


def test_smaller_parts_lie_within_larger_ones_and_keep_the_mix_of_classes() -> None:
    rows = np.arange(100)
    rare = work(y=(np.arange(100) < 12).astype(int))
    parts = [part_of(rows, share, rare, 3) for share in (0.25, 0.5, 1.0)]
    assert [len(part) for part in parts] == [25, 50, 100]
    assert set(parts[0]) <= set(parts[1]) <= set(parts[2])
    assert [int((part < 12).sum()) for part in parts] == [3, 6, 12]
    assert not np.array_equal(parts[0], part_of(rows, 0.25, rare, 4))


def test_groups_stay_whole_and_time_keeps_its_latest_rows() -> None:
    rows, group = np.arange(100), np.arange(100) // 7
    part = part_of(rows, 0.5, work(group=group), 1)
    assert 45 <= len(part) <= 60
    assert all((group[part] == code).sum() == (group == code).sum() for code in np.unique(group[part]))
    time = np.repeat(np.arange(20.0), 5)
    late = part_of(rows, 0.3, work(time=time), 1)
    assert time[late].min() == 14.0 and len(late) == 30


@pytest.mark.usefixtures("sealed_here", "follow_here")
@pytest.mark.parametrize("classes", [2, 0])
def test_a_training_measures_and_a_repetition_still_gives_the_same_package(tmp_path: Path, classes: int) -> None:
    workspace = new_workspace(tmp_path)
    _, first = run_here(workspace, table(classes=classes).select(FEATURES), settings(training__seeds=3, **BOOSTED))
    size, seeds = first["size_curve"], first["seed_stability"]
    assert size["folds"] == 3 and len(size["points"]) == 1 + size["fits"] // 3
    assert size["points"][-1]["value"] == pytest.approx(np.mean(_row(first, size["candidate"])["fold_scores"]))
    assert size["told"] in ("gain", "nothing", "unknown") and size["text"]
    assert any("kept for other seeds" in reason for reason in first["plan"]["reasons"])
    assert len(seeds["scores"]) == 3 and seeds["scores"][0] is not None
    assert (seeds["flips"] is None) == (classes == 0)
    for curve in first["curves"]:
        assert len(curve["steps"]) == len(curve["training"]) == len(curve["validation"])
        assert curve["verdict"]["code"] and curve["reference"] > 0
    again = launch.repeat(workspace, first["run"])
    assert again["package"]["sha256"] == first["package"]["sha256"]
    assert "repetition" in again["size_curve"]["skipped"]
    page = Path(first["report"]).read_text(encoding="utf-8")
    assert 'id="growth"' in page and "could not be drawn" not in page


def _row(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(row for row in document["leaderboard"] if row["name"] == name)


@pytest.mark.usefixtures("sealed_here")
def test_a_version_is_measured_further_and_its_report_says_so(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    _, first = run_here(workspace, table().select(FEATURES), settings(training__time_limit=600))
    place = workspace.path
    curve = tw.learning_curve("demo", time_limit=30, workspace=place)
    assert curve["version"] == "demo@v1" and len(curve["points"]) > len(first["size_curve"]["points"])
    assert curve["points"][-1]["value"] == pytest.approx(first["size_curve"]["points"][-1]["value"])
    luck = tw.stability("demo@v1", seeds=3, time_limit=30, workspace=place)
    assert len(luck["scores"]) == 3 and len(luck["splits"]) == 2 and luck["flips"] is not None
    assert luck["scores"][0] == pytest.approx(first["size_curve"]["points"][-1]["value"])
    page = Path(luck["report"]).read_text(encoding="utf-8")
    assert "folds drawn anew" in page and "Not measured" not in page
    assert Path(luck["report"]).with_name("model_card.md").exists()
    # What is measured is kept: the second command did not forget the first.
    assert f"{curve['points'][0]['rows']:,.0f}" in page
    with pytest.raises(UserError, match="at least 2"):
        tw.stability("demo", seeds=1, workspace=place)
    with pytest.raises(UserError):
        tw.learning_curve("nobody", workspace=place)


@pytest.mark.usefixtures("sealed_here")
def test_without_time_it_is_left_out_with_its_reason_and_a_failure_costs_no_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(understand, "_left", lambda budget: -1.0)
    frame = table().select(FEATURES)
    _, short = run_here(new_workspace(tmp_path / "a"), frame, settings(training__seeds=2))
    assert "left" in short["size_curve"]["skipped"] and "left" in short["seed_stability"]["skipped"]
    assert "learning-curve demo@v1" in Path(short["report"]).read_text(encoding="utf-8")

    def broken(*arguments: Any, **named: Any) -> Any:
        raise RuntimeError("no luck today")

    for name in ("run_curves", "measure_size_curve", "remedies"):
        monkeypatch.setattr(understand, name, broken)
    _, bad = run_here(new_workspace(tmp_path / "b"), frame, settings())
    assert bad["version"] == "v1" and "no luck today" in bad["size_curve"]["skipped"]
    assert bad["curves"] == [] and bad["diagnosis"]["remedies"] == []
