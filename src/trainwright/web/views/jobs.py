"""Jobs: a page of them, and one with its settings, states and trials; documents are read only where they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from trainwright.errors import UserError
from trainwright.jobs import listing
from trainwright.store import tables
from trainwright.store.states import FINISHED, STATES
from trainwright.web.views.projects import headline

WORKING = tuple(state for state in STATES if state not in FINISHED and state != "queued")


@dataclass(frozen=True)
class JobRow(listing.JobRow):
    """One job in a list: what every list shows, and what came of it.

    Args:
        created: seconds since 1970.
        version: such as "v3", once there is one.
        metric, figure, part: the version's headline; see `projects.headline`.
        problem: of a failed one, {"cause", "message"}.
        comments: the user's own words.
    """

    created: float
    version: str | None
    metric: str | None
    figure: dict[str, Any] | None
    part: str | None
    problem: dict[str, Any] | None
    comments: str | None

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in FINISHED

    @property
    def seconds(self) -> float | None:
        """How long it worked, or has worked so far."""
        import time

        if self.started_at is None:
            return None
        return (self.finished_at or time.time()) - self.started_at


@dataclass(frozen=True)
class JobPage:
    """Some jobs of a long list.

    Args:
        jobs: the newest first.
        next: the cursor of the jobs before them (`before`), or None.
    """

    jobs: list[JobRow]
    next: int | None


def list_jobs(
    connection: Connection,
    *,
    project: str | None = None,
    states: Sequence[str] = (),
    before: int | None = None,
    limit: int = 50,
) -> JobPage:
    """Jobs, the newest first.

    Args:
        connection: to read with.
        project: of this one alone.
        states: in these states alone; "queued", "working" and "finished" stand for groups.
        before: older than this run.
        limit: so many.

    Raises:
        UserError: a state does not exist.
    """
    query = _query(states=tuple(_states(states)), before=before)
    if project is not None:
        query = query.where(tables.project.c.name == project)
    rows = connection.execute(query.limit(limit + 1)).all()
    jobs = [_read(row) for row in rows[:limit]]
    return JobPage(jobs, jobs[-1].run if len(rows) > limit else None)


def get_job(connection: Connection, run: int) -> JobRow:
    """One job.

    Raises:
        UserError: there is none.
    """
    row = connection.execute(_query().where(tables.run.c.id == run)).first() if 0 < run < 2**63 else None
    if row is None:
        raise UserError(f"there is no job {run}", remedy="see the list of jobs")
    return _read(row)


def document_of(connection: Connection, run: int, name: str) -> dict[str, Any] | None:
    """One of the run's documents: "settings", "origins", "plan", "record", "result" or "error"."""
    column = tables.run.c[name]
    found: dict[str, Any] | None = connection.execute(select(column).where(tables.run.c.id == run)).scalar()
    return found


def findings_count(connection: Connection, run: int) -> dict[str, int]:
    """How many findings of each severity a run has."""
    from sqlalchemy import func

    finding = tables.finding
    query = select(finding.c.severity, func.count()).where(finding.c.run_id == run).group_by(finding.c.severity)
    return {row[0]: row[1] for row in connection.execute(query)}


def _states(states: Sequence[str]) -> set[str]:
    groups = {"working": WORKING, "finished": tuple(FINISHED)}
    found: set[str] = set()
    for state in states:
        if state not in groups and state not in STATES:
            raise UserError(
                f"there is no state {state!r}", remedy=f"the states are {', '.join(STATES)}, working and finished"
            )
        found.update(groups.get(state, (state,)))
    return found


def _query(*, states: Sequence[str] = (), before: int | None = None) -> Select[tuple[Any, ...]]:
    run, version = tables.run, tables.version
    query = listing.jobs_query(states=states, before=before).outerjoin(version, version.c.run_id == run.c.id)
    return query.add_columns(run.c.created, run.c.comments, run.c.error, version.c.number, version.c.metrics)


def _read(row: Row[Any]) -> JobRow:
    metric, figure, part = headline(row.metrics)
    problem = None
    if row.error is not None and row.state in ("failed", "cancelled"):
        problem = {key: row.error.get(key) for key in ("cause", "message")}
    shown: dict[str, Any] = {field.name: value for field, value in zip(fields(listing.JobRow), row, strict=False)}
    return JobRow(
        **shown,
        created=row.created,
        version=None if row.number is None else f"v{row.number}",
        metric=metric,
        figure=figure,
        part=part,
        problem=problem,
        comments=row.comments,
    )
