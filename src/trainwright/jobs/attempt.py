"""One execution of a run in a process of its own.

`python -m trainwright.jobs.attempt WORKSPACE RUN ATTEMPT STARTED`; STARTED is when the user's command began. Without
arguments it imports what it will need and waits for them as a JSON line on standard input, while the training is
prepared elsewhere.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from trainwright.errors import EnvironmentProblem, TrainwrightError, UserError
from trainwright.jobs.channel import Channel
from trainwright.jobs.lost import is_direct
from trainwright.jobs.process import LESS_MEMORY, close_pipes, drain, spawn, watch_parent
from trainwright.jobs.unprepared import prepare_first
from trainwright.store.attempts import begin_attempt, note_end
from trainwright.store.process import current_owner
from trainwright.store.runs import get_run, save_document, set_state
from trainwright.store.states import FINISHED
from trainwright.store.transaction import write
from trainwright.store.workspace import Workspace, open_workspace

# The customary status of a program that Ctrl-C ended.
INTERRUPTED = 130
# The status of an attempt that ended because a later one has begun.
SUPERSEDED = 18
CANCELLED = "cancelled; what is finished is kept, and `trainwright jobs retry` goes on from there"

# Causes that may be gone when a run is tried again.
TRIED_AGAIN = ("environment", "memory", "ours")

EARLY = ("sklearn.linear_model", "sklearn.ensemble", "lightgbm", "catboost", "trainwright.training.run")


def execute(
    workspace: Workspace,
    run_id: int,
    attempt: int,
    started: float,
    *,
    stop: threading.Event | None = None,
    custom: Any = None,
    cancelled: Callable[[], None] | None = None,
    superseded: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Runs an attempt in this process and returns the result document.

    Args:
        started: `time.time()` when the user's command began; the time limit counts from there.
        stop: set to end early and keep what is finished.
        custom: estimators and metrics handed over in Python (`training.material.Custom`).
        cancelled, superseded: see `Channel`.

    Raises:
        TrainwrightError: whatever ended the run; its state is "failed" and its cause stored.
    """
    from threadpoolctl import threadpool_limits

    from trainwright.training.measurement import measure_run, measured
    from trainwright.training.run import train_run

    stop = stop or threading.Event()
    with write(workspace) as connection:
        begin_attempt(connection, run_id, attempt, str(current_owner()))
        run = get_run(connection, run_id)
        set_state(connection, run_id, attempt, "initializing", "reading the development rows")
    try:
        prepare_first(workspace, run_id, attempt)
        # One thread in linear algebra: the same sums to the last bit, also in the process of a caller.
        channel = Channel(workspace, run_id, attempt, stop, cancelled=cancelled, superseded=superseded)
        with threadpool_limits(1, user_api="blas"), channel as report:
            if measured(run) is not None:
                return measure_run(workspace, run, attempt, report)
            return train_run(
                workspace,
                run_id,
                attempt,
                started,
                report=report,
                stop=stop,
                open_sealed=lambda folder, sha: _open_sealed(workspace, run_id, attempt, folder, sha),
                custom=custom,
            )
    except BaseException as error:
        fail(workspace, run_id, attempt, error)
        raise


def fail(workspace: Workspace, run_id: int, attempt: int, error: BaseException) -> None:
    """Stores why an attempt ended: cause (data, environment, memory, ours, cancelled), message and traceback.

    A mistake and a wish to stop end the run. For the rest, a run that a worker has is not over: the reason is kept
    with the attempt, and the worker's supervisor decides whether the run is tried again (`lost`).
    """
    from trainwright.store.fence import SupersededError

    causes: list[tuple[type[BaseException], str]]
    causes = [(UserError, "data"), (EnvironmentProblem, "environment"), (MemoryError, "memory")]
    causes += [(KeyboardInterrupt, "cancelled")]
    cause = next((name for kind, name in causes if isinstance(error, kind)), "ours")
    problem, remedy = getattr(error, "problem", str(error)) or type(error).__name__, getattr(error, "remedy", None)
    if cause == "memory":
        problem, remedy = f"memory did not suffice: {problem}", LESS_MEMORY
    document: dict[str, Any] = {
        "cause": cause,
        "message": f"{problem}; {remedy}" if remedy else problem,
        "traceback": "".join(traceback.format_exception(error))[-20_000:],
        "exit_code": getattr(error, "exit_code", 3 if cause == "memory" else 1),
    }
    stopped = isinstance(error, KeyboardInterrupt)
    try:
        with write(workspace) as connection:
            run = get_run(connection, run_id)
            if run.state in FINISHED:
                return  # the error came after the end was written
            if cause in TRIED_AGAIN and run.owner is not None and not is_direct(run.owner):
                note_end(connection, run_id, attempt, {**document, "message": problem, "remedy": remedy})
                return
            save_document(connection, run_id, attempt, "error", document)
            state = "cancelled" if stopped else "failed"
            set_state(connection, run_id, attempt, state, document["message"])
    except (SupersededError, EnvironmentProblem):
        # A later attempt owns the run, or nothing can be written: the parent still sees the exit status.
        return


def _open_sealed(workspace: Workspace, run_id: int, attempt: int, folder: Path, sha: str) -> dict[str, Any] | None:
    """Opens the sealed test on the finished package in a fresh process; its figures, or None without a test part."""
    process = spawn("trainwright.jobs.sealed_test", str(workspace.path), str(run_id), str(attempt), str(folder), sha)
    # Its standard input stays open meanwhile: its end is how the child learns that we are gone.
    out, err = (end() for end in [drain(process.stdout), drain(process.stderr)])
    process.wait()
    close_pipes(process)
    if process.returncode != 0:
        raise TrainwrightError(
            f"the sealed test could not be evaluated: {err.decode(errors='replace').strip()[-2000:]}",
            remedy="the training is kept: `trainwright runs resume` repeats only this step",
        )
    document: dict[str, Any] | None = json.loads(out)
    return document


def _import_early() -> None:
    for name in EARLY:
        import_module(name)


def main(arguments: list[str]) -> int:
    """The child's entry point; its result lies in the database, its exit status says how it ended."""
    stop, cancel = threading.Event(), threading.Event()
    words: SimpleQueue[str] = SimpleQueue()
    told = {"stop": stop.set, "cancel": cancel.set}
    watch_parent(lambda word: told.get(word, lambda: words.put(word))())
    if not arguments:
        _import_early()
    path, run, number, started = arguments or json.loads(words.get())
    run_id, attempt = int(run), int(number)
    workspace = open_workspace(Path(path), create=False)

    def end_when_cancelled() -> None:
        # At once, whatever the main thread does: a fit in native code hears nothing. What is finished is committed.
        cancel.wait()
        fail(workspace, run_id, attempt, KeyboardInterrupt(CANCELLED))
        os._exit(INTERRUPTED)

    threading.Thread(target=end_when_cancelled, name="cancel", daemon=True).start()
    try:
        execute(
            workspace,
            run_id,
            attempt,
            float(started),
            stop=stop,
            cancelled=cancel.set,
            superseded=lambda: os._exit(SUPERSEDED),
        )
    except TrainwrightError as error:
        sys.stderr.write(f"{error}\n")  # the log, for the case that the run's row could not say it
        return error.exit_code
    except MemoryError:
        return EnvironmentProblem.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
