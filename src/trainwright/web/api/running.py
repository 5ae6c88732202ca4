"""Those who keep it running: the queue, the workers, the audit."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import JSONResponse

from trainwright.store.transaction import read
from trainwright.web.api.nouns import After, Limit, Page, noun, page_of
from trainwright.web.requests import Space
from trainwright.web.security.roles import Role, least
from trainwright.web.views.audit import Act, acts_before
from trainwright.web.views.queue import QueueState, WorkerState, queue_now, workers_now

router = noun("running")


@router.get("/queue", operation_id="queue")
@least(Role.VIEWER)
def queue(space: Space) -> QueueState:
    """How many jobs wait and work, and how many workers live."""
    with read(space) as connection:
        return queue_now(connection)


@router.get("/workers", operation_id="workers")
@least(Role.VIEWER)
def workers(space: Space) -> list[WorkerState]:
    """The workers that live or ended within the last day."""
    with read(space) as connection:
        return workers_now(connection)


@router.get("/audit", operation_id="audit")
@least(Role.ADMIN)
def audit(
    space: Space,
    project: Annotated[str | None, Query(max_length=100)] = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[Act]:
    """Who did what, the newest first."""
    with read(space) as connection:
        found = acts_before(connection, project=project, before=after, limit=limit + 1)
    return page_of(found, limit)


@router.get("/openapi.json", include_in_schema=False)
@least(Role.VIEWER)
def openapi(request: Request) -> JSONResponse:
    """This interface as an OpenAPI document."""
    return JSONResponse(request.app.openapi())
