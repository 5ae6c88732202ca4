"""The evaluation of a version: what its report says, a threshold to weigh and keep, and further measurements."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from trainwright.errors import TrainwrightError
from trainwright.store.decisions import NONE
from trainwright.store.projects import get_project
from trainwright.store.transaction import read
from trainwright.store.versions import get_version
from trainwright.store.workspace import Workspace
from trainwright.training.deployed import decisions_in_short
from trainwright.web.api.decisions import Question, decided, used
from trainwright.web.api.further import learning_curve, stability
from trainwright.web.api.nouns import ProjectName, VersionLabel
from trainwright.web.approval import waiting
from trainwright.web.forms import number
from trainwright.web.pages import page
from trainwright.web.problems import said
from trainwright.web.render import render
from trainwright.web.requests import Children, Space, Web, Who, named_in_address
from trainwright.web.security.roles import Role, least
from trainwright.web.views.evaluation import evaluation_of
from trainwright.web.views.versions import version_of

router = page()


@router.get("/projects/{project}/versions/{version}")
@least(Role.VIEWER)
def evaluation(request: Request, space: Space, web: Web, project: ProjectName, version: VersionLabel) -> HTMLResponse:
    """Shows the evaluation."""
    return _page(request, space, web, project, version)


@router.post("/projects/{project}/versions/{version}/decisions")
@least(Role.TRAINER)
def keep_decision(
    request: Request,
    space: Space,
    web: Web,
    who: Who,
    children: Children,
    project: ProjectName,
    version: VersionLabel,
    goal: Annotated[str, Form(max_length=20)] = "threshold",
    threshold: Annotated[str, Form(max_length=30)] = "",
    fp: Annotated[str, Form(max_length=30)] = "",
    fn: Annotated[str, Form(max_length=30)] = "",
    now: Annotated[bool, Form()] = False,
) -> Response:
    """Keeps a threshold, or the one that costs least, as a decision of the version."""
    form = {"goal": goal, "threshold": threshold, "fp": fp, "fn": fn, "now": now}
    try:
        asked: dict[str, Any] = (
            {"cost": f"fp={number(fp, 'the cost of a false alarm')} fn={number(fn, 'the cost of a miss')}"}
            if goal == "cost"
            else {"threshold": number(threshold, "the threshold", most=1)}
        )
        question = Question(**asked, use=now)
        made, _ = decided(space, who.name, children, project, version, question, two=web.second_approver)
    except TrainwrightError as error:
        return _page(request, space, web, project, version, problem=said(error), form=form, status=422)
    return RedirectResponse(f"/projects/{project}/versions/{version}?made={made.get('label') or ''}#threshold", 303)


@router.post("/projects/{project}/versions/{version}/decisions/use")
@least(Role.TRAINER)
def use_decision(
    space: Space,
    web: Web,
    who: Who,
    project: ProjectName,
    version: VersionLabel,
    decision: Annotated[str, Form(pattern=r"^(d[1-9]\d{0,8}|none)$")] = NONE,
) -> RedirectResponse:
    """Lets the active version answer by another of its decisions."""
    used(space, who.name, project, version, decision, two=web.second_approver)
    return RedirectResponse(f"/projects/{project}/versions/{version}#threshold", 303)


@router.post("/projects/{project}/versions/{version}/measure")
@least(Role.TRAINER)
def measure(
    space: Space,
    who: Who,
    children: Children,
    project: ProjectName,
    version: VersionLabel,
    kind: Annotated[Literal["learning_curve", "stability"], Form()],
) -> RedirectResponse:
    """Puts a measurement of the version into the queue, and shows its job."""
    asked = learning_curve if kind == "learning_curve" else stability
    return RedirectResponse(f"/jobs/{asked(space, who, children, project, version).run}", 303)


def _page(
    request: Request,
    space: Workspace,
    web: Web,
    project: str,
    label: str,
    *,
    problem: str | None = None,
    form: dict[str, Any] | None = None,
    status: int = 200,
) -> HTMLResponse:
    with named_in_address(), read(space) as connection:
        found = get_project(connection, project)
        version = get_version(connection, found, int(label[1:]))
        row = version_of(connection, found, version.number)
        shown = evaluation_of(connection, found, version)
        asked = waiting(connection, found) if web.second_approver else None
    values = {
        "row": row,
        "found": shown,
        "decisions": decisions_in_short(space, version),
        "problem": problem,
        "form": form or {"threshold": "", "fp": "", "fn": "", "now": False},
        "made": request.query_params.get("made"),
        "two": web.second_approver,
        "asked": asked,
    }
    return render(request, "evaluation.html", values, status=status)
