"""How much memory a training will take: what earlier ones of its project took, else an estimate by its table's size."""

from __future__ import annotations

from sqlalchemy import Connection, select

from trainwright.jobs.stillness import time_limit_of
from trainwright.store import tables
from trainwright.store.datasets import get_dataset_version
from trainwright.store.projects import project_of
from trainwright.store.runs import Run

# Of the newest runs of a project so many are looked at.
RUNS = 30


def memory_need(connection: Connection, run: Run) -> tuple[int, str] | None:
    """The MiB that a training will probably take, and how that is known; None where nothing tells (its data is still to
    be read, and the project is new).
    """
    took = peak_memory(connection, project_of(connection, run.project_id).name)
    if took is not None:
        most, number = took
        trainings = "the last training" if number == 1 else f"the last {number} trainings"
        return max(1, round(most)), f"the most that {trainings} of the project took"
    limit = time_limit_of(run)
    if run.dataset_version_id is None or limit is None:
        return None
    data = get_dataset_version(connection, run.dataset_version_id)
    return memory_mb(data.rows * data.columns, limit), "estimated from the size of the table"


def peak_memory(connection: Connection, project: str) -> tuple[float, int] | None:
    """The most memory in MB that one of the newest trainings of a project took, and how many those are."""
    peak = tables.run.c.record["peak_memory_mb"].as_float()
    query = select(peak).where(tables.run.c.id.in_(newest_runs(connection, project)), peak.is_not(None))
    found = connection.execute(query).scalars().all()
    return (max(found), len(found)) if found else None


def newest_runs(connection: Connection, project: str) -> list[int]:
    """The numbers of the newest runs of a project, which what a training takes is read from."""
    run, owner = tables.run.c, tables.project.c
    query = select(run.id).select_from(tables.run.join(tables.project, owner.id == run.project_id))
    return list(connection.execute(query.where(owner.name == project).order_by(run.id.desc()).limit(RUNS)).scalars())


def memory_mb(cells: int, limit: float) -> int:
    """The memory in MB that a training may take, within a factor of about two.

    Measured on three public tables of 0.2 to 0.7 million cells with limits of 30 to 300 s (`bench/time_limit.py`):
    450 MB of libraries, and 200 bytes for each cell, the more the longer it may go on.

    Args:
        cells: rows times columns of the table.
        limit: seconds that the training may take.

    Example:
        >>> [memory_mb(730_000, limit) for limit in (30, 120, 300)]
        [630, 740, 960]
    """
    return int(round(450 + cells * 2e-4 * (1 + limit / 120), -1))
