"""The versions of a project: a table of them, which one answers, and taking one away."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import BackgroundTasks, Query, Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse

from trainwright.store.projects import get_project
from trainwright.store.transaction import read
from trainwright.web.api import versions as rest
from trainwright.web.api.nouns import LARGEST, ProjectName, VersionLabel, page_of
from trainwright.web.pages import page, pager
from trainwright.web.render import render
from trainwright.web.requests import Children, Space, Who, named_in_address
from trainwright.web.security.roles import Role, least
from trainwright.web.views.deployments import deployments_before
from trainwright.web.views.versions import version_of, versions_of

router = page()
PAGE = 50
# Of the list of what answered when.
SHOWN = 20


@router.get("/projects/{project}/versions")
@least(Role.VIEWER)
def versions(
    request: Request,
    space: Space,
    project: ProjectName,
    deleted: bool = False,
    before: Annotated[int | None, Query(ge=1, le=LARGEST)] = None,
) -> HTMLResponse:
    """Shows the versions in pages, and which ones answered when."""
    with named_in_address(), read(space) as connection:
        found = get_project(connection, project)
        some = versions_of(connection, found, deleted=deleted, before=before, limit=PAGE)
        history = page_of(deployments_before(connection, found, limit=SHOWN + 1), SHOWN)
    address, asked = f"/projects/{quote(project, safe='')}/versions", {"deleted": "true" if deleted else ""}
    values = {
        "project": found,
        "rows": some.versions,
        **pager(address, asked, before, some.next),
        "deleted": deleted,
        "history": history.items,
        "earlier": history.next is not None,
        "said": request.query_params.get("said"),
    }
    return render(request, "versions.html", values)


@router.post("/projects/{project}/rollback")
@least(Role.TRAINER)
def rollback(space: Space, who: Who, project: ProjectName) -> RedirectResponse:
    """Returns to what answered before."""
    row = rest.rollback(space, who, project)
    return RedirectResponse(f"/projects/{project}/versions?said={row.version}+answers+again", 303)


@router.get("/projects/{project}/versions/{version}/package")
@least(Role.VIEWER)
def package(request: Request, space: Space, project: ProjectName, version: VersionLabel) -> HTMLResponse:
    """Shows what a version is made of, and the ways to take it elsewhere."""
    with named_in_address(), read(space) as connection:
        row = version_of(connection, get_project(connection, project), int(version[1:]))
    return render(request, "package.html", {"row": row})


@router.get("/projects/{project}/versions/{version}/export")
@least(Role.REVIEWER)
def export(
    space: Space,
    who: Who,
    children: Children,
    project: ProjectName,
    version: VersionLabel,
    after: BackgroundTasks,
    format: Literal["onnx", "folder", "mlflow"] = "onnx",
) -> FileResponse:
    """A version for other programs, as a zip file."""
    return rest.export(space, who, children, project, version, after, format)


@router.post("/projects/{project}/versions/{version}/delete")
@least(Role.TRAINER)
def delete(space: Space, who: Who, project: ProjectName, version: VersionLabel) -> RedirectResponse:
    """Removes the package of a version that does not answer."""
    rest.delete(space, who, project, version)
    return RedirectResponse(f"/projects/{project}/versions?said={version}+was+deleted", 303)
