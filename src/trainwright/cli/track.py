"""`trainwright track`: the mirrors of trainings in MLflow and TensorBoard: how far they are, and catching up."""

from __future__ import annotations

import time

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option


@click.group(help="Mirrors in MLflow and TensorBoard: what was written, and catching up after a server was away.")
def COMMAND() -> None:
    """The group."""


@COMMAND.command(help="What is mirrored where, and how far it is.")
@click.option("--project", help="Only the runs of this project.")
@workspace_option
@json_option
def status(project: str | None, workspace: str | None, as_json: bool) -> None:
    """Shows the mirrors."""
    from dataclasses import asdict

    from trainwright.store.workspace import open_workspace
    from trainwright.track.listing import list_mirrors

    space = open_workspace(workspace, create=False, read_only=True)
    mirrors = list_mirrors(space, project)
    if as_json:
        output.print_json([asdict(mirror) for mirror in mirrors])
        return
    if not mirrors:
        output.say("nothing is mirrored: give an address under `track:` in the YAML, or set MLFLOW_TRACKING_URI")
        return
    output.table(
        ["run", "project", "to", "state", "address", "what is in the way"],
        [[one.run, one.project, one.topic, one.state, one.address, one.problem] for one in mirrors],
        right=(0,),
    )
    if any(one.state == "behind" for one in mirrors):
        output.say("`trainwright track sync` catches up")


@COMMAND.command(help="Write what MLflow and TensorBoard lack. Nothing is written twice, however often it is called.")
@click.option("--project", help="Only the runs of this project.")
@workspace_option
@json_option
def sync(project: str | None, workspace: str | None, as_json: bool) -> None:
    """Catches up."""
    from trainwright.errors import EnvironmentProblem
    from trainwright.store.workspace import open_workspace
    from trainwright.track.active import tell_active_versions
    from trainwright.track.listing import list_mirrors
    from trainwright.track.mirror import follow

    space = open_workspace(workspace, create=False)
    behind = [one for one in list_mirrors(space, project) if one.state != "done"]
    found = []
    for one in behind:
        before = time.monotonic()
        outcome = follow(space, one.message, patient=False)
        found.append({"run": one.run, "to": one.topic, "outcome": outcome, "seconds": time.monotonic() - before})
        if not as_json:
            words = {"done": "written", "held": "another process writes it", "waiting": "written so far; the run works"}
            output.say(f"run {one.run} to {one.topic}: {words.get(outcome, outcome)}")
    problems = [one["outcome"] for one in found if one["outcome"] not in ("done", "held", "waiting")]
    problems += tell_active_versions(space)
    if as_json:
        output.print_json(found)
    elif not behind:
        output.say("nothing is behind")
    if problems:
        raise EnvironmentProblem(f"{len(problems)} could not be written: {problems[0]}", remedy="call it again later")
