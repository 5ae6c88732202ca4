"""The first page, every project at a glance, and the page of one project."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import HTMLResponse

from trainwright.store.projects import get_project
from trainwright.store.transaction import read
from trainwright.web.api.nouns import LARGEST, page_of
from trainwright.web.pages import page, pager
from trainwright.web.render import render
from trainwright.web.requests import Space, named_in_address
from trainwright.web.security.roles import Role, least
from trainwright.web.views.jobs import list_jobs
from trainwright.web.views.jobs_page import listed
from trainwright.web.views.new_training import stored_tables
from trainwright.web.views.projects import projects_at_a_glance
from trainwright.web.views.queue import queue_now, workers_now
from trainwright.web.views.versions import versions_of

router = page()

# Of the newest jobs and versions of a project, so many are shown on its own page.
SHOWN = 10
PAGE = 50


@router.get("/")
@least(Role.VIEWER)
def projects(
    request: Request, space: Space, after: Annotated[int | None, Query(ge=1, le=LARGEST)] = None
) -> HTMLResponse:
    """Shows the projects in pages, by name."""
    with read(space) as connection:
        found = page_of(projects_at_a_glance(connection, after=after, limit=PAGE + 1), PAGE)
        queue = queue_now(connection)
        # One that ended as it should is no news; one that is gone without a word is.
        workers = [one for one in workers_now(connection) if one.alive or one.stopped_at is None]
    values = {"projects": found.items, "workers": workers, "queue": queue}
    values |= pager("/", {}, after, found.next, cursor="after")
    return render(request, "projects.html", values)


@router.get("/projects/{project}")
@least(Role.VIEWER)
def one_project(request: Request, space: Space, project: str) -> HTMLResponse:
    """Shows a project: how far it has come, its newest jobs and versions, its tables."""
    with named_in_address(), read(space) as connection:
        owner = get_project(connection, project)
        glance = projects_at_a_glance(connection, name=owner.name)[0]
        values = {
            "glance": glance,
            "jobs": listed(connection, list_jobs(connection, project=owner.name, limit=SHOWN).jobs),
            "versions": versions_of(connection, owner, limit=SHOWN).versions,
            "tables": stored_tables(connection, owner.name)[:SHOWN],
        }
    return render(request, "project.html", values)
