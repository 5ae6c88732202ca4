"""The page of one job: live while it works, its result or its failure afterwards; cancelled and tried again here."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse

from trainwright.config.written import as_yaml
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace
from trainwright.web.api.jobs import cancel_job, retry_job
from trainwright.web.api.nouns import Number
from trainwright.web.pages import page
from trainwright.web.render import render
from trainwright.web.requests import Space, Who, named_in_address
from trainwright.web.security.roles import Role, least
from trainwright.web.views.job_page import job_page
from trainwright.web.views.jobs import get_job
from trainwright.web.views.story import log_after

router = page()

Metric = Annotated[str | None, Query(max_length=60)]

# Lines of a log that one answer holds at most.
MOST_LINES = 100_000


@router.get("/jobs/{run}")
@least(Role.VIEWER)
def job(request: Request, space: Space, run: Number, metric: Metric = None) -> HTMLResponse:
    """Shows a job; its candidates by the metric that the address names."""
    return _job(request, space, run, metric, "job.html")


@router.get("/jobs/{run}/parts")
@least(Role.VIEWER)
def parts(request: Request, space: Space, run: Number, metric: Metric = None) -> HTMLResponse:
    """The parts of the page that change while the job works; its script puts them in place."""
    return _job(request, space, run, metric, "job_parts.html")


@router.get("/jobs/{run}/log")
@least(Role.VIEWER)
def log(space: Space, run: Number) -> PlainTextResponse:
    """The whole log as plain text."""
    from datetime import UTC, datetime

    lines: list[str] = []
    cursor = 0
    with named_in_address(), read(space) as connection:
        get_job(connection, run)
        while len(lines) < MOST_LINES:
            found, reached = log_after(connection, run, cursor, limit=5000)
            if reached == cursor:
                break
            cursor = reached
            for line in found:
                when = datetime.fromtimestamp(line.at, UTC).isoformat(timespec="seconds")
                lines.append(f"{when} attempt {line.attempt} {line.words}")
    return PlainTextResponse("\n".join(lines) + "\n")


@router.post("/jobs/{run}/cancel")
@least(Role.TRAINER)
def cancel(space: Space, who: Who, run: Number) -> RedirectResponse:
    """Cancels a job."""
    cancel_job(space, who, run)
    return RedirectResponse(f"/jobs/{run}", 303)


@router.post("/jobs/{run}/retry")
@least(Role.TRAINER)
def retry(space: Space, who: Who, run: Number) -> RedirectResponse:
    """Puts a job into the queue again."""
    retry_job(space, who, run)
    return RedirectResponse(f"/jobs/{run}", 303)


def _job(request: Request, space: Workspace, run: int, metric: str | None, template: str) -> HTMLResponse:
    with named_in_address(), read(space) as connection:
        found = job_page(connection, run, metric)
    values = {"page": found, "job": found.job, "progress": found.progress, "yaml": as_yaml(found.settings)}
    return render(request, template, values)
