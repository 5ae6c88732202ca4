"""Everything about one job, as plain data: what the command line prints and a page may show."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from trainwright.jobs.lost import is_direct
from trainwright.jobs.slots import Slots
from trainwright.jobs.waiting import expected_start, position, time_in_states
from trainwright.store import tables
from trainwright.store.attempts import Attempt, attempts_of
from trainwright.store.clock import now
from trainwright.store.events import Event, events_after
from trainwright.store.projects import project_of
from trainwright.store.runs import Run, get_run
from trainwright.store.states import FINISHED
from trainwright.store.workers import list_workers

# Events are read in pages of so many.
PAGE = 1000


def story(connection: Connection, run_id: int) -> dict[str, Any]:
    """A job: its place in the queue and what it waits for, the seconds spent in each state, attempts, why it failed.

    Raises:
        UserError: there is no such run.
    """
    run = get_run(connection, run_id)
    at = now(connection)
    changes = states_of(connection, run_id)
    job = connection.execute(select(tables.job).where(tables.job.c.run_id == run_id)).one()
    return {
        "run": run.id,
        "project": project_of(connection, run.project_id).name,
        "name": run.name,
        "kind": run.kind,
        "state": run.state,
        "cancel_asked": run.cancel_asked,
        "attempt": run.attempt,
        "lost": run.lost,
        "priority": run.priority,
        "owner": run.owner,
        "needs": {
            "cpu": job.cpu,
            "gpu": job.gpu,
            "memory_mb": job.memory_mb,
            "memory_reason": _memory_reason(connection, run_id),
        },
        "after": after(connection, run_id),
        "position": position(connection, run_id),
        "expected_start": expected_start(connection, run_id),
        "waits_for": waits_for(connection, run, at),
        "seconds": time_in_states(changes, until=at),
        "queued_at": run.queued_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "attempts": [
            {
                "number": one.number,
                "process": one.process,
                "outcome": one.outcome,
                "message": (one.details or {}).get("message") or _end_of(one, changes),
                "started_at": one.started_at,
                "finished_at": one.finished_at,
            }
            for one in attempts_of(connection, run_id)
        ],
        "error": run.error if run.state in ("failed", "cancelled") else None,
    }


def _memory_reason(connection: Connection, run_id: int) -> str | None:
    """Where the memory that a job takes comes from; None where somebody gave it, or none is counted."""
    event = tables.event.c
    query = select(event.data).where(event.run_id == run_id, event.kind == "queue").order_by(event.seq.desc())
    reason: str | None = (connection.execute(query.limit(1)).scalar() or {}).get("reason")
    return reason


def _end_of(attempt: Attempt, changes: list[Event]) -> str | None:
    """Why an attempt ended without a result, by the changes of state of its run."""
    if attempt.outcome in (None, "completed"):
        return None
    if attempt.outcome == "lost":  # said with the next one's beginning
        return next((one.message for one in changes if one.attempt == attempt.number + 1), None)
    return next((one.message for one in changes if one.attempt == attempt.number and one.state in FINISHED), None)


def waits_for(connection: Connection, run: Run, at: float) -> str | None:
    """What a queued run waits for, in words; None for one that does not wait.

    Args:
        at: the present moment (`clock.now`).
    """
    if run.state != "queued":
        return None
    if is_direct(run.owner):
        return "about to be executed by the command that made it"
    before = [get_run(connection, other) for other in after(connection, run.id)]
    open_ones = [other.id for other in before if other.state != "completed"]
    if open_ones:
        return f"after run {', '.join(map(str, open_ones))}"
    if run.not_before is not None and run.not_before > at:
        return f"tried again in {run.not_before - at:.0f} s"
    live = list_workers(connection, live=True)
    if not live:
        return "no worker is at work: `trainwright worker` starts one, `trainwright serve` two"
    job = connection.execute(select(tables.job).where(tables.job.c.run_id == run.id)).one()
    needs = Slots(job.cpu, job.gpu, job.memory_mb)
    if not any(Slots(**(worker.slots or {})).holds(needs) for worker in live):
        return f"no worker at work has {needs}: start one with such --slots"
    return f"place {position(connection, run.id)} in the queue"


def after(connection: Connection, run_id: int) -> list[int]:
    """The runs that must be completed before this one."""
    table = tables.job_after.c
    query = select(table.after_run_id).where(table.run_id == run_id).order_by(table.after_run_id)
    return list(connection.execute(query).scalars())


def states_of(connection: Connection, run_id: int) -> list[Event]:
    """The changes of state of a run, in order."""
    found: list[Event] = []
    seen = 0
    while page := events_after(connection, run_id, seen, limit=PAGE):
        found += [event for event in page if event.kind == "state"]
        seen = page[-1].seq
    return found
