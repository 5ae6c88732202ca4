"""Model versions: list, show, compare, activate, roll back, delete, download, export."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import BackgroundTasks, Query
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import FileResponse, Response

from trainwright.jobs import mirror
from trainwright.store.decisions import NONE, decision_in_force, get_decision
from trainwright.store.deployments import activate as set_active
from trainwright.store.deployments import rollback as roll_back
from trainwright.store.files import open_artifact
from trainwright.store.problems import storage_problems
from trainwright.store.projects import Project, get_project
from trainwright.store.transaction import read, write
from trainwright.store.versions import delete_version, get_version
from trainwright.web.api.jobs import RunNumber, path_of
from trainwright.web.api.nouns import After, Body, Limit, Page, ProjectName, VersionLabel, noun
from trainwright.web.approval import label_of, second_of_two
from trainwright.web.problems import Refusal
from trainwright.web.requests import Children, Space, Web, Who, named_in_address
from trainwright.web.security.roles import Role, least
from trainwright.web.views.versions import VersionRow, active_version, version_of, versions_of

router = noun("versions")
DECISION = r"^(d[1-9]\d{0,8}|none)$"
FILE: dict[int | str, dict[str, Any]] = {200: {"description": "A zip file.", "content": {"application/zip": {}}}}
WAITS: dict[int | str, dict[str, Any]] = {
    202: {"model": VersionRow, "description": "Noted: it answers once a second person asks for the same."}
}


class Activation(Body):
    """By which decision a version answers, and which version the caller believes to be active."""

    decision: str | None = Field(
        None,
        pattern=DECISION,
        description="d1, or none for its own threshold; as before if absent.",
    )
    expected: str | None = Field(
        None,
        pattern=r"^(v[1-9]\d{0,8}|none)$",
        description="The version that is active now; another one is a 409, so that nobody overwrites another's choice.",
    )


class Comparison(Body):
    """What two versions are compared on."""

    first: str = Field(pattern=r"^v[1-9]\d{0,8}$")
    second: str = Field(pattern=r"^v[1-9]\d{0,8}$")
    upload: RunNumber | None = Field(None, description="A labelled table; without it the kept figures are shown.")


@router.get("/projects/{project}/versions", operation_id="list_versions")
@least(Role.VIEWER)
def versions(
    space: Space, project: ProjectName, deleted: bool = False, limit: Limit = 50, after: After = None
) -> Page[VersionRow]:
    """The versions of a project, the newest first."""
    with read(space) as connection:
        project_row = project_named(connection, project)
        found = versions_of(connection, project_row, deleted=deleted, before=after, limit=limit)
    return Page(items=found.versions, next=found.next)


@router.get("/projects/{project}/versions/{version}", operation_id="get_version")
@least(Role.VIEWER)
def one_version(space: Space, project: ProjectName, version: VersionLabel) -> VersionRow:
    """One version."""
    with named_in_address(), read(space) as connection:
        return version_of(connection, get_project(connection, project), int(version[1:]))


@router.post("/projects/{project}/compare", operation_id="compare_versions")
@least(Role.REVIEWER)
def compare(space: Space, children: Children, project: ProjectName, body: Comparison) -> dict[str, Any]:
    """Two versions side by side; with an upload, a verdict on the rows that neither was trained on."""
    with read(space) as connection:
        project_named(connection, project)
    first, second = f"{project}@{body.first}", f"{project}@{body.second}"
    found: dict[str, Any] = children.ask("compare", first=first, second=second, table=path_of(space, body.upload))
    return found


@router.post("/projects/{project}/versions/{version}/activate", operation_id="activate_version", responses=WAITS)
@least(Role.TRAINER)
def activate(
    space: Space,
    web: Web,
    who: Who,
    answer: Response,
    project: ProjectName,
    version: VersionLabel,
    body: Activation | None = None,
) -> VersionRow:
    """Lets a version answer from now on."""
    asked = body or Activation(decision=None, expected=None)
    row, done = activated(space, who.name, project, int(version[1:]), asked, two=web.second_approver)
    if not done:
        answer.status_code = 202
    return row


@router.post("/projects/{project}/rollback", operation_id="roll_back")
@least(Role.TRAINER)
def rollback(space: Space, who: Who, project: ProjectName) -> VersionRow:
    """Returns to what answered before."""
    with write(space) as connection:
        found = project_named(connection, project)
        roll_back(connection, found, who=who.name)
        row = version_of(connection, found, None)
    mirror.tell(space)
    return row


@router.delete("/projects/{project}/versions/{version}", operation_id="delete_version", status_code=204)
@least(Role.TRAINER)
def delete(space: Space, who: Who, project: ProjectName, version: VersionLabel) -> Response:
    """Removes the package of a version; its row, figures and run stay. The active one is a 422."""
    with read(space) as connection:
        found = project_named(connection, project)
        with named_in_address():
            get_version(connection, found, int(version[1:]))
    delete_version(space, found, int(version[1:]), who=who.name)
    return Response(status_code=204)


@router.get(
    "/projects/{project}/versions/{version}/package",
    operation_id="download_version",
    response_class=FileResponse,
    responses=FILE,
)
@least(Role.VIEWER)
def download(space: Space, project: ProjectName, version: VersionLabel, after: BackgroundTasks) -> FileResponse:
    """The package of a version as a zip file, which `trainwright predict ./FOLDER` can use anywhere."""
    with read(space) as connection, named_in_address():
        found = get_version(connection, get_project(connection, project), int(version[1:]))
    name = f"{project}-{version}"
    folder = Path(tempfile.mkdtemp(prefix="trainwright-download-"))
    after.add_task(shutil.rmtree, folder, ignore_errors=True)
    try:
        package = open_artifact(space, "package", found.artifact)
        with storage_problems(Path(tempfile.gettempdir())):
            path = shutil.make_archive(str(folder / name), "zip", package)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return FileResponse(path, media_type="application/zip", filename=f"{name}.zip", background=after)


@router.get(
    "/projects/{project}/versions/{version}/export",
    operation_id="export_version",
    response_class=FileResponse,
    responses=FILE,
)
@least(Role.REVIEWER)
def export(
    space: Space,
    who: Who,
    children: Children,
    project: ProjectName,
    version: VersionLabel,
    after: BackgroundTasks,
    format: Literal["onnx", "folder", "mlflow"] = "onnx",
    decision: Annotated[str | None, Query(pattern=DECISION, description="d1, or none; else the one in force.")] = None,
    int8: Annotated[bool, Query(description="Networks are written in eight bits.")] = False,
) -> FileResponse:
    """A version written for other programs, as a zip file; its answers were compared with the version's own first."""
    with named_in_address(), read(space) as connection:
        get_version(connection, get_project(connection, project), int(version[1:]))
    found = children.ask(
        "export", name=f"{project}@{version}", format=format, decision=decision, int8=int8, who=who.name
    )
    path = Path(found["path"])
    after.add_task(shutil.rmtree, path.parent, ignore_errors=True)
    return FileResponse(path, media_type="application/zip", filename=found["name"], background=after)


