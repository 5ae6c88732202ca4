"""The body of the jobs that `jobs_kill.py` and `jobs_speed.py` queue: it leaves one mark and is done.

Run as `python -m jobs_body WORKSPACE RUN ATTEMPT STARTED`, or called as a function in the worker.
"""

from __future__ import annotations

import random
import sys
import threading
import time

from trainwright.jobs.process import watch_parent
from trainwright.store.attempts import begin_attempt
from trainwright.store.events import add_event
from trainwright.store.process import current_owner
from trainwright.store.runs import set_state
from trainwright.store.transaction import write
from trainwright.store.workspace import Workspace, open_workspace

# The kind of event that a job leaves: counted afterwards.
EFFECT = "effect"
# Seconds at most between the beginning of a job and its effect, so that a kill may come between them.
BETWEEN = 0.02


def body(workspace: Workspace, run_id: int, attempt: int, stop: threading.Event, between: float = BETWEEN) -> None:
    """Begins the attempt, and later leaves its effect in the transaction that completes the run."""
    with write(workspace) as connection:
        begin_attempt(connection, run_id, attempt, str(current_owner()))
        set_state(connection, run_id, attempt, "initializing", "begins")
        set_state(connection, run_id, attempt, "training", "works")
    if between:
        time.sleep(random.uniform(0, between))
    with write(workspace) as connection:
        set_state(connection, run_id, attempt, "evaluating", "nearly done")
        add_event(connection, run_id, attempt, EFFECT)
        set_state(connection, run_id, attempt, "completed", "done")


def empty(workspace: Workspace, run_id: int, attempt: int, stop: threading.Event) -> None:
    """The same without a pause, for the time of an empty job."""
    body(workspace, run_id, attempt, stop, between=0.0)


def main(words: list[str]) -> int:
    watch_parent(lambda _: None)
    address, run_id, attempt, _ = words
    body(open_workspace(address, create=False), int(run_id), int(attempt), threading.Event())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
