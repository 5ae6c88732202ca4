"""Labels that a run suspects, together with the development rows they belong to and what people said about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from sqlalchemy import Connection

from trainwright.data.labels import encode_target
from trainwright.data.parts import read_development
from trainwright.data.schema import Role, Schema, Target
from trainwright.data.snapshot import row_keys
from trainwright.errors import UserError
from trainwright.store.datasets import DatasetVersion, SplitRow, get_dataset_version, get_split
from trainwright.store.label_decisions import LabelDecision, label_decisions
from trainwright.store.projects import Project, get_project
from trainwright.store.runs import Run, get_run, list_runs
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace
from trainwright.training.try_log import stands
from trainwright.training.understood import schema_and_target


@dataclass(frozen=True)
class Labels:
    """What a run suspects, and the rows it is about.

    Args:
        project, run: whose.
        data, split_row: the dataset version that the run was trained on, and its split.
        schema, target: how the run understands the columns.
        frame: the development rows.
        rows: (n,) their numbers in the dataset version.
        suspected: the result document's `suspected_labels`.
        decisions: what was decided about rows of this dataset version, and stands.
        known: keys of rows, with their labels, about which something was decided in any version.
    """

    project: Project
    run: Run
    data: DatasetVersion
    split_row: SplitRow
    schema: Schema
    target: Target
    frame: pl.DataFrame
    rows: np.ndarray
    suspected: dict[str, Any]
    decisions: dict[int, LabelDecision]
    known: frozenset[tuple[str, str]]

    def position(self, row: int) -> int:
        """Where a row of the dataset version lies among the development rows.

        Raises:
            UserError: it is no development row.
        """
        at = int(np.searchsorted(self.rows, row))
        if at < len(self.rows) and self.rows[at] == row:
            return at
        if 0 <= row < self.data.rows:
            raise UserError(
                f"row {row} of d{self.data.number} is not a development row",
                remedy="it is sealed in the test part or was left out; only development rows can be corrected",
            )
        raise UserError(
            f"d{self.data.number} has no row {row}", remedy=f"its rows are numbered 0 to {self.data.rows - 1:,}"
        )

    def keys(self, positions: Sequence[int]) -> list[str]:
        """For each row the hash of its features, as 16 hexadecimal digits: the same in every dataset version."""
        names = sorted(c.name for c in self.schema.columns if c.role is not Role.TARGET)
        return [f"{int(key):016x}" for key in row_keys(self.frame[list(positions)], names)]

    def given(self, position: int) -> str:
        """The label of a development row, as the report spells it."""
        return _spelt(self.frame[self.target.column][position], self.target)

    def open_suspects(self) -> list[dict[str, Any]]:
        """The suspected labels about which nothing has been decided, the likeliest wrong first."""
        listed = [item for item in self.suspected.get("rows", []) if item["row"] not in self.decisions]
        if not listed or not self.known:
            return listed
        positions = [self.position(item["row"]) for item in listed]
        keys = self.keys(positions)
        return [item for item, key, at in zip(listed, keys, positions) if (key, self.given(at)) not in self.known]


def read_labels(workspace: Workspace, name: str) -> Labels:
    """The suspected labels of a project's latest completed run, or of one run.

    Args:
        workspace: where.
        name: "adult" for the latest run, "adult@12" for run 12.

    Raises:
        UserError: no such project or run, or one that looked for no suspected labels, with the reason.
    """
    project_name, at, number = name.partition("@")
    number = number.removeprefix("run")
    if at and not number.isdigit():
        raise UserError(f"{name!r} names no run", remedy="write PROJECT@12 for run 12, or PROJECT for the latest")
    with read(workspace) as connection:
        project = get_project(connection, project_name)
        run = get_run(connection, int(number)) if number else _latest(connection, project)
        if run.project_id != project.id:
            raise UserError(f"run {run.id} belongs to another project", remedy="see `trainwright runs list`")
        if not run.result or run.dataset_version_id is None or run.split_id is None:
            raise UserError(f"run {run.id} is {run.state} and has no result", remedy="see `trainwright runs list`")
        data, row = get_dataset_version(connection, run.dataset_version_id), get_split(connection, run.split_id)
        mine = label_decisions(connection, dataset_version_id=data.id)
        everywhere = label_decisions(connection, project_id=project.id)
    suspected = run.result.get("suspected_labels") or {"skipped": "the run is of an earlier release"}
    frame, _, rows = read_development(workspace, row)
    return Labels(
        project,
        run,
        data,
        row,
        *schema_and_target(row),
        frame,
        rows,
        suspected,
        {decision.row: decision for decision in mine},
        frozenset((d.key, d.given) for d in everywhere if d.decision == "rejected"),
    )


def _latest(connection: Connection, project: Project) -> Run:
    for run in list_runs(connection, project.id, state="completed"):
        if run.result and stands(run):
            return run
    raise UserError(
        f"{project.name} has no completed run", remedy="train first: trainwright train TABLE --target COLUMN"
    )


def _spelt(value: Any, target: Target) -> str:
    """A label as the target spells it."""
    encoded = encode_target(pl.Series([value]), target)[0]
    return repr(float(encoded)) if target.task == "number" else target.classes[int(encoded)]
