"""Workers that are killed and stopped while they execute jobs: the part of `jobs_kill.py` that does the harm."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import jobs_rows
import numpy as np

HERE = Path(__file__).resolve().parent
KINDS = ("workers_killed", "trainers_killed", "workers_stopped", "both_stopped", "trainers_stopped")


class Workers:
    """Worker processes of their own process groups, replaced when they are killed or stopped.

    Args:
        address: the workspace.
        number: workers at a time.
        slots: jobs that each executes at a time.
        lease: seconds.
        rng: chooses whom and when.
    """

    def __init__(self, address: str, number: int, slots: int, lease: float, rng: np.random.Generator):
        self._address, self._slots, self._lease, self._rng = address, slots, lease, rng
        self._started = 0
        self._asleep: list[tuple[float, subprocess.Popen[bytes] | None, list[int]]] = []
        self._awake: list[tuple[float, subprocess.Popen[bytes]]] = []
        self._working = [self._start() for _ in range(number)]
        self.counts = dict.fromkeys(KINDS, 0)

    def _start(self) -> subprocess.Popen[bytes]:
        self._started += 1
        command = [sys.executable, str(HERE / "jobs_worker.py"), self._address, f"w{self._started}"]
        environment = {**os.environ, "PYTHONPATH": jobs_rows.python_path()}
        words = [*command, str(self._slots), str(self._lease)]
        return subprocess.Popen(words, env=environment, start_new_session=True)

    def pids(self) -> list[int]:
        """The process numbers of those at work."""
        return [worker.pid for worker in self._working]

    def harm(self, kill: bool) -> None:
        """Kills a worker or a trainer, or stops a worker for longer than its lease, alone or with its trainers, or a
        trainer alone.

        Args:
            kill: kill, else stop.
        """
        place = int(self._rng.integers(len(self._working)))
        worker = self._working[place]
        trainers = children(worker.pid)
        if kill and trainers and self._rng.random() < 0.5:
            end(trainers[int(self._rng.integers(len(trainers)))], signal.SIGKILL)
            self.counts["trainers_killed"] += 1
            return
        if not kill and trainers and self._rng.random() < 1 / 3:
            # Its worker ends it; one whose worker was killed meanwhile, or that keeps the database locked, is woken.
            alone = trainers[int(self._rng.integers(len(trainers)))]
            end(alone, signal.SIGSTOP)
            self._asleep.append((time.monotonic() + 4 * self._lease, None, [alone]))
            self.counts["trainers_stopped"] += 1
            return
        self._working[place] = self._start()
        if kill:
            worker.kill()
            worker.wait()
            self.counts["workers_killed"] += 1
            return
        both = bool(trainers) and self._rng.random() < 0.5
        stopped = [worker.pid, *(trainers if both else [])]
        for pid in stopped:
            end(pid, signal.SIGSTOP)
        self._rng.shuffle(stopped)
        wake_at = time.monotonic() + self._lease * float(self._rng.uniform(1.2, 2.5))
        self._asleep.append((wake_at, worker, stopped))
        self.counts["both_stopped" if both else "workers_stopped"] += 1

    def tick(self) -> None:
        """Wakes whom it is time for, ends those that were awake for a while, replaces those that ended alone."""
        now = time.monotonic()
        for one in [one for one in self._asleep if one[0] <= now]:
            self._asleep.remove(one)
            for pid in one[2]:
                end(pid, signal.SIGCONT)
            if one[1] is not None:
                self._awake.append((now + self._lease, one[1]))
        for until, worker in [one for one in self._awake if one[0] <= now]:
            self._awake.remove((until, worker))
            finish([worker])
        self._working = [worker if worker.poll() is None else self._start() for worker in self._working]

    def resting(self) -> bool:
        """Whether nobody sleeps or has just woken up."""
        return not self._asleep and not self._awake

    def close(self) -> None:
        """Ends all of them."""
        for _, worker, stopped in self._asleep:
            for pid in stopped:
                end(pid, signal.SIGCONT)
            if worker is not None:
                self._working.append(worker)
        finish([*self._working, *(worker for _, worker in self._awake)])


def finish(workers: list[subprocess.Popen[bytes]]) -> None:
    """Tells workers to end, and kills the one that does not."""
    for worker in workers:
        worker.terminate()
    for worker in workers:
        try:
            worker.wait(30)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


def end(pid: int, number: int) -> None:
    """Sends a signal; a process that is gone is no error."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def children(parent: int) -> list[int]:
    """The child processes of a process (Linux)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        if int(fields[1]) == parent and fields[0] != "Z":
            found.append(int(folder.name))
    return sorted(found)


def at_work_on(address: str) -> list[int]:
    """Processes that were started with this workspace in their command line, other than this one (Linux)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if address.encode() in words and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found
