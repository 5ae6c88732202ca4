"""A body at work: a child process, or a function in a thread of this process; both are watched alike."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from trainwright.jobs.output import Output
from trainwright.jobs.process import close_pipes, ending, kill_group, poll_group, spawn, tell
from trainwright.jobs.processor_time import used_by
from trainwright.machine import memory_kills
from trainwright.store.workspace import Workspace

# A body is a module that is run as `python -m MODULE WORKSPACE RUN ATTEMPT STARTED`, or a function that is given the
# workspace, run, attempt and an event that is set when it shall end.
Function = Callable[[Workspace, int, int, threading.Event], None]
Body = str | Function


class Execution(Protocol):
    """What a supervisor can do with a body at work."""

    def poll(self) -> int | None:
        """Its exit status, negative for a signal; None while it works."""

    def tell(self, word: str) -> None:
        """Says "stop" (finish with what is done) or "cancel" (end, nothing is made of it)."""

    def kill(self) -> None:
        """Ends it and all it started."""

    def take(self, *, last: bool = False) -> str:
        """What it wrote since the last look."""
        raise NotImplementedError

    def used(self) -> float | None:
        """Seconds of processor time that it used so far; None where that is not known."""
        raise NotImplementedError

    def ending(self) -> tuple[str, str, str]:
        """What an end without a result means: (cause, sentence, what to do)."""
        raise NotImplementedError

    def close(self) -> None:
        """Makes sure that it is over, and gives back what it held."""


class Child:
    """A body in a process group of its own.

    Args:
        process: as `process.spawn` starts it.
    """

    def __init__(self, process: subprocess.Popen[bytes]):
        self._process = process
        self._kills = memory_kills()
        self._output = Output(process.stdout, process.stderr)

    def poll(self) -> int | None:
        return poll_group(self._process)

    def tell(self, word: str) -> None:
        tell(self._process, word)

    def kill(self) -> None:
        kill_group(self._process)

    def take(self, *, last: bool = False) -> str:
        return self._output.take(last=last)

    def used(self) -> float | None:
        return used_by(self._process.pid)

    def ending(self) -> tuple[str, str, str]:
        kills = memory_kills()
        known = kills is not None and self._kills is not None
        return ending(self._process.returncode or 0, (kills or 0) - (self._kills or 0) if known else None)

    def close(self) -> None:
        kill_group(self._process)
        self._process.wait()
        close_pipes(self._process)


class Task:
    """A body that is a function, in a thread; it can be asked to end, not killed.

    Its exit status is 0, or 1 where it raised.
    """

    def __init__(self, body: Function, workspace: Workspace, run_id: int, attempt: int):
        self._stop = threading.Event()
        self._status: int | None = None
        self._words = ""

        def work() -> None:
            try:
                body(workspace, run_id, attempt, self._stop)
                self._status = 0
            except BaseException as error:  # noqa: BLE001 - the end of a thread, told as a child's would be
                self._words = f"{type(error).__name__}: {error}\n"
                self._status = 1

        threading.Thread(target=work, name=f"body of run {run_id}", daemon=True).start()

    def poll(self) -> int | None:
        return self._status

    def tell(self, word: str) -> None:
        self._stop.set()

    def kill(self) -> None:
        self._stop.set()

    def take(self, *, last: bool = False) -> str:
        text, self._words = self._words, ""
        return text

    def used(self) -> float | None:
        return None  # a thread's share of this process says nothing: it cannot be ended either

    def ending(self) -> tuple[str, str, str]:
        return ending(self._status or 0)

    def close(self) -> None:
        self._stop.set()


def start(
    body: Body, workspace: Workspace, run_id: int, attempt: int, environment: Mapping[str, str] | None = None
) -> Execution:
    """Begins to execute an attempt at a run; its time limit counts from now.

    Args:
        environment: more environment variables of a child.
    """
    if callable(body):
        return Task(body, workspace, run_id, attempt)
    words = (str(workspace.path), str(run_id), str(attempt), repr(time.time()))
    return Child(spawn(body, *words, more=environment or {}))
