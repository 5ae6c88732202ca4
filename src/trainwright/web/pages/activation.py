"""The question before a version answers: what is known about it, what it replaces, and by which decision."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from trainwright.store.decisions import NONE
from trainwright.store.projects import get_project
from trainwright.store.transaction import read
from trainwright.store.versions import get_version
from trainwright.store.workspace import Workspace
from trainwright.training.deployed import decisions_in_short
from trainwright.web.api.nouns import ProjectName, VersionLabel
from trainwright.web.api.versions import Activation, activated
from trainwright.web.approval import waiting
from trainwright.web.pages import page
from trainwright.web.problems import Refusal, said
from trainwright.web.render import render
from trainwright.web.requests import Space, Web, Who, named_in_address
from trainwright.web.security.roles import Role, least
from trainwright.web.views.activation import activation_of
from trainwright.web.views.versions import version_of

router = page()


@router.get("/projects/{project}/versions/{version}/activate")
@least(Role.TRAINER)
def ask(request: Request, space: Space, web: Web, project: ProjectName, version: VersionLabel) -> HTMLResponse:
    """Asks whether a version is to answer."""
    return _page(request, space, web, project, version)


@router.post("/projects/{project}/versions/{version}/activate")
@least(Role.TRAINER)
def activate(
    request: Request,
    space: Space,
    web: Web,
    who: Who,
    project: ProjectName,
    version: VersionLabel,
    decision: Annotated[str, Form(pattern=r"^(d[1-9]\d{0,8}|none)$")] = NONE,
    expected: Annotated[str, Form(pattern=r"^(v[1-9]\d{0,8}|none)$")] = NONE,
) -> Response:
    """Lets it answer, unless somebody activated another one since the page was loaded."""
    try:
        asked = Activation(decision=decision, expected=expected)
        _, done = activated(space, who.name, project, int(version[1:]), asked, two=web.second_approver)
    except Refusal as refusal:
        if refusal.status != 409:
            raise
        return _page(request, space, web, project, version, problem=said(refusal), status=409)
    word = "answers+now" if done else "waits+for+a+second+person"
    return RedirectResponse(f"/projects/{project}/versions?said={version}+{word}", 303)


def _page(
    request: Request,
    space: Workspace,
    web: Web,
    project: str,
    label: str,
    *,
    problem: str | None = None,
    status: int = 200,
) -> HTMLResponse:
    with named_in_address(), read(space) as connection:
        found = get_project(connection, project)
        version = get_version(connection, found, int(label[1:]))
        row = version_of(connection, found, version.number)
        known = activation_of(connection, found, version)
        asked = waiting(connection, found) if web.second_approver else None
    values = {"row": row, "known": known, "decisions": decisions_in_short(space, version), "problem": problem}
    values |= {"two": web.second_approver, "asked": asked}
    return render(request, "activate.html", values, status=status)
