"""Two versions side by side: on the rows that both trainings held out, and on a labelled upload."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import HTMLResponse

from trainwright.errors import UserError
from trainwright.evaluate.comparison_page import comparison_body, view
from trainwright.store.projects import get_project
from trainwright.store.transaction import read
from trainwright.web.api.jobs import path_of
from trainwright.web.api.nouns import LARGEST, ProjectName
from trainwright.web.pages import page
from trainwright.web.problems import said
from trainwright.web.render import render
from trainwright.web.requests import Children, Space, named_in_address
from trainwright.web.security.roles import Role, least
from trainwright.web.uploads import list_uploads
from trainwright.web.views.versions import version_names

router = page()
Label = Annotated[str | None, Query(pattern=r"^v[1-9]\d{0,8}$")]


@router.get("/projects/{project}/compare")
@least(Role.REVIEWER)
def compare(
    request: Request,
    space: Space,
    children: Children,
    project: ProjectName,
    first: Label = None,
    second: Label = None,
    upload: Annotated[str, Query(max_length=20)] = "",
) -> HTMLResponse:
    """Compares the second version with the first, which is the active one if none is named."""
    with named_in_address(), read(space) as connection:
        found = get_project(connection, project)
        rows = version_names(connection, found)
        uploads = list_uploads(connection, limit=50)
    labels = [row.version for row in rows]
    active = next((row.version for row in rows if row.active), None)
    first = first or next((label for label in (active, *labels) if label and label != second), None)
    second = second or next((label for label in labels if label != first), None)
    values: dict[str, Any] = {
        "project": found,
        "rows": rows,
        "uploads": uploads,
        "first": first,
        "second": second,
        "upload": upload,
        "problem": None,
        "about": None,
        "body": None,
        "figures": {},
        "fresh": None,
    }
    if first is None or second is None:
        return render(request, "compare.html", values)
    try:
        if first == second:
            raise UserError(f"{first} is chosen twice", remedy="choose two versions")
        names = [f"{project}@{first}", f"{project}@{second}"]
        document = children.ask("compare_trainings", names=names)
        values["about"] = view(document)
        values["body"], values["figures"] = comparison_body(document)
        if upload:
            number = int(upload) if upload.isdecimal() and 0 < int(upload) <= LARGEST else 0
            values["fresh"] = children.ask("compare", first=names[0], second=names[1], table=path_of(space, number))
    except UserError as error:
        values["problem"] = said(error)
    return render(request, "compare.html", values, status=200 if values["problem"] is None else 422)
