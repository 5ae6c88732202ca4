"""A pipeline goes on where it stopped, tries a step again alone, and activates only what keeps its requirements."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from training_runs import FEATURES, table

from trainwright.errors import EnvironmentProblem, TrainwrightError, UserError
from trainwright.jobs import pipeline_steps
from trainwright.jobs.pipeline import STEPS, kept_state, read_pipeline, run_pipeline
from trainwright.store.workspace import Workspace, open_workspace

TRAIN = "target: y\nfamilies: [linear]\nfolds: 2\nrepeats: 1\ntime_limit: 600s\njobs: 1\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    table().select(FEATURES).write_csv(tmp_path / "data.csv")
    (tmp_path / "train.yaml").write_text(TRAIN, encoding="utf-8")
    path = tmp_path / "weekly.yaml"
    path.write_text("config: train.yaml\nfile: data.csv\nmonitor: data.csv\nretries: 1\n", encoding="utf-8")
    return path


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "workspace")


def steps(calls: list[str], failing: dict[str, list[TrainwrightError]] | None = None) -> dict[str, Any]:
    """Steps that only say that they were run, or fail so often."""

    def make(name: str) -> Any:
        def step(*_: object) -> dict[str, Any]:
            calls.append(name)
            errors = (failing or {}).get(name, [])
            if errors:
                raise errors.pop(0)
            return {"says": name}

        return step

    return {name: make(name) for name in STEPS}


@pytest.mark.usefixtures("sealed_here", "follow_here")
def test_nine_steps_make_a_version_that_answers(file: Path, workspace: Workspace) -> None:
    pipeline = read_pipeline(file)
    done = run_pipeline(workspace, pipeline, pipeline_steps.STEPS)
    assert tuple(done) == STEPS == tuple(kept_state(workspace, pipeline))
    assert done["register"]["version"] == "weekly@v1"
    assert done["deploy"]["active"] is True
    assert "240 rows" in done["extract"]["says"] and "on 240 rows" in done["monitor"]["says"]
    shutil.rmtree(Path(done["report"]["report"]).parent)
    again = run_pipeline(workspace, pipeline, pipeline_steps.STEPS, start="report")
    assert Path(again["report"]["report"]).exists()
    assert again["train"] == done["train"]


def test_a_step_that_fails_for_the_environment_is_tried_again_alone(file: Path, workspace: Workspace) -> None:
    pipeline, calls = read_pipeline(file), []
    failing: dict[str, list[TrainwrightError]] = {"train": [EnvironmentProblem("the disk is full")]}
    run_pipeline(workspace, pipeline, steps(calls, failing), pause=0.0)
    assert calls == [*STEPS[:4], "train", *STEPS[4:]]


def test_it_goes_on_where_it_stopped_and_a_mistake_is_not_tried_again(file: Path, workspace: Workspace) -> None:
    pipeline, calls = read_pipeline(file), []
    failing: dict[str, list[TrainwrightError]] = {
        "validate": [UserError("a column is missing")],
        "deploy": [EnvironmentProblem("a"), EnvironmentProblem("b")],
    }
    with pytest.raises(UserError, match="a column"):
        run_pipeline(workspace, pipeline, steps(calls, failing), pause=0.0)
    with pytest.raises(EnvironmentProblem, match="b"):
        run_pipeline(workspace, pipeline, steps(calls, failing), pause=0.0)
    run_pipeline(workspace, pipeline, steps(calls, failing), pause=0.0)
    assert calls == ["extract", "validate", *STEPS[1:7], "deploy", "deploy", "deploy", "monitor"]
    calls.clear()
    run_pipeline(workspace, pipeline, steps(calls))
    assert calls == list(STEPS)  # a finished one begins anew
    with pytest.raises(UserError, match="needs extract"):
        run_pipeline(open_workspace(file.parent / "other"), pipeline, steps(calls), start="train")


def test_what_does_not_keep_its_requirements_is_not_activated(file: Path, workspace: Workspace) -> None:
    pipeline = read_pipeline(file)
    judged = {"unmet": ["min_metric accuracy: 0.8, 0.1 short of the 0.9 required"], "better": True}
    done = {"register": {"version": "weekly@v1"}, "evaluate": judged}
    said = pipeline_steps.deploy(pipeline, workspace, done)
    assert said["active"] is False and "0.9 required" in said["says"]
    said = pipeline_steps.deploy(pipeline, workspace, {**done, "evaluate": {"unmet": [], "better": False}})
    assert said["active"] is False and "baseline" in said["says"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file: data.csv", "`config` is missing"),
        ("config: train.yaml", "no table is named"),
        ("config: train.yaml\nfile: data.csv\ndeply: never", "no key 'deply'"),
        ("config: train.yaml\nfile: data.csv\ndeploy: perhaps", "'perhaps'"),
        ("config: train.yaml\nfile: data.csv\nretries: -1", "-1"),
        ("config: [", "cannot be read"),
    ],
)
def test_a_file_that_is_wrong_says_what(file: Path, text: str, words: str) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=words.replace("[", "\\[")) as caught:
        read_pipeline(file)
    assert str(file) in str(caught.value)
