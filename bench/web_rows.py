"""A workspace with much in it, for the benchmark of the server: one real training, copied by the database itself."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import results
from sqlalchemy import Connection, Integer, String, Table, case, cast, func, insert, literal, null, select

from trainwright.store import tables
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace

TABLE, ROWS = "measured.csv", 400
# The first project has this share of the runs, the others the rest; the newest run has this share of the points.
LARGEST_PROJECT, LONGEST_RUN = 0.33, 0.1
# Of the runs, one in so many made a version; of the others, as many failed.
VERSIONS = 3
# Runs that wait for a worker.
WAITING = 20
# Lines in the log of the newest run, which works.
LINES = 2_000
SERIES = ("Loss/step", "Learning rate", "Gradient norm", "Loss/train", "Loss/validation")
RUNS_IN_ONE_TRANSACTION = 250
# The published folders that a finished run needs, by what they are to run 1.
USED = ("run 1 report", "run 1 held-out predictions")
# What a run owns, copied with it; versions and evaluations name each other as well.
OWNED = (tables.attempt, tables.event, tables.trial, tables.finding)


@dataclass(frozen=True)
class Filled:
    """What the workspace holds.

    Args:
        project: name of the largest project.
        version: label of its newest version.
        finished: the run that made this version.
        working: the newest run, which has the longest curves and log, and works.
        versions: of the largest project.
    """

    project: str
    version: str
    finished: int
    working: int
    versions: int


@dataclass(frozen=True)
class _Copy:
    """A project made of the first: the numbers of its rows, by which its runs name them."""

    project_id: int
    dataset_version_id: int
    split_id: int


def filled(address: str, space: Workspace, folder: Path, *, projects: int, runs: int, points: int) -> Filled:
    """Trains once, then copies until there are so many.

    Args:
        address, space: the workspace, which is empty.
        folder: for the table.
        projects, runs, points: how many.
    """
    name = _trained(address, folder)
    results.say(f"copying the run {runs - 1} times")
    return grown(space, name, projects=projects, runs=runs, points=points)


def grown(space: Workspace, name: str, *, projects: int, runs: int, points: int, waiting: int = WAITING) -> Filled:
    """Copies projects, runs and versions of a workspace until there are so many, and makes points.

    Args:
        space: a workspace whose run 1 made v1 of the project.
        name: of the project.
        projects, runs: how many there are afterwards.
        points: how many are made.
        waiting: of the new runs, how many wait.
    """
    rng = np.random.default_rng(0)
    with write(space) as connection:
        homes = _homes(connection)
        homes += [_project(connection, homes[0], number, name) for number in range(len(homes) + 1, projects + 1)]
        there = int(connection.execute(select(func.count()).select_from(tables.run)).scalar_one())
    began, newest = [], 1
    for start in range(there + 1, runs + 1, RUNS_IN_ONE_TRANSACTION):
        with write(space) as connection:
            for number in range(start, min(start + RUNS_IN_ONE_TRANSACTION, runs + 1)):
                state = _state(number, runs, waiting)
                chosen = number >= runs - 1 or rng.random() < LARGEST_PROJECT
                home = homes[0 if chosen else int(rng.integers(len(homes)))]
                newest = _run(connection, home, number, state)
                if state == "completed" and number % VERSIONS == 0:
                    _version(connection, home, newest)
                if state != "queued":
                    began.append(newest)
    longest = points - int(points * (1 - LONGEST_RUN)) // max(1, len(began) - 1) * (len(began) - 1)
    with write(space) as connection:
        for run in began:
            _curves(connection, run, longest if run == newest else (points - longest) // (len(began) - 1))
        _log(connection, newest)
        for home in homes:
            _settle(connection, home.project_id)
        if space.engine.dialect.name == "postgresql":  # which does so by itself, some time after many rows came
            connection.exec_driver_sql("ANALYZE")
    return _found(space, name, homes[0], newest)


def _found(space: Workspace, name: str, home: _Copy, working: int) -> Filled:
    version = tables.version.c
    mine = version.project_id == home.project_id
    with read(space) as connection:
        newest = connection.execute(select(version.number, version.run_id).where(mine).order_by(version.number.desc()))
        number, run = newest.first() or (0, 0)
        count = connection.execute(select(func.count()).where(mine)).scalar_one()
    return Filled(name, f"v{number}", run, working, count)


def _homes(connection: Connection) -> list[_Copy]:
    """The projects there are; the first first."""
    split = tables.split.c
    columns = (split.project_id, func.max(split.dataset_version_id), func.max(split.id))
    rows = connection.execute(select(*columns).group_by(split.project_id).order_by(split.project_id))
    return [_Copy(*row) for row in rows]


def _trained(address: str, folder: Path) -> str:
    """Trains on a small table; the name of the project."""
    rng = np.random.default_rng(0)
    x, place = rng.normal(size=(ROWS, 4)).round(3), rng.choice(["north", "south", "east"], ROWS)
    label = np.where(x.sum(axis=1) + (place == "north") + rng.normal(size=ROWS) > 0, "yes", "no")
    note = np.where(rng.random(ROWS) < 0.8, "", "seen")  # mostly missing, which is a finding
    lines = ["a,b,c,d,place,note,y"]
    lines += [",".join([*map(str, row), *words]) for row, *words in zip(x, place, note, label)]
    table = folder / TABLE
    table.write_text("\n".join(lines))
    words = ["train", str(table), "--target", "y", "--families", "linear,lightgbm", "--time-limit", "10m"]
    command = [sys.executable, "-m", "trainwright", *words, "--workspace", address, "--json"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return table.stem


def _state(number: int, runs: int, waiting: int) -> str:
    if number == runs:
        return "training"
    if number >= runs - waiting:
        return "queued"
    return "failed" if number % VERSIONS == 1 else "completed"


def _project(connection: Connection, home: _Copy, number: int, name: str) -> _Copy:
    """A project like the first, with its data and its split."""
    project_id = _copied(connection, tables.project, {"id": home.project_id}, name=f"{name} {number}")[0]
    mine: dict[str, Any] = {"project_id": project_id}
    _copied(connection, tables.counter, {"project_id": home.project_id}, **mine)
    data = _copied(connection, tables.dataset_version, {"id": home.dataset_version_id}, **mine)[0]
    split = _copied(connection, tables.split, {"id": home.split_id}, **mine, dataset_version_id=data)[0]
    return _Copy(project_id, data, split)


def _run(connection: Connection, home: _Copy, number: int, state: str) -> int:
    """The first run again: asked for a minute after the one before."""
    at = time.time() - 60.0 * (2_000 - number)
    owner = {"queued": None, "training": "direct"}.get(state, "w1")
    ended = None if state in ("queued", "training") else at + 50.0
    began = None if state == "queued" else at + 1.0
    changed: dict[str, Any] = {} if state in ("completed", "queued") else {"result": None}
    if state == "failed":
        changed["error"] = {"cause": "memory", "message": "the memory ran out", "remedy": "use fewer rows"}
    if state == "queued":
        changed |= {"result": None, "plan": None, "record": None}
    ids = {"project_id": home.project_id, "dataset_version_id": home.dataset_version_id, "split_id": home.split_id}
    run = _copied(connection, tables.run, {"id": 1}, **ids, created=at, name=f"run {number}", **changed)[0]
    times = {"queued_at": at, "started_at": began, "finished_at": ended}
    _copied(connection, tables.job, {"run_id": 1}, run_id=run, state=state, owner=owner, **times)
    if state == "queued":
        event = {"run_id": run, "attempt": 1, "seq": 1, "at": at, "kind": "state", "state": "queued"}
        connection.execute(insert(tables.event).values(event))
        connection.execute(insert(tables.attempt).values(run_id=run, number=1, created=at))
        return run
    for table in OWNED:
        _copied(connection, table, {"run_id": 1}, run_id=run)
    if state == "completed":
        for subject in USED:
            mine = subject.replace("run 1", f"run {run}")
            _copied(connection, tables.artifact_use, {"subject": subject}, subject=mine)
        _copied(connection, tables.evaluation, {"run_id": 1}, run_id=run)
    return run


def _version(connection: Connection, home: _Copy, run: int) -> None:
    """The first version again, of another run, which answered for a while."""
    version = tables.version.c
    before = connection.execute(select(func.max(version.number)).where(version.project_id == home.project_id)).scalar()
    number = (before or 0) + 1
    ids = {"project_id": home.project_id, "dataset_version_id": home.dataset_version_id}
    made = _copied(connection, tables.version, {"id": 1}, **ids, run_id=run, number=number)[0]
    mine = {"project_id": home.project_id, "version_id": made}
    _copied(connection, tables.deployment, {"id": 1}, **mine)
    for act in (1, 2):
        _copied(connection, tables.audit, {"id": act}, project_id=home.project_id, subject=f"v{number}")


def _settle(connection: Connection, project_id: int) -> None:
    """Lets the newest version of a project answer, and its counter stand at it."""
    counter, deployment, version = tables.counter, tables.deployment, tables.version.c
    versions = connection.execute(select(func.max(version.number)).where(version.project_id == project_id)).scalar()
    this = (counter.c.project_id == project_id) & (counter.c.kind == "version")
    connection.execute(counter.update().where(this).values(value=versions or 0))
    mine = deployment.c.project_id == project_id
    last = connection.execute(select(func.max(deployment.c.id)).where(mine)).scalar()
    ended = case((deployment.c.id == last, null()), else_=deployment.c.started_at)
    connection.execute(deployment.update().where(mine).values(ended_at=ended))


def _curves(connection: Connection, run: int, number: int) -> None:
    """So many points of a run, spread over a few curves that alternate."""
    if number < 1:
        return
    counted = select(literal(0).label("i")).cte("counted", recursive=True)
    counted = counted.union_all(select(counted.c.i + 1).where(counted.c.i < number - 1))
    i = counted.c.i
    series = case(*[(i % len(SERIES) == k, f"tabular_net/{name}") for k, name in enumerate(SERIES)])
    point = tables.metric_point.c
    values = {
        point.run_id: literal(run),
        point.attempt: literal(1),
        point.seq: i + 1,
        point.name: cast(series, String),
        point.step: i // len(SERIES),
        point.value: 1.0 / (1 + i),
        point.at: literal(time.time()),
    }
    connection.execute(insert(tables.metric_point).from_select(list(values), select(*values.values())))


def _log(connection: Connection, run: int) -> None:
    """A long log, as of a network that learns for many epochs."""
    seq = 1_000_000
    at = time.time()
    rows = [
        {
            "run_id": run,
            "attempt": 1,
            "seq": seq + epoch,
            "at": at,
            "kind": "epoch",
            "message": f"Epoch {epoch}/{LINES}: loss 0.5",
            "data": {"trial": "tabular_net", "fold": 0, "epoch": epoch, "epochs": LINES},
        }
        for epoch in range(1, LINES + 1)
    ]
    connection.execute(insert(tables.event), rows)


def _copied(connection: Connection, table: Table, where: Mapping[str, Any], **changed: Any) -> Sequence[Any]:
    """Copies rows inside the database; the new numbers, where the table has them."""
    columns = [column for column in table.c if not (column.name == "id" and isinstance(column.type, Integer))]
    taken = [literal(changed[c.name], c.type).label(c.name) if c.name in changed else c for c in columns]
    rows = select(*taken).where(*[table.c[name] == value for name, value in where.items()])
    made = insert(table).from_select(columns, rows)
    if "id" not in table.c:
        connection.execute(made)
        return []
    return list(connection.execute(made.returning(table.c.id)).scalars())
