"""A body that takes no time: it leaves one mark in the database, in the transaction that completes its run.

Run as `python -m effect_body WORKSPACE RUN ATTEMPT STARTED`. The attempt in EFFECT_HOLDS stands still before its mark,
once it has created the file in EFFECT_MARKER; "deaf" in EFFECT_EARS lets it ignore what it is told.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from trainwright.jobs.process import watch_parent
from trainwright.store.attempts import begin_attempt
from trainwright.store.events import add_event
from trainwright.store.process import current_owner
from trainwright.store.runs import set_state
from trainwright.store.transaction import write
from trainwright.store.workspace import Workspace, open_workspace


def begin(workspace: Workspace, run_id: int, attempt: int) -> None:
    """The run is at work."""
    with write(workspace) as connection:
        begin_attempt(connection, run_id, attempt, str(current_owner()))
        set_state(connection, run_id, attempt, "initializing", "begins")
    with write(workspace) as connection:
        set_state(connection, run_id, attempt, "training", "works")


def mark(workspace: Workspace, run_id: int, attempt: int) -> None:
    """The effect: it stands or falls with the end of the run."""
    with write(workspace) as connection:
        set_state(connection, run_id, attempt, "evaluating", "is nearly done")
        add_event(connection, run_id, attempt, "effect")
        set_state(connection, run_id, attempt, "completed", "done")


def quick(workspace: Workspace, run_id: int, attempt: int, stop: threading.Event) -> None:
    """The same as a function."""
    begin(workspace, run_id, attempt)
    mark(workspace, run_id, attempt)


def main(words: list[str]) -> int:
    """The child's entry point."""
    cancelled = threading.Event()
    watch_parent(lambda word: cancelled.set() if os.environ.get("EFFECT_EARS") != "deaf" else None)
    path, run_id, attempt, _ = words
    workspace = open_workspace(Path(path), create=False)
    begin(workspace, int(run_id), int(attempt))
    print(f"attempt {attempt} works", flush=True)
    if attempt == os.environ.get("EFFECT_HOLDS"):
        marker = Path(os.environ["EFFECT_MARKER"])
        marker.with_suffix(".new").write_text(str(os.getpid()), encoding="utf-8")
        marker.with_suffix(".new").rename(marker)
        while not cancelled.is_set() and not marker.with_suffix(".go").exists():
            time.sleep(0.01)
        if cancelled.is_set():
            return 1
    mark(workspace, int(run_id), int(attempt))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
