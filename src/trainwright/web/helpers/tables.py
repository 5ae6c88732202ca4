"""The task that makes a queued job of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from trainwright.errors import TrainwrightError
from trainwright.jobs.queue import find_key, place
from trainwright.store import tables
from trainwright.store.audit import record_act
from trainwright.store.runs import ask_cancel, get_run
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.web.client_settings import client_settings


def submit(
    workspace: Workspace,
    *,
    table: str | None,
    yaml: str | None,
    values: Mapping[str, Any],
    test_file: str | None = None,
    act: str = "train",
    key: str | None = None,
    after: Sequence[int] = (),
    **queue: Any,
) -> dict[str, Any]:
    """Prepares a training and puts it into the queue.

    Args:
        workspace: where.
        table: the server's own path of an upload; None with `data.version`.
        yaml, values: settings from the client.
        test_file: the path of a further upload, the sealed test.
        act, key, after, queue: see `queue_prepared`.

    Returns:
        {"run": number, "new": whether the key was not known before}.
    """
    from trainwright.training.prepare import prepare

    known = known_already(workspace, key, after)
    if known is not None:
        return known
    settings = client_settings(yaml, values, test_file=test_file)
    prepared = prepare(workspace, table, settings)
    return queue_prepared(workspace, prepared.run.id, prepared.project.id, act=act, key=key, after=after, **queue)


def known_already(workspace: Workspace, key: str | None, after: Sequence[int]) -> dict[str, Any] | None:
    """The answer to a request that was made before under its key; None for a new one.

    Raises:
        UserError: a run that it shall wait for is not there.
    """
    with read(workspace) as connection:
        known = find_key(connection, key) if key is not None else None
        if known is not None:
            return {"run": known, "new": False}
        for other in after:
            get_run(connection, other)
    return None


def queue_prepared(
    workspace: Workspace,
    run_id: int,
    project_id: int,
    *,
    act: str,
    who: str,
    priority: int = 0,
    cpu: int = 1,
    gpu: int = 0,
    memory_mb: int | None = None,
    after: Sequence[int] = (),
    key: str | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """Puts a run that this process prepared into the queue; one that cannot be queued is given up.

    Args:
        workspace: where.
        run_id, project_id: the run.
        act: what was asked for, as the audit calls it.
        who: asks for it.
        priority, cpu, gpu, memory_mb, after, key: see `jobs.queue.place`.
        name: of the job; its own when not given.

    Returns:
        {"run": number, "new": whether the key was not known before}.
    """
    with _given_up_where_it_fails(workspace, run_id), write(workspace) as connection:
        known = find_key(connection, key) if key is not None else None
        if known is not None:  # the same key at the same moment
            ask_cancel(connection, run_id, f"run {known} was submitted as {key!r} meanwhile")
            return {"run": known, "new": False}
        if name:
            connection.execute(tables.run.update().where(tables.run.c.id == run_id).values(name=name))
        place(connection, run_id, priority=priority, cpu=cpu, gpu=gpu, memory_mb=memory_mb, after=after, key=key)
        record_act(connection, act, f"run {run_id}", project_id=project_id, who=who)
    return {"run": run_id, "new": True}


@contextmanager
def _given_up_where_it_fails(workspace: Workspace, run_id: int) -> Iterator[None]:
    """Cancels a prepared run that could not be queued: this child lives on, so nobody would find the run abandoned."""
    try:
        yield
    except Exception as error:
        with suppress(TrainwrightError), write(workspace) as connection:
            ask_cancel(connection, run_id, f"it could not be queued: {error}")
        raise
