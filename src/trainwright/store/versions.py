"""Model versions: v1, v2, ...: immutable packages with a row each. None is ever overwritten."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from trainwright.errors import UserError
from trainwright.store import tables
from trainwright.store.audit import record_act
from trainwright.store.counters import next_number
from trainwright.store.deployments import activate, active_deployment
from trainwright.store.fence import fence
from trainwright.store.files import Published, artifact_path
from trainwright.store.projects import Project
from trainwright.store.rows import insert_row
from trainwright.store.transaction import write
from trainwright.store.two_people import two_must_agree
from trainwright.store.workspace import Workspace


@dataclass(frozen=True)
class Version:
    """A model version.

    Args:
        id: the row.
        project_id: its project.
        number: 1 for v1, and so on.
        run_id, dataset_version_id: where it comes from.
        state: "kept" or "deleted"; the row of a deleted one stays.
        artifact: hash of the published "package" folder.
        manifest_sha: SHA-256 of the package's own manifest.
        bytes: size of the package.
        metrics: headline figures, as plain data.
        details: duration, family, configuration in short, as plain data.
        comments: the user's own words.
        created, deleted_at: seconds since 1970.
    """

    id: int
    project_id: int
    number: int
    run_id: int | None
    dataset_version_id: int | None
    state: str
    artifact: str
    manifest_sha: str
    bytes: int
    metrics: dict[str, Any] | None
    details: dict[str, Any] | None
    comments: str | None
    created: float
    deleted_at: float | None

    @property
    def label(self) -> str:
        """The number as users write it, such as "v3"."""
        return f"v{self.number}"


def create_version(
    connection: Connection,
    project_id: int,
    package: Published,
    *,
    manifest_sha: str,
    run_id: int | None = None,
    attempt: int | None = None,
    dataset_version_id: int | None = None,
    metrics: dict[str, Any] | None = None,
    details: dict[str, Any] | None = None,
    comments: str | None = None,
    activate_if_first: bool = True,
) -> Version:
    """Writes the row of a published package under the project's next number.

    A run makes one version of one package: asked again (by a later attempt), the version it made is returned.

    Args:
        connection: a write transaction.
        project_id: the project.
        package: what `publish(workspace, "package", ...)` gave.
        manifest_sha: SHA-256 of the package's manifest.
        run_id, attempt: the run that made it; with an attempt, a superseded one is refused.
        dataset_version_id, metrics, details, comments: see `Version`.
        activate_if_first: let it answer when the project has no active version, unless two people must agree.

    Raises:
        SupersededError: a later attempt has begun.
    """
    table = tables.version
    if run_id is not None and attempt is not None:
        fence(connection, run_id, attempt)
    if run_id is not None:
        same = (table.c.run_id == run_id) & (table.c.manifest_sha == manifest_sha)
        found = connection.execute(select(table).where(same)).first()
        if found is not None:
            return Version(**found._mapping)
    new = insert_row(
        connection,
        table,
        project_id=project_id,
        number=next_number(connection, project_id, "version"),
        run_id=run_id,
        dataset_version_id=dataset_version_id,
        state="kept",
        artifact=package.sha,
        manifest_sha=manifest_sha,
        bytes=package.bytes,
        metrics=metrics,
        details=details,
        comments=comments,
        created=time.time(),
    )
    version = _by_id(connection, new)
    record_act(connection, "create", version.label, project_id=project_id, details={"run": run_id})
    if activate_if_first and active_deployment(connection, project_id) is None and not two_must_agree(connection):
        activate(connection, project_id, version.id, version.label, reason="first version of the project")
    return version


def list_versions(
    connection: Connection,
    project_id: int,
    *,
    deleted: bool = False,
    newest: int | None = None,
    before: int | None = None,
) -> list[Version]:
    """The versions of a project in order, with the deleted ones if asked.

    Args:
        newest: of many, so many of the newest alone.
        before: with a lower number alone.
    """
    table = tables.version
    query = select(table).where(table.c.project_id == project_id).order_by(table.c.number.desc()).limit(newest)
    if not deleted:
        query = query.where(table.c.state == "kept")
    if before is not None:
        query = query.where(table.c.number < before)
    return [Version(**row._mapping) for row in connection.execute(query)][::-1]


def get_version(connection: Connection, project: Project, number: int | None = None) -> Version:
    """The version with this number, or the active one.

    Raises:
        UserError: there is none, it was deleted, or none is active.
    """
    if number is None:
        deployment = active_deployment(connection, project.id)
        if deployment is None:
            raise UserError(
                f"project {project.name!r} has no active version",
                remedy=f"train one, or `trainwright versions activate {project.name}@v1`",
            )
        return _by_id(connection, deployment.version_id)
    table = tables.version
    this = (table.c.project_id == project.id) & (table.c.number == number)
    row = connection.execute(select(table).where(this)).first()
    if row is None:
        known = ", ".join(v.label for v in list_versions(connection, project.id)) or "none yet"
        raise UserError(f"project {project.name!r} has no version v{number}", remedy=f"it has: {known}")
    if row.state == "deleted":
        raise UserError(f"v{number} of project {project.name!r} was deleted; its record is kept")
    return Version(**row._mapping)


def delete_version(workspace: Workspace, project: Project, number: int, *, who: str | None = None) -> Version:
    """Removes the package of a version and keeps its row, its figures and its run.

    The row says so before the first file goes, so that a version shown as kept always has its package.

    Raises:
        UserError: there is no such version, or it is the active one.
    """
    with write(workspace) as connection:
        version = get_version(connection, project, number)
        deployment = active_deployment(connection, project.id)
        if deployment is not None and deployment.version_id == version.id:
            raise UserError(
                f"{version.label} of project {project.name!r} is active, so it cannot be deleted",
                remedy=f"activate another first: trainwright versions activate {project.name}@vN",
            )
        table = tables.version
        now = time.time()
        connection.execute(table.update().where(table.c.id == version.id).values(state="deleted", deleted_at=now))
        details = {"artifact": version.artifact, "bytes": version.bytes}
        record_act(connection, "delete", version.label, project_id=project.id, who=who, details=details)
        shared = (table.c.artifact == version.artifact) & (table.c.state == "kept")
        still_needed = connection.execute(select(table.c.id).where(shared)).first() is not None
        version = _by_id(connection, version.id)
    if not still_needed:
        shutil.rmtree(artifact_path(workspace, "package", version.artifact), ignore_errors=True)
    return version


def _by_id(connection: Connection, version_id: int) -> Version:
    row = connection.execute(select(tables.version).where(tables.version.c.id == version_id)).one()
    return Version(**row._mapping)
