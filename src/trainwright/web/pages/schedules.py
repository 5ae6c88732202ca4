"""Schedules: projects that are trained again at the moments of a cron line, with the next ones in words."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import Form, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from trainwright.errors import TrainwrightError, UserError
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace
from trainwright.web.api import schedules as rest
from trainwright.web.api.nouns import LARGEST, Number, page_of
from trainwright.web.forms import upload_number
from trainwright.web.pages import page, pager
from trainwright.web.problems import Refusal, said
from trainwright.web.render import render
from trainwright.web.requests import Space, Who
from trainwright.web.security.roles import Role, least
from trainwright.web.uploads import list_uploads
from trainwright.web.views.projects import project_names
from trainwright.web.views.schedule_times import next_times

router = page()
Text = Annotated[str, Form(max_length=200)]
Name = Annotated[str, Form(max_length=100)]
# In the list of tables, the newest; an older one is sent again.
UPLOADS = 50
PAGE = 50


@router.get("/settings/schedules")
@least(Role.VIEWER)
def schedules(
    request: Request, space: Space, after: Annotated[int | None, Query(ge=1, le=LARGEST)] = None
) -> HTMLResponse:
    """Shows the schedules in pages, the oldest first."""
    from trainwright.jobs.schedule import local_zone

    form = {"project": "", "cron": "0 3 * * 1", "zone": local_zone(), "kind": "full", "upload": ""}
    return _page(request, space, form, after=after)


@router.post("/settings/schedules")
@least(Role.TRAINER)
def add(
    request: Request,
    space: Space,
    who: Who,
    project: Name = "",
    cron: Text = "",
    zone: Name = "",
    kind: Annotated[str, Form(pattern="^(full|incremental)$")] = "full",
    upload: Text = "",
    act: Annotated[str, Form(pattern="^(add|times)$")] = "add",
) -> Response:
    """Makes a schedule, or shows when it would run."""
    from trainwright.jobs.schedule import local_zone

    form = {"project": project, "cron": cron.strip(), "zone": zone.strip() or local_zone(), "kind": kind}
    form["upload"] = upload
    try:
        times = next_times(form["cron"], form["zone"], time.time())
        if act == "times":
            return _page(request, space, form, times=times)
        if not project:
            raise UserError("no project is chosen", remedy="choose one of the list")
        body = rest.NewSchedule(
            project=project,
            cron=form["cron"],
            zone=form["zone"],
            incremental=kind == "incremental",
            upload=upload_number(upload) if upload else None,
        )
        rest.create(space, who, body)
    except (TrainwrightError, Refusal) as error:
        return _page(request, space, form, problem=said(error))
    return RedirectResponse("/settings/schedules", 303)


@router.post("/settings/schedules/{schedule}/remove")
@least(Role.TRAINER)
def remove(space: Space, who: Who, schedule: Number) -> RedirectResponse:
    """Ends a schedule; the trainings it made stay."""
    rest.delete(space, who, schedule)
    return RedirectResponse("/settings/schedules", 303)


def _page(
    request: Request,
    space: Workspace,
    form: dict[str, Any],
    *,
    after: int | None = None,
    times: list[str] | None = None,
    problem: str | None = None,
) -> HTMLResponse:
    found = page_of(rest.schedules_of(space, None, after=after, limit=PAGE + 1), PAGE)
    with read(space) as connection:
        projects = project_names(connection, trained=True)
        uploads = list_uploads(connection, limit=UPLOADS)
    values = {
        "rows": [(row, _times(row.cron, row.zone)) for row in found.items],
        **pager("/settings/schedules", {}, after, found.next, cursor="after"),
        "projects": projects,
        "uploads": uploads,
        "form": form,
        "times": times,
        "problem": problem,
        "here": "Schedules",
    }
    return render(request, "settings_schedules.html", values, status=200 if problem is None else 422)


def _times(cron: str, zone: str) -> list[str]:
    """When a kept schedule runs next; nothing where its line was changed by hand."""
    try:
        return next_times(cron, zone, time.time())
    except UserError:
        return []
