"""Try a version: a row by form, pasted rows or an upload, with reasons and the decision applied."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request, UploadFile
from starlette.responses import HTMLResponse, RedirectResponse, Response

from trainwright.errors import TrainwrightError
from trainwright.store.projects import get_project
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace
from trainwright.training.deployed import decisions_in_short
from trainwright.web.api.jobs import path_of
from trainwright.web.api.nouns import ProjectName, VersionLabel
from trainwright.web.api.predict import named
from trainwright.web.forms import upload_number
from trainwright.web.pages import page
from trainwright.web.problems import said
from trainwright.web.render import render
from trainwright.web.requests import Children, Space, Who, named_in_address
from trainwright.web.security.roles import Role, least
from trainwright.web.uploads import list_uploads, receive
from trainwright.web.views.typed_rows import rows_of_form, rows_of_text
from trainwright.web.views.versions import version_of

router = page()
WAYS = {"form": "By form", "paste": "Paste", "upload": "From a file"}
SHOWN = 100  # rows on the page; the file holds them all
REASONS = 6
Upload = Annotated[str, Query(max_length=20)]
Decision = Annotated[str, Query(pattern=r"^(|d[1-9]\d{0,8}|none)$")]


@router.get("/projects/{project}/versions/{version}/test")
@least(Role.REVIEWER)
def show(
    request: Request,
    space: Space,
    children: Children,
    project: ProjectName,
    version: VersionLabel,
    way: Annotated[str, Query(max_length=10)] = "form",
    upload: Upload = "",
    decision: Decision = "",
) -> HTMLResponse:
    """Shows the form; with the number of an upload, the predictions of its rows."""
    asked = {"way": way if way in WAYS else "form", "decision": decision, "upload": upload, "pasted": "", "fields": {}}
    return _page(request, space, children, project, version, asked, run=bool(upload))


@router.post("/projects/{project}/versions/{version}/test")
@least(Role.REVIEWER)
async def predict(
    request: Request, space: Space, children: Children, project: ProjectName, version: VersionLabel
) -> HTMLResponse:
    """Predicts what was typed or pasted, and shows it above the form, which keeps its values."""
    from starlette.concurrency import run_in_threadpool

    form = {key: value for key, value in (await request.form()).items() if isinstance(value, str)}
    asked = {
        "way": form.get("way", "form"),
        "decision": form.get("decision", ""),
        "upload": "",
        "pasted": form.get("pasted", ""),
        "fields": form,
    }
    return await run_in_threadpool(_page, request, space, children, project, version, asked, run=True)


@router.post("/projects/{project}/versions/{version}/test/upload")
@least(Role.REVIEWER)
async def send(
    space: Space, who: Who, project: ProjectName, version: VersionLabel, file: UploadFile
) -> RedirectResponse:
    """Takes a file that was sent with the form; larger ones are sent by the page's script."""

    async def chunks() -> Any:
        while chunk := await file.read(1 << 20):
            yield chunk

    kept = await receive(space, file.filename or "", chunks(), who=who.name)
    return RedirectResponse(f"/projects/{project}/versions/{version}/test?way=upload&upload={kept.id}", 303)


@router.get("/projects/{project}/versions/{version}/test/predictions.csv")
@least(Role.REVIEWER)
def predictions(
    space: Space,
    children: Children,
    project: ProjectName,
    version: VersionLabel,
    upload: Upload = "",
    decision: Decision = "",
) -> Response:
    """The rows of an upload with their predictions, as a file."""
    found = named(space, project, int(version[1:]))
    answer = children.ask(
        "predict",
        loads=found.manifest_sha,
        name=f"{project}@{version}",
        table=path_of(space, upload_number(upload)),
        decision=decision or None,
        keep="all",
    )
    headers = {"content-disposition": f'attachment; filename="{project}-{version}-predictions.csv"'}
    return Response(_csv(answer["predictions"]), media_type="text/csv; charset=utf-8", headers=headers)


def _page(
    request: Request,
    space: Workspace,
    children: Children,
    project: str,
    label: str,
    asked: dict[str, Any],
    *,
    run: bool,
) -> HTMLResponse:
    with named_in_address(), read(space) as connection:
        row = version_of(connection, get_project(connection, project), int(label[1:]))
        uploads = list_uploads(connection, limit=50)
    version = named(space, project, int(label[1:]))
    inputs = children.ask("inputs", loads=version.manifest_sha, name=row.name)
    rows: list[Any] = []
    problem, found = None, None
    if run:
        try:
            rows, given = _given(space, inputs["columns"], asked)
            found = children.ask(
                "predict",
                loads=version.manifest_sha,
                name=row.name,
                decision=asked["decision"] or None,
                explain=REASONS,
                **given,
            )
        except TrainwrightError as error:
            problem = said(error)
    values = {
        "row": row,
        "ways": WAYS,
        "asked": asked,
        "inputs": inputs,
        "uploads": uploads,
        "decisions": decisions_in_short(space, version),
        "problem": problem,
        "found": found,
        "rows": rows,
        "shown": SHOWN,
    }
    return render(request, "test.html", values, status=200 if problem is None else 422)


def _given(space: Workspace, columns: list[dict[str, Any]], asked: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The rows to show, and what the task is given."""
    if asked["way"] == "upload":
        return [], {"table": path_of(space, upload_number(asked["upload"]))}
    rows = rows_of_text(asked["pasted"]) if asked["way"] == "paste" else [rows_of_form(columns, asked["fields"])]
    return rows, {"rows": rows}


def _csv(rows: list[dict[str, Any]]) -> str:
    """Rows as a comma-separated table."""
    import csv
    import io

    out = io.StringIO()
    if rows:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return out.getvalue()
