"""Searches for settings and their trials: claimed one by one by any number of processes, finished exactly once.

A trial is claimed in one write transaction and finished in another that holds only while the claim does. A process
that dies leaves a running trial whose owner is gone: the next claim takes it over with the same settings.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from trainwright.errors import UserError
from trainwright.store import tables
from trainwright.store.counters import next_number
from trainwright.store.process import Owner, is_alive
from trainwright.store.projects import Project
from trainwright.store.rows import insert_row

DONE = ("completed", "pruned", "failed")


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


@dataclass(frozen=True)
class SearchTrial:
    """One trial of a search.

    Args:
        id: the row.
        search_id, number: which; numbers count from 0.
        family, settings: what is tried; settings that differ from the family's defaults.
        state: "running", "released" (begun and given back), "completed", "pruned" or "failed".
        owner: the process that works on it.
        scores: the metric on each fold that was done, in their order.
        fit_seconds: of all its fits.
        predict_ms_per_row, size_mb: of one of its models.
        details: why it was tried, how often it was begun and lost with its process, why it stopped, its seconds.
        artifact: its out-of-fold predictions.
        created, started_at, finished_at: seconds since 1970.
    """

    id: int
    search_id: int
    number: int
    family: str
    state: str
    owner: str | None
    settings: dict[str, Any]
    scores: list[float | None] | None
    fit_seconds: float | None
    predict_ms_per_row: float | None
    size_mb: float | None
    details: dict[str, Any] | None
    artifact: str | None
    created: float
    started_at: float | None
    finished_at: float | None


@dataclass(frozen=True)
class Proposal:
    """What to try next.

    Args:
        family, settings: of the trial.
        reason: why, in words.
        decided: changes of the search's own settings that this proposal rests on.
    """

    family: str
    settings: dict[str, Any]
    reason: str
    decided: dict[str, Any] | None = None


class Wait:
    """What to try next depends on trials that another process still works on."""


Propose = Callable[[Search, list[SearchTrial]], "Proposal | Wait | None"]


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


def search_trials(connection: Connection, search_id: int) -> list[SearchTrial]:
    """The trials of a search by number."""
    table = tables.search_trial
    query = select(table).where(table.c.search_id == search_id).order_by(table.c.number)
    return [_trial(row) for row in connection.execute(query)]


def claim(connection: Connection, search_id: int, owner: str, propose: Propose) -> SearchTrial | Wait | None:
    """The next trial for this process: one that was left behind, else a new one; None when there is nothing more.

    Args:
        connection: a write transaction, so that no other process claims at the same time.
        search_id: the search.
        owner: who claims; see `store.process`.
        propose: gives the next new trial from the search and all its trials so far.
    """
    search, rows = get_search(connection, search_id), search_trials(connection, search_id)
    table, now = tables.search_trial, time.time()
    for row in rows:
        if row.state == "released" or (row.state == "running" and not works(row)):
            details = {**(row.details or {})}
            details["begun"] = int(details.get("begun", 1)) + 1
            details["lost"] = int(details.get("lost", 0)) + (row.state == "running")
            again = {"state": "running", "owner": owner, "started_at": now, "details": details}
            connection.execute(table.update().where(table.c.id == row.id).values(again))
            return _one(connection, row.id)
    proposal = propose(search, rows)
    if proposal is None or isinstance(proposal, Wait):
        return proposal
    changes: dict[str, Any] = {"next_trial": search.next_trial + 1}
    if proposal.decided:
        changes["settings"] = {**search.settings, **proposal.decided}
    connection.execute(tables.search.update().where(tables.search.c.id == search_id).values(changes))
    trial_id = insert_row(
        connection,
        table,
        search_id=search_id,
        number=search.next_trial,
        family=proposal.family,
        state="running",
        owner=owner,
        settings=proposal.settings,
        details={"reason": proposal.reason, "begun": 1},
        created=now,
        started_at=now,
    )
    return _one(connection, trial_id)


def works(trial: SearchTrial) -> bool:
    """Whether the process that claimed a trial is alive; one on another machine counts as alive."""
    owner = Owner.parse(trial.owner or "")
    return owner is not None and is_alive(owner) is not False


def finish_search_trial(
    connection: Connection,
    trial: SearchTrial,
    state: str,
    *,
    scores: Sequence[float | None] = (),
    fit_seconds: float | None = None,
    predict_ms_per_row: float | None = None,
    size_mb: float | None = None,
    details: dict[str, Any] | None = None,
    artifact: str | None = None,
) -> bool:
    """Writes what came out of a claimed trial; False, and nothing written, when another process has taken it over."""
    values = {
        "state": state,
        "scores": list(scores),
        "fit_seconds": fit_seconds,
        "predict_ms_per_row": predict_ms_per_row,
        "size_mb": size_mb,
        "details": {**(trial.details or {}), **(details or {})},
        "artifact": artifact,
        "finished_at": time.time(),
    }
    return connection.execute(_mine(trial).values(values)).rowcount == 1


def release(connection: Connection, trial: SearchTrial) -> None:
    """Gives a claimed trial back unfinished: the next claim begins it again with the same settings."""
    connection.execute(_mine(trial).values(state="released", owner=None))


def close(connection: Connection, search_id: int, *, finished: bool) -> bool:
    """Marks a search finished, or open again; True for the one process whose call changed it."""
    table = tables.search
    before, after = ("open", "finished") if finished else ("finished", "open")
    this = (table.c.id == search_id) & (table.c.state == before)
    changes = {"state": after, "finished_at": time.time() if finished else None}
    return connection.execute(table.update().where(this).values(changes)).rowcount == 1


def change_search(connection: Connection, search_id: int, **values: Any) -> None:
    """Writes documents of a search (`settings`, `result`)."""
    connection.execute(tables.search.update().where(tables.search.c.id == search_id).values(values))


def _mine(trial: SearchTrial) -> Any:
    """An update that holds only while the trial is running and claimed by whom the row says."""
    table = tables.search_trial
    return table.update().where(
        (table.c.id == trial.id) & (table.c.state == "running") & (table.c.owner == trial.owner)
    )


def _one(connection: Connection, trial_id: int) -> SearchTrial:
    table = tables.search_trial
    return _trial(connection.execute(select(table).where(table.c.id == trial_id)).one())


def _trial(row: Any) -> SearchTrial:
    values = dict(row._mapping)
    values["settings"] = values["settings"] or {}
    return SearchTrial(**values)
