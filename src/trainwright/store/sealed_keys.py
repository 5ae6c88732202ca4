"""The keys of rows that were once in a project's test part or development part, for every later split.

A key is a hash (`data.snapshot.row_keys`) of the row's group, id or features. Each training adds one sorted
file; what later splits read is their union, so a row once in the test part stays there.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, func, select

from trainwright.errors import TrainwrightError
from trainwright.store import tables
from trainwright.store.files import open_artifact, publish
from trainwright.store.rows import insert_row
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace

KEYS_FILE = "keys.npy"


class KeysChangedError(TrainwrightError):
    """Another training recorded keys since this one looked: its split must be drawn again."""


@dataclass(frozen=True)
class SealedKeys:
    """Keys of earlier rows, by part.

    Args:
        kind: what was hashed, such as "group:site", "id:serial" or "features".
        test: (n,) uint64, sorted, each once.
        development: (n,) uint64, sorted, each once.
    """

    kind: str
    test: np.ndarray
    development: np.ndarray


def record_keys(
    workspace: Workspace,
    project_id: int,
    kind: str,
    *,
    test: np.ndarray,
    development: np.ndarray,
    dataset_version_id: int | None = None,
    last_seen: int | None = None,
) -> None:
    """Adds the keys of a split to the project's, all or none; those already recorded are not written again.

    Args:
        workspace: where.
        project_id: the project.
        kind: what was hashed.
        test: (n,) uint64 keys of test rows, in any order.
        development: (m,) uint64 keys of development rows, in any order.
        dataset_version_id: what was split.
        last_seen: what `last_entry` said before the split was drawn; None not to ask.

    Raises:
        KeysChangedError: there are later entries than `last_seen`.
    """
    earlier = earlier_keys(workspace, project_id, kind)
    entries = []
    for part, keys, known in (
        ("test", test, earlier.test),
        ("development", development, earlier.development),
    ):
        fresh = np.setdiff1d(np.asarray(keys, dtype=np.uint64), known)  # sorted, each once
        if len(fresh) == 0:
            continue

        def fill(folder: Path, values: np.ndarray = fresh) -> None:
            np.save(folder / KEYS_FILE, values, allow_pickle=False)

        published = publish(workspace, "keys", fill, needed=fresh.nbytes)
        entries.append({"part": part, "artifact": published.sha, "keys": len(fresh)})
    common = {"project_id": project_id, "dataset_version_id": dataset_version_id, "kind": kind}
    with write(workspace) as connection:
        # The project's row is the lock where several writers may work at once.
        connection.execute(select(tables.project.c.id).where(tables.project.c.id == project_id).with_for_update())
        if last_seen is not None and _last_entry(connection, project_id) > last_seen:
            raise KeysChangedError("another training split the same project at this moment", remedy="try again")
        for entry in entries:
            insert_row(connection, tables.sealed_key, **common, **entry, created=time.time())


def last_entry(workspace: Workspace, project_id: int) -> int:
    """The number of the latest entry of keys that a project has; 0 when there is none."""
    with read(workspace) as connection:
        return _last_entry(connection, project_id)


def _last_entry(connection: Connection, project_id: int) -> int:
    table = tables.sealed_key
    query = select(func.coalesce(func.max(table.c.id), 0)).where(table.c.project_id == project_id)
    return int(connection.execute(query).scalar_one())


def earlier_keys(workspace: Workspace, project_id: int, kind: str) -> SealedKeys:
    """Every key of this kind that the project's splits recorded so far.

    Raises:
        EnvironmentProblem: a file of keys is missing, without which test rows could return to training.
    """
    table = tables.sealed_key
    query = select(table.c.part, table.c.artifact).where(table.c.project_id == project_id, table.c.kind == kind)
    with read(workspace) as connection:
        rows = connection.execute(query.order_by(table.c.id)).all()
    found: dict[str, list[np.ndarray]] = {"test": [], "development": []}
    for part, sha in rows:
        path = open_artifact(workspace, "keys", sha) / KEYS_FILE
        found[part].append(np.load(path, allow_pickle=False))
    nothing = [np.empty(0, dtype=np.uint64)]
    return SealedKeys(
        kind,
        np.unique(np.concatenate(nothing + found["test"])),
        np.unique(np.concatenate(nothing + found["development"])),
    )


def key_kinds(workspace: Workspace, project_id: int) -> list[str]:
    """The kinds of keys that a project has, oldest first; a new kind begins without any earlier key."""
    table = tables.sealed_key
    query = select(table.c.kind).where(table.c.project_id == project_id).order_by(table.c.id)
    with read(workspace) as connection:
        return list(dict.fromkeys(connection.execute(query).scalars()))
