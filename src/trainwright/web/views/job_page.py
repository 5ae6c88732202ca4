"""Everything the page of one job shows, read in one transaction; its curves come afterwards, after a cursor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from trainwright.jobs.story import waits_for
from trainwright.jobs.waiting import expected_start, position
from trainwright.store import tables
from trainwright.store.clock import now
from trainwright.store.evaluations import findings_of
from trainwright.store.runs import get_run
from trainwright.store.states import FINISHED, STATES
from trainwright.training.measurement import KIND, MEASURES
from trainwright.web.views.jobs import JobRow, document_of, get_job
from trainwright.web.views.leaderboard import Leaderboard, leaderboard
from trainwright.web.views.progress import Progress, progress_of
from trainwright.web.views.story import LogLine, log_tail, seconds_in_states, standings

# Lines of the log that the page begins with.
LINES = 200
# Where the fault lies, in words, by the cause that is kept with a failed run.
CAUSES = {
    "data": "The data or the settings",
    "environment": "The machine or what is installed on it",
    "memory": "The memory ran out",
    "killed": "The process was killed from outside",
    "crash": "The process crashed",
    "vanished": "The process vanished",
    "stuck": "The process hung",
    "ours": "A fault of Trainwright's own",
    "cancelled": "Cancelled",
}


@dataclass(frozen=True)
class Stage:
    """A state on the way of a job: its word, the seconds spent in it, and whether it is passed, present or to come."""

    word: str
    seconds: float | None
    place: str


@dataclass(frozen=True)
class JobPage:
    """One job.

    Args:
        job, progress, leaderboard: see their types.
        waits: what a queued job waits for, in words, or None.
        position, expected: its place in the queue from 1, and when it will probably start.
        stages: the states on its way.
        cause: of a failure, in words.
        problem: what happened and what can be done.
        chosen: name of the candidate that became the version, or None.
        said: what came of a completed job that made no version, or None.
        measures: label of the version that it measures, or None for a training.
        findings: about its data.
        settings: as the run keeps them.
        log, cursor, earlier: its newest lines, where the next begins, and whether there were lines before.
    """

    job: JobRow
    progress: Progress
    leaderboard: Leaderboard
    waits: str | None
    position: int | None
    expected: float | None
    stages: list[Stage]
    cause: str | None
    problem: str | None
    chosen: str | None
    said: str | None
    measures: str | None
    findings: list[dict[str, Any]]
    settings: dict[str, Any]
    log: list[LogLine]
    cursor: int
    earlier: bool


def job_page(connection: Connection, run: int, metric: str | None = None) -> JobPage:
    """A job as its page shows it.

    Args:
        connection: to the workspace.
        run: number of the job.
        metric: the figure by which candidates are shown; None for the one that they are chosen by.

    Raises:
        UserError: there is none.
    """
    job = get_job(connection, run)
    progress = progress_of(connection, job)
    log, cursor, earlier = log_tail(connection, run, LINES)
    waiting = job.state == "queued"
    problem = job.problem or {}
    cause = None if job.problem is None else CAUSES.get(str(problem.get("cause")), str(problem.get("cause")))
    return JobPage(
        job,
        progress,
        leaderboard(standings(connection, run), progress, metric),
        waits_for(connection, get_run(connection, run), now(connection)) if waiting else None,
        position(connection, run) if waiting else None,
        expected_start(connection, run) if waiting else None,
        stages(job.state, seconds_in_states(connection, run), _last_state(connection, job)),
        cause,
        problem.get("message"),
        _chosen(connection, job),
        _said(connection, job),
        _measures(connection, job),
        findings_of(connection, run),
        document_of(connection, run, "settings") or {},
        log,
        cursor,
        earlier,
    )


def stages(state: str, seconds: dict[str, float], last: str) -> list[Stage]:
    """The states on the way of a job, each with the time spent in it.

    Args:
        state: the present one.
        seconds: by state.
        last: the last state that was not final.

    Example:
        >>> [(stage.word, stage.place) for stage in stages("failed", {"queued": 2.0}, "initializing")][1:3]
        [('initializing', 'passed'), ('failed', 'present')]
    """
    way = [word for word in STATES if word not in FINISHED]
    if state in FINISHED and state != "completed":
        way = way[: way.index(last) + 1] if last in way else []
    words = [*way, state if state in FINISHED else "completed"]
    here = words.index(state)
    places = ["passed" if i < here else "present" if i == here else "coming" for i in range(len(words))]
    return [Stage(word, seconds.get(word), place) for word, place in zip(words, places)]


def _chosen(connection: Connection, job: JobRow) -> str | None:
    return _word(connection, job, tables.run.c.result["selected"]) if job.state == "completed" else None


def _measures(connection: Connection, job: JobRow) -> str | None:
    if job.kind != KIND:
        return None
    name = _word(connection, job, tables.run.c.record[MEASURES, "of"])
    return None if name is None else name.rpartition("@")[2]


def _word(connection: Connection, job: JobRow, place: Any) -> str | None:
    # The database takes this one word out of a document of a hundred kilobytes.
    word: str | None = connection.execute(select(place.as_string()).where(tables.run.c.id == job.run)).scalar()
    return word


def _said(connection: Connection, job: JobRow) -> str | None:
    if job.state != "completed" or job.version is not None:
        return None
    event = tables.event.c
    return _newest(connection, job, event.message, event.state == "completed")


def _last_state(connection: Connection, job: JobRow) -> str:
    event = tables.event.c
    return _newest(connection, job, event.state, event.state.not_in(sorted(FINISHED))) or "queued"


def _newest(connection: Connection, job: JobRow, what: Any, condition: ColumnElement[bool]) -> str | None:
    """What the newest change of a job's state says, of those that meet a condition."""
    event = tables.event.c
    query = select(what).where(event.run_id == job.run, event.kind == "state", condition)
    found: str | None = connection.execute(query.order_by(event.seq.desc()).limit(1)).scalar()
    return found
