"""Workers: which processes claim jobs, with what slots, and when each was last heard of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from trainwright.errors import UserError
from trainwright.store import tables
from trainwright.store.clock import now
from trainwright.store.naming import check_name
from trainwright.store.process import Owner, current_owner, is_alive
from trainwright.store.rows import insert_row

# Seconds without a sign of life after which a worker counts as gone.
SILENCE = 60.0


@dataclass(frozen=True)
class WorkerRow:
    """A process that claims jobs.

    Args:
        id: the row.
        name: unique; one that starts again under it takes over the row.
        host: the machine's name.
        process: the owner's text (`process.Owner`).
        slots: what it can work on at once: "cpu", "gpu", "memory_mb".
        started_at, seen_at, stopped_at: seconds since 1970.
    """

    id: int
    name: str
    host: str
    process: str | None
    slots: dict[str, Any] | None
    started_at: float
    seen_at: float
    stopped_at: float | None


def check_worker_name(name: str) -> str:
    """The name itself.

    Raises:
        UserError: it has characters that no worker's name has.

    Example:
        >>> check_worker_name("gpu-box.1")
        'gpu-box.1'
        >>> check_worker_name("gpu box")
        Traceback (most recent call last):
            ...
        trainwright.errors.UserError: 'gpu box' cannot name a worker; ...
    """
    return check_name(name, "a worker")


def sign_on(connection: Connection, name: str, slots: dict[str, Any]) -> WorkerRow:
    """Notes that this process works under a name.

    Raises:
        UserError: another process that is alive has the name, or it cannot be used.
    """
    check_worker_name(name)
    worker, at, me = tables.worker, now(connection), current_owner()
    found = find_worker(connection, name)
    if found is not None and found.process != str(me) and is_live(found, at):
        raise UserError(
            f"a worker named {name!r} is at work on {found.host} (last seen {at - found.seen_at:.0f} s ago)",
            remedy="give this one another name with --name",
        )
    row = {"host": me.host, "process": str(me), "slots": slots, "started_at": at, "seen_at": at, "stopped_at": None}
    if found is None:
        insert_row(connection, worker, name=name, **row)
    else:
        connection.execute(worker.update().where(worker.c.name == name).values(row))
    found = find_worker(connection, name)
    assert found is not None
    return found


def seen(connection: Connection, name: str) -> None:
    """Notes that this process, the worker of that name, is alive."""
    worker = tables.worker
    mine = (worker.c.name == name) & (worker.c.process == str(current_owner()))
    connection.execute(worker.update().where(mine).values(seen_at=now(connection), stopped_at=None))


def sign_off(connection: Connection, name: str) -> None:
    """Notes that this process, the worker of that name, takes no more jobs."""
    worker, at = tables.worker, now(connection)
    mine = (worker.c.name == name) & (worker.c.process == str(current_owner()))
    connection.execute(worker.update().where(mine).values(seen_at=at, stopped_at=at))


def find_worker(connection: Connection, name: str) -> WorkerRow | None:
    """The worker of that name, alive or not; None where there never was one."""
    row = connection.execute(select(tables.worker).where(tables.worker.c.name == name)).first()
    return None if row is None else WorkerRow(**row._mapping)


def list_workers(connection: Connection, *, live: bool = False) -> list[WorkerRow]:
    """Every worker that there ever was, by name, or only those that are alive."""
    rows = connection.execute(select(tables.worker).order_by(tables.worker.c.name))
    workers = [WorkerRow(**row._mapping) for row in rows]
    at = now(connection)
    return [worker for worker in workers if not live or is_live(worker, at)]


def is_live(worker: WorkerRow, at: float) -> bool:
    """Whether a worker has neither stopped nor vanished: its process is alive where this machine can tell, and it was
    heard of within a minute.

    Args:
        worker: the row.
        at: the present moment (`clock.now`).
    """
    owner = Owner.parse(worker.process or "")
    gone = owner is not None and is_alive(owner) is False
    return worker.stopped_at is None and not gone and at - worker.seen_at <= SILENCE
