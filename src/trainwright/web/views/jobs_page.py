"""What the list of jobs shows beside each job: its place in the queue and the time it spent in each state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from trainwright.jobs.waiting import places, time_in_states
from trainwright.store import tables
from trainwright.store.clock import now
from trainwright.store.events import Event
from trainwright.web.views.jobs import JobRow


@dataclass(frozen=True)
class Listed:
    """A job of the list.

    Args:
        job: itself.
        position, expected: of one that waits: its place from 1, and when it will probably start, or None.
        seconds: in each state so far.
    """

    job: JobRow
    position: int | None
    expected: float | None
    seconds: dict[str, float]


def listed(connection: Connection, jobs: Sequence[JobRow]) -> list[Listed]:
    """The jobs with what stands beside them, in a few queries however many they are."""
    waiting = places(connection) if any(job.state == "queued" for job in jobs) else {}
    spent = _seconds(connection, [job.run for job in jobs])
    found = []
    for job in jobs:
        place, expected = waiting.get(job.run, (None, None))
        found.append(Listed(job, place, expected, spent.get(job.run, {})))
    return found


def _seconds(connection: Connection, runs: Sequence[int]) -> dict[int, dict[str, float]]:
    event = tables.event.c
    query = select(event.run_id, event.attempt, event.seq, event.at, event.state)
    query = query.where(event.run_id.in_(runs), event.kind == "state").order_by(event.run_id, event.seq)
    grouped: dict[int, list[Event]] = {}
    for row in connection.execute(query):
        one = Event(row.run_id, row.attempt, row.seq, row.at, "state", row.state, None, None)
        grouped.setdefault(row.run_id, []).append(one)
    at = now(connection)
    return {run: time_in_states(events, until=at) for run, events in grouped.items()}
