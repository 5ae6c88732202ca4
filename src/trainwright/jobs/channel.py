"""What an attempt tells the world while it works: events and curve points, written in batches."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from trainwright.jobs.processor_time import leave_out
from trainwright.store import tables
from trainwright.store.events import add_event, add_points
from trainwright.store.fence import fence
from trainwright.store.transaction import write
from trainwright.store.workspace import Workspace

# Seconds between two writes of progress: the page and the terminal need no more, and a write costs a sync.
INTERVAL = 0.5
# Kinds of event that only ever matter when they are the latest of their kind: thinned, kept as curve points.
PROGRESS = frozenset({"iteration"})


class Channel:
    """Collects the events of an attempt from any thread; one thread of its own writes them.

    Args:
        workspace: where.
        run_id, attempt: on whose behalf.
        stop: set when somebody cancelled the run, or it was given to another attempt, and nothing else is to be done.
        cancelled: called instead when somebody cancelled the run.
        superseded: called instead when a later attempt has begun; this one writes nothing more.

    A database that is locked for long delays events, it never fails the training; `problem` then says so.
    """

    def __init__(
        self,
        workspace: Workspace,
        run_id: int,
        attempt: int,
        stop: threading.Event,
        *,
        cancelled: Callable[[], None] | None = None,
        superseded: Callable[[], None] | None = None,
    ):
        self._cancelled = cancelled or stop.set
        self._superseded = superseded or stop.set
        self._workspace = workspace
        self._run_id = run_id
        self._attempt = attempt
        self._lock = threading.Lock()
        self._events: list[dict[str, Any]] = []
        self._points: list[tuple[str, float, float]] = []
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="channel", daemon=True)
        self.problem: str | None = None

    def __enter__(self) -> Channel:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._thread.join()
        self._flush()

    def __call__(self, event: dict[str, Any]) -> None:
        """Takes an event: a dict with "kind" and anything JSON holds; "points" are [series, step, value] of curves."""
        name = event.get("trial", event.get("family", "fit"))
        points = list(event.get("points", ()))
        if event["kind"] in PROGRESS and event.get("loss") is not None:
            fold = f"fold{event['fold'] + 1}/" if "fold" in event else ""
            points.append([f"{fold}loss", event["step"], event["loss"]])
        with self._lock:
            self._points += [(f"{name}/{series}", float(step), float(value)) for series, step, value in points]
            if event["kind"] not in PROGRESS:
                self._events.append({key: value for key, value in event.items() if key != "points"})

    def _loop(self) -> None:
        leave_out()  # it writes and looks for a wish to stop also where the training hangs
        while not self._closed.wait(INTERVAL):
            self._flush()

    def _flush(self) -> None:
        from trainwright.errors import EnvironmentProblem
        from trainwright.store.fence import SupersededError

        with self._lock:
            events, points = self._events, self._points
            self._events, self._points = [], []
        try:
            with write(self._workspace) as connection:
                fence(connection, self._run_id, self._attempt)
                for event in events:
                    data = {key: value for key, value in event.items() if key not in ("kind", "message")}
                    kind, message = event["kind"], event.get("message")
                    add_event(connection, self._run_id, self._attempt, kind, message=message, data=data)
                if points:
                    add_points(connection, self._run_id, self._attempt, points)
                query = select(tables.job.c.cancel_asked).where(tables.job.c.run_id == self._run_id)
                asked = bool(connection.execute(query).scalar_one())
        except SupersededError:
            self._superseded()
        except EnvironmentProblem as error:
            self.problem = str(error)
            with self._lock:
                self._events, self._points = events + self._events, points + self._points
        else:
            if asked:
                self._cancelled()
