"""Schedules: a project trained again at the moments of a cron line."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from trainwright.store.projects import get_project, project_of
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.web.api.jobs import RunNumber, path_of
from trainwright.web.api.nouns import After, Body, Limit, Number, Page, noun, page_of
from trainwright.web.requests import Space, Who, named_in_address
from trainwright.web.security.roles import Role, least
from trainwright.web.uploads import get_upload

router = noun("schedules")


class NewSchedule(Body):
    """When a project is trained again."""

    project: str = Field(min_length=1, max_length=100)
    cron: str = Field(max_length=200, description="Minute, hour, day of month, month, day of week: 0 3 * * 1.")
    zone: str | None = Field(None, max_length=100, description="An IANA time zone; the server's own when absent.")
    incremental: bool = Field(False, description="Learn on from the active version instead of training in full.")
    upload: RunNumber | None = Field(None, description="Read this upload each time; the newest table's file if absent.")


class ScheduleRow(BaseModel):
    """A schedule; times are seconds since 1970."""

    id: int
    project: str
    cron: str
    zone: str
    kind: str
    file: str | None = Field(description="The table that is read each time; an upload by its own name.")
    enabled: bool
    next_at: float | None
    last_at: float | None
    created: float
    who: str


@router.get("/schedules", operation_id="list_schedules")
@least(Role.VIEWER)
def schedules(
    space: Space,
    project: Annotated[str | None, Query(max_length=100)] = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[ScheduleRow]:
    """The schedules of a project, or of all, the oldest first."""
    return page_of(schedules_of(space, project, after=after, limit=limit + 1), limit)


@router.post("/schedules", operation_id="create_schedule", status_code=201)
@least(Role.TRAINER)
def create(space: Space, who: Who, body: NewSchedule) -> ScheduleRow:
    """Trains a project again at the moments of a cron line, with the settings of its newest training."""
    from trainwright.jobs.schedule import add_schedule

    path = path_of(space, body.upload)
    with write(space) as connection:
        if body.upload is not None:
            get_upload(connection, body.upload)  # nobody deletes it meanwhile
        made = add_schedule(
            connection,
            body.project,
            body.cron,
            incremental=body.incremental,
            source=path,
            zone=body.zone,
            who=who.name,
        )
    return schedules_of(space, body.project, after=made.id - 1, limit=1)[0]


@router.delete("/schedules/{schedule}", operation_id="delete_schedule", status_code=204)
@least(Role.TRAINER)
def delete(space: Space, who: Who, schedule: Number) -> Response:
    """Ends a schedule; the runs it made stay."""
    from trainwright.jobs.schedule import get_schedule, remove_schedule

    with write(space) as connection:
        with named_in_address():
            get_schedule(connection, schedule)
        remove_schedule(connection, schedule, who=who.name)
    return Response(status_code=204)


def schedules_of(
    space: Workspace, project: str | None, *, after: int | None = None, limit: int | None = None
) -> list[ScheduleRow]:
    """The schedules of a project, or of all, with a higher number than `after`, so many; also for the page."""
    from trainwright.jobs.schedule import list_schedules, source_name

    with read(space) as connection:
        project_id = None
        if project is not None:
            with named_in_address():
                project_id = get_project(connection, project).id
        rows = list_schedules(connection, project_id, after=after, limit=limit)
        names = {row.project_id: project_of(connection, row.project_id).name for row in rows}
    return [
        ScheduleRow(
            id=row.id,
            project=names[row.project_id],
            cron=row.cron,
            zone=row.zone,
            kind=row.kind,
            file=source_name(row.source),
            enabled=row.enabled,
            next_at=row.next_at,
            last_at=row.last_at,
            created=row.created,
            who=row.who,
        )
        for row in rows
    ]
