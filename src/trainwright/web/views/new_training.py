"""What a new training can begin from: earlier uploads, dataset versions of projects, versions to learn on from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from trainwright.store import tables
from trainwright.web.uploads import Upload, list_uploads

# Of each kind, so many of the newest are offered.
OFFERED = 30


@dataclass(frozen=True)
class StoredTable:
    """A dataset version: project, name such as "d3", of which file, its size, target and time."""

    project: str
    label: str
    name: str
    rows: int
    columns: int
    target: str | None
    created: float


@dataclass(frozen=True)
class Beginnings:
    """What may be trained on: earlier uploads and dataset versions, the newest first."""

    uploads: list[Upload]
    stored: list[StoredTable]


def beginnings(connection: Connection, project: str | None = None) -> Beginnings:
    """What there is; of the dataset versions those of one project, where it is named."""
    return Beginnings(list_uploads(connection, limit=OFFERED), stored_tables(connection, project))


def stored_tables(connection: Connection, project: str | None = None, number: int | None = None) -> list[StoredTable]:
    """Dataset versions, the newest first; of one project, or one of them."""
    data, owner = tables.dataset_version.c, tables.project.c
    query = select(
        owner.name.label("project"), data.number, data.name, data.rows, data.columns, data.target, data.created
    )
    query = query.select_from(tables.dataset_version.join(tables.project, owner.id == data.project_id))
    if project is not None:
        query = query.where(owner.name == project)
    if number is not None:
        query = query.where(data.number == number)
    rows = connection.execute(query.order_by(data.id.desc()).limit(OFFERED)).all()
    return [_stored(row) for row in rows]


def versions_to_learn_from(connection: Connection, project: str) -> list[str]:
    """The kept versions of a project, the newest first."""
    version, owner = tables.version.c, tables.project.c
    query = select(version.number).select_from(tables.version.join(tables.project, owner.id == version.project_id))
    query = query.where(owner.name == project, version.state == "kept").order_by(version.number.desc())
    return [f"v{number}" for number in connection.execute(query).scalars()]


def _stored(row: Any) -> StoredTable:
    target = (row.target or {}).get("column")
    return StoredTable(row.project, f"d{row.number}", row.name, row.rows, row.columns, target, row.created)