def project_named(connection: Connection, name: str) -> Project:
    """The project in an address."""
    with named_in_address():
        return get_project(connection, name)


def activated(
    space: Space, who: str, project: str, number: int, body: Activation, *, two: bool = False
) -> tuple[VersionRow, bool]:
    """Activates a version; also for the page.

    Args:
        two: whether a second person must ask for it, too.

    Returns:
        The version, and whether it answers; if not, it waits for the second person.

    Raises:
        Refusal: somebody else activated another one meanwhile (409).
        UserError: the version was deleted, or has no such decision.
    """
    from trainwright.training.whole_decision import whole

    with write(space) as connection:
        found = project_named(connection, project)
        with named_in_address():
            version = get_version(connection, found, number)
        called = f"{project}@{version.label}"
        answers = active_version(connection, found)
        now = NONE if answers is None else answers.version
        if body.expected is not None and body.expected != now:
            raise Refusal(
                409, f"{now} is active by now, not {body.expected}", remedy="look at it again, then decide anew"
            )
        if body.decision is None:
            chosen = decision_in_force(connection, version.id)
        else:
            chosen = None if body.decision == NONE else get_decision(connection, version.id, body.decision, name=called)
        if chosen is not None:
            whole(chosen, called)
        if two and not second_of_two(connection, found, version, chosen, who):
            return version_of(connection, found, number), False
        label, used = label_of(version, chosen), None if chosen is None else chosen.id
        set_active(connection, found.id, version.id, label, who=who, reason="web", decision_id=used)
        row = version_of(connection, found, number)
    mirror.tell(space)
    return row, True
