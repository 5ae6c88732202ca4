"""What a run's chosen candidate predicted for the rows it did not learn from, kept with the run.

Two runs on the same rows can then be compared row by row, and a repetition bit by bit, without loading a model. The
truth, groups and times stay where they are, with the development rows.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trainwright.data.columns import Dataset, Layout
from trainwright.data.dataset import build_dataset
from trainwright.data.parts import read_development
from trainwright.data.schema import Role, Schema, Target
from trainwright.errors import EnvironmentProblem, UserError
from trainwright.evaluate.paired_runs import HeldOut, Truth
from trainwright.models.storage import read_arrays, write_arrays
from trainwright.store.datasets import get_split
from trainwright.store.files import Published, artifact_path, publish
from trainwright.store.runs import Run
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace
from trainwright.training.options import RunOptions
from trainwright.training.outcome import Outcome
from trainwright.training.trials import Work
from trainwright.training.understood import schema_and_target

KIND = "held-out"
FILE = "predictions.npz"
NAMES = ("rows", "fold", "prediction", "cut")


def held_out(outcome: Outcome, work: Work) -> HeldOut:
    """What a finished choice predicted."""
    oof = outcome.oof
    cut = np.broadcast_to(np.asarray(outcome.cut, dtype=np.float64), oof.positions.shape)
    return HeldOut(work.dataset.rows[oof.positions], oof.fold, outcome.prediction, np.array(cut))


def truth_of(work: Work) -> Truth:
    """The truth of a run that is at hand."""
    return _truth(work.target, work.dataset)


def publish_held_out(workspace: Workspace, found: HeldOut) -> Published:
    """Writes the predictions as a folder of their own; equal predictions have an equal hash."""

    def fill(folder: Path) -> None:
        write_arrays(folder / FILE, **{name: getattr(found, name) for name in NAMES})

    return publish(workspace, KIND, fill)


def read_held_out(workspace: Workspace, run: Run) -> HeldOut | None:
    """The predictions that a run kept; None for a run of a release that kept none, or when they are gone."""
    sha = (run.record or {}).get("held_out")
    path = artifact_path(workspace, KIND, sha) / FILE if sha else None
    if path is None or not path.exists():
        return None
    arrays = read_arrays(path, *NAMES)
    return HeldOut(**{name: arrays[name] for name in NAMES})


def held_out_of(workspace: Workspace, run: Run) -> HeldOut:
    """The predictions of a finished run: those it kept, else made anew from its fold models.

    Raises:
        UserError: neither is there any more.
    """
    kept = read_held_out(workspace, run)
    if kept is not None:
        return kept
    from trainwright.training.reopen import reopen_run

    try:
        opened = reopen_run(workspace, run)
    except (UserError, EnvironmentProblem) as error:
        raise UserError(
            f"run {run.id} no longer holds what it predicted for its held-out rows: {error.problem}",
            remedy="train again, and compare with that",
        ) from error
    return held_out(opened.outcome, opened.material.work)


def read_truth(workspace: Workspace, run: Run) -> Truth:
    """The truth of a finished run's development rows, read without its features.

    Raises:
        EnvironmentProblem: the rows are not there any more.
    """
    assert run.split_id is not None
    with read(workspace) as connection:
        row = get_split(connection, run.split_id)
    schema, target = schema_and_target(row)
    bare = Schema(tuple(column for column in schema.columns if column.role is not Role.FEATURE))
    frame, _, rows = read_development(workspace, row)
    row_order = RunOptions.of(run).settings.data.time == "row-order"
    data = build_dataset(frame, bare, target, Layout.learn(frame, bare), rows=rows, row_order=row_order)
    return _truth(target, data)


def _truth(target: Target, data: Dataset) -> Truth:
    return Truth(target, data.rows, data.y, data.weight, data.group, data.time, data.cluster)
