"""Trainings that are left to the workers: prepared and queued here, watched from here while others execute them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from trainwright.config.settings import Settings
from trainwright.jobs.launch import Watcher, hand_on, opened
from trainwright.jobs.queue import place
from trainwright.jobs.slots import Slots
from trainwright.store.runs import Run, get_run
from trainwright.store.states import FINISHED
from trainwright.store.sweep import sweep
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.training.prepare import prepare

# Seconds between two looks at a run that others execute.
POLL = 0.5


def enqueue(
    workspace: Workspace | str | Path | None,
    source: Any,
    settings: Settings,
    *,
    needs: Slots | None = None,
    priority: int = 0,
    after: Sequence[int] = (),
    watcher: Watcher | None = None,
) -> tuple[Workspace, Run]:
    """Prepares a training and leaves it to the workers; mistakes in the table or the settings are told at once.

    Args:
        workspace, source, settings: see `train`.
        needs: what it takes of a worker's slots.
        priority: higher first.
        after: runs that must be completed before it begins.
        watcher: told what the preparation does.

    Raises:
        UserError, EnvironmentProblem: what is wrong, and what to do.
    """
    watcher = watcher or Watcher()
    needs = needs or Slots()
    workspace, source = opened(workspace, source, settings, watcher)
    with read(workspace) as connection:
        for run_id in after:
            get_run(connection, run_id)
    sweep(workspace)
    prepared = prepare(workspace, source, settings, say=watcher.stage)
    watcher.prepared(prepared)
    with write(workspace) as connection:
        run = place(
            connection,
            prepared.run.id,
            priority=priority,
            cpu=needs.cpu,
            gpu=needs.gpu,
            memory_mb=needs.memory_mb,
            after=after,
        )
    return workspace, run


def watch(workspace: Workspace, run_id: int, watcher: Watcher, *, waits: Callable[[Run], None] = lambda _: None) -> Run:
    """Hands on the events of a run that others execute, from its first one on, until it has ended.

    Args:
        waits: told, now and then, while the run waits for a worker.

    Raises:
        UserError: there is no such run.
    """
    seen = 0
    while True:
        with read(workspace) as connection:
            run = get_run(connection, run_id)
        seen = hand_on(workspace, run_id, seen, watcher)
        if run.state in FINISHED:
            return run
        if run.state == "queued":
            waits(run)
        time.sleep(POLL)
