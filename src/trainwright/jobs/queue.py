"""The queue: a prepared run is placed, a worker claims it, says that it lives, and gives it back.

A claim is an attempt at a run. Whoever holds it renews its lease; when that runs out the run is given to another
attempt with a higher number, and the earlier one is refused whatever it still writes (`store.fence`). Claims and
signs of life are transactions of their own that wait for no other work on the database (`store.transaction.brief`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, select

from trainwright.data.checks.policy import stop_on_errors
from trainwright.errors import TrainwrightError, UserError
from trainwright.jobs.claiming import LEASE, Claim, claim
from trainwright.jobs.lost import Reaped, again, is_direct, lost
from trainwright.jobs.memory_need import memory_need
from trainwright.jobs.reap import reap
from trainwright.jobs.slots import Slots, parse_slots
from trainwright.store import tables, workers
from trainwright.store.audit import record_act
from trainwright.store.clock import now
from trainwright.store.evaluations import findings_of
from trainwright.store.events import add_event
from trainwright.store.fence import SupersededError, fence
from trainwright.store.runs import Run, ask_cancel, get_run
from trainwright.store.states import FINISHED
from trainwright.store.transaction import brief
from trainwright.store.workspace import Workspace

__all__ = [
    "LEASE",
    "Claim",
    "Reaped",
    "Slots",
    "Told",
    "cancel",
    "claim",
    "enter",
    "give_back",
    "leave",
    "lost",
    "parse_slots",
    "place",
    "reap",
    "renew",
    "retry",
    "seen",
]


@dataclass(frozen=True)
class Told:
    """What the queue answers to a sign of life.

    Args:
        cancel: somebody asked the run to stop.
    """

    cancel: bool


def place(
    connection: Connection,
    run_id: int,
    *,
    body: str = "train",
    priority: int = 0,
    cpu: int = 1,
    gpu: int = 0,
    memory_mb: int | None = None,
    after: Sequence[int] = (),
    key: str | None = None,
) -> Run:
    """Puts a prepared run into the queue, where it waits for a worker.

    Args:
        connection: a write transaction.
        run_id: a run that has not begun.
        body: the name of what is executed; workers know names, never commands.
        priority: higher first; of equal ones the one that waits longest.
        cpu, gpu, memory_mb: what it takes of a worker's slots; of memory what `memory_need` says when not given.
        after: runs that must be completed first.
        key: of a submission that must not be made twice.

    Raises:
        UserError: there is no such run, it has begun, it waits for itself, or a number is out of range.
        TrainwrightError: the key is another run's; see `find_key`.

    Example:
        >>> with write(workspace) as connection:                              # doctest: +SKIP
        ...     place(connection, prepared.run.id, priority=5).state
        'queued'
    """
    run = get_run(connection, run_id)
    if run.state != "queued" or not (run.owner is None or is_direct(run.owner)):
        raise UserError(f"run {run_id} is {run.state}, only one that has not begun can be queued")
    for name, value, least in (("cpu", cpu, 0), ("gpu", gpu, 0), ("memory_mb", memory_mb or 0, 0)):
        if value < least:
            raise UserError(f"run {run_id} cannot take {value} of {name}", remedy="give a number of at least 0")
    if abs(priority) > 1_000_000:
        raise UserError(f"priority {priority} is out of range", remedy="give a number from -1000000 to 1000000")
    for other in dict.fromkeys(after):
        if other == run_id or run_id in _all_before(connection, get_run(connection, other).id):
            raise UserError(f"run {run_id} would wait for itself", remedy="leave it out of --after")
        connection.execute(tables.job_after.insert().values(run_id=run_id, after_run_id=other))
    if key is not None and find_key(connection, key) is not None:
        raise TrainwrightError(f"run {find_key(connection, key)} was submitted as {key!r} already")
    need = memory_need(connection, run) if memory_mb is None and body == "train" else None
    memory_mb, why = need or (memory_mb, None)
    values = {"body": body, "priority": priority, "cpu": cpu, "gpu": gpu, "memory_mb": memory_mb, "key": key}
    this = tables.job.c.run_id == run_id
    connection.execute(tables.job.update().where(this).values(**values, owner=None))
    words = f" after run {', '.join(map(str, after))}" if after else ""
    told = None if why is None else {"memory_mb": memory_mb, "reason": why}
    add_event(connection, run_id, run.attempt, "queue", message=f"waits for a worker{words}", data=told)
    return get_run(connection, run_id)


def find_key(connection: Connection, key: str) -> int | None:
    """The run that was submitted under a key; None where there is none."""
    return connection.execute(select(tables.job.c.run_id).where(tables.job.c.key == key)).scalar()


def renew(workspace: Workspace, claim: Claim, seconds: float = LEASE) -> Told:
    """A sign of life of whoever supervises a claim; also of a run that is executed by the command that made it.

    Raises:
        SupersededError: the run was given to a later attempt; this one must end.
    """
    job = tables.job.c
    with brief(workspace) as connection:
        mine = and_(job.run_id == claim.run_id, job.attempt == claim.attempt)
        asked = connection.execute(select(job.cancel_asked, job.state).where(mine).with_for_update()).first()
        if asked is None:
            raise SupersededError(f"attempt {claim.attempt} of run {claim.run_id} was superseded by a later one")
        if asked.state in FINISHED:
            return Told(False)
        connection.execute(tables.job.update().where(mine).values(lease_until=now(connection) + seconds))
        return Told(bool(asked.cancel_asked))


def give_back(connection: Connection, run_id: int, attempt: int, reason: str) -> Run:
    """Lets another worker take a run at once; the attempt is not counted as lost.

    Raises:
        SupersededError: a later attempt has begun.
    """
    fence(connection, run_id, attempt)
    run = get_run(connection, run_id)
    if run.cancel_asked:
        lost(connection, run_id, attempt, cause="killed", message=reason)
        return get_run(connection, run_id)
    return again(connection, run_id, reason, not_before=None, lost=run.lost)


def cancel(connection: Connection, run_id: int, reason: str = "cancelled", *, who: str | None = None) -> Run:
    """Asks a run to stop: one that waits is cancelled at once, one that works is told with its next sign of life.

    Raises:
        UserError: there is no such run, or it has ended.
    """
    _lock(connection, run_id)
    run = get_run(connection, run_id)
    if run.state in FINISHED:
        raise UserError(
            f"run {run_id} is {run.state} already, there is nothing to cancel",
            remedy=f"see `trainwright jobs show {run_id}`",
        )
    record_act(connection, "cancel", f"run {run_id}", project_id=run.project_id, who=who)
    return ask_cancel(connection, run_id, reason)


def retry(connection: Connection, run_id: int, *, who: str | None = None) -> Run:
    """Queues a run that failed or was cancelled again, for any worker; what is finished is kept.

    Raises:
        UserError: there is no such run, it is completed or still works, or it was stopped by its own findings.
    """
    _lock(connection, run_id)
    run = get_run(connection, run_id)
    if run.state == "completed":
        raise UserError(f"run {run_id} is completed", remedy=f"see `trainwright jobs show {run_id}`")
    if run.state not in FINISHED:
        raise UserError(f"run {run_id} is {run.state}", remedy=f"`trainwright jobs cancel {run_id}` stops it first")
    if ((run.settings or {}).get("data") or {}).get("on_finding") == "stop":
        stop = stop_on_errors(findings_of(connection, run_id))
        if stop is not None:
            raise stop
    record_act(connection, "retry", f"run {run_id}", project_id=run.project_id, who=who)
    return again(connection, run_id, "asked to try again, from what is finished", not_before=None, lost=0)


def enter(workspace: Workspace, name: str, slots: Slots) -> None:
    """Notes that this process is a worker.

    Raises:
        UserError: another one of that name is at work, or the name cannot be used.
    """
    with brief(workspace) as connection:
        workers.sign_on(connection, name, slots.to_json())


def seen(workspace: Workspace, name: str) -> None:
    """Notes that the worker lives."""
    with brief(workspace) as connection:
        workers.seen(connection, name)


def leave(workspace: Workspace, name: str) -> None:
    """Notes that the worker takes no more jobs."""
    with brief(workspace) as connection:
        workers.sign_off(connection, name)


def _lock(connection: Connection, run_id: int) -> None:
    """Keeps workers from claiming a run while it is decided about."""
    connection.execute(select(tables.job.c.attempt).where(tables.job.c.run_id == run_id).with_for_update())


def _all_before(connection: Connection, run_id: int) -> set[int]:
    """Every run that a run waits for, also through others."""
    after = tables.job_after.c
    found: set[int] = set()
    new = {run_id}
    while new:
        rows = connection.execute(select(after.after_run_id).where(after.run_id.in_(new))).scalars()
        new = set(rows) - found
        found |= new
    return found
