"""The page of a new training: pick the data, see what is in it, say what is wanted, start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query, Request, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from trainwright.errors import TrainwrightError, UserError
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace
from trainwright.web.api.jobs import NewJob, path_of, submit
from trainwright.web.api.nouns import LARGEST
from trainwright.web.helpers.pool import Helpers
from trainwright.web.pages import page
from trainwright.web.problems import Refusal, said
from trainwright.web.render import render
from trainwright.web.requests import Children, Space, Who, named_in_address
from trainwright.web.security.roles import Role, least
from trainwright.web.training_form import GROUPS, HEAD, KEYS, Formed, formed, place_of
from trainwright.web.uploads import get_upload, receive
from trainwright.web.views.measured import measured_batches
from trainwright.web.views.new_training import beginnings, stored_tables, versions_to_learn_from

router = page()

MOST = 200_000
UploadNumber = Annotated[int | None, Query(ge=1, le=LARGEST)]
# Of the form, what is no setting.
PLAIN = ("yaml", "name", "priority")


@router.get("/new")
@least(Role.TRAINER)
def new(
    request: Request,
    space: Space,
    children: Children,
    upload: UploadNumber = None,
    project: Annotated[str, Query(max_length=100)] = "",
    look: bool = False,
) -> HTMLResponse:
    """Asks for the data, then shows the form; every filled form is an address that can be sent."""
    given = _given(request.query_params.multi_items())
    if upload is None and not given.get("data.version"):
        with read(space) as connection:
            found = beginnings(connection, project or None)
        return render(request, "new_data.html", {"found": found, "project": project})
    return _form(request, space, children, upload, given, looked=look)


@router.post("/new/upload")
@least(Role.TRAINER)
async def upload_by_form(space: Space, who: Who, file: UploadFile) -> RedirectResponse:
    """Takes a small file from a form without a script; the script sends files of any size to the REST address."""

    async def chunks() -> Any:
        while chunk := await file.read(1 << 20):
            yield chunk

    made = await receive(space, file.filename or "", chunks(), who=who.name)
    return RedirectResponse(f"/new?upload={made.id}", 303)


@router.post("/new/check")
@least(Role.TRAINER)
async def check(request: Request) -> JSONResponse:
    """What the form amounts to, for its script: the YAML, what is wrong beside which field, and the values in force."""
    form = await request.form()
    found = formed(_given(form.multi_items()))
    return JSONResponse({"yaml": found.yaml, "problems": found.problems, "values": _in_force(found)})


@router.get("/new/statistics")
@least(Role.TRAINER)
def statistics(request: Request, space: Space, children: Children, upload: UploadNumber = None) -> HTMLResponse:
    """What is in the table, and what would be trained on it."""
    given = _given(request.query_params.multi_items())
    return render(request, "new_statistics.html", _looked(space, children, upload, given, formed(given)))


@router.post("/new/statistics")
@least(Role.TRAINER)
async def statistics_of_form(
    request: Request, space: Space, children: Children, upload: UploadNumber = None
) -> HTMLResponse:
    """The same for the form's script: a long YAML is too much for an address."""
    given = _given((await request.form()).multi_items())
    looked = await run_in_threadpool(_looked, space, children, upload, given, formed(given))
    return render(request, "new_statistics.html", looked)


@router.post("/new")
@least(Role.TRAINER)
async def start(request: Request, space: Space, who: Who, children: Children, upload: UploadNumber = None) -> Response:
    """Starts the training, or shows the form again with what is wrong beside its field."""
    given = _given((await request.form()).multi_items())
    return await run_in_threadpool(_start, request, space, who.name, children, upload, given)


