"""A worker: it claims jobs that fit its slots, has each executed in a process of its own, and watches over it.

Everything it knows of a job lies in the database. A worker may be killed at any moment: its children end with it, its
leases run out, and another worker goes on from what is finished.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from trainwright.errors import EnvironmentProblem
from trainwright.jobs import mirror, queue, schedule
from trainwright.jobs.devices import Devices, devices_of
from trainwright.jobs.execution import Body, start
from trainwright.jobs.listing import retries_wait
from trainwright.jobs.queue import Claim, Slots
from trainwright.jobs.reap import HELD_UP
from trainwright.jobs.supervise import Pace, Supervisor
from trainwright.store.process import current_owner
from trainwright.store.sweep import sweep
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace

# What can be executed, by the name that stands with a job. Never from the database: a row must not name code.
BODIES: Mapping[str, Body] = {"train": "trainwright.jobs.attempt"}
Tell = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Rhythm:
    """How often a worker does what, in seconds.

    Args:
        claim: looks for a job that waits.
        reap: looks for runs whose lease has run out.
        schedules: looks for moments that are due.
        sweep: removes what killed processes left behind.
        seen: says that it lives.
    """

    claim: float = 0.5
    reap: float = 5.0
    schedules: float = 5.0
    sweep: float = 600.0
    seen: float = 5.0


@dataclass
class _Work:
    """A claimed job and who watches over it."""

    claim: Claim
    supervisor: Supervisor
    thread: threading.Thread | None = None


class Worker:
    """Executes jobs of a workspace until it is asked to end.

    Args:
        workspace: whose jobs.
        slots: how much may run at a time. Each gpu slot is a device (`devices`).
        name: under which it claims; one that starts again under its name takes over its row.
        bodies: what can be executed, by name.
        pace: of its supervisors.
        rhythm: of its loop.
        grace: seconds that running jobs get to finish once it is asked to end; then they are left for others.
        tell: told {"kind": "claimed" | "ended" | "given_back" | "reaped" | "scheduled" | "problem", ...}.

    Example:
        >>> Worker(open_workspace("ws"), Slots(cpu=2)).run(once=True)     # doctest: +SKIP
    """

    def __init__(
        self,
        workspace: Workspace,
        slots: Slots,
        *,
        name: str | None = None,
        bodies: Mapping[str, Body] = BODIES,
        pace: Pace | None = None,
        rhythm: Rhythm | None = None,
        grace: float = 10.0,
        tell: Tell = lambda _: None,
    ):
        self.name = name or str(current_owner())
        self._workspace = workspace
        self._slots = slots
        self._devices = Devices(devices_of(slots.gpu))
        self._bodies = bodies
        self._pace = pace or Pace()
        self._rhythm = rhythm or Rhythm()
        self._grace = grace
        self._tell = tell
        self._work: dict[tuple[int, int], _Work] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._leaving = threading.Event()
        self._due: dict[str, float] = {}
        self._unwritten: dict[int, str] = {}
        self._blind: str | None = None

    def ask_to_end(self) -> None:
        """The first call ends claiming and waits for what runs, the second leaves it for others; from any thread."""
        if self._ending.is_set():
            self._leaving.set()
        self._ending.set()
        self._wake.set()

    def run(self, *, once: bool = False) -> int:
        """Works until asked to end; returns the number of jobs that it executed.

        Args:
            once: end when nothing waits that it could execute, now or at a retry, and nothing runs.

        Raises:
            EnvironmentProblem: of `once`, the end of a job could not be written, or whether one waits not be read.
        """
        done = 0
        queue.enter(self._workspace, self.name, self._slots)
        try:
            while not self._ending.is_set():
                self._safely(self._look_around)
                idle = not self._running()  # asked first: a job that ends while it looks may let another fit
                self._blind = None
                found = self._safely(self._claim) or 0
                done += found
                if once and idle and not found and not self._safely(self._retry_waits):
                    break
                if not found:
                    self._wake.wait(self._rhythm.claim)
                    self._wake.clear()
            self._finish()
        finally:
            blind = self._blind
            self._safely(lambda: queue.leave(self._workspace, self.name))
        if once:
            self._check_all_written(blind)
        return done

    def _check_all_written(self, blind: str | None) -> None:
        """Whoever runs a worker once takes its end for the end of its jobs.

        Raises:
            EnvironmentProblem: it is not known that they ended, or that none waits.
        """
        with self._lock:
            unwritten = dict(self._unwritten)
        if unwritten:
            runs = ", ".join(f"run {run_id}" for run_id in sorted(unwritten))
            raise EnvironmentProblem(
                f"the end of {runs} could not be written: {next(iter(unwritten.values()))}",
                remedy="then start a worker again: it goes on from what is finished",
            )
        if blind is not None:
            raise EnvironmentProblem(f"whether jobs wait could not be told: {blind}")

    def _look_around(self) -> None:
        """What a worker does besides claiming: each in its rhythm."""
        if self._is_due("reap"):
            for reaped in queue.reap(self._workspace):
                with self._lock:
                    self._unwritten.pop(reaped.run_id, None)
                self._tell({"kind": "reaped", "run": reaped.run_id, "state": reaped.state, "message": reaped.message})
        if self._is_due("schedules"):
            for run_id in schedule.due(self._workspace):
                self._tell({"kind": "scheduled", "run": run_id})
        if self._is_due("seen"):
            queue.seen(self._workspace, self.name)
        if self._is_due("sweep"):
            sweep(self._workspace)

    def _claim(self) -> int:
        """Claims what fits and begins it; the number of jobs begun."""
        begun = 0
        while not self._ending.is_set():
            claim = queue.claim(
                self._workspace,
                self.name,
                self._free(),
                seconds=self._pace.lease,
                bodies=tuple(self._bodies),
                whole=self._slots,
            )
            if claim is None:
                return begun
            self._begin(claim)
            begun += 1
        return begun

    def _retry_waits(self) -> bool:
        """Whether a job that was lost waits for its time."""
        with read(self._workspace) as connection:
            return retries_wait(connection, tuple(self._bodies))

    def _begin(self, claim: Claim) -> None:
        self._tell({"kind": "claimed", "run": claim.run_id, "attempt": claim.attempt, "body": claim.body})
        with self._lock:
            devices = self._devices.take(claim.slots.gpu)
        more = self._devices.environment(devices)
        execution = start(self._bodies[claim.body], self._workspace, claim.run_id, claim.attempt, more)
        mirror.begin_run(self._workspace, claim.run_id)
        # Not by the run alone: a run that was lost may be claimed again before its earlier attempt is put away.
        key = (claim.run_id, claim.attempt)
        work = _Work(claim, Supervisor(self._workspace, claim, execution, self._pace))

        def watch() -> None:
            try:
                self._watch(work)
            finally:
                execution.close()
                with self._lock:
                    del self._work[key]
                    self._devices.give_back(devices)
                self._wake.set()

        with self._lock:
            self._work[key] = work
        work.thread = threading.Thread(target=watch, name=f"run {claim.run_id}", daemon=True)
        work.thread.start()

    def _watch(self, work: _Work) -> None:
        """The life of a supervisor's thread; an end that cannot be written is found by whoever reaps."""
        run_id = work.claim.run_id
        try:
            if not work.supervisor.watch(self._leaving):
                work.supervisor.give_back(f"the worker {self.name} is shut down")
                self._tell({"kind": "given_back", "run": run_id})
            else:
                self._tell({"kind": "ended", "run": run_id, "state": work.supervisor.conclude()})
        except EnvironmentProblem as error:
            with self._lock:
                self._unwritten[run_id] = str(error)
            self._tell({"kind": "problem", "run": run_id, "message": str(error)})

    def _finish(self) -> None:
        """Waits for what runs; beyond the grace, or when asked again, it is left for others."""
        end = time.monotonic() + self._grace
        while self._running():
            if time.monotonic() >= end:
                self._leaving.set()
            self._wake.wait(0.1)
            self._wake.clear()

    def _running(self) -> int:
        with self._lock:
            return len(self._work)

    def _free(self) -> Slots:
        with self._lock:
            return self._slots.without([work.claim.slots for work in self._work.values()])

    def _is_due(self, what: str) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + float(getattr(self._rhythm, what))
        return True

    def _safely(self, act: Callable[[], Any]) -> Any:
        """A database that is locked or away for a while ends no worker, and takes no job from another that lives.

        Leases run out meanwhile, since nobody can renew them: those who live get the time for a sign of it.
        """
        began = time.monotonic()
        held_up = False
        try:
            return act()
        except EnvironmentProblem as error:
            held_up = True
            self._blind = str(error)
            self._tell({"kind": "problem", "message": str(error)})
            return None
        finally:
            if held_up or time.monotonic() - began > HELD_UP:
                self._due["reap"] = time.monotonic() + HELD_UP + 2 * self._pace.renew
