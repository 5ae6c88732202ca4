"""How a run stands in the queue: its place, when it will probably start, and how long it spent in each state."""

from __future__ import annotations

import heapq
import statistics
from collections.abc import Sequence

from sqlalchemy import Connection, and_, select

from trainwright.store import tables
from trainwright.store.clock import now
from trainwright.store.events import Event
from trainwright.store.runs import get_run
from trainwright.store.states import FINISHED
from trainwright.store.workers import list_workers

# Of the newest completed runs, how many say how long the next will take.
KNOWN = 10


def position(connection: Connection, run_id: int) -> int | None:
    """The place of a run among those that wait for a worker, from 1; None where it does not wait.

    Raises:
        UserError: there is no such run.
    """
    get_run(connection, run_id)
    waiting = _waiting(connection)
    return waiting.index(run_id) + 1 if run_id in waiting else None


def expected_start(connection: Connection, run_id: int) -> float | None:
    """When a waiting run will probably start, in seconds since 1970; None where that cannot be told. See `places`."""
    return places(connection).get(run_id, (0, None))[1]


def places(connection: Connection) -> dict[int, tuple[int, float | None]]:
    """Every run that waits for a worker, in the order of the queue: its place, from 1, and when it will probably start.

    The start, in seconds since 1970, is None where no worker is there, or no run was completed yet that would tell how
    long one takes.

    An estimate: a run takes as long as the newest completed ones of its project (of all, for a project without), a
    worker executes as many at a time as it has cores, and nothing of a higher priority comes.
    """
    waiting = _waiting(connection)
    at = now(connection)
    lanes = sum(int((worker.slots or {}).get("cpu", 1)) for worker in list_workers(connection, live=True))
    seconds = _seconds(connection) if waiting else {}
    typical = seconds.get(None)
    if not lanes or typical is None:
        return {run_id: (place, None) for place, run_id in enumerate(waiting, 1)}
    job, run = tables.job.c, tables.run.c
    query = select(run.project_id, job.started_at).select_from(tables.job.join(tables.run, run.id == job.run_id))
    busy = and_(job.state.not_in([*sorted(FINISHED), "queued"]), job.owner.is_not(None))
    left = []
    for project_id, started_at in connection.execute(query.where(busy)):
        left.append(max(0.0, (started_at or at) + seconds.get(project_id, typical) - at))
    mine = select(run.id, run.project_id, job.not_before)
    mine = mine.select_from(tables.job.join(tables.run, run.id == job.run_id))
    mine = mine.where(job.state == "queued", job.owner.is_(None))
    known = {row.id: row for row in connection.execute(mine)}
    lengths = [seconds.get(known[run_id].project_id, typical) for run_id in waiting]
    starts = [at + after for after in waits(lanes, left, lengths)]
    return {
        run_id: (place, max(start, known[run_id].not_before or 0.0))
        for place, (run_id, start) in enumerate(zip(waiting, starts), 1)
    }


def waits(lanes: int, left: Sequence[float], lengths: Sequence[float]) -> list[float]:
    """Seconds until each waiting run starts.

    Args:
        lanes: runs that work at a time.
        left: seconds that each working run still needs.
        lengths: seconds that each waiting run needs, in order.

    Example:
        >>> waits(1, [30.0], [60.0, 5.0]), waits(2, [30.0], [60.0, 5.0]), waits(2, [], [1.0])
        ([30.0, 90.0], [0.0, 30.0], [0.0])
    """
    free = sorted(left)[-lanes:] if len(left) >= lanes else [0.0] * (lanes - len(left)) + sorted(left)
    heapq.heapify(free)
    starts = []
    for seconds in lengths:
        starts.append(free[0])
        heapq.heapreplace(free, free[0] + seconds)
    return starts


def time_in_states(events: Sequence[Event], *, until: float | None = None) -> dict[str, float]:
    """Seconds that a run spent in each state, in the order in which it entered them; several stays are added up.

    Args:
        events: of one run, in order.
        until: seconds since 1970 up to which the present state counts; a finished one counts nothing.

    Example:
        >>> moments = [(10.0, "queued"), (14.0, "training")]
        >>> events = [Event(1, 1, seq, at, "state", state, None, None) for seq, (at, state) in enumerate(moments)]
        >>> time_in_states(events, until=20.0)
        {'queued': 4.0, 'training': 6.0}
    """
    states = [(event.state, event.at) for event in events if event.kind == "state" and event.state is not None]
    ends = [at for _, at in states[1:]] + [until if until is not None else states[-1][1] if states else 0.0]
    spent: dict[str, float] = {}
    for (state, began), end in zip(states, ends):
        if state not in FINISHED:
            spent[state] = spent.get(state, 0.0) + max(0.0, end - began)
    return spent


def _waiting(connection: Connection) -> list[int]:
    """The runs that wait for a worker, in the order in which they are claimed."""
    job = tables.job.c
    query = select(job.run_id).where(tables.WAITING)
    return list(connection.execute(query.order_by(job.priority.desc(), job.queued_at, job.run_id)).scalars())


def _seconds(connection: Connection) -> dict[int | None, float]:
    """Seconds that a run of each project takes, the median of its newest; under None, of all."""
    job, run = tables.job.c, tables.run.c
    query = select(run.project_id, job.finished_at - job.started_at)
    query = query.select_from(tables.job.join(tables.run, run.id == job.run_id))
    query = query.where(job.state == "completed", job.started_at.is_not(None)).order_by(run.id.desc()).limit(50 * KNOWN)
    found: dict[int | None, list[float]] = {}
    for project_id, seconds in connection.execute(query):
        for key in (project_id, None):
            if len(found.setdefault(key, [])) < KNOWN:
                found[key].append(float(seconds))
    return {key: statistics.median(values) for key, values in found.items()}
