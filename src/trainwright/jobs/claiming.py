"""Claiming: of the jobs that wait, a worker takes the first that fits what it has left, and it is its own from then on.

A claim is an attempt at a run; see `queue`. It is a transaction that waits for no other work on the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select

from trainwright.jobs.slots import ONE, Slots
from trainwright.store import tables
from trainwright.store.clock import now
from trainwright.store.events import add_event
from trainwright.store.transaction import brief
from trainwright.store.workspace import Workspace

# Seconds without a sign of life after which a run is given to another attempt.
LEASE = 30.0


@dataclass(frozen=True)
class Claim:
    """The right to execute one attempt at a run.

    Args:
        run_id, attempt: which; the attempt's number is the fence of everything it writes.
        body: the name of what is executed.
        slots: what it takes while it works.
    """

    run_id: int
    attempt: int
    body: str = "train"
    slots: Slots = ONE


def claim(
    workspace: Workspace,
    worker: str,
    free: Slots,
    *,
    seconds: float = LEASE,
    bodies: Sequence[str] | None = None,
    whole: Slots | None = None,
) -> Claim | None:
    """The next job that fits, which is the worker's from now on; None where nothing waits that fits.

    Args:
        worker: the name of who claims.
        free: the slots that it has left.
        whole: all its slots. The first job in the queue that needs more than is left, and no more than these, keeps
            what it will take free from those behind it: a large job does not wait for ever beside many small ones.
        seconds: without a sign of life after which the job is given to another.
        bodies: what it can execute; None for anything.
    """
    job = tables.job.c
    with brief(workspace) as connection:
        at = now(connection)
        due = or_(job.not_before.is_(None), job.not_before <= at)
        query = select(job.run_id, job.attempt, job.body, job.cpu, job.gpu, job.memory_mb)
        query = query.where(tables.WAITING, due, ~_must_wait())
        if bodies is not None:
            query = query.where(job.body.in_(bodies))
        query = query.order_by(job.priority.desc(), job.queued_at, job.run_id).limit(1)
        if whole is not None and whole != free:
            first = connection.execute(query.where(*_fits(whole))).first()
            needs = free if first is None else Slots(first.cpu, first.gpu, first.memory_mb)
            free = free if free.holds(needs) else free.beside(needs)
        row = connection.execute(query.where(*_fits(free)).with_for_update(skip_locked=True)).first()
        if row is None:
            return None
        values = {"owner": worker, "state": "initializing", "started_at": at, "lease_until": at + seconds}
        connection.execute(tables.job.update().where(job.run_id == row.run_id).values(values))
        message = f"taken by the worker {worker}"
        add_event(connection, row.run_id, row.attempt, "state", state="initializing", message=message)
        return Claim(row.run_id, row.attempt, row.body, Slots(row.cpu, row.gpu, row.memory_mb))


def _fits(slots: Slots) -> list[ColumnElement[bool]]:
    """What `Slots.holds` says, for a query."""
    job = tables.job.c
    fits: list[ColumnElement[bool]] = [job.cpu <= slots.cpu, job.gpu <= slots.gpu]
    if slots.memory_mb is not None:
        fits.append(or_(job.memory_mb.is_(None), job.memory_mb <= slots.memory_mb))
    return fits


def _must_wait() -> ColumnElement[bool]:
    """Whether a job waits for one that is not completed."""
    job, after = tables.job, tables.job_after
    before = job.alias("before")
    joined = after.join(before, before.c.run_id == after.c.after_run_id)
    open_ones = select(after.c.run_id).select_from(joined).where(before.c.state != "completed")
    return open_ones.where(after.c.run_id == job.c.run_id).correlate(job).exists()
