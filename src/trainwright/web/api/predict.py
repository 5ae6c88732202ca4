"""Predictions with their reasons: for trying a version, not for traffic."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from trainwright.store.files import open_artifact
from trainwright.store.projects import get_project
from trainwright.store.transaction import read
from trainwright.store.versions import Version, get_version
from trainwright.store.workspace import Workspace
from trainwright.web.api.jobs import RunNumber, path_of
from trainwright.web.api.nouns import Body, ProjectName, VersionLabel, noun
from trainwright.web.requests import Children, Space, named_in_address
from trainwright.web.security.roles import Role, least

router = noun("predictions")

Value = str | float | int | bool | None


class Rows(Body):
    """What is to be predicted: rows, or an upload."""

    rows: Annotated[list[dict[str, Value]], Field(max_length=10_000)] | None = Field(
        None, description="Column name to value; null where a value is missing."
    )
    upload: RunNumber | None = Field(None, description="Number of an upload, in place of rows.")
    decision: str | None = Field(None, pattern=r"^(d[1-9]\d{0,8}|none)$", description="d1, or none.")
    threshold: float | None = Field(None, ge=0, le=1, description="For two classes, in place of the decision.")
    explain: int = Field(0, ge=0, le=20, description="So many reasons for each row.")


class Predictions(BaseModel):
    """A prediction for each row, in their order, with its reasons where they were asked for."""

    version: str
    decision: str | None
    rows: int
    predictions: list[dict[str, Any]]
    reasons: list[list[dict[str, Any]]] | None
    notes: list[str]


@router.post("/projects/{project}/predict", operation_id="predict")
@least(Role.REVIEWER)
def predict(space: Space, children: Children, project: ProjectName, body: Rows) -> Predictions:
    """Predictions of the active version."""
    return Predictions(**predicted(space, children, project, None, body))


@router.post("/projects/{project}/versions/{version}/predict", operation_id="predict_with_version")
@least(Role.REVIEWER)
def predict_with(
    space: Space, children: Children, project: ProjectName, version: VersionLabel, body: Rows
) -> Predictions:
    """Predictions of a certain version."""
    return Predictions(**predicted(space, children, project, int(version[1:]), body))


@router.get("/projects/{project}/versions/{version}/inputs", operation_id="version_inputs")
@least(Role.VIEWER)
def inputs(space: Space, children: Children, project: ProjectName, version: VersionLabel) -> dict[str, Any]:
    """The columns that a version must be given: name, kind, and the values of a category."""
    found = named(space, project, int(version[1:]))
    answer: dict[str, Any] = children.ask("inputs", loads=found.manifest_sha, name=f"{project}@{found.label}")
    return answer


def predicted(space: Workspace, children: Children, project: str, number: int | None, body: Rows) -> dict[str, Any]:
    """Predictions; also for the page."""
    version = named(space, project, number)
    found: dict[str, Any] = children.ask(
        "predict",
        loads=version.manifest_sha,
        name=f"{project}@{version.label}",
        rows=body.rows,
        table=path_of(space, body.upload),
        decision=body.decision,
        threshold=body.threshold,
        explain=body.explain,
    )
    return found


def named(space: Workspace, project: str, number: int | None) -> Version:
    """The version in an address; the active one without a number."""
    with named_in_address(), read(space) as connection:
        version = get_version(connection, get_project(connection, project), number)
    open_artifact(space, "package", version.artifact)
    return version
