"""The queue and its workers at this moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from trainwright.store import tables
from trainwright.store.clock import now
from trainwright.store.states import FINISHED
from trainwright.store.workers import is_live, list_workers


@dataclass(frozen=True)
class WorkerState:
    """A worker.

    Args:
        name, host: which, and where.
        slots: what it can work on at once.
        alive: whether it was heard of lately.
        runs: what it works on.
        started_at, seen_at, stopped_at: seconds since 1970.
    """

    name: str
    host: str
    slots: dict[str, Any]
    alive: bool
    runs: list[int]
    started_at: float
    seen_at: float
    stopped_at: float | None


@dataclass(frozen=True)
class QueueState:
    """How many jobs are in each unfinished state, how many workers live, and since when the oldest job waits."""

    jobs: dict[str, int]
    workers: int
    oldest: float | None


def workers_now(connection: Connection) -> list[WorkerState]:
    """The workers that live or ended within the last day, the live ones first."""
    at = now(connection)
    job = tables.job
    query = select(job.c.owner, job.c.run_id).where(job.c.state.not_in(FINISHED), job.c.owner.is_not(None))
    runs: dict[str, list[int]] = {}
    for owner, run in connection.execute(query.order_by(job.c.run_id)):
        runs.setdefault(owner, []).append(run)
    found = [
        WorkerState(
            w.name,
            w.host,
            w.slots or {},
            is_live(w, at),
            runs.get(w.name, []),
            w.started_at,
            w.seen_at,
            w.stopped_at,
        )
        for w in list_workers(connection)
        if at - w.seen_at < 86_400
    ]
    return sorted(found, key=lambda worker: (not worker.alive, worker.name))


def queue_now(connection: Connection) -> QueueState:
    """The queue."""
    job = tables.job
    unfinished = job.c.state.not_in(FINISHED)
    counts = connection.execute(select(job.c.state, func.count()).where(unfinished).group_by(job.c.state))
    jobs = {row[0]: row[1] for row in counts}
    waiting = (job.c.state == "queued") & job.c.owner.is_(None)
    oldest = connection.execute(select(func.min(job.c.queued_at)).where(waiting)).scalar()
    return QueueState(jobs, len(list_workers(connection, live=True)), oldest)
