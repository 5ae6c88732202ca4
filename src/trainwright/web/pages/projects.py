"""The first page: every project at a glance."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import HTMLResponse

from trainwright.store.transaction import read
from trainwright.web.pages import page
from trainwright.web.render import render
from trainwright.web.requests import Space
from trainwright.web.security.roles import Role, least
from trainwright.web.views.projects import projects_at_a_glance

router = page()


@router.get("/")
@least(Role.VIEWER)
def projects(request: Request, space: Space) -> HTMLResponse:
    """Shows the projects."""
    with read(space) as connection:
        found = projects_at_a_glance(connection)
    return render(request, "projects.html", {"projects": found})
