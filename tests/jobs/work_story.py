"""What the tests of workers share: jobs that take no time, workers in threads and in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from effect_body import quick

from trainwright.jobs import queue
from trainwright.jobs.queue import Slots
from trainwright.jobs.supervise import Pace
from trainwright.jobs.worker import Rhythm, Worker
from trainwright.store.events import Event, events_after
from trainwright.store.projects import ensure_project
from trainwright.store.runs import Run, create_run, get_run
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace, open_workspace

HERE = Path(__file__).parent
# Where children find the bodies of these tests.
SEARCHED = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
BODIES = {"effect": "effect_body", "quick": quick}
# Nothing that takes long is waited for.
PACE = Pace(lease=60.0, renew=0.2, log=0.1, patience=0.5, poll=0.02)
# Of a worker that is killed or stopped, or whose body outlives it; not so short that a busy machine ends it.
SHORT = replace(PACE, lease=4.0)
RHYTHM = Rhythm(claim=0.05, reap=0.1, schedules=60.0, sweep=60.0, seen=0.5)


def queued(workspace: Workspace, *, body: str = "effect", **values: Any) -> int:
    """A job that waits; its run's number."""
    with write(workspace) as connection:
        project = ensure_project(connection, "p", target="y")
        run = create_run(connection, project.id, name="r", settings={"training": {"jobs": 1}}, origins={})
        queue.place(connection, run.id, body=body, **values)
    return run.id


def worker(workspace: Workspace, **values: Any) -> Worker:
    """A worker of this process, in a hurry."""
    given = {"name": "w", "bodies": BODIES, "pace": PACE, "rhythm": RHYTHM, "grace": 0.0, **values}
    return Worker(workspace, given.pop("slots", Slots(cpu=2)), **given)


@contextmanager
def at_work(workspace: Workspace, **values: Any) -> Iterator[Worker]:
    """A worker in a thread; it is asked to end, twice, when the block is over."""
    one = worker(workspace, **values)
    thread = threading.Thread(target=one.run)
    thread.start()
    try:
        yield one
    finally:
        one.ask_to_end()
        one.ask_to_end()
        thread.join()


@contextmanager
def worker_process(workspace: Workspace, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process of its own, which can be killed; it is when the block is over."""
    environment = {**os.environ, "PYTHONPATH": SEARCHED}
    command = [sys.executable, str(HERE / "work_story.py"), str(workspace.path), name]
    with subprocess.Popen(command, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def stop(workspace: Workspace, pid: int) -> None:
    """Stops a process between two of its transactions: within one, it would keep the lock of the database."""
    while True:
        os.kill(pid, signal.SIGSTOP)
        free = threading.Thread(target=_write_once, args=(workspace,))
        free.start()
        free.join(3.0)
        if not free.is_alive():
            return
        os.kill(pid, signal.SIGCONT)
        free.join()


def _write_once(workspace: Workspace) -> None:
    with write(workspace):
        pass


def run_of(workspace: Workspace, run_id: int) -> Run:
    with read(workspace) as connection:
        return get_run(connection, run_id)


def events(workspace: Workspace, run_id: int, kind: str) -> list[Event]:
    """The events of a kind, of every attempt."""
    with read(workspace) as connection:
        return [event for event in events_after(connection, run_id) if event.kind == kind]


def main(path: str, name: str) -> None:
    one = worker(open_workspace(Path(path)), name=name, pace=SHORT)
    one.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
