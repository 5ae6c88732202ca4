"""What came of a training: its result, leaderboard, findings, settings and report."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, select
from starlette.responses import FileResponse

from trainwright.store import tables
from trainwright.store.evaluations import evaluations_of, findings_of, outcomes_of
from trainwright.store.files import open_artifact
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace
from trainwright.web.api.nouns import Number, noun
from trainwright.web.problems import Refusal
from trainwright.web.requests import Space, named_in_address
from trainwright.web.security.roles import Role, least
from trainwright.web.views.jobs import document_of, get_job
from trainwright.web.wording import told

router = noun("runs")

# A report is a whole page with scripts of its own: shown in a sandbox, it can neither read cookies nor call us.
SANDBOX = (
    "sandbox allow-scripts allow-popups; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; frame-ancestors 'self'"
)
PAGES = {"html": ("report.html", "text/html"), "md": ("model_card.md", "text/markdown")}


@router.get("/runs/{run}/result", operation_id="run_result")
@least(Role.VIEWER)
def result(space: Space, run: Number) -> dict[str, Any]:
    """Everything that the training found, as `trainwright train --json` prints it."""
    with read(space) as connection:
        return finished(connection, run)


@router.get("/runs/{run}/leaderboard", operation_id="run_leaderboard")
@least(Role.VIEWER)
def leaderboard(space: Space, run: Number) -> list[dict[str, Any]]:
    """The candidates, best first."""
    with read(space) as connection:
        return list(finished(connection, run).get("leaderboard") or [])


@router.get("/runs/{run}/findings", operation_id="run_findings")
@least(Role.VIEWER)
def findings(space: Space, run: Number) -> dict[str, list[dict[str, Any]]]:
    """What the data checks found (`findings`), and how each check ended (`checks`)."""
    with read(space) as connection:
        with named_in_address():
            get_job(connection, run)
        return {"findings": told(findings_of(connection, run)), "checks": outcomes_of(connection, run)}


@router.get("/runs/{run}/evaluations", operation_id="run_evaluations")
@least(Role.VIEWER)
def evaluations(space: Space, run: Number) -> dict[str, dict[str, Any]]:
    """The evaluation documents of a run: validation and, where the sealed test was opened, test."""
    with read(space) as connection:
        with named_in_address():
            get_job(connection, run)
        return {row.part: row.document for row in evaluations_of(connection, run_id=run)}


@router.get("/runs/{run}/settings", operation_id="run_settings")
@least(Role.VIEWER)
def settings(space: Space, run: Number) -> dict[str, Any]:
    """The settings of a run, and where each came from (`origins`)."""
    with read(space) as connection:
        with named_in_address():
            get_job(connection, run)
        return {
            "settings": document_of(connection, run, "settings") or {},
            "origins": document_of(connection, run, "origins") or {},
        }


@router.get(
    "/runs/{run}/report",
    operation_id="run_report",
    response_class=FileResponse,
    responses={200: {"description": "The page, or the model card.", "content": {"text/html": {}, "text/markdown": {}}}},
)
@least(Role.VIEWER)
def report(space: Space, run: Number, format: Literal["html", "md"] = "html", download: bool = False) -> FileResponse:
    """The report of a run as a page that needs no network, or the model card as Markdown."""
    name, kind = PAGES[format]
    path = report_file(space, run, name)
    headers = {"content-security-policy": SANDBOX}
    called = f"run-{run}-{name}" if download else None
    return FileResponse(path, media_type=kind, filename=called, headers=headers)


def finished(connection: Connection, run: int) -> dict[str, Any]:
    """The result of a run.

    Raises:
        Refusal: there is no such run (404), or it has none yet (409).
    """
    with named_in_address():
        job = get_job(connection, run)
    found = document_of(connection, run, "result")
    if found is None:
        raise Refusal(409, f"run {run} is {job.state} and has no result", remedy="wait for its end, or see its log")
    return found


def report_file(space: Workspace, run: int, name: str) -> Path:
    """Where a page of a run's report lies: by its hash, so that a workspace that was moved still has it.

    Raises:
        Refusal: the run has none.
    """
    used = tables.artifact_use
    subject = (used.c.subject == f"run {run} report") & (used.c.kind == "report")
    with read(space) as connection:
        with named_in_address():
            get_job(connection, run)
        sha = connection.execute(select(used.c.sha).where(subject).order_by(used.c.created.desc())).scalar()
    if sha is None:
        raise Refusal(404, f"run {run} has no report yet", remedy="it is written at the end of a training")
    path = open_artifact(space, "report", sha) / name
    if not path.is_file():
        raise Refusal(404, f"run {run} has no {name}")
    return path
