"""The nine steps of a pipeline: each runs what a single command runs, and says in a few words what came of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainwright.data.checks.policy import stop_on_errors
from trainwright.errors import TrainwrightError, UserError
from trainwright.jobs import launch, mirror
from trainwright.jobs.pipeline import Pipeline, Step
from trainwright.store.attempts import attempts_of
from trainwright.store.decisions import decision_in_force
from trainwright.store.deployments import activate
from trainwright.store.files import open_artifact
from trainwright.store.names import resolve_version
from trainwright.store.runs import get_run
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace

Done = Mapping[str, dict[str, Any]]


def extract(pipeline: Pipeline, workspace: Workspace, done: Done) -> dict[str, Any]:
    """Reads the table."""
    from trainwright.training.table import understand

    file = pipeline.settings.data.train_file
    table = understand(file, pipeline.settings)
    return {"says": f"{table.frame.height:,} rows, {table.frame.width} columns", "file": file}


def validate(pipeline: Pipeline, workspace: Workspace, done: Done) -> dict[str, Any]:
    """Checks the table and a split of it; an error among the findings ends the pipeline, unless it was silenced."""
    from trainwright.training.prepare import examine

    found = examine(pipeline.settings.data.train_file, pipeline.settings)
    if pipeline.settings.data.on_finding == "stop":
        stop = stop_on_errors(found["findings"])
        if stop is not None:
            raise stop
    counts = {name: sum(f["severity"] == name for f in found["findings"]) for name in ("error", "warning", "note")}
    says = ", ".join(f"{n} {name}{'s' if n != 1 else ''}" for name, n in counts.items())
    return {"says": f"findings: {says}", "findings": [f["code"] for f in found["findings"]]}


def features(pipeline: Pipeline, workspace: Workspace, done: Done) -> dict[str, Any]:
    """Settles the columns that models see, splits, seals the test part, and writes the run."""
    from trainwright.training.prepare import prepare

    prepared = prepare(workspace, pipeline.settings.data.train_file, pipeline.settings)
    names = [column.name for column in prepared.table.schema.features]
    sizes = prepared.split.n_rows
    says = f"{len(names)} features, {sizes['train']:,} train, {sizes['test']:,} sealed test rows"
    return {"says": f"run {prepared.run.id}: {says}", "run": prepared.run.id, "features": names}


def train(pipeline: Pipeline, workspace: Workspace, done: Done) -> dict[str, Any]:
    """Trains the run, or goes on with it from the folds that are finished."""
    run_id = int(done["features"]["run"])
    with read(workspace) as connection:
        run = get_run(connection, run_id)
        begun = run.state != "queued" or attempts_of(connection, run_id)[-1].process is not None
    if run.state == "completed" and run.result is not None:
        result = run.result
    elif begun:
        result = launch.resume(workspace, run_id)
    else:
        result = launch.follow(workspace, run, time.time())
    return {"says": f"{result['selected']} of {len(result['leaderboard'])} candidates", "run": run_id}


def evaluate(pipeline: Pipeline, workspace: Workspace, done: Done) -> dict[str, Any]:
    """What the evaluation says, and which requirements are not kept."""
    result = _result(workspace, done)
    unmet = list(result["requirements"]["unmet"])
    chosen: dict[str, Any] = next((row for row in result["leaderboard"] if row["name"] == result["selected"]), {})
    better = chosen.get("verdict") == "better"
    return {"says": result["verdict"], "unmet": unmet, "better": better}


def register(pipeline: Pipeline, workspace: Workspace, done: Done) -> dict[str, Any]:
    """The version that the training made, its package checked file by file."""
    from trainwright.packages.verify import check_package

    name = _version(workspace, done)
    _, version = resolve_version(workspace, name)
    check_package(open_artifact(workspace, "package", version.artifact), version.manifest_sha)
    return {"says": f"{name}, its package whole", "version": name}


def report(pipeline: Pipeline, workspace: Workspace, done: Done) -> dict[str, Any]:
    """The report of the version, written again where it is gone."""
    from trainwright.training.report_again import refresh_report

    place = _result(workspace, done)["report"]
    if place is None or not Path(place).exists():
        _, version = resolve_version(workspace, done["register"]["version"])
        place = refresh_report(workspace, version)
    if place is None:
        raise TrainwrightError("the report could not be written", remedy="see `trainwright report`")
    return {"says": str(place), "report": str(place)}


def deploy(pipeline: Pipeline, workspace: Workspace, done: Done) -> dict[str, Any]:
    """Activates the version, where the pipeline says so and what was required is kept."""
    name, judged = str(done["register"]["version"]), done["evaluate"]
    why = "; ".join(judged["unmet"]) or ("" if judged["better"] else "it is not better than the baseline")
    if pipeline.deploy == "never" or (pipeline.deploy == "when_met" and why):
        return {"says": f"{name} is not activated: {why or 'the pipeline says never'}", "active": False}
    project, version = resolve_version(workspace, name)
    with write(workspace) as connection:
        chosen = decision_in_force(connection, version.id)
        label = version.label if chosen is None else f"{version.label} {chosen.label}"
        used = None if chosen is None else chosen.id
        activate(connection, project.id, version.id, label, reason=f"pipeline {pipeline.name}", decision_id=used)
    mirror.tell(workspace)
    return {"says": f"{name} is active", "active": True}


def monitor(pipeline: Pipeline, workspace: Workspace, done: Done) -> dict[str, Any]:
    """Measures the version on a labelled file that the pipeline names, such as the newest checked cases."""
    from trainwright.training.judge import evaluate_file

    if pipeline.monitor is None:
        return {"says": "nothing to measure on: name a labelled file with `monitor`"}
    document = evaluate_file(workspace, str(done["register"]["version"]), pipeline.monitor)
    value = (document["metrics"].get(document["metric"]) or {}).get("value")
    shown = "not defined" if value is None else f"{value:.4g}"
    return {"says": f"{document['metric']} {shown} on {document['n_rows']:,} rows", "metric": document["metric"]}


STEPS: dict[str, Step] = {
    "extract": extract,
    "validate": validate,
    "features": features,
    "train": train,
    "evaluate": evaluate,
    "register": register,
    "report": report,
    "deploy": deploy,
    "monitor": monitor,
}


def _result(workspace: Workspace, done: Done) -> dict[str, Any]:
    with read(workspace) as connection:
        result = get_run(connection, int(done["train"]["run"])).result
    if result is None:
        raise TrainwrightError(f"run {done['train']['run']} kept no result", remedy="run the pipeline with --again")
    return result


def _version(workspace: Workspace, done: Done) -> str:
    result = _result(workspace, done)
    if not result["version"]:
        raise UserError(
            "the training made no version: a rehearsal (`sample`) makes none", remedy="leave `sample` out of its YAML"
        )
    return f"{result['project']}@{result['version']}"
