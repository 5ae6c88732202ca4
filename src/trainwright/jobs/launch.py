"""The parent's side of a training: prepare it, start the child, follow its events, and fetch its result."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from trainwright.config.settings import Settings
from trainwright.data.checks.policy import stop_on_errors
from trainwright.errors import EnvironmentProblem, TrainwrightError, UserError
from trainwright.jobs import mirror
from trainwright.jobs.attempt import execute
from trainwright.jobs.execution import Child
from trainwright.jobs.lost import is_direct
from trainwright.jobs.process import spawn, tell
from trainwright.jobs.queue import Claim
from trainwright.jobs.supervise import Supervisor
from trainwright.store.attempts import attempts_of, new_attempt
from trainwright.store.evaluations import findings_of
from trainwright.store.events import Event, events_after
from trainwright.store.process import Owner, current_owner, is_alive
from trainwright.store.runs import Run, get_run, repeating_run
from trainwright.store.states import FINISHED
from trainwright.store.sweep import sweep
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace, is_workspace, locate, open_workspace
from trainwright.training.material import Custom
from trainwright.training.prepare import look_first, prepare
from trainwright.training.prepared import Prepared

ATTEMPT = "trainwright.jobs.attempt"
POLL = 0.15
STOPPING = "stopping: what is finished is evaluated and kept (Ctrl-C again to give up)"


@dataclass(frozen=True)
class Watcher:
    """What the caller wants to hear while a run is prepared and executed; every part may be left out.

    Args:
        stage: told which step of the preparation begins.
        prepared: told once the table is understood and the split made.
        event: told every event of the run.
    """

    stage: Callable[[str], None] = lambda _: None
    prepared: Callable[[Prepared], None] = lambda _: None
    event: Callable[[Event], None] = lambda _: None


def train(
    workspace: Workspace | str | Path | None,
    source: Any,
    settings: Settings,
    *,
    started: float | None = None,
    watcher: Watcher | None = None,
    custom: Custom | None = None,
) -> dict[str, Any]:
    """Prepares and executes a training, and returns its result document.

    Args:
        workspace: an open one, or where it is or will be made (see `store.workspace.locate`). One that is not there
            yet is made only once the table is known to be sound: a mistake leaves nothing behind.
        source: a path or a frame.
        settings: of the run.
        started: `time.time()` when the command began; the time limit counts from there.
        watcher: told what happens.
        custom: estimators and metrics handed over in Python; such a run is executed in this process.

    Raises:
        UserError, EnvironmentProblem: what is wrong, and what to do.
    """
    started = time.time() if started is None else started
    watcher = watcher or Watcher()
    workspace, source = opened(workspace, source, settings, watcher)
    sweep(workspace)
    # The child imports its libraries while the table is prepared here.
    child = None if _in_this_process(custom) else spawn(ATTEMPT)
    try:
        prepared = prepare(workspace, source, settings, say=watcher.stage)
        watcher.prepared(prepared)
    except BaseException:
        if child is not None:
            Child(child).close()
        raise
    return follow(workspace, prepared.run, started, watcher=watcher, custom=custom, child=child)


def opened(
    workspace: Workspace | str | Path | None, source: Any, settings: Settings, watcher: Watcher
) -> tuple[Workspace, Any]:
    """The open workspace, and the source: a table that was looked at, where the workspace had to be made."""
    if isinstance(workspace, Workspace):
        return workspace, source
    stored = settings.data.version is not None or settings.training.incremental
    if not stored and not is_workspace(locate(workspace)):
        source = look_first(source, settings, say=watcher.stage)
    return open_workspace(workspace, create=not stored), source


def resume(workspace: Workspace, run_id: int, *, watcher: Watcher | None = None) -> dict[str, Any]:
    """Goes on with a run that failed, was stopped or whose process vanished, from the folds already done.

    Raises:
        UserError: the run is completed or still works.
    """
    started = time.time()
    with write(workspace) as connection:
        run = get_run(connection, run_id)
        if run.state == "completed":
            raise UserError(f"run {run_id} is completed", remedy=f"see `trainwright runs show {run_id}`")
        if run.state not in FINISHED and not is_direct(run.owner):
            whose = "waits for a worker" if run.owner is None else f"is worked on by {run.owner}"
            raise UserError(f"run {run_id} {whose}", remedy=f"`trainwright jobs watch {run_id}` shows how far it is")
        if run.state not in FINISHED and _still_works(run, attempts_of(connection, run_id)[-1].process):
            raise UserError(f"run {run_id} still works (it is {run.state})", remedy="wait for it, or stop it first")
        if Settings.from_json(run.settings or {}).data.on_finding == "stop":
            stop = stop_on_errors(findings_of(connection, run_id))
            if stop is not None:
                raise stop
        seen = f"{_who(run, attempts_of(connection, run_id)[-1].process)} is gone, and wrote no end"
        run = new_attempt(connection, run_id, "resumed from the folds already done", seen=seen)
    return follow(workspace, run, started, watcher=watcher)


def repeat(workspace: Workspace, run_id: int, *, watcher: Watcher | None = None) -> dict[str, Any]:
    """Runs a finished training again from its record, obeying its counts instead of the clock.

    The repetition makes no version and does not open the sealed test; its result document names its package, whose
    SHA-256 equals the original's when every prediction is the same.
    """
    with write(workspace) as connection:
        run = repetition(connection, run_id)
    return follow(workspace, run, time.time(), watcher=watcher)


def repetition(connection: Connection, run_id: int) -> Run:
    """Writes the run that will repeat a finished one; see `repeat`.

    Raises:
        UserError: there is no such run, or it is not completed.
    """
    first = get_run(connection, run_id)
    if first.state != "completed":
        raise UserError(f"run {run_id} is {first.state}", remedy="only a completed run can be repeated")
    return repeating_run(connection, first, name=f"repetition of run {run_id}", comments=first.comments)


def follow(
    workspace: Workspace,
    run: Run,
    started: float,
    *,
    watcher: Watcher | None = None,
    custom: Custom | None = None,
    child: subprocess.Popen[bytes] | None = None,
) -> dict[str, Any]:
    """Executes a queued run in a child process, hands on its events, and returns the result document.

    Ctrl-C once asks the child to finish with what it has; twice ends it. The child ends itself when we die.

    Args:
        child: a child that waits for its arguments; None to start one.
    """
    watcher = watcher or Watcher()
    mirror.begin(workspace, run)
    if custom is not None and _in_this_process(custom):
        return _here(workspace, run, started, custom, watcher)
    arguments = [str(workspace.path), str(run.id), str(run.attempt), repr(started)]
    if child is None:
        child = spawn(ATTEMPT, *arguments)
    else:
        tell(child, json.dumps(arguments))
    execution = Child(child)
    supervisor = Supervisor(workspace, Claim(run.id, run.attempt), execution)
    interrupts = 0
    seen = 0

    def ask_to_stop(*_: Any) -> None:
        nonlocal interrupts
        interrupts += 1
        if interrupts == 1:
            watcher.stage(STOPPING)
            execution.tell("stop")
        else:
            execution.kill()

    before = _on_interrupt(ask_to_stop)
    try:
        while execution.poll() is None:
            seen = hand_on(workspace, run.id, seen, watcher)
            supervisor.tick()
            time.sleep(POLL)
        if interrupts > 1:
            supervisor.cancelled("stopped by Ctrl-C")
        supervisor.conclude()
        hand_on(workspace, run.id, seen, watcher)
    except BaseException as error:
        execution.kill()
        child.wait()
        supervisor.failed(f"the process that watched the training failed: {type(error).__name__}: {error}")
        raise
    finally:
        execution.close()
        _restore_interrupt(before)
    with read(workspace) as connection:
        now = get_run(connection, run.id)
    if now.state not in FINISHED or now.attempt != run.attempt:
        raise TrainwrightError(f"run {run.id} was taken over: it is {now.state}, attempt {now.attempt}")
    if interrupts and now.state == "cancelled":
        raise KeyboardInterrupt((now.error or {}).get("message", ""))
    return outcome(now)


def _in_this_process(custom: Custom | None) -> bool:
    """Whether the run has objects of the user's own, which could reach a child only as a pickle."""
    return custom is not None and bool(custom.families or custom.metrics)


