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
    who: str,
    test_file: str | None = None,
    priority: int = 0,
    cpu: int = 1,
    gpu: int = 0,
    memory_mb: int | None = None,
    after: Sequence[int] = (),
    key: str | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """Prepares a training and puts it into the queue.

    Args:
        workspace: where.
        table: the server's own path of an upload; None with `data.version`.
        yaml, values: settings from the client.
        who: asks for it.
        test_file: the path of a further upload, the sealed test.
        priority, cpu, gpu, memory_mb, after, key: see `jobs.queue.place`.
        name: of the job; the project's and the time when not given.

    Returns:
        {"run": number, "new": whether the key was not known before}.
    """
    from trainwright.training.prepare import prepare

    with read(workspace) as connection:
        known = find_key(connection, key) if key is not None else None
        if known is not None:
            return {"run": known, "new": False}
        for other in after:
            get_run(connection, other)
    settings = client_settings(yaml, values, test_file=test_file)
    prepared = prepare(workspace, table, settings)
    with _given_up_where_it_fails(workspace, prepared.run.id), write(workspace) as connection:
        known = find_key(connection, key) if key is not None else None
        if known is not None:  # the same key at the same moment
            ask_cancel(connection, prepared.run.id, f"run {known} was submitted as {key!r} meanwhile")
            return {"run": known, "new": False}
        if name:
            connection.execute(tables.run.update().where(tables.run.c.id == prepared.run.id).values(name=name))
        place(
            connection,
            prepared.run.id,
            priority=priority,
            cpu=cpu,
            gpu=gpu,
            memory_mb=memory_mb,
            after=after,
            key=key,
        )
        record_act(connection, "train", f"run {prepared.run.id}", project_id=prepared.project.id, who=who)
    return {"run": prepared.run.id, "new": True}


@contextmanager
def _given_up_where_it_fails(workspace: Workspace, run_id: int) -> Iterator[None]:
    """Cancels a prepared run that could not be queued: this child lives on, so nobody would find the run abandoned."""
    try:
        yield
    except Exception as error:
        with suppress(TrainwrightError), write(workspace) as connection:
            ask_cancel(connection, run_id, f"it could not be queued: {error}")
        raise