def _start(
    request: Request, space: Workspace, who: str, children: Helpers, upload: int | None, given: dict[str, str]
) -> Response:
    found = formed(given)
    if found.settings is None:
        return _form(request, space, children, upload, given, found=found, status=422)
    try:
        priority = int(given.get("priority") or 0)
        about = {"yaml": given.get("yaml") or None, "name": given.get("name") or None, "priority": priority}
        asked = NewJob.model_validate({"upload": upload, "settings": found.values, **about})
    except ValueError:
        found.problems["priority"] = "a whole number from -1,000,000 to 1,000,000, higher first"
        return _form(request, space, children, upload, given, found=found, status=422)
    try:
        made = submit(space, who, children, asked)
    except TrainwrightError as error:
        place, words = place_of(error, found.values, asked.yaml)
        found.problems[place] = words
        return _form(request, space, children, upload, given, found=found, status=422)
    return RedirectResponse(f"/jobs/{made['run']}", 303)


def _form(
    request: Request,
    space: Workspace,
    children: Helpers,
    upload: int | None,
    given: dict[str, str],
    *,
    found: Formed | None = None,
    looked: bool = False,
    status: int = 200,
) -> HTMLResponse:
    """The form, filled with what is given; without any it is filled with what the table suggests."""
    values: dict[str, Any] = {"upload": None, "stored": None, "columns": [], "versions": [], "looked": None}
    with named_in_address(), read(space) as connection:
        if upload is not None:
            values["upload"] = get_upload(connection, upload)
        else:
            label = given.get("data.version", "")
            rows = stored_tables(connection, given.get("project", ""), int(label.lstrip("d")) if _number(label) else -1)
            if not rows:
                raise UserError(f"there is no dataset version {label!r} of that project", remedy="pick another table")
            values["stored"] = rows[0]
            given.setdefault("data.target", rows[0].target or "")
    if upload is not None:
        table = children.ask("columns", table=path_of(space, upload))
        values["columns"] = table["columns"]
        values["rows"] = table["rows"]
        given.setdefault("data.target", table["target"] or "")
        given.setdefault("project", re.sub(r"[^\w.-]+", "-", table["name"]).strip("-._")[:100] or "project")
    with read(space) as connection:
        values["versions"] = versions_to_learn_from(connection, given.get("project", ""))
        values["batches"] = measured_batches(connection, given.get("project", ""))
    found = found or formed(given)
    if looked and found.settings is not None:
        values["looked"] = _looked(space, children, upload, given, found)
    values |= {"given": given, "formed": found, "groups": GROUPS, "head": HEAD, "in_force": _in_force(found)}
    return render(request, "new.html", values, status=status)


def _looked(
    space: Workspace, children: Helpers, upload: int | None, given: Mapping[str, str], found: Formed
) -> dict[str, Any]:
    """What the table holds and what would be trained on it, or why that cannot be said."""
    if found.settings is None:
        return {"seen": None, "problem": " ".join(found.problems.values())}
    # Only what concerns the table and the plan: a requirement changes nothing of what is seen.
    values = {key: text for key, text in found.values.items() if not key.startswith(("requirements.", "training.base"))}
    values.pop("training.incremental", None)
    try:
        with named_in_address():
            path = path_of(space, upload)
        if path is None and found.settings.data.version is None:
            raise UserError("no table is named", remedy="send a file, or pick a table of a project")
        seen = children.ask("look", table=path, yaml=given.get("yaml") or None, values=values)
        return {"seen": seen, "problem": None}
    except (TrainwrightError, Refusal) as error:
        return {"seen": None, "problem": said(error)}


def _given(items: Any) -> dict[str, str]:
    """The fields of the form that hold something; several of a name are joined by commas."""
    found: dict[str, str] = {}
    for key, value in items:
        if (key in KEYS or key in PLAIN) and isinstance(value, str) and value.strip() and len(value) < MOST:
            found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def _in_force(found: Formed) -> dict[str, str]:
    """What stands in grey in the fields: the values that a preset or the YAML brings."""
    if found.settings is None:
        return {}
    plain = found.settings.to_json()
    shown = {}
    for key in KEYS:
        block, _, name = key.partition(".")
        if name and key in found.settings.origins and plain[block].get(name) is not None:
            value = plain[block][name]
            shown[key] = ", ".join(map(str, value)) if isinstance(value, list) else f"{value}"
    return shown


def _number(label: str) -> bool:
    return label.removeprefix("d").isdigit() and len(label) < 10
