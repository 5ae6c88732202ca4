"""Attempts: each execution of a run, which process makes it, and what was seen of its end."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from trainwright.store import tables
from trainwright.store.events import add_event
from trainwright.store.fence import SupersededError, fence
from trainwright.store.runs import Run, direct_owner, get_run
from trainwright.store.states import check_transition


@dataclass(frozen=True)
class Attempt:
    """One execution of a run.

    Args:
        run_id, number: which.
        process: the owner's text (`process.Owner`), once it started.
        outcome: "completed", "failed", "cancelled" or "lost", once over.
        details: anything known about its end.
        created, started_at, finished_at: seconds since 1970.
    """

    run_id: int
    number: int
    process: str | None
    outcome: str | None
    details: dict[str, Any] | None
    created: float
    started_at: float | None
    finished_at: float | None


def begin_attempt(connection: Connection, run_id: int, attempt: int, process: str) -> None:
    """Notes which process executes the attempt.

    Raises:
        SupersededError: a later attempt has begun, or another process executes this one.
    """
    fence(connection, run_id, attempt)
    row = (tables.attempt.c.run_id == run_id) & (tables.attempt.c.number == attempt)
    free = row & tables.attempt.c.process.is_(None)
    values = {"process": process, "started_at": time.time()}
    if connection.execute(tables.attempt.update().where(free).values(values)).rowcount != 1:
        raise SupersededError(f"attempt {attempt} of run {run_id} is already executed by another process")


def note_end(connection: Connection, run_id: int, attempt: int, details: dict[str, Any]) -> None:
    """Keeps what an attempt says of its own end, for whoever decides about the next one.

    Raises:
        SupersededError: a later attempt has begun.
    """
    fence(connection, run_id, attempt)
    row = (tables.attempt.c.run_id == run_id) & (tables.attempt.c.number == attempt)
    connection.execute(tables.attempt.update().where(row).values(details=details))


def new_attempt(connection: Connection, run_id: int, reason: str, *, seen: str | None = None) -> Run:
    """Queues a run again under the next attempt number; whatever the earlier attempt still writes is refused.

    Like a new run, it belongs to this process until it is placed in the queue.

    Args:
        connection: a write transaction.
        run_id: a run that is not completed.
        reason: why it is queued again, in words.
        seen: what is known of the end of an earlier attempt that wrote none itself; the reason when not given.

    Raises:
        TrainwrightError: the run is completed.
    """
    run = get_run(connection, run_id)
    if run.state != "queued":
        check_transition(run.state, "queued")
    now = time.time()
    earlier = (tables.attempt.c.run_id == run_id) & (tables.attempt.c.number == run.attempt)
    before = connection.execute(select(tables.attempt).where(earlier)).one()
    if before.outcome is None:
        ended = before.details or {"message": seen or reason}
        values = {"outcome": "lost", "finished_at": now, "details": ended}
        connection.execute(tables.attempt.update().where(earlier).values(values))
    number = run.attempt + 1
    changes = {
        "attempt": number,
        "state": "queued",
        "queued_at": now,
        "finished_at": None,
        "lease_until": None,
        "cancel_asked": False,
        "owner": direct_owner(),
        "not_before": None,
    }
    connection.execute(tables.job.update().where(tables.job.c.run_id == run_id).values(changes))
    connection.execute(tables.attempt.insert().values(run_id=run_id, number=number, created=now))
    add_event(connection, run_id, number, "state", state="queued", message=reason)
    return get_run(connection, run_id)


def attempts_of(connection: Connection, run_id: int) -> list[Attempt]:
    """Every attempt at a run, in order."""
    table = tables.attempt
    query = select(table).where(table.c.run_id == run_id).order_by(table.c.number)
    return [Attempt(**row._mapping) for row in connection.execute(query)]
