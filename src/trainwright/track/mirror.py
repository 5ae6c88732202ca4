"""Keeps a mirror of a run up to date until the run has ended and all of it is written, or nobody answers for long."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from trainwright.errors import EnvironmentProblem, TrainwrightError
from trainwright.store.outbox import MLFLOW, Message, get_message, hold, let_go, note
from trainwright.store.process import Owner, current_owner, is_alive
from trainwright.store.runs import DIRECT, get_run
from trainwright.store.states import FINISHED
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.track.news import Cursor, News, read_news
from trainwright.track.places import resolve

# Seconds between two looks at a run that works, and the most between two tries at a place that does not answer.
INTERVAL, LONGEST_WAIT = 3.0, 60.0
# Seconds for which a mirror stays when nobody works on its run any more: to try a place that does not answer, or to see
# whether somebody goes on with it. Then `trainwright track sync` is needed.
AFTER_END = 60.0


class Mirror(Protocol):
    """A place that runs are written to."""

    def is_whole(self, news: News) -> bool:
        """Whether what was noted as written is there; if not, all is written again."""

    def write(self, news: News) -> None:
        """Adds what is new. May raise anything: it is tried again from the same cursor."""

    def finish(self, news: News) -> None:
        """Adds what is known at the end; may be called again."""

    def state(self) -> dict[str, Any]:
        """What to note for whoever goes on from here."""
        raise NotImplementedError

    def close(self) -> None:
        """Gives back what it holds."""


def mirror_for(workspace: Workspace, message: Message) -> Mirror:
    """The mirror that a message asks for.

    Raises:
        EnvironmentProblem: a library is missing, or nobody answers at its address.
    """
    address = resolve(workspace, message.topic, message.payload["address"])
    state = message.payload.get("state") or {}
    if message.topic == MLFLOW:
        from trainwright.track.mlflow_mirror import MlflowMirror

        return MlflowMirror(workspace, address, state)
    from trainwright.track.tensorboard_mirror import TensorBoardMirror

    return TensorBoardMirror(workspace, address, state)


def follow(workspace: Workspace, message_id: int, *, patient: bool, pause: Callable[[float], None] = time.sleep) -> str:
    """Mirrors a run until all of it is written.

    Args:
        workspace: where the run lies.
        message_id: the row of the outbox that asks for it.
        patient: wait for a run that works, and try again where nobody answers; without, write what is there now.
        pause: how it waits.

    Returns:
        "done", "held" (another process sends it), "waiting" (the run works still), or the problem in words.
    """
    holder = str(current_owner())
    with write(workspace) as connection:
        message = hold(connection, message_id, holder)
    if message is None or message.run_id is None:
        return "held"
    sender = _Sender(workspace, message, holder)
    problem, wait, over_since = "", INTERVAL, None
    try:
        while True:
            try:
                outcome, problem, wait = sender.send(), "", INTERVAL
            except Exception as error:  # noqa: BLE001 - whatever a foreign library does must not end a mirror
                outcome, problem, wait = "problem", _words(error), min(2 * wait, LONGEST_WAIT)
                if not sender.noted({"problem": problem, "problem_at": time.time()}):
                    return "held"
            if outcome in ("done", "held"):
                return outcome
            if not patient:
                return problem or "waiting"
            over_since = (over_since or time.monotonic()) if sender.is_over() else None
            if over_since is not None and time.monotonic() - over_since > AFTER_END:
                return problem or "waiting"
            pause(wait)
    finally:
        sender.close(problem)


class _Sender:
    """The sending of one message: its mirror, its cursor, and what is noted of them."""

    def __init__(self, workspace: Workspace, message: Message, holder: str):
        self._workspace, self._message, self._holder = workspace, message, holder
        self._run_id = int(message.run_id or 0)
        self._mirror: Mirror | None = None
        self._done = False

    def send(self) -> str:
        """Writes what is new: "done", "held" by another, or "waiting" for the run."""
        message = self._message
        cursor = Cursor.from_json(message.payload.get("cursor"))
        if self._mirror is None:
            self._mirror = mirror_for(self._workspace, message)
            if not self._mirror.is_whole(read_news(self._workspace, self._run_id, cursor)):
                self._message.payload.update(cursor=None, state={})
                cursor, self._mirror = Cursor(), mirror_for(self._workspace, message)
        while True:
            news = read_news(self._workspace, self._run_id, cursor)
            try:
                self._mirror.write(news)
            except Exception:
                self._renew()
                raise
            cursor = news.cursor
            changes = {"cursor": cursor.to_json(), "state": self._mirror.state(), "problem": None, "problem_at": None}
            message.payload.update(cursor=changes["cursor"], state=changes["state"])
            if not self.noted(changes):
                return "held"
            if news.ended:
                self._mirror.finish(news)
                if self._end(news):
                    return "done"
            elif not news.more:
                return "waiting"

    def noted(self, changes: dict[str, Any]) -> bool:
        """Notes how far it is; False where another has taken over."""
        with write(self._workspace) as connection:
            return note(connection, self._message.id, self._holder, changes)

    def is_over(self) -> bool:
        """Whether nobody works on the run: it has ended, waits in the queue, or who worked on it has vanished.

        Whoever goes on with it starts a mirror anew.
        """
        with read(self._workspace) as connection:
            run = get_run(connection, self._run_id)
        if run.state in FINISHED or run.state == "queued":
            return True
        if run.lease_until is not None:
            return run.lease_until + AFTER_END < time.time()
        owner = Owner.parse((run.owner or "").removeprefix(f"{DIRECT} "))
        return owner is not None and is_alive(owner) is False

    def close(self, problem: str) -> None:
        """Lets go of the message."""
        if self._mirror is not None:
            self._mirror.close()
        if not self._done:
            with write(self._workspace) as connection:
                let_go(connection, self._message.id, self._holder, done=False, changes={"problem": problem or None})

    def _end(self, news: News) -> bool:
        """Notes that all is written, unless the run goes on with a further attempt."""
        assert self._mirror is not None
        with write(self._workspace) as connection:
            run = get_run(connection, self._run_id)
            if run.state not in FINISHED or run.attempt != news.run.attempt:
                return False
            changes = {"state": self._mirror.state(), "problem": None, "problem_at": None}
            self._done = let_go(connection, self._message.id, self._holder, done=True, changes=changes)
            return True

    def _renew(self) -> None:
        """A mirror that failed half-way is made anew, with what is noted, so that it looks at what arrived."""
        assert self._mirror is not None
        self._mirror.close()
        self._mirror = None
        with read(self._workspace) as connection:
            message = get_message(connection, self._message.id)
        if message is not None:
            self._message = message


def _words(error: Exception) -> str:
    if isinstance(error, EnvironmentProblem | TrainwrightError):
        return str(error)
    return f"{type(error).__name__}: {error}"[:1000]
