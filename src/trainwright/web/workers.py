"""The training workers beside a server: processes of their own, started again when they die, ended with it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from trainwright.jobs.devices import VISIBLE, devices_of
from trainwright.jobs.process import own_group
from trainwright.jobs.slots import ONE, Slots

log = logging.getLogger("trainwright.web")

POLL = 0.5
# Seconds before a worker that died at once is started again; doubled at each further death, up to the longest.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
# One that lived so long died of something else: it is started again at once.
LIVED = 60.0
# A worker gives its job back when it is told to end; one that does not end in this time is killed.
PATIENCE = 20.0

Start = Callable[[], "subprocess.Popen[bytes]"]


class Workers:
    """Keeps so many workers alive.

    Args:
        starts: one function per worker that starts its process.

    Example:
        >>> import sys
        >>> with Workers([lambda: subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)]) as two:
        ...     two.alive()
        1
    """

    def __init__(self, starts: Sequence[Start]):
        self._places = [_Place(start) for start in starts]
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="workers", daemon=True)

    def __enter__(self) -> Workers:
        for place in self._places:
            place.begin()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        for place in self._places:
            place.tell_end()
        time.sleep(POLL)
        for place in self._places:
            place.tell_end()  # asked twice, a worker leaves its job to others at once
        deadline = time.monotonic() + PATIENCE
        for place in self._places:
            place.end(max(0.1, deadline - time.monotonic()))

    def alive(self) -> int:
        """How many live now."""
        return sum(place.lives() for place in self._places)

    def _watch(self) -> None:
        while not self._end.wait(POLL):
            for number, place in enumerate(self._places, 1):
                place.look(number)


class _Place:
    """One worker: its process, and when it may be started again."""

    def __init__(self, start: Start):
        self._start = start
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._pause = FIRST_PAUSE
        self._again: float | None = None

    def begin(self) -> None:
        self._process = self._start()
        self._began = time.monotonic()
        self._again = None

    def lives(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def look(self, number: int) -> None:
        now = time.monotonic()
        if self.lives():
            return
        if self._again is None:
            lived = now - self._began
            self._pause = FIRST_PAUSE if lived > LIVED else self._pause
            self._again = now + (0.0 if lived > LIVED else self._pause)
            status = None if self._process is None else self._process.returncode
            log.warning("worker %d ended with status %s; it is started again", number, status)
            self._pause = min(LONGEST_PAUSE, self._pause * 2)
        if now >= self._again:
            self.begin()

    def tell_end(self) -> None:
        if self._process is not None and self.lives():
            self._process.terminate()

    def end(self, patience: float) -> None:
        process = self._process
        if process is None:
            return
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()


def worker_starts(workspace: str, number: int, prefix: str = "serve", slots: Slots = ONE) -> list[Start]:
    """How to start each of so many workers on a workspace.

    Args:
        workspace: its folder or address, as `--workspace` takes it.
        number: of workers.
        prefix: of their names.
        slots: of each; a device belongs to one worker.

    Raises:
        UserError: there are fewer devices than gpu slots of all of them.
    """
    devices = devices_of(number * slots.gpu)

    def start(place: int) -> subprocess.Popen[bytes]:
        name = f"{prefix}-{os.getpid()}-{place + 1}"
        command = [sys.executable, "-m", "trainwright", "worker", "--with-parent", "--name", name]
        command += ["--workspace", workspace, "--slots", str(slots)]
        own = devices[place * slots.gpu : (place + 1) * slots.gpu]
        environment = {**os.environ, VISIBLE: ",".join(own)} if own else None
        return subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, **own_group())

    return [partial(start, place) for place in range(number)]
