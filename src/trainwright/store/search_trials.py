"""Trials of a search: claimed one by one by any number of processes, finished exactly once.

A trial is claimed in one write transaction and finished in another that holds only while the claim does. A process
that dies leaves a running trial whose owner is gone: the next claim takes it over with the same settings.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from trainwright.store import tables
from trainwright.store.process import Owner, is_alive
from trainwright.store.rows import insert_row
from trainwright.store.searches import Search, change_search, get_search


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


def search_trials(connection: Connection, search_id: int) -> list[SearchTrial]:
    """The trials of a search by number."""
    table = tables.search_trial
    query = select(table).where(table.c.search_id == search_id).order_by(table.c.number)
    return [_trial(row) for row in connection.execute(query)]


def claim(
    connection: Connection, search_id: int, owner: str, propose: Propose, *, skip: frozenset[int] = frozenset()
) -> SearchTrial | Wait | None:
    """The next trial for this process: one that was left behind, else a new one; None when there is nothing more.

    Args:
        connection: a write transaction, so that no other process claims at the same time.
        search_id: the search.
        owner: who claims; see `store.process`.
        propose: gives the next new trial from the search and all its trials so far.
        skip: numbers of trials that this process gave back, because it has too little time for them.
    """
    search, rows = get_search(connection, search_id), search_trials(connection, search_id)
    table, now = tables.search_trial, time.time()
    for row in rows:
        if row.number in skip:
            continue
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
    changes = {"settings": {**search.settings, **proposal.decided}} if proposal.decided else {}
    change_search(connection, search_id, next_trial=search.next_trial + 1, **changes)
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
