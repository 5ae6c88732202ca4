"""Labels corrected by a person: from suspected labels and decisions to a dataset version that says where it comes from.

A corrected dataset version shares the parts of the one it was made from, except the development rows: the test part's
files are named again and never read, so its labels stay sealed and the same rows stay sealed (docs/decisions/0005).
Its content hash is the hash of what it was made from and of the changes, since hashing the whole table would mean
reading sealed labels.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sqlalchemy import Connection

from trainwright.data.labels import encode_target
from trainwright.data.parts import DEVELOPMENT_FILE, read_development
from trainwright.data.schema import Role, Schema, Target
from trainwright.data.snapshot import row_keys
from trainwright.errors import UserError
from trainwright.store.audit import current_user, record_act
from trainwright.store.datasets import (
    DatasetVersion,
    SplitRow,
    add_dataset_version,
    add_split,
    get_dataset_version,
    get_split,
)
from trainwright.store.files import Published, artifact_path, publish
from trainwright.store.label_decisions import (
    LabelDecision,
    add_label_decisions,
    label_decisions,
    undo_label_decisions,
)
from trainwright.store.projects import Project, get_project
from trainwright.store.runs import Run, get_run, list_runs
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace


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
    understood = (row.summary or {})["understood"]
    frame, _, rows = read_development(workspace, row)
    return Labels(
        project,
        run,
        data,
        row,
        Schema.from_json(understood["schema"]),
        Target.from_json(understood["target"]),
        frame,
        rows,
        suspected,
        {decision.row: decision for decision in mine},
        frozenset((d.key, d.given) for d in everywhere if d.decision == "rejected"),
    )


def _latest(connection: Connection, project: Project) -> Run:
    for run in list_runs(connection, project.id, state="completed"):
        if run.result and not (run.record or {}).get("repeats"):
            return run
    raise UserError(
        f"{project.name} has no completed run", remedy="train first: trainwright train TABLE --target COLUMN"
    )


def decide(
    workspace: Workspace, labels: Labels, decision: str, wanted: Mapping[int, str | None]
) -> DatasetVersion | None:
    """Records what a person says about labels, and makes the dataset version that follows from all that was accepted.

    Args:
        workspace: where.
        labels: see `read_labels`.
        decision: "accepted" or "rejected".
        wanted: row -> the right label; None takes the suggestion.

    Returns:
        The corrected dataset version; None when only suspicions were rejected and nothing was ever accepted.

    Raises:
        UserError: a row that is no development row or was not suspected, a label that the target does not have.
    """
    suggested = {item["row"]: item for item in labels.suspected.get("rows", [])}
    rows = []
    for row, label in wanted.items():
        position = labels.position(row)
        given = labels.given(position)
        if decision == "accepted":
            label = _label(labels, row, label, suggested)
            if label == given:
                raise UserError(f"row {row} has the label {given!r} already", remedy="nothing to correct")
        elif row not in suggested:
            raise UserError(
                f"the label of row {row} is not suspected",
                remedy=f"`trainwright data labels list {labels.project.name}` shows those that are",
            )
        rows.append((row, labels.keys([position])[0], given, label or given))
    who = current_user()
    with write(workspace) as connection:
        add_label_decisions(
            connection, labels.project.id, labels.data.id, decision, rows, run_id=labels.run.id, who=who
        )
        record_act(
            connection,
            f"labels {decision}",
            f"{labels.project.name} d{labels.data.number}",
            project_id=labels.project.id,
            who=who,
            details={"run": labels.run.id, "changes": [{"row": r, "from": g, "to": t} for r, _, g, t in rows]},
        )
    return corrected_version(workspace, labels, who)


def restore(workspace: Workspace, labels: Labels, rows: Sequence[int]) -> DatasetVersion | None:
    """Takes back what was decided about rows; see `decide`.

    Raises:
        UserError: nothing was decided about a row.
    """
    for row in rows:
        if row not in labels.decisions:
            raise UserError(
                f"nothing was decided about row {row}",
                remedy=f"decided: {', '.join(map(str, sorted(labels.decisions)[:20])) or 'no row'}",
            )
    who = current_user()
    with write(workspace) as connection:
        undo_label_decisions(connection, labels.data.id, rows)
        record_act(
            connection,
            "labels restored",
            f"{labels.project.name} d{labels.data.number}",
            project_id=labels.project.id,
            who=who,
            details={"rows": list(rows)},
        )
    return corrected_version(workspace, labels, who)


def corrected_version(workspace: Workspace, labels: Labels, who: str) -> DatasetVersion | None:
    """The dataset version with every accepted correction of the run's dataset version; the same changes, the same one.

    Args:
        workspace: where.
        labels: see `read_labels`; decisions are read anew.
        who: the person.
    """
    with read(workspace) as connection:
        standing = label_decisions(connection, dataset_version_id=labels.data.id)
    accepted = sorted((d for d in standing if d.decision == "accepted"), key=lambda decision: decision.row)
    if not accepted:
        return None
    changes = [{"row": d.row, "from": d.given, "to": d.label} for d in accepted]
    text = json.dumps([[change["row"], change["to"]] for change in changes], ensure_ascii=False)
    sha = sha256(f"trainwright corrected labels 1\n{labels.data.sha}\n{text}".encode()).hexdigest()
    frame = _with_labels(labels, {labels.position(d.row): d.label for d in accepted})

    def fill(folder: Path) -> None:
        frame.write_parquet(folder / DEVELOPMENT_FILE, compression="lz4", statistics=False)

    development = publish(workspace, "part", fill, needed=int(frame.estimated_size()))
    parts = {
        name: Published(part["kind"], part["sha"], artifact_path(workspace, part["kind"], part["sha"]), 0)
        for name, part in (labels.split_row.artifacts or {}).items()
    }
    origin = {
        "version": f"d{labels.data.number}",
        "run": labels.run.id,
        "who": who,
        "at": time.strftime("%Y-%m-%d %H:%M:%S"),
        "changes": changes,
    }
    words = (
        f"{len(changes)} labels of d{labels.data.number} were corrected by people; the sealed test keeps its labels. "
        "Figures on development rows look better than before once labels agree with what a model expected"
    )
    with write(workspace) as connection:
        made = add_dataset_version(
            connection,
            labels.project.id,
            sha=sha,
            name=labels.data.name,
            source=f"d{labels.data.number} with {len(changes)} corrected labels",
            rows=labels.data.rows,
            columns=labels.data.columns,
            schema=labels.data.schema or [],
            target=labels.target.to_json(),
            notes=[*(labels.data.notes or []), {"code": "corrected_labels", "message": words, "columns": []}],
            origin=origin,
        )
        add_split(
            connection,
            labels.project.id,
            made.id,
            rule=labels.split_row.rule or {},
            summary=labels.split_row.summary or {},
            artifacts={**parts, "development": development},
        )
    return made


def _with_labels(labels: Labels, changed: Mapping[int, str]) -> pl.DataFrame:
    """The development rows with these labels, in the type that the target column has."""
    column = labels.frame[labels.target.column]
    positions, words = list(changed), list(changed.values())
    if labels.target.task == "number":
        values = pl.Series(column.name, [float(word) for word in words], dtype=pl.Float64)
        column = column.cast(pl.Float64) if not column.dtype.is_float() else column
        return labels.frame.with_columns(column.scatter(positions, values.cast(column.dtype)))
    codes = encode_target(column, labels.target)
    known = {labels.target.classes[int(code)]: column[int(i)] for code, i in zip(*np.unique(codes, return_index=True))}
    missing = [word for word in words if word not in known]
    if missing:
        raise UserError(f"no development row has the label {missing[0]!r}", remedy="choose a label that occurs")
    values = pl.Series(column.name, [known[word] for word in words], dtype=column.dtype)
    return labels.frame.with_columns(column.scatter(positions, values))


def _label(labels: Labels, row: int, label: str | None, suggested: Mapping[int, Mapping[str, Any]]) -> str:
    """The label that a row gets: the person's own, or the suggestion."""
    project = labels.project.name
    if label is None:
        if labels.target.task == "number":
            raise UserError(
                f"row {row}: a model's estimate is no measurement",
                remedy=f"give the right number: trainwright data labels set {project} {row}=VALUE",
            )
        if row not in suggested:
            raise UserError(
                f"the label of row {row} is not suspected, so nothing is suggested for it",
                remedy=f"give it yourself: trainwright data labels set {project} {row}=LABEL",
            )
        return str(suggested[row]["suggested"])
    encoded = encode_target(pl.Series([label]), labels.target)[0]
    if labels.target.task == "number":
        if not np.isfinite(encoded):
            raise UserError(f"row {row}: {label!r} is not a number", remedy="write it with a decimal point")
        return repr(float(encoded))
    if encoded < 0:
        raise UserError(
            f"row {row}: {label!r} is not a label of {labels.target.column!r}",
            remedy=f"its labels are {', '.join(labels.target.classes[:20])}",
        )
    return labels.target.classes[int(encoded)]


def _spelt(value: Any, target: Target) -> str:
    """A label as the target spells it."""
    encoded = encode_target(pl.Series([value]), target)[0]
    return repr(float(encoded)) if target.task == "number" else target.classes[int(encoded)]
