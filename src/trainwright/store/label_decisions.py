"""What people said about labels that looked wrong: accepted corrections, rejected suspicions, taken back or not."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from trainwright.store import tables


@dataclass(frozen=True)
class LabelDecision:
    """A decision about the label of one row.

    Args:
        id: the row in the database.
        project_id, dataset_version_id: whose label it is.
        run_id: whose predictions raised the suspicion; None where a person named the row unasked.
        row: the row's number in the dataset version.
        key: 16 hexadecimal digits that its features hash to: the same row in a later dataset version has the same.
        decision: "accepted" (the label becomes `label`) or "rejected" (it stays).
        given: the label in the dataset version.
        label: the label that is right; equal to `given` where the suspicion was rejected.
        who: the person.
        created: seconds since 1970.
        undone_at: when it was taken back, or None.
    """

    id: int
    project_id: int
    dataset_version_id: int
    run_id: int | None
    row: int
    key: str
    decision: str
    given: str
    label: str
    who: str
    created: float
    undone_at: float | None


def add_label_decisions(
    connection: Connection,
    project_id: int,
    dataset_version_id: int,
    decision: str,
    rows: Sequence[tuple[int, str, str, str]],
    *,
    run_id: int | None,
    who: str,
) -> None:
    """Records one decision for each row; an earlier one about the same row is taken back.

    Args:
        connection: a write transaction.
        project_id, dataset_version_id: whose labels.
        decision: "accepted" or "rejected".
        rows: (row, key, given, label) for each.
        run_id: whose predictions raised the suspicion.
        who: the person.
    """
    undo_label_decisions(connection, dataset_version_id, [row for row, *_ in rows])
    now = time.time()
    common = {
        "project_id": project_id,
        "dataset_version_id": dataset_version_id,
        "run_id": run_id,
        "decision": decision,
        "who": who,
        "created": now,
        "undone_at": None,
    }
    for row, key, given, label in rows:
        values = {**common, "row": row, "key": key, "given": given, "label": label}
        connection.execute(tables.label_decision.insert().values(values))


def undo_label_decisions(connection: Connection, dataset_version_id: int, rows: Sequence[int]) -> int:
    """Takes back the decisions about these rows; returns how many there were."""
    standing = {
        decision.row: decision for decision in label_decisions(connection, dataset_version_id=dataset_version_id)
    }
    undone = [standing[row].id for row in rows if row in standing]
    table = tables.label_decision
    now = time.time()
    for decision_id in undone:
        connection.execute(table.update().where(table.c.id == decision_id).values(undone_at=now))
    return len(undone)


def label_decisions(
    connection: Connection, *, dataset_version_id: int | None = None, project_id: int | None = None
) -> list[LabelDecision]:
    """The decisions that stand, of a dataset version or of a whole project, oldest first."""
    table = tables.label_decision
    query = select(table).where(table.c.undone_at.is_(None)).order_by(table.c.id)
    if dataset_version_id is not None:
        query = query.where(table.c.dataset_version_id == dataset_version_id)
    if project_id is not None:
        query = query.where(table.c.project_id == project_id)
    return [LabelDecision(**row._mapping) for row in connection.execute(query)]
