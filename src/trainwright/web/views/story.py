"""What happened in a run, for people: its events in words, the time it spent in each state, its trials so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from trainwright.store import tables
from trainwright.store.clock import now
from trainwright.store.events import Event, events_after

# Events that only machines read, or whose words stand elsewhere.
SILENT = frozenset({"checks", "stated", "width"})


@dataclass(frozen=True)
class LogLine:
    """One line of a run's log: cursor, time (seconds since 1970), attempt, kind of event, words."""

    seq: int
    at: float
    attempt: int
    kind: str
    words: str


@dataclass(frozen=True)
class Standing:
    """A candidate as far as it is fitted.

    Args:
        name, family: which.
        folds: fitted so far.
        scores: metric -> mean over the folds so far.
        seconds: of fitting.
        failed: why a fit of it failed, or None.
    """

    name: str
    family: str
    folds: int
    scores: dict[str, float | None]
    seconds: float
    failed: str | None


def log_after(connection: Connection, run: int, after: int = 0, *, limit: int = 500) -> tuple[list[LogLine], int]:
    """The log of a run after a cursor, and the cursor of what is to come."""
    events = events_after(connection, run, after, limit=limit)
    lines = [line for event in events if (line := line_of(event))]
    return lines, events[-1].seq if events else after


def log_tail(connection: Connection, run: int, limit: int) -> tuple[list[LogLine], int, bool]:
    """The newest lines of a run's log in order, the cursor of what is to come, and whether there are earlier ones."""
    table = tables.event
    last = connection.execute(select(func.max(table.c.seq)).where(table.c.run_id == run)).scalar() or 0
    lines, reached = log_after(connection, run, max(0, last - limit), limit=limit)
    return lines, reached, last > limit


def line_of(event: Event) -> LogLine | None:
    """An event as a line of the log; None for one that says nothing to people."""
    if event.kind in SILENT:
        return None
    words = words_of(event.kind, event.state, event.message, event.data or {})
    return None if not words else LogLine(event.seq, event.at, event.attempt, event.kind, words)


def words_of(kind: str, state: str | None, message: str | None, data: dict[str, Any]) -> str:
    """An event in words.

    Example:
        >>> words_of("cut", None, None, {"trial": "forest"})
        'forest is left out: the time limit is near'
        >>> words_of("epoch", None, "Epoch 1/9: loss 0.7", {"trial": "net", "fold": 0})
        'net, fold 1: Epoch 1/9: loss 0.7'
    """
    if kind == "state":
        return f"{state}: {message}" if message else str(state)
    trial = data.get("trial")
    if message:
        return f"{trial}, fold {data['fold'] + 1}: {message}" if trial and "fold" in data else message
    if kind == "fold":
        score = data.get("score")
        reached = "cannot be measured" if score is None else f"{score:.4f}"
        return f"{trial}: fold {data.get('fold', 0) + 1} of {data.get('folds', '?')}, {data.get('metric')} {reached}"
    if kind == "fold_started":
        return f"{trial}: fold {data.get('fold', 0) + 1} begins"
    if kind == "refit_started":
        return f"{trial}: fitted on all development rows"
    if kind == "trial_failed":
        return f"{trial} failed and is left out: {data.get('error')}"
    if kind == "cut":
        return f"{trial} is left out: the time limit is near"
    if kind == "plan":
        names = [step.get("name") for step in data.get("steps", ())]
        return f"the plan: {', '.join(map(str, names))}"
    if kind == "stage":
        return str(data.get("stage", ""))
    return kind.replace("_", " ") + (f": {trial}" if trial else "")


def seconds_in_states(connection: Connection, run: int) -> dict[str, float]:
    """How long a run has been in each state, in seconds, over all its attempts; a final state has no length."""
    from trainwright.jobs.waiting import time_in_states

    table = tables.event
    columns = [column for column in table.c if column.name != "id"]
    query = select(*columns).where(table.c.run_id == run, table.c.kind == "state").order_by(table.c.seq)
    return time_in_states([Event(**row._mapping) for row in connection.execute(query)], until=now(connection))


def standings(connection: Connection, run: int) -> list[Standing]:
    """The candidates of a run as far as they are fitted, in the order in which they began."""
    table = tables.trial
    columns = (table.c.name, table.c.family, table.c.state, table.c.scores, table.c.seconds, table.c.details)
    query = select(*columns).where(table.c.run_id == run, table.c.fold >= 0).order_by(table.c.id)
    grouped: dict[str, list[Any]] = {}
    for row in connection.execute(query):
        grouped.setdefault(row.name, []).append(row)
    return [_standing(name, rows) for name, rows in grouped.items()]


def _standing(name: str, rows: list[Any]) -> Standing:
    done = [row for row in rows if row.state == "completed"]
    scores: dict[str, float | None] = {}
    for metric in dict.fromkeys(metric for row in done for metric in row.scores or {}):
        values = [row.scores[metric] for row in done if (row.scores or {}).get(metric) is not None]
        scores[metric] = sum(values) / len(values) if values else None
    failed = next((str((row.details or {}).get("error", "failed")) for row in rows if row.state == "failed"), None)
    return Standing(name, rows[0].family, len(done), scores, sum(row.seconds or 0.0 for row in rows), failed)
