"""Jobs as lists show them: one light row each, without the documents of their runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from trainwright.store import tables
from trainwright.store.clock import now


@dataclass(frozen=True)
class JobRow:
    """A job.

    Args:
        run, project, name, kind: what it trains.
        state, attempt, cancel_asked: how far it is.
        priority, owner, lost: its place in the queue; who has it; attempts that vanished.
        queued_at, started_at, finished_at: seconds since 1970.
    """

    run: int
    project: str
    name: str
    kind: str
    state: str
    attempt: int
    cancel_asked: bool
    priority: int
    owner: str | None
    lost: int
    queued_at: float
    started_at: float | None
    finished_at: float | None


def list_jobs(
    connection: Connection,
    *,
    project_id: int | None = None,
    states: Sequence[str] = (),
    limit: int = 50,
    before: int | None = None,
) -> list[JobRow]:
    """Jobs, newest first; the arguments are those of `jobs_query`, and at most `limit` come."""
    query = jobs_query(project_id=project_id, states=states, before=before)
    return [JobRow(*row) for row in connection.execute(query.limit(limit))]


def jobs_query(
    *, project_id: int | None = None, states: Sequence[str] = (), before: int | None = None
) -> Select[tuple[Any, ...]]:
    """Jobs, newest first, with a column for each field of `JobRow` in its order; whoever shows more adds it.

    Args:
        project_id: of this project alone.
        states: in one of these states alone; all when empty.
        before: only runs with a lower number: the last one of the page before.
    """
    run, job, project = tables.run.c, tables.job.c, tables.project.c
    of_run = (run.id, project.name.label("project"), run.name, run.kind)
    of_job = (job.state, job.attempt, job.cancel_asked, job.priority, job.owner, job.lost)
    times = (job.queued_at, job.started_at, job.finished_at)
    query = select(*of_run, *of_job, *times).select_from(
        tables.run.join(tables.job, job.run_id == run.id).join(tables.project, project.id == run.project_id)
    )
    if project_id is not None:
        query = query.where(run.project_id == project_id)
    if states:
        query = query.where(job.state.in_(states))
    if before is not None:
        query = query.where(run.id < before)
    return query.order_by(run.id.desc())


def retries_wait(connection: Connection, bodies: Sequence[str]) -> bool:
    """Whether a job of one of these bodies was lost and waits until it is tried again."""
    job = tables.job.c
    waits = (job.state == "queued") & job.owner.is_(None) & (job.not_before > now(connection)) & job.body.in_(bodies)
    return connection.execute(select(job.run_id).where(waits).limit(1)).first() is not None
