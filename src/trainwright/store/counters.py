"""Numbers that users see (v1, v2, ...): taken from a counter row in the transaction that uses them."""

from __future__ import annotations

from sqlalchemy import Connection, select

from trainwright.store import tables


def next_number(connection: Connection, project_id: int, kind: str) -> int:
    """The next number of a project, from 1; a number is never given twice, even after what it named is
    deleted.

    Args:
        connection: a write transaction; if it rolls back, so does the counter.
        project_id: the project.
        kind: what is numbered ("version", "dataset_version", "opening").
    """
    row = tables.counter
    this = (row.c.project_id == project_id) & (row.c.kind == kind)
    value = connection.execute(select(row.c.value).where(this).with_for_update()).scalar()
    if value is None:
        connection.execute(row.insert().values(project_id=project_id, kind=kind, value=1))
        return 1
    connection.execute(row.update().where(this).values(value=value + 1))
    return int(value) + 1
