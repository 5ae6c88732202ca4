"""Projects at a glance."""

from __future__ import annotations

from trainwright.store.projects import get_project
from trainwright.store.transaction import read
from trainwright.web.api.nouns import After, Limit, Page, ProjectName, noun, page_of
from trainwright.web.requests import Space, named_in_address
from trainwright.web.security.roles import Role, least
from trainwright.web.views.projects import ProjectGlance, projects_at_a_glance

router = noun("projects")


@router.get("/projects", operation_id="list_projects")
@least(Role.VIEWER)
def projects(space: Space, limit: Limit = 50, after: After = None) -> Page[ProjectGlance]:
    """Projects by name: how far each has come, what answers, its last training, open findings, its queue."""
    with read(space) as connection:
        return page_of(projects_at_a_glance(connection, after=after, limit=limit + 1), limit)


@router.get("/projects/{project}", operation_id="get_project")
@least(Role.VIEWER)
def one_project(space: Space, project: ProjectName) -> ProjectGlance:
    """One project at a glance."""
    with read(space) as connection:
        with named_in_address():
            get_project(connection, project)
        return projects_at_a_glance(connection, name=project)[0]