def _here(workspace: Workspace, run: Run, started: float, custom: Custom, watcher: Watcher) -> dict[str, Any]:
    """Executes a run in this process: estimators handed over in Python cannot travel to another."""
    stop = threading.Event()

    def ask_to_stop(*_: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        watcher.stage(STOPPING)
        stop.set()

    before = _on_interrupt(ask_to_stop)
    try:
        return execute(workspace, run.id, run.attempt, started, stop=stop, custom=custom)
    finally:
        _restore_interrupt(before)


def outcome(run: Run) -> dict[str, Any]:
    """The result document of a run that has ended.

    Raises:
        UserError, EnvironmentProblem, TrainwrightError: why it failed, or that it was cancelled.
    """
    if run.state == "completed" and run.result is not None:
        return run.result
    error = run.error or {}
    message = error.get("message") or f"run {run.id} is {run.state}"
    kinds = {2: UserError, 3: EnvironmentProblem}
    raise kinds.get(error.get("exit_code", 1), TrainwrightError)(message)


def hand_on(workspace: Workspace, run_id: int, seen: int, watcher: Watcher) -> int:
    """Tells the events of a run later than `seen`; returns the number of the last one."""
    with read(workspace) as connection:
        events = events_after(connection, run_id, seen)
    for event in events:
        watcher.event(event)
        seen = event.seq
    return seen


def _still_works(run: Run, process: str | None) -> bool:
    """Whether the process that executes an attempt is alive, or the one that is about to; one on another machine
    counts as alive.
    """
    if process is None:
        process = (run.owner or "").partition(" ")[2]
        if process in ("", str(current_owner())):
            return False
    owner = Owner.parse(process)
    return owner is None or is_alive(owner) is not False


def _who(run: Run, process: str | None) -> str:
    """Who executed a direct run, in words."""
    return (
        f"the process {process}"
        if process
        else f"the command that made it {(run.owner or '').partition(' ')[2]}".strip()
    )


def _on_interrupt(handler: Callable[..., None]) -> Any:
    """Sets the Ctrl-C handler where that is possible (the main thread); returns the one before."""
    try:
        return signal.signal(signal.SIGINT, handler)
    except ValueError:
        return None


def _restore_interrupt(before: Any) -> None:
    if before is not None:
        signal.signal(signal.SIGINT, before)
