"""Jobs: ask for a training, follow it, cancel it, try it again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field

from trainwright.errors import UserError
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.web.api.nouns import LARGEST, After, Body, Cursor, Limit, Number, Page, noun
from trainwright.web.client_settings import client_settings
from trainwright.web.problems import Refusal
from trainwright.web.requests import Children, Space, Who, named_in_address
from trainwright.web.security.roles import Role, least
from trainwright.web.uploads import upload_path
from trainwright.web.views.jobs import JobRow, get_job, list_jobs
from trainwright.web.views.points import Curves, curves_after
from trainwright.web.views.story import LogLine, Standing, log_after, seconds_in_states, standings

router = noun("jobs")

State = Literal[
    "queued", "initializing", "training", "evaluating", "completed", "failed", "cancelled", "working", "finished"
]
RunNumber = Annotated[int, Field(ge=1, le=LARGEST)]


class Table(Body):
    """A table and the settings it is read with."""

    upload: RunNumber | None = Field(None, description="Number of the upload; none with `data.version`.")
    test_upload: RunNumber | None = Field(None, description="Number of an upload that is the sealed test.")
    yaml: str | None = Field(None, max_length=200_000, description="The YAML of a run.")
    settings: dict[str, Any] = Field(
        {}, description='Settings by key, which win over the YAML: {"data.target": "income", "training.epochs": 20}.'
    )


class Queueing(Body):
    """How a job stands in the queue."""

    name: str | None = Field(None, max_length=120, description="Of the job; the project's and the time when not given.")
    priority: int = Field(0, ge=-1_000_000, le=1_000_000, description="Higher first.")
    cpu: int = Field(1, ge=1, le=1024, description="Cores that it takes of a worker.")
    gpu: int = Field(0, ge=0, le=64, description="GPUs that it takes of a worker.")
    memory_mb: int | None = Field(None, ge=1, le=10**9, description="MiB that it takes of a worker.")
    after: list[RunNumber] = Field([], max_length=100, description="Runs that must be completed first.")
    key: str | None = Field(
        None,
        min_length=1,
        max_length=150,
        description="Your own name of it: sent again, no second job is made.",
    )

    def placed(self) -> dict[str, Any]:
        """What `helpers.tables.queue_prepared` takes of it."""
        # A key of its own kind: no client may take the key of a schedule's moment.
        key = None if self.key is None else f"web {self.key}"
        return {name: getattr(self, name) for name in Queueing.model_fields} | {"key": key}


class NewJob(Table, Queueing):
    """What a training is asked for with."""


class Submitted(BaseModel):
    """The number of a job, and whether it was made now."""

    run: int
    new: bool


class JobDetail(BaseModel):
    """A job with how it stands."""

    job: JobRow
    position: int | None = Field(description="Of one that waits: its place in the queue, from 1.")
    expected_start: float | None = Field(description="Of one that waits: seconds since 1970, estimated.")
    seconds_in_states: dict[str, float]
    standings: list[Standing]


class Events(BaseModel):
    """What happened after a cursor, and the cursor of what is to come."""

    items: list[LogLine]
    next: int


@router.post("/jobs", operation_id="create_job", status_code=201)
@least(Role.TRAINER)
def create_job(space: Space, who: Who, children: Children, body: NewJob) -> Submitted:
    """Reads, splits and checks the data, then leaves the training to the workers. What is wrong is said at once."""
    return Submitted(**submit(space, who.name, children, body))


@router.get("/jobs", operation_id="list_jobs")
@least(Role.VIEWER)
def jobs(
    space: Space,
    project: Annotated[str | None, Query(max_length=100)] = None,
    state: Annotated[list[State] | None, Query(description="In one of these states.")] = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[JobRow]:
    """Jobs, the newest first."""
    with read(space) as connection:
        found = list_jobs(connection, project=project, states=state or (), before=after, limit=limit)
    return Page(items=found.jobs, next=found.next)


@router.get("/jobs/{run}", operation_id="get_job")
@least(Role.VIEWER)
def one_job(space: Space, run: Number) -> JobDetail:
    """One job: its state, how long it was in each, and the candidates as far as they are fitted."""
    from trainwright.jobs.waiting import expected_start, position

    with read(space) as connection:
        with named_in_address():
            job = get_job(connection, run)
        waits = job.state == "queued"
        return JobDetail(
            job=job,
            position=position(connection, run) if waits else None,
            expected_start=expected_start(connection, run) if waits else None,
            seconds_in_states=seconds_in_states(connection, run),
            standings=standings(connection, run),
        )


@router.post("/jobs/{run}/cancel", operation_id="cancel_job")
@least(Role.TRAINER)
def cancel_job(space: Space, who: Who, run: Number) -> JobRow:
    """Cancels a job that waits; asks one that works to end. One that has ended is a 409."""
    from trainwright.jobs.queue import cancel

    with write(space) as connection:
        with named_in_address():
            job = get_job(connection, run)
        _still(job, finished=False)
        cancel(connection, run, f"cancelled by {who.name}", who=who.name)
        return get_job(connection, run)


@router.post("/jobs/{run}/retry", operation_id="retry_job")
@least(Role.TRAINER)
def retry_job(space: Space, who: Who, run: Number) -> JobRow:
    """Queues a job that failed or was cancelled again; what is finished of it is kept."""
    from trainwright.jobs.queue import retry

    with write(space) as connection:
        with named_in_address():
            job = get_job(connection, run)
        if job.state == "completed":
            raise Refusal(409, f"job {run} is completed", remedy="ask for a new one")
        _still(job, finished=True)
        retry(connection, run, who=who.name)
        return get_job(connection, run)


@router.get("/jobs/{run}/events", operation_id="job_events")
@least(Role.VIEWER)
def events(space: Space, run: Number, after: Cursor = 0, limit: Limit = 200) -> Events:
    """What happened, in words, after a cursor; ask again with `next`."""
    with read(space) as connection:
        with named_in_address():
            get_job(connection, run)
        found, reached = log_after(connection, run, after, limit=limit)
    return Events(items=found, next=reached)


@router.get("/jobs/{run}/points", operation_id="job_points")
@least(Role.VIEWER)
def points(
    space: Space,
    run: Number,
    after: Cursor = 0,
    most: Annotated[int, Query(ge=10, le=20_000, description="About so many points of each series.")] = 2000,
    attempt: Annotated[int | None, Query(ge=1, le=LARGEST, description="The present one when not given.")] = None,
) -> Curves:
    """Points of the curves after a cursor; a long series is thinned."""
    with read(space) as connection:
        with named_in_address():
            job = get_job(connection, run)
        return curves_after(connection, run, attempt or job.attempt, after=after, most=most)


def submit(space: Workspace, who: str, children: Children, body: NewJob) -> dict[str, Any]:
    """Prepares and queues a training in a child process; also for the page."""
    found: dict[str, Any] = children.ask("submit", **table_and_settings(space, body), **body.placed(), who=who)
    return found


def table_and_settings(space: Workspace, body: Table) -> dict[str, Any]:
    """What a child needs to read a table; wrong settings are refused here already, without any child.

    Raises:
        UserError: about the settings; there is no such upload, or none is named.
    """
    test_file = path_of(space, body.test_upload)
    settings = client_settings(body.yaml, body.settings, test_file=test_file)
    if body.upload is None and settings.data.version is None:
        raise UserError("no data is named", remedy="name an upload, or a dataset version: data.version")
    table = path_of(space, body.upload)
    return {"table": table, "test_file": test_file, "yaml": body.yaml, "values": body.settings}


def path_of(space: Workspace, upload_id: int | None) -> str | None:
    """Where the file of an upload lies."""
    return None if upload_id is None else str(upload_path(space, upload_id))


def _still(job: JobRow, *, finished: bool) -> None:
    """Refuses what does not fit the state that a job is in.

    Raises:
        Refusal: 409.
    """
    if job.finished and not finished:
        raise Refusal(409, f"job {job.run} is {job.state} already", remedy="there is nothing to cancel")
    if not job.finished and finished:
        raise Refusal(409, f"job {job.run} is {job.state}", remedy="cancel it first")
