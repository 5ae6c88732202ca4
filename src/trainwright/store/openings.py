"""The ledger of the sealed test: one row for each opening, written before the labels are read."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import Connection, select

from trainwright.store import tables
from trainwright.store.audit import current_user
from trainwright.store.counters import next_number
from trainwright.store.rows import insert_row


@dataclass(frozen=True)
class Opening:
    """One opening of a project's sealed test.

    Args:
        id: the row.
        project_id: whose test; rows stay in the test part in every later dataset version, so all openings
            count.
        run_id, version_id, split_id: for what, where known.
        k: this is the k-th opening.
        who: the user.
        purpose: why.
        manifest_sha: the package that was tested.
        at: seconds since 1970.
    """

    id: int
    project_id: int
    run_id: int | None
    version_id: int | None
    split_id: int | None
    k: int
    who: str
    purpose: str
    manifest_sha: str | None
    at: float

    @property
    def level(self) -> float:
        """The confidence level of its intervals: 1 - 0.05 / k (Bonferroni over the openings so far)."""
        return 1 - 0.05 / self.k


def record_opening(
    connection: Connection,
    project_id: int,
    *,
    purpose: str,
    run_id: int | None = None,
    version_id: int | None = None,
    split_id: int | None = None,
    manifest_sha: str | None = None,
    who: str | None = None,
) -> Opening:
    """Counts an opening; commit it before the first label is read, so that an opening cut short counts too.

    Opening again for the same run and the same package (after a crash) is the same look, not a new one: the
    earlier row is returned.
    """
    table = tables.test_opening
    if run_id is not None and manifest_sha is not None:
        same = select(table).where(table.c.run_id == run_id, table.c.manifest_sha == manifest_sha)
        found = connection.execute(same.order_by(table.c.id)).first()
        if found is not None:
            return Opening(**found._mapping)
    values = {
        "project_id": project_id,
        "run_id": run_id,
        "version_id": version_id,
        "split_id": split_id,
        "k": next_number(connection, project_id, "opening"),
        "who": who or current_user(),
        "purpose": purpose,
        "manifest_sha": manifest_sha,
        "at": time.time(),
    }
    new = insert_row(connection, table, **values)
    row = connection.execute(select(table).where(table.c.id == new)).one()
    return Opening(**row._mapping)


def list_openings(connection: Connection, project_id: int) -> list[Opening]:
    """Every opening of a project's sealed test, first to last."""
    table = tables.test_opening
    query = select(table).where(table.c.project_id == project_id).order_by(table.c.k)
    return [Opening(**row._mapping) for row in connection.execute(query)]
