"""The supervisor of one attempt: it keeps the lease, hears that somebody cancels, ends what hangs, and writes the end.

It is no part of the training process: a training that hangs in native code, or is killed, cannot take it along.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

from trainwright.errors import EnvironmentProblem
from trainwright.jobs import queue
from trainwright.jobs.attempt import CANCELLED
from trainwright.jobs.execution import Execution
from trainwright.jobs.queue import Claim
from trainwright.jobs.stillness import STILL, Stillness, longest
from trainwright.store.events import add_event, last_reports
from trainwright.store.fence import SupersededError, fence
from trainwright.store.runs import get_run, save_document, set_state
from trainwright.store.states import FINISHED
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace

# What to do about a body that hung.
STUCK = "a library hung, or somebody stopped the process: see the log; a larger time_limit gives it longer"


@dataclass(frozen=True)
class Pace:
    """How often a supervisor does what.

    Args:
        lease: seconds after which a run without a sign of life is given to another.
        renew: seconds between two signs of life.
        log: seconds between two looks at what the body wrote.
        patience: seconds that a cancelled body gets to end by itself before it is killed.
        poll: seconds between two looks at whether it has ended.
        still: seconds that a body may neither report anything nor use processor time (`stillness`).
    """

    lease: float = 30.0
    renew: float = 3.0
    log: float = 1.0
    patience: float = 10.0
    poll: float = 0.1
    still: float = STILL


class Supervisor:
    """Watches over an execution; `tick` is called often, `conclude` once it has ended.

    Args:
        workspace: where.
        claim: on whose behalf: the run and its attempt.
        execution: the body at work.
        pace: how often what is done.

    A database that cannot be written for a while delays signs of life; it does not end the body. A run that was
    given to another meanwhile (this machine slept, this process was stopped) ends it at once.
    """

    def __init__(self, workspace: Workspace, claim: Claim, execution: Execution, pace: Pace | None = None):
        self._workspace = workspace
        self._claim = claim
        self._execution = execution
        self._pace = pace or Pace()
        self._renew_at = time.monotonic() + self._pace.renew
        self._log_at = time.monotonic() + self._pace.log
        self._cancelled_at: float | None = None
        self._stillness = Stillness(self._pace.still)
        self._look_at = time.monotonic() + self._stillness.every
        self._hangs: tuple[float, str] | None = None
        self._lock = threading.Lock()
        self.superseded = False

    def tick(self) -> None:
        """Does what is due."""
        with self._lock:
            now = time.monotonic()
            if now >= self._renew_at:
                self._renew_at = now + self._pace.renew
                self._renew()
            if self._cancelled_at is not None and now >= self._cancelled_at + self._pace.patience:
                self._execution.kill()
            if now >= self._log_at:
                self._log_at = now + self._pace.log
                self._write_log()
            if now >= self._look_at:
                self._look_at = now + self._stillness.every
                self._look(now)

    def watch(self, leave: threading.Event | None = None) -> bool:
        """Watches until the body has ended (True), or `leave` is set while it works (False)."""
        leave = leave or threading.Event()
        while self._execution.poll() is None:
            if leave.is_set():
                return False
            self.tick()
            leave.wait(self._pace.poll)
        return True

    def conclude(self) -> str | None:
        """Writes the end of a body that could not write it itself; returns the state of the run, None where it is
        another's by now.
        """
        self._write_log(last=True)
        if self.superseded:
            return None
        run_id, attempt = self._claim.run_id, self._claim.attempt
        try:
            with write(self._workspace) as connection:
                fence(connection, run_id, attempt)
                run = get_run(connection, run_id)
                if run.state in FINISHED:
                    return run.state
                if run.cancel_asked or self._cancelled_at is not None:
                    save_document(connection, run_id, attempt, "error", {"cause": "cancelled", "message": CANCELLED})
                    set_state(connection, run_id, attempt, "cancelled", CANCELLED)
                else:
                    cause, message, remedy = self._execution.ending()
                    if self._hangs is not None:
                        cause, message, remedy = "stuck", self._hangs[1], STUCK
                    queue.lost(connection, run_id, attempt, cause=cause, message=message, remedy=remedy)
                return get_run(connection, run_id).state
        except SupersededError:
            self.superseded = True
            return None

    def cancelled(self, why: str) -> None:
        """Writes that somebody who stands beside it gave the run up."""
        self._end("cancelled", {"cause": "cancelled", "message": why, "exit_code": 130})

    def failed(self, why: str) -> None:
        """Writes that the run ended for a fault of ours."""
        self._end("failed", {"cause": "ours", "message": why, "exit_code": 1})

    def _end(self, state: str, error: dict[str, Any]) -> None:
        run_id, attempt = self._claim.run_id, self._claim.attempt
        try:
            with write(self._workspace) as connection:
                fence(connection, run_id, attempt)
                if get_run(connection, run_id).state not in FINISHED:
                    save_document(connection, run_id, attempt, "error", error)
                    set_state(connection, run_id, attempt, state, error["message"])
        except SupersededError:
            self.superseded = True

    def give_back(self, reason: str) -> None:
        """Ends the body and lets another worker go on from what is finished, at once."""
        self._execution.kill()
        while self._execution.poll() is None:
            time.sleep(0.02)
        self._write_log(last=True)
        try:
            with write(self._workspace) as connection:
                fence(connection, self._claim.run_id, self._claim.attempt)
                if get_run(connection, self._claim.run_id).state not in FINISHED:
                    queue.give_back(connection, self._claim.run_id, self._claim.attempt, reason)
        except SupersededError:
            self.superseded = True

    def _look(self, now: float) -> None:
        """Ends a body that hangs; how its run is tried again is `conclude`'s."""
        try:
            with read(self._workspace) as connection:
                if self._stillness.limit is None:
                    self._stillness.limit = longest(get_run(connection, self._claim.run_id))
                reports = last_reports(connection, self._claim.run_id, self._claim.attempt)
        except EnvironmentProblem:
            return  # what cannot be seen is no stillness
        why = self._stillness.look(now, reports, self._execution.used())
        if why is not None:
            self._hangs = self._hangs or (now, why)
            self._execution.kill()

    def _renew(self) -> None:
        if self._hangs is not None and time.monotonic() > self._hangs[0] + self._pace.lease:
            return  # a process that cannot be killed (it waits for a disk) keeps no run: the lease runs out
        try:
            told = queue.renew(self._workspace, self._claim, self._pace.lease)
        except SupersededError:
            self.superseded = True
            self._execution.kill()
        except EnvironmentProblem:
            return  # the database is locked or away: the next sign of life tries again
        else:
            if told.cancel and self._cancelled_at is None:
                self._cancelled_at = time.monotonic()
                self._execution.tell("cancel")

    def _write_log(self, *, last: bool = False) -> None:
        text = self._execution.take(last=last)
        if not text.strip() or self.superseded:
            return
        try:
            with write(self._workspace) as connection:
                fence(connection, self._claim.run_id, self._claim.attempt)
                add_event(connection, self._claim.run_id, self._claim.attempt, "log", message=text.rstrip("\n"))
        except SupersededError:
            self.superseded = True
            self._execution.kill()
        except EnvironmentProblem:
            return  # words are lost rather than the run
