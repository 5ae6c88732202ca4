"""Decisions in whole trainings: more classes, groups, what people can review, repetitions, numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from training_runs import FEATURES, new_workspace, rows_of, run_here, settings, table

import trainwright as tw
from trainwright.errors import UserError
from trainwright.jobs import launch
from trainwright.training.decide import decide_version
from trainwright.training.judge import evaluate_file

pytestmark = pytest.mark.usefixtures("sealed_here")
COSTS = {"low": {"mid": 1, "high": 4}, "mid": {"low": 2, "high": 2}, "high": {"low": 20, "mid": 10}}


def test_three_classes_are_decided_by_their_costs(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    frame = table(classes=3).select(FEATURES)
    wanted = settings(decision__cost=COSTS, decision__review_band=True, requirements__max_review_share=0.1)
    _, result = run_here(workspace, frame, wanted)
    found = result["operating_point"]
    assert found["label"] == "d1" and found["figures"]["review"]["value"] <= 0.15
    assert "go to a person" in found["text"]
    predicted = tw.load("demo", workspace=workspace.path).predict(frame)
    assert set(predicted["decision"].to_list()) <= {"low", "mid", "high", "review"}
    assert 0 < (predicted["decision"] == "review").mean() < 0.25
    decided = predicted.filter(pl.col("decision") != "review")
    assert (decided["decision"] == decided["prediction"]).all()
    judged = evaluate_file(workspace, "demo", frame)
    assert judged["decision"]["label"] == "d1" and judged["metrics"]["accuracy"]["value"] == pytest.approx(
        (predicted["prediction"] == frame["y"]).mean()
    )
    sent = judged["decision"]["figures"]["review"]["value"]
    assert sent == pytest.approx((predicted["decision"] == "review").mean())
    plain = decide_version(workspace, "demo", cost=COSTS)
    assert plain["label"] == "d2" and plain["figures"]["cost_per_1000"]["value"] > 0
    with pytest.raises(UserError, match="needs two classes"):
        decide_version(workspace, "demo", min_recall=0.9)
    assert 'id="operating_point"' in Path(result["report"]).read_text(encoding="utf-8")


@pytest.mark.usefixtures("follow_here")
def test_groups_stay_together_and_a_repetition_gives_the_same_package(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    frame = table(300).select([*FEATURES, "site"])
    wanted = settings(data__group="site", decision__min_recall=0.5, decision__by="kind")
    _, result = run_here(workspace, frame, wanted)
    found = result["operating_point"]
    assert "groups" in found["units"] and {row["value"] for row in found["segments"]} == {"u", "v", "w"}
    again = launch.repeat(workspace, result["run"])
    assert again["package"]["sha256"] == result["package"]["sha256"]
    same = ("policy", "figures", "text")
    assert {key: again["operating_point"][key] for key in same} == {key: found[key] for key in same}
    row = frame.drop("y").row(0, named=True)
    model = tw.load("demo", workspace=workspace.path)
    assert model.predict_row(row)["decision"] == model.predict(pl.DataFrame([row]))["decision"][0]
    lacking = model.conform(frame.drop("y", "kind").with_columns(kind=pl.lit(None, dtype=pl.String)))
    assert model.predict(lacking).height == 300


def test_a_promise_that_cannot_be_made_costs_no_training(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    wanted = settings(decision__min_recall=0.999)
    _, result = run_here(workspace, table().select(FEATURES), wanted)
    assert "cannot be promised" in result["operating_point"]["skipped"] and result["version"] == "v1"
    assert any("lower bound" in unmet for unmet in result["requirements"]["unmet"])
    assert rows_of(workspace, "select count(*) from decision")[0][0] == 0


def test_what_people_can_review_limits_what_is_flagged(tmp_path: Path) -> None:
    _, result = run_here(
        new_workspace(tmp_path), table().select(FEATURES), settings(requirements__max_review_share=0.1)
    )
    assert "can be reviewed" in result["threshold"]["reason"]
    assert result["threshold"]["value"] > 0.5  # half of the rows are positive: one half would flag five times as many


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"decision__cost": "fp=1 fn=2", "decision__by": "kindd"}, "kindd"),
        (
            {"decision__cost": "fp=1 fn=2", "decision__by": "a"},
            "decision.by (argument decision.by): the column has 240 values",
        ),
        ({"decision__cost": "fp=1 fn=2", "decision__by": "y"}, "'y' is what is predicted"),
        (
            {"decision__capacity": "1.5/5"},
            "decision.capacity (argument decision.capacity): capacity '1.5/5': k of n are two",
        ),
        ({"decision__cost": "fp=1"}, "give both, such as cost: fp=1 fn=20"),
        ({"decision__cost": {"no": {"maybe": 2}, "maybe": {"no": 1}}}, "no class 'maybe'"),
        ({"decision__capacity": "7/5"}, "7 is more than the 5"),
        ({"decision__review_band": True}, "how wide the review band may be"),
    ],
)
def test_a_decision_that_cannot_be_made_is_refused_before_anything_is_written(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    workspace = new_workspace(tmp_path)
    with pytest.raises(UserError) as refused:
        run_here(workspace, table().select(FEATURES), settings(**changes))
    assert words in str(refused.value)
    assert rows_of(workspace, "select count(*) from run")[0][0] == 0


def test_a_number_has_no_threshold(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    with pytest.raises(UserError, match="is a number"):
        run_here(workspace, table(classes=0).select(FEATURES), settings(decision__beta=2))
