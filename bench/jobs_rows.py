"""The rows of queued jobs, for the benchmarks of jobs: made in bulk, counted afterwards."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from jobs_body import EFFECT
from sqlalchemy import create_engine, func, select, text

from trainwright.jobs import queue
from trainwright.store import tables
from trainwright.store.projects import ensure_project
from trainwright.store.runs import create_run, get_run
from trainwright.store.states import FINISHED
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace, open_workspace

# Jobs queued in one transaction.
BATCH = 500


def python_path() -> str:
    """PYTHONPATH of processes that import `jobs_body`: this folder before what is there already."""
    return os.pathsep.join(filter(None, (str(Path(__file__).resolve().parent), os.environ.get("PYTHONPATH"))))


def databases(postgres: str | None) -> list[tuple[str, str | None]]:
    """The databases to measure on: name and server, None for a new folder."""
    return [("SQLite", None), *([("PostgreSQL", postgres)] if postgres else [])]


def opened(address: str) -> Workspace:
    """An open workspace."""
    return open_workspace(address)


@contextmanager
def workspace(server: str | None, folder: Path) -> Iterator[tuple[str, Workspace]]:
    """A workspace without jobs: its address and itself.

    Args:
        server: of PostgreSQL, on which a database is made and dropped again; None for SQLite.
        folder: for its files.
    """
    place = str(folder / "workspace")
    if server is None:
        space = open_workspace(place)
        try:
            yield place, space
        finally:
            space.engine.dispose()
        return
    name = f"jobs_{secrets.token_hex(6)}"
    root = create_engine(server.replace("postgresql://", "postgresql+pg8000://", 1), isolation_level="AUTOCOMMIT")
    with root.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        address = f"{server.rpartition('/')[0]}/{name}?artifacts={place}"
        space = open_workspace(address)
        try:
            yield address, space
        finally:
            space.engine.dispose()
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    root.dispose()


def queue_jobs(space: Workspace, number: int, body: str) -> None:
    """Queues so many jobs."""
    left = number
    while left:
        with write(space) as connection:
            project = ensure_project(connection, f"jobs-{body}", target="y")
            for _ in range(min(BATCH, left)):
                # One fit at a time is all that it would do: nothing to lower when one is killed.
                settings = {"training": {"jobs": 1}}
                run = create_run(connection, project.id, name="job", settings=settings, origins={})
                queue.place(connection, run.id, body=body)
                left -= 1


def ended(space: Workspace) -> tuple[int, list[int]]:
    """How many jobs are completed, and which failed."""
    job = tables.job.c
    with read(space) as connection:
        done = connection.execute(select(func.count()).where(job.state == "completed")).scalar_one()
        return int(done), list(connection.execute(select(job.run_id).where(job.state == "failed")).scalars())


def ask_again(space: Workspace, runs: Sequence[int]) -> int:
    """Queues failed runs again, as somebody would; how many."""
    for run_id in runs:
        with write(space) as connection:
            queue.retry(connection, run_id)
    return len(runs)


def counted(space: Workspace, jobs: int) -> dict[str, int]:
    """What became of the jobs."""
    job, event, attempt = tables.job.c, tables.event.c, tables.attempt.c
    with read(space) as connection:
        per_run = (
            connection.execute(select(func.count()).where(event.kind == EFFECT).group_by(event.run_id)).scalars().all()
        )
        open_ones = select(func.count()).where(job.state.not_in(sorted(FINISHED)))
        lost = select(func.count()).where(attempt.outcome == "lost")
        return {
            "exactly_once": sum(n == 1 for n in per_run),
            "twice": sum(n > 1 for n in per_run),
            "without": jobs - len(per_run),
            "stuck": int(connection.execute(open_ones).scalar_one()),
            "attempts_lost": int(connection.execute(lost).scalar_one()),
        }


def package(space: Workspace) -> str:
    """The SHA-256 of the package of the only run."""
    with read(space) as connection:
        result = get_run(connection, 1).result
    return str((result or {})["package"]["sha256"])


def attempts(space: Workspace) -> int:
    """How often the only run was tried."""
    with read(space) as connection:
        return get_run(connection, 1).attempt
