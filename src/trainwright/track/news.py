"""What a mirror reads: what is new in a run since a cursor, in one moment of the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from trainwright.store import tables
from trainwright.store.deployments import active_deployment
from trainwright.store.events import MetricPoint
from trainwright.store.projects import Project
from trainwright.store.runs import Run, get_run
from trainwright.store.states import FINISHED
from trainwright.store.transaction import read
from trainwright.store.trials import TrialRow
from trainwright.store.versions import Version
from trainwright.store.workspace import Workspace

# Points that are read and sent at a time; MLflow takes 1,000 a call.
MOST = 1000


@dataclass(frozen=True)
class Cursor:
    """How far a mirror has read.

    Args:
        attempt, point: the last point written; those of an attempt come after all of the one before.
        trial: the id of the last fold written.
    """

    attempt: int = 1
    point: int = 0
    trial: int = 0

    def to_json(self) -> dict[str, int]:
        """As noted in the outbox."""
        return {"attempt": self.attempt, "point": self.point, "trial": self.trial}

    @classmethod
    def from_json(cls, data: Mapping[str, int] | None) -> Cursor:
        """As `to_json` gave it; the beginning for None."""
        return cls(**data) if data else cls()


@dataclass(frozen=True)
class News:
    """What is new in a run.

    Args:
        project, run: as they are now.
        points: of the curves, in order.
        trials: folds that have ended.
        cursor: behind them.
        more: there is more to read at once.
        ended: the run has ended, and nothing comes after this.
        version: the version that the run made, if it made one.
        active: whether that version answers now.
        evaluations: the evaluation documents by part, once the run has ended.
    """

    project: Project
    run: Run
    points: list[MetricPoint]
    trials: list[TrialRow]
    cursor: Cursor
    more: bool
    ended: bool
    version: Version | None = None
    active: bool = False
    evaluations: dict[str, Any] = field(default_factory=dict)


def read_news(workspace: Workspace, run_id: int, cursor: Cursor) -> News:
    """What is new in a run since the cursor."""
    with read(workspace) as connection:
        run = get_run(connection, run_id)
        row = connection.execute(select(tables.project).where(tables.project.c.id == run.project_id)).one()
        project = Project(**row._mapping)
        attempt, point = cursor.attempt, cursor.point
        points = _points(connection, run_id, attempt, point)
        while not points and attempt < run.attempt:
            attempt, point = attempt + 1, 0
            points = _points(connection, run_id, attempt, point)
        trials, trial = _trials(connection, run_id, cursor.trial)
        more = len(points) == MOST or attempt < run.attempt
        ended = run.state in FINISHED and not more
        version = _version(connection, run_id) if ended else None
        deployment = active_deployment(connection, project.id) if version else None
        active = version is not None and deployment is not None and deployment.version_id == version.id
        evaluations = _evaluations(connection, run_id) if ended else {}
        after = Cursor(attempt, points[-1].seq if points else point, trial)
        points = _not_told_before(connection, points, attempt)
    return News(project, run, points, trials, after, more, ended, version, active, evaluations)


def _points(connection: Connection, run_id: int, attempt: int, seq: int) -> list[MetricPoint]:
    table = tables.metric_point
    query = select(table).where(table.c.run_id == run_id, table.c.attempt == attempt, table.c.seq > seq)
    return [MetricPoint(**row._mapping) for row in connection.execute(query.order_by(table.c.seq).limit(MOST))]


def _not_told_before(connection: Connection, points: list[MetricPoint], attempt: int) -> list[MetricPoint]:
    """The points without those that an earlier attempt told: a fold that is fitted again tells the same."""
    if attempt == 1 or not points:
        return points
    table = tables.metric_point
    names = {point.name for point in points}
    query = select(table.c.name, table.c.step).where(table.c.run_id == points[0].run_id, table.c.attempt < attempt)
    told = {(row.name, row.step) for row in connection.execute(query.where(table.c.name.in_(names)))}
    return [point for point in points if (point.name, point.step) not in told]


def _trials(connection: Connection, run_id: int, after: int) -> tuple[list[TrialRow], int]:
    table = tables.trial
    query = select(table).where(table.c.run_id == run_id, table.c.id > after).order_by(table.c.id)
    found = []
    for row in connection.execute(query):
        values = dict(row._mapping)
        after = values.pop("id")
        found.append(TrialRow(**values))
    return found, after


def _version(connection: Connection, run_id: int) -> Version | None:
    table = tables.version
    query = select(table).where(table.c.run_id == run_id, table.c.state == "kept").order_by(table.c.number.desc())
    row = connection.execute(query).first()
    return None if row is None else Version(**row._mapping)


def _evaluations(connection: Connection, run_id: int) -> dict[str, Any]:
    table = tables.evaluation
    query = select(table.c.part, table.c.document).where(table.c.run_id == run_id, table.c.part != "file")
    return {row.part: row.document for row in connection.execute(query.order_by(table.c.id))}
