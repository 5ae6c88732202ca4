"""What earlier networks of a project took: memory and time by batch size."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import Any

from sqlalchemy import Connection, func, select

from trainwright.jobs.memory_need import newest_runs
from trainwright.store import tables

# So many batch sizes are shown.
SHOWN = 3
# Epochs of a run that its pace is read from.
EPOCHS = 400
MEMORY = "%System/memory GiB"


@dataclass(frozen=True)
class Batch:
    """A batch size that was trained with: the run, the most memory of its process in GiB and the seconds of an epoch,
    None where the run was too short to tell."""

    size: int
    run: int
    memory: float | None
    epoch_s: float | None


def measured_batches(connection: Connection, project: str) -> list[Batch]:
    """The newest batch sizes that networks of a project learned with, each in its newest run."""
    event = tables.event.c
    query = select(event.run_id, event.data).where(event.run_id.in_(newest_runs(connection, project)))
    query = query.where(event.kind == "choice", event.data["name"].as_string() == "batch_size")
    runs: dict[int, int] = {}
    for run, data in connection.execute(query.order_by(event.run_id.desc())):
        runs.setdefault(int(data["value"]), run)
    return [
        Batch(size, run, _memory(connection, run), _pace(connection, run)) for size, run in list(runs.items())[:SHOWN]
    ]


def _memory(connection: Connection, run: int) -> float | None:
    point = tables.metric_point.c
    query = select(func.max(point.value)).where(point.run_id == run, point.name.like(MEMORY))
    return connection.execute(query).scalar()


def _pace(connection: Connection, run: int) -> float | None:
    """Seconds of an epoch: events are written once a second, so the time between the first and the last one counts."""
    event = tables.event.c
    query = select(event.at, event.attempt, event.data).where(event.run_id == run, event.kind == "epoch")
    seen: dict[Any, list[float]] = defaultdict(list)
    for at, attempt, data in connection.execute(query.order_by(event.seq).limit(EPOCHS)):
        seen[attempt, data.get("trial"), data.get("fold")].append(at)
    paces = [(times[-1] - times[0]) / (len(times) - 1) for times in seen.values() if len(times) > 2]
    return median(paces) if paces else None
