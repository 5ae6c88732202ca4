"""Dataset versions and their splits: immutable once written, the same content in one project stored once."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from trainwright.errors import UserError
from trainwright.store import tables
from trainwright.store.counters import next_number
from trainwright.store.files import Published, name_artifact
from trainwright.store.rows import insert_row


@dataclass(frozen=True)
class DatasetVersion:
    """A snapshot of a table.

    Args:
        id: the row.
        project_id: its project.
        number: 1, 2, ... within the project.
        sha: hash of the content (`data.snapshot.content_hash`).
        name: what the user calls it, usually the file's name.
        source: where it was read from.
        rows: number of rows.
        columns: number of columns.
        schema: `Schema.to_json()`.
        target: `Target.to_json()`, or None.
        notes: what was found out or assumed while reading.
        artifact: hash of the published "snapshot" folder, or None.
        created: seconds since 1970.
        origin: of a version made from another one: {"version", "run", "who", "at", "changes": [{"row", "from", "to"}]}.
    """

    id: int
    project_id: int
    number: int
    sha: str
    name: str
    source: str | None
    rows: int
    columns: int
    schema: list[dict[str, Any]] | None
    target: dict[str, Any] | None
    notes: list[Any] | None
    artifact: str | None
    created: float
    origin: dict[str, Any] | None = None


@dataclass(frozen=True)
class SplitRow:
    """Which rows of a dataset version are development and test, as recorded.

    Args:
        id: the row.
        project_id: its project.
        dataset_version_id: what was split.
        rule: the rule as plain data.
        summary: counts and reasons.
        artifacts: for each part ("development", "test_features", "test_labels", ...) its {"kind", "sha"}.
        created: seconds since 1970.
    """

    id: int
    project_id: int
    dataset_version_id: int
    rule: dict[str, Any] | None
    summary: dict[str, Any] | None
    artifacts: dict[str, dict[str, str]] | None
    created: float


def add_dataset_version(
    connection: Connection,
    project_id: int,
    *,
    sha: str,
    name: str,
    rows: int,
    columns: int,
    schema: list[dict[str, Any]],
    target: dict[str, Any] | None = None,
    source: str | None = None,
    notes: list[Any] | None = None,
    artifact: str | None = None,
    origin: dict[str, Any] | None = None,
) -> DatasetVersion:
    """The project's dataset version with this content, numbered and written when it is new."""
    table = tables.dataset_version
    same = select(table).where(table.c.project_id == project_id, table.c.sha == sha)
    row = connection.execute(same).first()
    if row is None:
        values = {
            "project_id": project_id,
            "number": next_number(connection, project_id, "dataset_version"),
            "sha": sha,
            "name": name,
            "source": source,
            "rows": rows,
            "columns": columns,
            "schema": schema,
            "target": target,
            "notes": notes,
            "artifact": artifact,
            "created": time.time(),
            "origin": origin,
        }
        connection.execute(table.insert().values(values))
        row = connection.execute(same).one()
    return DatasetVersion(**row._mapping)


def get_dataset_version(connection: Connection, dataset_version_id: int) -> DatasetVersion:
    """The dataset version with this id.

    Raises:
        UserError: there is none.
    """
    table = tables.dataset_version
    row = connection.execute(select(table).where(table.c.id == dataset_version_id)).first()
    if row is None:
        raise UserError(f"there is no dataset version {dataset_version_id}", remedy="see `trainwright data list`")
    return DatasetVersion(**row._mapping)


def list_dataset_versions(connection: Connection, project_id: int | None = None) -> list[DatasetVersion]:
    """Every dataset version of a project, or of all, oldest first."""
    table = tables.dataset_version
    query = select(table).order_by(table.c.id)
    if project_id is not None:
        query = query.where(table.c.project_id == project_id)
    return [DatasetVersion(**row._mapping) for row in connection.execute(query)]


def find_dataset_version(connection: Connection, project_id: int, name: str | int) -> DatasetVersion:
    """The dataset version that a user calls d2, or 2.

    Raises:
        UserError: the project has none of that number; its versions are named.
    """
    versions = list_dataset_versions(connection, project_id)
    number = str(name).removeprefix("d")
    for version in versions:
        if str(version.number) == number:
            return version
    held = ", ".join(f"d{version.number}" for version in versions) or "none yet"
    raise UserError(f"there is no dataset version d{number} in this project", remedy=f"it has: {held}")


def latest_split(connection: Connection, dataset_version_id: int) -> SplitRow | None:
    """The newest split of a dataset version, or None."""
    table = tables.split
    query = select(table).where(table.c.dataset_version_id == dataset_version_id).order_by(table.c.id.desc())
    row = connection.execute(query.limit(1)).first()
    return None if row is None else SplitRow(**row._mapping)


def add_split(
    connection: Connection,
    project_id: int,
    dataset_version_id: int,
    *,
    rule: dict[str, Any],
    summary: dict[str, Any],
    artifacts: dict[str, Published] | None = None,
) -> SplitRow:
    """Records a split and names its published parts, so that no sweep removes them."""
    now = time.time()
    parts = {part: {"kind": p.kind, "sha": p.sha} for part, p in (artifacts or {}).items()}
    split_id = insert_row(
        connection,
        tables.split,
        project_id=project_id,
        dataset_version_id=dataset_version_id,
        rule=rule,
        summary=summary,
        artifacts=parts,
        created=now,
    )
    for part, published in (artifacts or {}).items():
        name_artifact(connection, published, f"split {split_id} {part}", now=now)
    return get_split(connection, split_id)


def get_split(connection: Connection, split_id: int) -> SplitRow:
    """The split with this id.

    Raises:
        UserError: there is none.
    """
    row = connection.execute(select(tables.split).where(tables.split.c.id == split_id)).first()
    if row is None:
        raise UserError(f"there is no split {split_id}")
    return SplitRow(**row._mapping)
