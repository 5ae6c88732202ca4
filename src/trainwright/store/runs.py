"""Runs: the record of each training, with the state of its job."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from trainwright.errors import TrainwrightError, UserError
from trainwright.store import tables
from trainwright.store.events import add_event
from trainwright.store.fence import fence
from trainwright.store.process import current_owner
from trainwright.store.rows import insert_row
from trainwright.store.states import FINISHED, check_transition

# The largest number that a row has on PostgreSQL; no run has one above it.
LARGEST = 2**31 - 1

# A job whose owner begins so is executed by the command that made it; no worker takes it.
DIRECT = "direct"

# Documents of a run that an attempt may write.
DOCUMENTS = ("plan", "record", "result", "error")


@dataclass(frozen=True)
class Run:
    """One training, with the state of its job.

    Args:
        id: the row, and the number that users see.
        project_id: its project.
        dataset_version_id, split_id: what it trained on, once known.
        name: its name.
        kind: "full" or "incremental".
        comments: the user's own words.
        settings: `Settings` as plain data; `origins` says where each value came from.
        plan, record, result, error: documents written on the way.
        created: seconds since 1970.
        state: see `states`.
        attempt: the number of the present attempt.
        cancel_asked: somebody asked it to stop.
        queued_at, started_at, finished_at, lease_until: seconds since 1970.
        body: the name of what is executed.
        priority: higher first.
        owner: None while it waits for a worker, a worker's name, or "direct PROCESS".
        not_before: a retry waits until then.
        lost: attempts whose process or worker vanished.
        key: of a submission that is made once, however often it is asked for.
    """

    id: int
    project_id: int
    dataset_version_id: int | None
    split_id: int | None
    name: str
    kind: str
    comments: str | None
    settings: dict[str, Any] | None
    origins: dict[str, Any] | None
    plan: dict[str, Any] | None
    record: dict[str, Any] | None
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    created: float
    state: str
    attempt: int
    cancel_asked: bool
    queued_at: float
    started_at: float | None
    finished_at: float | None
    lease_until: float | None
    body: str
    priority: int
    owner: str | None
    not_before: float | None
    lost: int
    key: str | None


def direct_owner() -> str:
    """The owner of a job that is executed by the command that made it: "direct" and this process."""
    return f"{DIRECT} {current_owner()}"


def create_run(
    connection: Connection,
    project_id: int,
    *,
    name: str,
    settings: dict[str, Any],
    origins: dict[str, str] | None = None,
    dataset_version_id: int | None = None,
    split_id: int | None = None,
    kind: str = "full",
    comments: str | None = None,
) -> Run:
    """Writes a run, its queued job and its first attempt in the caller's transaction.

    The job belongs to this process until `jobs.queue.place` gives it to the workers.
    """
    now = time.time()
    run_id = insert_row(
        connection,
        tables.run,
        project_id=project_id,
        dataset_version_id=dataset_version_id,
        split_id=split_id,
        name=name,
        kind=kind,
        comments=comments,
        settings=settings,
        origins=origins,
        created=now,
    )
    connection.execute(
        tables.job.insert().values(run_id=run_id, state="queued", attempt=1, queued_at=now, owner=direct_owner())
    )
    connection.execute(tables.attempt.insert().values(run_id=run_id, number=1, created=now))
    add_event(connection, run_id, 1, "state", state="queued", message="waiting to start")
    return get_run(connection, run_id)


def repeating_run(
    connection: Connection,
    first: Run,
    *,
    name: str,
    kind: str = "full",
    comments: str | None = None,
    record: Mapping[str, Any] | None = None,
) -> Run:
    """Writes a run on the rows, split and settings of an earlier one; it makes no version, and nothing follows it.

    Args:
        connection: a write transaction.
        first: the earlier one.
        name, kind, comments: of the new one.
        record: what its record begins with beside the number of the first.
    """
    run = create_run(
        connection,
        first.project_id,
        name=name,
        settings=first.settings or {},
        origins=first.origins or {},
        dataset_version_id=first.dataset_version_id,
        split_id=first.split_id,
        kind=kind,
        comments=comments,
    )
    save_document(connection, run.id, 1, "record", {"repeats": first.id, **(record or {})})
    return run


def fill_run(
    connection: Connection,
    run: Run,
    *,
    settings: dict[str, Any],
    origins: dict[str, str],
    dataset_version_id: int,
    split_id: int,
) -> Run:
    """Gives a run that was made before its data was read what it will train on.

    Raises:
        SupersededError: a later attempt has begun.
    """
    fence(connection, run.id, run.attempt)
    values = {"settings": settings, "origins": origins, "dataset_version_id": dataset_version_id, "split_id": split_id}
    connection.execute(tables.run.update().where(tables.run.c.id == run.id).values(values))
    return get_run(connection, run.id)


def get_run(connection: Connection, run_id: int) -> Run:
    """The run with this number.

    Raises:
        UserError: there is none.
    """
    row = connection.execute(_runs().where(tables.run.c.id == run_id)).first() if abs(run_id) <= LARGEST else None
    if row is None:
        raise UserError(f"there is no run {run_id}", remedy="see `trainwright runs list`")
    return Run(**row._mapping)


def list_runs(connection: Connection, project_id: int | None = None, *, state: str | None = None) -> list[Run]:
    """Runs of a project or of all, newest first, with the given state if one is given."""
    query = _runs().order_by(tables.run.c.id.desc())
    if project_id is not None:
        query = query.where(tables.run.c.project_id == project_id)
    if state is not None:
        query = query.where(tables.job.c.state == state)
    return [Run(**row._mapping) for row in connection.execute(query)]


def set_state(
    connection: Connection,
    run_id: int,
    attempt: int,
    state: str,
    reason: str,
    *,
    data: dict[str, Any] | None = None,
) -> None:
    """Moves the job to a state and writes the event that says when and why.

    Asking for the state it already has does nothing.

    Raises:
        SupersededError: a later attempt has begun.
        TrainwrightError: the change is not allowed.
    """
    fence(connection, run_id, attempt)
    old = connection.execute(select(tables.job.c.state).where(tables.job.c.run_id == run_id)).scalar_one()
    if old == state:
        return
    check_transition(old, state)
    now = time.time()
    changes: dict[str, Any] = {"state": state}
    if state == "initializing":
        changes |= {"started_at": now}
    if state in FINISHED:
        changes |= {"finished_at": now, "lease_until": None}
        connection.execute(
            tables.attempt.update()
            .where(tables.attempt.c.run_id == run_id, tables.attempt.c.number == attempt)
            .values(outcome=state, finished_at=now)
        )
    connection.execute(tables.job.update().where(tables.job.c.run_id == run_id).values(changes))
    add_event(connection, run_id, attempt, "state", state=state, message=reason, data=data)


def ask_cancel(connection: Connection, run_id: int, reason: str) -> Run:
    """Asks a run to stop: one that waits is cancelled at once, one that works is told at its next look."""
    run = get_run(connection, run_id)
    if run.state == "queued":
        set_state(connection, run_id, run.attempt, "cancelled", reason)
    elif run.state not in FINISHED:
        connection.execute(tables.job.update().where(tables.job.c.run_id == run_id).values(cancel_asked=True))
        add_event(connection, run_id, run.attempt, "cancel", message=reason)
    return get_run(connection, run_id)


def save_document(connection: Connection, run_id: int, attempt: int, name: str, document: dict[str, Any]) -> None:
    """Writes one of the run's documents: "plan", "record", "result" or "error".

    Raises:
        SupersededError: a later attempt has begun.
    """
    if name not in DOCUMENTS:
        raise TrainwrightError(f"a run has no document {name!r}; it has {', '.join(DOCUMENTS)}")
    fence(connection, run_id, attempt)
    connection.execute(tables.run.update().where(tables.run.c.id == run_id).values({name: document}))


def _runs() -> Select[Any]:
    job = tables.job.c
    columns = (job.state, job.attempt, job.cancel_asked, job.queued_at, job.started_at, job.finished_at)
    queue = (job.lease_until, job.body, job.priority, job.owner, job.not_before, job.lost, job.key)
    joined = tables.run.join(tables.job, tables.job.c.run_id == tables.run.c.id)
    return select(tables.run, *columns, *queue).select_from(joined)
