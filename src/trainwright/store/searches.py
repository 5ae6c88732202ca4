"""Searches for settings: numbered within their project, open or finished. Their trials: `search_trials`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from trainwright.errors import UserError
from trainwright.store import tables
from trainwright.store.counters import next_number
from trainwright.store.projects import Project
from trainwright.store.rows import insert_row


@dataclass(frozen=True)
class Search:
    """One search.

    Args:
        id: the row.
        project_id, dataset_version_id, split_id: what it searches on.
        run_id: the run whose settings it follows.
        number: what users see, as s1, s2, ...
        state: "open" or "finished".
        method: "grid", "random" or "bayesian".
        metric: by which trials are compared.
        seed: of its draws.
        next_trial: number of the next new trial.
        space: what may be tried, by family.
        settings: how it was asked for, and what was decided on the way with the reason.
        result: what came out, so far.
        created, finished_at: seconds since 1970.
    """

    id: int
    project_id: int
    dataset_version_id: int
    split_id: int
    run_id: int
    number: int
    state: str
    method: str
    metric: str
    seed: int
    next_trial: int
    space: dict[str, Any]
    settings: dict[str, Any]
    result: dict[str, Any] | None
    created: float
    finished_at: float | None


def create_search(
    connection: Connection,
    project_id: int,
    *,
    dataset_version_id: int,
    split_id: int,
    run_id: int,
    method: str,
    metric: str,
    seed: int,
    space: dict[str, Any],
    settings: dict[str, Any],
) -> Search:
    """Writes an open search without trials."""
    search_id = insert_row(
        connection,
        tables.search,
        project_id=project_id,
        dataset_version_id=dataset_version_id,
        split_id=split_id,
        run_id=run_id,
        number=next_number(connection, project_id, "search"),
        state="open",
        method=method,
        metric=metric,
        seed=seed,
        next_trial=0,
        space=space,
        settings=settings,
        created=time.time(),
    )
    return get_search(connection, search_id)


def get_search(connection: Connection, search_id: int) -> Search:
    """The search with this id."""
    row = connection.execute(select(tables.search).where(tables.search.c.id == search_id)).one()
    return Search(**row._mapping)


def list_searches(connection: Connection, project_id: int) -> list[Search]:
    """The searches of a project, oldest first."""
    table = tables.search
    query = select(table).where(table.c.project_id == project_id).order_by(table.c.number)
    return [Search(**row._mapping) for row in connection.execute(query)]


def find_search(connection: Connection, project: Project, number: str | int) -> Search:
    """The search that a user calls s3, or 3.

    Raises:
        UserError: the project has none of that number; those it has are named.
    """
    found = list_searches(connection, project.id)
    wanted = str(number).removeprefix("s")
    for search in found:
        if str(search.number) == wanted:
            return search
    held = ", ".join(f"s{search.number}" for search in found) or "none yet"
    raise UserError(f"project {project.name!r} has no search s{wanted}", remedy=f"it has: {held}")


def close(connection: Connection, search_id: int, *, finished: bool) -> bool:
    """Marks a search finished, or open again; True for the one process whose call changed it."""
    table = tables.search
    before, after = ("open", "finished") if finished else ("finished", "open")
    this = (table.c.id == search_id) & (table.c.state == before)
    changes = {"state": after, "finished_at": time.time() if finished else None}
    return connection.execute(table.update().where(this).values(changes)).rowcount == 1


def change_search(connection: Connection, search_id: int, **values: Any) -> None:
    """Writes columns of a search, such as `settings` or `result`."""
    connection.execute(tables.search.update().where(tables.search.c.id == search_id).values(values))
