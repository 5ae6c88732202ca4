"""`trainwright runs checkpoints`: the epochs of a run's networks, how each was judged, and how to take another one."""

from __future__ import annotations

from typing import Any

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option


@click.command(
    "checkpoints",
    help="The epochs of a run's networks: losses on the rows learned from and on rows held out for stopping, the mean "
    "over folds, and in how many folds each was the best. `trainwright try` judges any other one and keeps it where it "
    "proves better. RUN is a number, or PROJECT@v2.",
)
@click.argument("name", metavar="RUN")
@click.option("--all", "every", is_flag=True, help="Every epoch; otherwise those in which a checkpoint was due.")
@workspace_option
@json_option
def COMMAND(name: str, every: bool, workspace: str | None, as_json: bool) -> None:
    """Lists checkpoints."""
    from trainwright.store.events import points_after
    from trainwright.store.names import run_number
    from trainwright.store.runs import get_run
    from trainwright.store.transaction import read
    from trainwright.store.workspace import open_workspace
    from trainwright.training.checkpoints import checkpoints_of

    space = open_workspace(workspace, create=False, read_only=True)
    run = run_number(space, name)
    with read(space) as connection:
        found = get_run(connection, run)
        points = [point for number in range(1, found.attempt + 1) for point in points_after(connection, run, number)]
    trials = checkpoints_of(found, points, space.path, every=every)
    if as_json:
        output.print_json(trials)
        return
    if not trials:
        output.say(f"run {run} has no network that tells its epochs")
    for trial in trials:
        output.say(f"{trial['trial']}, {trial['folds']} folds")
        output.table(
            ["epoch", "training loss", "held-out loss", "best in", "on disk"],
            [_row(row, trial["folds"]) for row in trial["epochs"]],
            right=(0, 1, 2),
        )
        if trial["try"]:
            output.say(f"  {trial['try']}")


def _row(row: dict[str, Any], folds: int) -> list[Any]:
    losses = [None if row[name] is None else f"{row[name]:.4f}" for name in ("training", "validation")]
    return [row["epoch"], *losses, f"{row['best_in']} of {folds}" if row["best_in"] else None, row["on_disk"] or None]
