"""The list of jobs, filtered and in pages."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import HTMLResponse

from trainwright.store.states import STATES
from trainwright.store.transaction import read
from trainwright.web.api.nouns import LARGEST
from trainwright.web.pages import page, pager
from trainwright.web.render import render
from trainwright.web.requests import Space
from trainwright.web.security.roles import Role, least
from trainwright.web.views.jobs import list_jobs
from trainwright.web.views.jobs_page import listed
from trainwright.web.views.projects import project_names
from trainwright.web.views.queue import queue_now, workers_now

router = page()

PAGE = 50


@router.get("/jobs")
@least(Role.VIEWER)
def jobs(
    request: Request,
    space: Space,
    project: Annotated[str, Query(max_length=100)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    before: Annotated[int | None, Query(ge=1, le=LARGEST)] = None,
) -> HTMLResponse:
    """Shows jobs, the newest first."""
    with read(space) as connection:
        found = list_jobs(
            connection, project=project or None, states=[state] if state else (), before=before, limit=PAGE
        )
        rows = listed(connection, found.jobs)
        projects = project_names(connection)
        queue, workers = queue_now(connection), workers_now(connection)
    asked = {"project": project, "state": state}
    values = {
        "rows": rows,
        "asked": asked,
        "projects": projects,
        "states": ("working", "finished", *STATES),
        "queue": queue,
        "workers": workers,
        **pager("/jobs", asked, before, found.next),
    }
    return render(request, "jobs.html", values)
