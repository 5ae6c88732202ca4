"""`trainwright pipeline`: from a file to a model that answers, in nine steps that are noted and tried again singly."""

from __future__ import annotations

from typing import Any

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option

STEPS = ("extract", "validate", "features", "train", "evaluate", "register", "report", "deploy", "monitor")


@click.group(help=f"Nine steps from a file to a model that answers: {', '.join(STEPS)}.")
def COMMAND() -> None:
    """The group."""


@COMMAND.command(
    help="Run the steps of FILE that are not done yet; after the ninth, begin anew. A step that fails is tried again.",
    epilog="FILE is YAML: `config: train.yaml`, and optionally `file`, `deploy: when_met|always|never`, `monitor: "
    "labelled.csv`, `retries`.",
)
@click.argument("file")
@click.option("--again", is_flag=True, help="Begin with the first step, whatever is done.")
@click.option("--from", "start", type=click.Choice(STEPS), help="Repeat this step and those after it.")
@workspace_option
@json_option
def run(file: str, again: bool, start: str | None, workspace: str | None, as_json: bool) -> None:
    """Runs a pipeline."""
    import sys

    from trainwright.errors import UserError
    from trainwright.jobs.pipeline import read_pipeline, run_pipeline
    from trainwright.jobs.pipeline_steps import STEPS as steps
    from trainwright.store.workspace import open_workspace

    if again and start is not None:
        raise UserError("--again and --from cannot both be given", remedy="leave one out")
    pipeline = read_pipeline(file)
    space = open_workspace(workspace)

    def tell(name: str, what: str, said: dict[str, Any]) -> None:
        if as_json:
            return
        number = STEPS.index(name) + 1
        if what == "done":
            output.say(f"{number} {name:9} {said['says']}")
        elif what == "failed":
            output.say(f"{number} {name:9} failed ({said['error']})")
        sys.stdout.flush()

    done = run_pipeline(space, pipeline, steps, again=again, start=start, tell=tell)
    if as_json:
        output.print_json(done)


@COMMAND.command(help="How far the pipeline of FILE is, and what each step said.")
@click.argument("file")
@workspace_option
@json_option
def show(file: str, workspace: str | None, as_json: bool) -> None:
    """Shows a pipeline."""
    from trainwright.jobs.pipeline import kept_state, read_pipeline
    from trainwright.store.workspace import open_workspace

    pipeline = read_pipeline(file)
    done = kept_state(open_workspace(workspace, create=False, read_only=True), pipeline)
    if as_json:
        output.print_json(done)
        return
    rows = [
        [n, name, "done" if name in done else "to do", done.get(name, {}).get("says")]
        for n, name in enumerate(STEPS, 1)
    ]
    output.table(["", "step", "state", "what it said"], rows)
