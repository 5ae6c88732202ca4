"""`trainwright runs`: list, show and compare trainings, resume one that was stopped, repeat one from its record."""

from __future__ import annotations

import time
from typing import Any

import click

from trainwright.cli import output, runs_checkpoints, runs_compare
from trainwright.cli.output import json_option, workspace_option


@click.group(help="List, show and compare trainings; resume one that was stopped; repeat one from its record.")
def COMMAND() -> None:
    """The group."""


@COMMAND.command("list", help="The trainings of a project, or of all projects, newest first.")
@click.argument("project", required=False)
@workspace_option
@json_option
def list_all(project: str | None, workspace: str | None, as_json: bool) -> None:
    """Lists runs."""
    from trainwright.store.projects import get_project
    from trainwright.store.runs import list_runs
    from trainwright.store.transaction import read
    from trainwright.store.workspace import open_workspace

    space = open_workspace(workspace, create=False, read_only=True)
    with read(space) as connection:
        runs = list_runs(connection, get_project(connection, project).id if project else None)
    documents = [_document(run) for run in runs]
    if as_json:
        output.print_json(documents)
        return
    output.table(
        ["run", "name", "state", "version", "try", "model", "verdict", "comments"],
        [
            [d["run"], d["name"], d["state"], d["version"], d["try"], d["selected"], d["verdict"], d["comments"]]
            for d in documents
        ],
    )


@COMMAND.command(help="One training: its trials, its result or why it failed. RUN is a number, or PROJECT@v2.")
@click.argument("name", metavar="RUN")
@workspace_option
@json_option
def show(name: str, workspace: str | None, as_json: bool) -> None:
    """Shows a run."""
    from trainwright.store.names import run_number
    from trainwright.store.runs import get_run
    from trainwright.store.transaction import read
    from trainwright.store.trials import trials_of
    from trainwright.store.workspace import open_workspace

    space = open_workspace(workspace, create=False, read_only=True)
    run = run_number(space, name)
    with read(space) as connection:
        found = get_run(connection, run)
        trials = trials_of(connection, run)
    document = {
        **_document(found),
        "settings": found.settings,
        "origins": found.origins,
        "plan": found.plan,
        "record": found.record,
        "error": found.error,
        "result": found.result,
        "trials": [
            {
                "name": t.name,
                "fold": t.fold,
                "state": t.state,
                "scores": t.scores,
                "seconds": t.seconds,
                "iterations": t.iterations,
                "rows": t.rows,
                "derived": t.derived,
            }
            for t in trials
        ],
    }
    if as_json:
        output.print_json(document)
        return
    output.say(f"run {run}: {found.name}, {found.state}")
    if found.comments:
        output.say(f"comments: {found.comments}")
    output.table(
        ["trial", "fold", "score", "seconds", "iterations", "rows"],
        [
            [t["name"], t["fold"], _score(t["scores"]), f"{t['seconds']:.1f}", t["iterations"], t["rows"]]
            for t in document["trials"]
        ],
        right=(1, 2, 3, 4, 5),
    )
    if document["verdict"]:
        output.say(document["verdict"])
    for line in _understood(found.result or {}):
        output.say(line)
    if found.error:
        output.say(f"failed ({found.error.get('cause')}): {found.error.get('message')}")
        output.say(f"  trainwright runs resume {run}")


@COMMAND.command(
    help="Go on with a training that was stopped or failed, from the folds already done. RUN is a number, or "
    "PROJECT@v2."
)
@click.argument("name", metavar="RUN")
@workspace_option
@json_option
def resume(name: str, workspace: str | None, as_json: bool) -> None:
    """Resumes a run."""
    from trainwright.cli.progress import Screen
    from trainwright.jobs.launch import Watcher
    from trainwright.jobs.launch import resume as go_on
    from trainwright.store.names import run_number
    from trainwright.store.workspace import open_workspace

    space = open_workspace(workspace, create=False)
    run = run_number(space, name)
    screen = Screen(quiet=as_json, started=time.time())
    with screen:
        watcher = Watcher(stage=screen.stage, prepared=screen.prepared, event=screen.event)
        document = go_on(space, run, watcher=watcher)
    if as_json:
        output.print_json(document)
    else:
        screen.result(document)


@COMMAND.command(
    help="Run a finished training again from its record, and say whether it came out the same. RUN is a number, or "
    "PROJECT@v2."
)
@click.argument("name", metavar="RUN")
@workspace_option
@json_option
def repeat(name: str, workspace: str | None, as_json: bool) -> None:
    """Repeats a run."""
    from trainwright.jobs.launch import repeat as again
    from trainwright.store.names import run_number
    from trainwright.store.runs import get_run
    from trainwright.store.transaction import read
    from trainwright.store.workspace import open_workspace

    space = open_workspace(workspace, create=False)
    run = run_number(space, name)
    with read(space) as connection:
        first = get_run(connection, run).result or {}
    document = again(space, run)
    same = document["package"]["sha256"] == (first.get("package") or {}).get("sha256")
    if as_json:
        output.print_json({"run": run, "repetition": document["run"], "same": same, "package": document["package"]})
    else:
        words = "the same package, byte for byte" if same else "a different package"
        output.say(f"run {document['run']} repeated run {run}: {words}")


def _understood(result: dict[str, Any]) -> list[str]:
    """Diagnosis, convergence, what more rows or other seeds would do, and what to do, in lines."""
    from trainwright.evaluate import report_findings
    from trainwright.evaluate.report_words import sentence

    lines = [f"diagnosis: {item['title']}. {item['text']}" for item in report_findings.diagnosis(result)]
    lines += [text for text in [report_findings.convergence(result)] if text]
    lines += report_findings.told_by_networks(result)
    for key in ("size_curve", "seed_stability"):
        said = result.get(key) or {}
        lines += [sentence(str(text)) for text in (said.get("text"), said.get("warning")) if text]
    for item in report_findings.remedies(result):
        lines.append(f"- {item['text']} {item['because']}".rstrip())
        lines += [f"  {item['command']}"] if item["command"] else []
    return lines


def _score(scores: dict[str, Any] | None) -> str | None:
    values = list((scores or {}).values())
    return f"{values[0]:.4f}" if values and values[0] is not None else None


def _document(run: Any) -> dict[str, Any]:
    result = run.result or {}
    return {
        "run": run.id,
        "name": run.name,
        "state": run.state,
        "attempt": run.attempt,
        "created": run.created,
        "version": result.get("version"),
        "try": _try(run),
        "selected": result.get("selected"),
        "verdict": result.get("verdict"),
        "comments": run.comments,
    }


def _try(run: Any) -> str | None:
    """What became of a run that tried a setting; None for others."""
    from trainwright.training.try_log import iteration_of

    found = iteration_of(run)
    if found is None or "kept" not in found:
        return None if found is None else "not judged yet"
    return "kept" if found["kept"] else "dropped"


COMMAND.add_command(runs_compare.COMMAND)
COMMAND.add_command(runs_checkpoints.COMMAND)
