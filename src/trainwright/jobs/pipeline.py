"""Nine steps from a file to a model that answers, each noted when it is done and tried again alone.

A pipeline adds nothing to what the single commands do: it runs them in order, keeps what each said in the workspace,
and goes on where it stopped.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from trainwright.config.settings import Settings
from trainwright.config.source import load_settings
from trainwright.errors import EnvironmentProblem, TrainwrightError, UserError
from trainwright.store.files import write_whole
from trainwright.store.workspace import Workspace

STEPS = ("extract", "validate", "features", "train", "evaluate", "register", "report", "deploy", "monitor")
# The folder of a workspace that keeps how far each pipeline is.
FOLDER = "pipelines"
KEYS = ("config", "file", "deploy", "monitor", "retries")
DEPLOYS = ("when_met", "always", "never")
# Seconds before a step that failed for the environment is tried again.
PAUSE = 5.0


@dataclass(frozen=True)
class Pipeline:
    """What a pipeline's file says.

    Args:
        name: the file's own, without its ending.
        settings: of the training.
        deploy: "when_met" activates a version that keeps its requirements and beats the baseline; "always"; "never".
        monitor: a labelled file that the version is measured on at the end; None for none.
        retries: how often a step that failed for the environment, or crashed, is tried again.
    """

    name: str
    settings: Settings
    deploy: str = "when_met"
    monitor: str | None = None
    retries: int = 2


# What a step is given: the pipeline, the workspace, and what the steps before it said; it returns what it says.
Step = Callable[[Pipeline, Workspace, Mapping[str, dict[str, Any]]], dict[str, Any]]


def read_pipeline(path: str | Path) -> Pipeline:
    """Reads a pipeline's file.

    Args:
        path: a YAML file with `config` (the YAML of a training), and optionally `file` (the table, instead of the one
            named there), `deploy`, `monitor` and `retries`. Paths are relative to it.

    Raises:
        UserError: it cannot be read, or a key or value is not known.
    """
    path = Path(path).expanduser().absolute()
    try:
        given = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"the pipeline {path} cannot be read: {error}", remedy="give a YAML file") from None
    if not isinstance(given, dict) or not given.get("config"):
        raise UserError(f"{path}: `config` is missing", remedy="name the YAML of the training: `config: train.yaml`")
    unknown = [str(key) for key in given if key not in KEYS]
    if unknown:
        raise UserError(f"{path}: no key {unknown[0]!r}", remedy=f"the keys are {', '.join(KEYS)}")
    deploy, retries = given.get("deploy", "when_met"), given.get("retries", 2)
    deploy = "never" if deploy is False else deploy
    if deploy not in DEPLOYS:
        raise UserError(f"{path}: `deploy` is {deploy!r}", remedy=f"write one of {', '.join(DEPLOYS)}")
    if isinstance(retries, bool) or not isinstance(retries, int) or not 0 <= retries <= 100:
        raise UserError(f"{path}: `retries` is {retries!r}", remedy="write a number from 0 to 100")
    overrides = {} if given.get("file") is None else {"data.train_file": str(path.parent / str(given["file"]))}
    training = path.parent / str(given["config"])
    settings = load_settings(training, overrides=overrides, flags=False)
    if settings.data.train_file is None:
        raise UserError(f"{path}: no table is named", remedy="write `file`, or data.train_file in the training's YAML")
    if settings.project is None:
        settings = load_settings(training, overrides={**overrides, "project": path.stem}, flags=False)
    monitor = None if given.get("monitor") is None else str(path.parent / str(given["monitor"]))
    return Pipeline(path.stem, settings, deploy, monitor, retries)


def kept_state(workspace: Workspace, pipeline: Pipeline) -> dict[str, dict[str, Any]]:
    """What each step that is done said, in order; empty before the first."""
    try:
        found = json.loads(_place(workspace, pipeline).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise EnvironmentProblem(
            f"how far the pipeline {pipeline.name} is cannot be read: {error}", remedy="begin it anew with --again"
        ) from None
    return {name: found[name] for name in STEPS if name in found}


def run_pipeline(
    workspace: Workspace,
    pipeline: Pipeline,
    steps: Mapping[str, Step],
    *,
    again: bool = False,
    start: str | None = None,
    tell: Callable[[str, str, dict[str, Any]], None] = lambda *_: None,
    pause: float = PAUSE,
) -> dict[str, dict[str, Any]]:
    """Runs the steps that are not done yet; one that is finished begins a new pass.

    Args:
        steps: by name.
        again: begin anew whatever is done.
        start: repeat from this step on.
        tell: told (step, "begins" | "done" | "failed", what it said).
        pause: seconds before a step is tried again.

    Returns:
        What each step said.

    Raises:
        UserError: a step found a mistake in what it was given; it is not tried again.
        TrainwrightError: a step failed as often as it may be tried.
    """
    done = {} if again else kept_state(workspace, pipeline)
    if len(done) == len(STEPS) and start is None:
        done = {}
    if start is not None:
        before = STEPS[: STEPS.index(start)]
        missing = [name for name in before if name not in done]
        if missing:
            raise UserError(f"step {start} needs {missing[0]}, which is not done", remedy="leave --from out")
        done = {name: done[name] for name in before}
    for name in STEPS[len(done) :]:
        done[name] = _tried(pipeline, workspace, name, steps[name], done, tell, pause)
        place = _place(workspace, pipeline)
        place.parent.mkdir(exist_ok=True)
        write_whole(place, json.dumps(done, indent=1, default=str).encode())
    return done


def _tried(
    pipeline: Pipeline,
    workspace: Workspace,
    name: str,
    step: Step,
    done: Mapping[str, dict[str, Any]],
    tell: Callable[[str, str, dict[str, Any]], None],
    pause: float,
) -> dict[str, Any]:
    """A step, as often as it may be tried."""
    for attempt in range(1, pipeline.retries + 2):
        tell(name, "begins", {"attempt": attempt})
        began = time.time()
        try:
            said = step(pipeline, workspace, done)
        except UserError:
            raise
        except TrainwrightError as error:
            tell(name, "failed", {"attempt": attempt, "error": str(error)})
            if attempt > pipeline.retries:
                raise
            time.sleep(pause)
        else:
            document = {**said, "at": began, "seconds": time.time() - began, "attempt": attempt}
            tell(name, "done", document)
            return document
    raise AssertionError("unreachable")


def _place(workspace: Workspace, pipeline: Pipeline) -> Path:
    return workspace.path / FOLDER / f"{pipeline.name}.json"
