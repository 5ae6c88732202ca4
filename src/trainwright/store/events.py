"""What happened in a run, in order: state changes, progress, messages, and the points of its curves."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from trainwright.store import tables


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    Args:
        run_id, attempt: where.
        seq: 1, 2, ... within the run; the cursor of `events_after`.
        at: seconds since 1970.
        kind: "state", "trial", "progress", "message", ...
        state: for a state event, the state that was entered.
        message: in words.
        data: the rest, as plain data.
    """

    run_id: int
    attempt: int
    seq: int
    at: float
    kind: str
    state: str | None
    message: str | None
    data: dict[str, Any] | None


@dataclass(frozen=True)
class MetricPoint:
    """One point of a curve: the value of `name` at `step`; None where it was not a number."""

    run_id: int
    attempt: int
    seq: int
    name: str
    step: float
    value: float | None
    at: float


def add_event(
    connection: Connection,
    run_id: int,
    attempt: int,
    kind: str,
    *,
    message: str | None = None,
    data: dict[str, Any] | None = None,
    state: str | None = None,
) -> int:
    """Adds an event and returns its seq. The caller's write lock keeps the numbers in the order of the
    commits.
    """
    seq = _next_seq(connection, tables.event, tables.event.c.run_id == run_id)
    connection.execute(
        tables.event.insert().values(
            run_id=run_id,
            attempt=attempt,
            seq=seq,
            at=time.time(),
            kind=kind,
            state=state,
            message=message,
            data=data,
        )
    )
    return seq


def events_after(connection: Connection, run_id: int, seq: int = 0, *, limit: int = 1000) -> list[Event]:
    """At most `limit` events later than `seq`, in order; ask again with the last one's seq for more."""
    table = tables.event
    columns = [column for column in table.c if column.name != "id"]
    query = select(*columns).where(table.c.run_id == run_id, table.c.seq > seq).order_by(table.c.seq)
    return [Event(**row._mapping) for row in connection.execute(query.limit(limit))]


def last_reports(connection: Connection, run_id: int, attempt: int) -> tuple[int, int]:
    """The numbers of a run's last event and of the last point of an attempt: they change with whatever is reported."""
    point = tables.metric_point
    points = _next_seq(connection, point, (point.c.run_id == run_id) & (point.c.attempt == attempt))
    return _next_seq(connection, tables.event, tables.event.c.run_id == run_id) - 1, points - 1


def add_points(connection: Connection, run_id: int, attempt: int, points: Iterable[tuple[str, float, float]]) -> int:
    """Adds (name, step, value) points in one batch and returns the last seq; one transaction a second is
    plenty.
    """
    table = tables.metric_point
    this = (table.c.run_id == run_id) & (table.c.attempt == attempt)
    seq = _next_seq(connection, table, this)
    now = time.time()
    rows = [
        {
            "run_id": run_id,
            "attempt": attempt,
            "seq": number,
            "name": _short(name),
            "step": float(step),
            "value": float(value) if value == value else None,  # NaN is not equal to itself
            "at": now,
        }
        for number, (name, step, value) in enumerate(points, seq)
    ]
    if rows:
        connection.execute(table.insert(), rows)
    return seq + len(rows) - 1


def points_after(connection: Connection, run_id: int, attempt: int, seq: int = 0) -> list[MetricPoint]:
    """The points of an attempt later than `seq`, in order."""
    table = tables.metric_point
    query = select(table).where(table.c.run_id == run_id, table.c.attempt == attempt, table.c.seq > seq)
    return [MetricPoint(**row._mapping) for row in connection.execute(query.order_by(table.c.seq))]


def _short(name: str) -> str:
    """The name of a curve, which the table keeps to 200 characters; of a longer one, its beginning and a hash."""
    longest = 200
    if len(name) <= longest:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: longest - 9]}~{digest}"


def _next_seq(connection: Connection, table: Any, this: Any) -> int:
    last = connection.execute(select(func.max(table.c.seq)).where(this)).scalar()
    return (last or 0) + 1
