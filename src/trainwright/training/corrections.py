"""Labels corrected by a person: from decisions to a dataset version that says where it comes from.

A corrected dataset version shares the parts of the one it was made from, except the development rows: the test part's
files are named again and never read, so its labels stay sealed and the same rows stay sealed (docs/decisions/0005).
Its content hash is the hash of what it was made from and of the changes, since hashing the whole table would mean
reading sealed labels.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trainwright.data.labels import encode_target
from trainwright.data.parts import DEVELOPMENT_FILE
from trainwright.errors import UserError
from trainwright.store.audit import current_user, record_act
from trainwright.store.datasets import DatasetVersion, add_dataset_version, add_split
from trainwright.store.files import Published, artifact_path, publish
from trainwright.store.label_decisions import add_label_decisions, label_decisions, undo_label_decisions
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.training.doubtful_labels import Labels


def decide(
    workspace: Workspace, labels: Labels, decision: str, wanted: Mapping[int, str | None]
) -> DatasetVersion | None:
    """Records what a person says about labels, and makes the dataset version that follows from all that was accepted.

    Args:
        workspace: where.
        labels: see `doubtful_labels.read_labels`.
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
        labels: see `doubtful_labels.read_labels`; decisions are read anew.
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
