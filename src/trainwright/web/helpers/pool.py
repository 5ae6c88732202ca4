"""A few child processes that examine, prepare and predict on request, so that the server imports no learning library.

A child stays for the next request, because its libraries and the models it has loaded are what costs time; one that
idles is ended. A child that takes too long or dies is replaced, and its request answered with what happened.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import OrderedDict
from typing import Any

from trainwright.errors import DiskFull, EnvironmentProblem, TrainwrightError, UserError
from trainwright.jobs.output import Output
from trainwright.jobs.process import close_pipes, ending, kill_group, spawn
from trainwright.store.jsons import dumps
from trainwright.store.workspace import Workspace

log = logging.getLogger("trainwright.web")

CHILD = "trainwright.web.helpers.child"
KINDS: dict[str, type[TrainwrightError]] = {
    "user": UserError,
    "disk": DiskFull,
    "environment": EnvironmentProblem,
}
# Requests that may wait for a free child, each; beyond them callers are told to come again.
WAITING = 8
# A child that has nothing to do for so long is ended, which gives its memory back.
IDLE = 900.0
# Models that a child is known to have loaded; the next request for one of them goes to it.
REMEMBERED = 4


class Helpers:
    """The children of one server.

    Args:
        workspace: theirs.
        most: at the same time.
        seconds: longest time of a request.

    Example:
        >>> helpers = Helpers(workspace)                                             # doctest: +SKIP
        >>> helpers.ask("predict", name="adult@v2", rows=[{"age": 41}])              # doctest: +SKIP
    """

    def __init__(self, workspace: Workspace, *, most: int = 2, seconds: float = 600.0):
        self._place = str(workspace.path)
        self._most = most
        self._seconds = seconds
        self._free = threading.Condition()
        self._idle: list[_Child] = []
        self._busy: set[_Child] = set()
        self._waiting = 0
        self._closed = False

    def ask(self, task: str, *, loads: str | None = None, seconds: float | None = None, **arguments: Any) -> Any:
        """Has a task done and returns its answer; called from a thread, not from the event loop.

        Args:
            task: a name of `tasks.TASKS`.
            loads: what the child loads for it; a later request that loads the same goes to the same child, if free.
            seconds: longest time; the server's own when not given.
            arguments: of the task, as plain data.

        Raises:
            UserError, EnvironmentProblem, TrainwrightError: what the task raised; an EnvironmentProblem too when it
                takes too long, runs out of memory, or too many others wait.
        """
        deadline = time.monotonic() + (seconds or self._seconds)
        child = self._take(loads, deadline)
        try:
            answer = child.ask({"task": task, "arguments": arguments}, deadline)
        except BaseException:
            self._drop(child)
            raise
        self._give_back(child, loads)
        if "error" not in answer:
            return answer["answer"]
        error = answer["error"]
        raise KINDS.get(error["kind"], TrainwrightError)(error["problem"], remedy=error["remedy"])

    def close(self) -> None:
        """Ends every child."""
        with self._free:
            self._closed = True
            children = [*self._idle, *self._busy]
            self._free.notify_all()
        for child in children:
            child.end()

    def rest(self) -> None:
        """Ends children that have idled for long; called now and then."""
        with self._free:
            old = [child for child in self._idle if time.monotonic() - child.used > IDLE]
            self._idle = [child for child in self._idle if child not in old]
        for child in old:
            child.end()

    def _take(self, key: str | None, deadline: float) -> _Child:
        with self._free:
            if self._waiting >= WAITING:
                raise EnvironmentProblem("the server is busy with other requests", remedy="try again in a moment")
            self._waiting += 1
            try:
                while not self._idle and len(self._busy) >= self._most and not self._closed:
                    if not self._free.wait(deadline - time.monotonic()):
                        raise EnvironmentProblem("the server was busy for too long", remedy="try again later")
            finally:
                self._waiting -= 1
            if self._closed:
                raise EnvironmentProblem("the server is shutting down", remedy="try again when it is back")
            knows = [child for child in self._idle if key is not None and key in child.keys]
            if self._idle and (knows or len(self._idle) + len(self._busy) >= self._most or key is None):
                child = (knows or self._idle)[-1]
                self._idle.remove(child)
            elif self._idle and not any(child.keys for child in self._idle):
                child = self._idle.pop()
            else:
                child = _Child(self._place)
            self._busy.add(child)
            return child

    def _give_back(self, child: _Child, key: str | None) -> None:
        child.remember(key)
        with self._free:
            self._busy.discard(child)
            self._idle.append(child)
            self._free.notify()

    def _drop(self, child: _Child) -> None:
        with self._free:
            self._busy.discard(child)
            self._free.notify()
        child.end()


class _Child:
    """One child process and its conversation."""

    def __init__(self, place: str):
        self._process = spawn(CHILD, place)
        self._errors = Output(self._process.stderr)
        self.keys: OrderedDict[str, None] = OrderedDict()
        self.used = time.monotonic()

    def ask(self, request: dict[str, Any], deadline: float) -> dict[str, Any]:
        """The child's answer to a request.

        Raises:
            EnvironmentProblem: it takes too long, or its process ends.
        """
        process = self._process
        late = threading.Event()

        def give_up() -> None:
            late.set()
            kill_group(process)

        timer = threading.Timer(max(0.0, deadline - time.monotonic()), give_up)
        timer.daemon = True
        timer.start()
        try:
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write(dumps(request).encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except (BrokenPipeError, ValueError):
            line = b""
        finally:
            timer.cancel()
        if late.is_set():
            raise EnvironmentProblem("this took too long and was ended", remedy="give fewer rows, or train on a part")
        if not line.endswith(b"\n"):
            cause, words, remedy = ending(process.wait())
            words = words.replace("the training process", "the process that worked on it")
            raise EnvironmentProblem(words, remedy="give fewer rows" if cause == "memory" else remedy)
        self.used = time.monotonic()
        if words := self._errors.take():
            log.warning("a helper said: %s", words)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def remember(self, key: str | None) -> None:
        """Notes what the child has loaded."""
        if key is not None:
            self.keys.pop(key, None)
            self.keys[key] = None
            while len(self.keys) > REMEMBERED:
                self.keys.popitem(last=False)

    def end(self) -> None:
        """Ends the process."""
        process = self._process
        kill_group(process)
        process.wait()
        close_pipes(process)
