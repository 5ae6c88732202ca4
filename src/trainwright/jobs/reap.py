"""Finds the runs that nobody works on any more: whose worker or command is gone, or that wait in vain."""

from __future__ import annotations

import time

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from trainwright.jobs.lost import Reaped, lost
from trainwright.store import tables
from trainwright.store.attempts import attempts_of
from trainwright.store.clock import now
from trainwright.store.process import Owner, is_alive
from trainwright.store.runs import DIRECT, Run, get_run, save_document, set_state
from trainwright.store.states import FINISHED
from trainwright.store.transaction import write
from trainwright.store.workers import find_worker
from trainwright.store.workspace import Workspace

# Seconds after which a direct run is given up that shows no process (on another machine, or from before owners).
UNSEEN = 24 * 3600.0

# Seconds that whoever looks was held up by the database, after which leases that ran out say nothing: nobody could
# renew them either.
HELD_UP = 10.0


def reap(workspace: Workspace) -> list[Reaped]:
    """Finds the runs that nobody works on any more, and those that wait for one that will not be completed.

    A database that was locked for long tells nothing about leases; the next look does.
    """
    asked = time.monotonic()
    with write(workspace) as connection:
        unrenewed = _unrenewed(connection) if time.monotonic() - asked <= HELD_UP else []
        found: list[Reaped | None] = [_abandoned(connection, run_id) for run_id in unrenewed]
        found += [_vanished(connection, run_id) for run_id in _direct(connection)]
        found += [_in_vain(connection, *pair) for pair in _waiting_in_vain(connection)]
    return [one for one in found if one is not None]


def _unrenewed(connection: Connection) -> list[int]:
    """Claimed runs whose lease has run out; their rows are locked, so that a late sign of life waits."""
    job = tables.job.c
    over = and_(_unfinished(), job.state != "queued", job.lease_until < now(connection))
    claimed = and_(job.owner.is_not(None), ~_is_direct())
    return _locked(connection, and_(over, claimed))


def _direct(connection: Connection) -> list[int]:
    return _locked(connection, and_(_unfinished(), _is_direct()))


def _locked(connection: Connection, where: ColumnElement[bool]) -> list[int]:
    query = select(tables.job.c.run_id).where(where).order_by(tables.job.c.run_id)
    return list(connection.execute(query.with_for_update(skip_locked=True)).scalars())


def _unfinished() -> ColumnElement[bool]:
    return tables.job.c.state.not_in(sorted(FINISHED))


def _is_direct() -> ColumnElement[bool]:
    owner = tables.job.c.owner
    return or_(owner == DIRECT, owner.startswith(f"{DIRECT} ", autoescape=True))


def _abandoned(connection: Connection, run_id: int) -> Reaped:
    run = get_run(connection, run_id)
    silent = now(connection) - (run.lease_until or 0.0)
    return lost(
        connection,
        run_id,
        run.attempt,
        cause="vanished",
        message=f"{_gone(connection, run)}; its lease ran out {silent:.0f} s before that was seen",
        remedy="see whether its machine ran out of memory or was switched off",
    )


def _gone(connection: Connection, run: Run) -> str:
    """What is known of the worker whose lease on a run has run out, in words."""
    worker = find_worker(connection, run.owner or "")
    if worker is None:
        return f"the worker {run.owner} gave no sign of life"
    if worker.started_at > (run.started_at or worker.started_at):  # one of the same name, such as a server's
        return f"the worker {run.owner} ended without a word, and was started anew at {_moment(worker.started_at)}"
    if worker.stopped_at is not None:
        return f"the worker {run.owner} was shut down at {_moment(worker.stopped_at)}"
    return f"the worker {run.owner} gave no sign of life since {_moment(worker.seen_at)}"


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def _vanished(connection: Connection, run_id: int) -> Reaped | None:
    """Ends a direct run whose processes are gone."""
    run = get_run(connection, run_id)
    process = attempts_of(connection, run_id)[-1].process
    owners = [Owner.parse(text) for text in ((run.owner or "").partition(" ")[2], process or "")]
    alive = [is_alive(owner) for owner in owners if owner is not None]
    if True in alive:
        return None
    if None in alive or not alive:  # this machine cannot tell
        since = run.started_at or run.queued_at
        if (run.lease_until or since + UNSEEN) > now(connection):
            return None
    return lost(
        connection,
        run_id,
        run.attempt,
        cause="vanished",
        message="the process vanished: the command that ran the training is gone, and wrote no end",
        remedy="see whether the machine ran out of memory or was switched off",
    )


def _waiting_in_vain(connection: Connection) -> list[tuple[int, int]]:
    """(run, the run it waits for) where the latter failed or was cancelled."""
    job, after = tables.job, tables.job_after
    before = job.alias("before")
    joined = job.join(after, after.c.run_id == job.c.run_id).join(before, before.c.run_id == after.c.after_run_id)
    query = select(job.c.run_id, after.c.after_run_id).select_from(joined)
    query = query.where(job.c.state == "queued", before.c.state.in_(("failed", "cancelled"))).order_by(job.c.run_id)
    first: dict[int, int] = {}
    for run_id, other in connection.execute(query):
        first.setdefault(run_id, other)
    return list(first.items())


def _in_vain(connection: Connection, run_id: int, other: int) -> Reaped:
    run, before = get_run(connection, run_id), get_run(connection, other)
    message = f"run {other}, which this one waits for, is {before.state}"
    advice = f"`trainwright jobs retry {other}`, then `trainwright jobs retry {run_id}`"
    error = {"cause": "dependency", "message": f"{message}; {advice}", "remedy": advice, "exit_code": 2}
    save_document(connection, run_id, run.attempt, "error", error)
    set_state(connection, run_id, run.attempt, "failed", message)
    return Reaped(run_id, run.attempt, "failed", message)
