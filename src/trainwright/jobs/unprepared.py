"""Runs that are queued before their data is read: whoever executes one reads, splits and checks it first.

So a schedule or a page can ask for a training in a moment, and a large file is read by a worker.
"""

from __future__ import annotations

import time

from sqlalchemy import Connection

from trainwright.config.settings import Settings
from trainwright.errors import UserError
from trainwright.store.events import add_event
from trainwright.store.projects import ensure_project
from trainwright.store.runs import Run, create_run, get_run, save_document
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace

# The key of a run's record that says that its data is still to be read.
WAITS = "waits_for_data"


def submit(connection: Connection, settings: Settings) -> Run:
    """Writes a run whose data will be read when it is executed; `queue.place` then gives it to the workers.

    Args:
        connection: a write transaction.
        settings: with `project`, and `data.train_file` (an absolute path) or `data.version`.

    Raises:
        UserError: the project is not named, or the data is not.
    """
    if settings.project is None:
        raise UserError("the run's project is not named", remedy="set `project`")
    if settings.data.train_file is None and settings.data.version is None:
        raise UserError("the run's data is not named", remedy="set `data.train_file` or `data.version`")
    project = ensure_project(connection, settings.project)
    run = create_run(
        connection,
        project.id,
        name=f"{project.name} {time.strftime('%Y-%m-%d %H:%M:%S')}",
        settings=settings.to_json(),
        origins=settings.origins,
        kind="incremental" if settings.training.incremental else "full",
        comments=settings.training.comments,
    )
    save_document(connection, run.id, 1, "record", {WAITS: True})
    return get_run(connection, run.id)


def prepare_first(workspace: Workspace, run_id: int, attempt: int) -> None:
    """Reads, splits and checks the data of a run that was queued before; does nothing for one that is prepared.

    An attempt that vanished on the way is followed by one that begins anew: rows are stored once by their content.

    Raises:
        UserError: about the table, the split or the settings.
        SupersededError: a later attempt has begun.
    """
    from trainwright.training.prepare import prepare

    with read(workspace) as connection:
        run = get_run(connection, run_id)
    if not (run.record or {}).get(WAITS) or run.attempt != attempt:
        return

    def say(stage: str) -> None:
        with write(workspace) as connection:
            add_event(connection, run_id, attempt, "stage", message=stage)

    settings = Settings.from_json(run.settings or {}, run.origins or {})
    source = None if settings.data.version is not None else settings.data.train_file
    prepare(workspace, source, settings, say=say, run=run)
    with write(workspace) as connection:
        # Last of all: an attempt that vanished before the checks were through is followed by one that makes them.
        save_document(connection, run_id, attempt, "record", {})
