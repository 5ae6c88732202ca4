"""Model versions: a table of them, one with its figures and data, and which one answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from trainwright.store import tables
from trainwright.store.deployments import active_deployment
from trainwright.store.projects import Project
from trainwright.store.versions import Version, get_version, list_versions
from trainwright.web.views.projects import headline


@dataclass(frozen=True)
class VersionRow:
    """One version.

    Args:
        name: such as "adult@v3"; `project` and `version` are its parts.
        state: "kept" or "deleted".
        active: whether it answers.
        decision: of the active one, the decision it answers by, such as "d1".
        run: that made it.
        created: seconds since 1970.
        duration: of the training, in seconds.
        model: what was selected.
        dataset: what it was trained on, such as "d1".
        base_model: the version it learned on from, or None.
        metric, figure, part: its headline; see `projects.headline`.
        validation, test: every metric with its interval.
        bytes: of the package.
        settings: that were given.
        latency_ms: for one row.
        manifest_sha: SHA-256 of the package's manifest.
        comments: the user's own words.
    """

    name: str
    project: str
    version: str
    state: str
    active: bool
    decision: str | None
    run: int | None
    created: float
    duration: float | None
    model: str | None
    dataset: str | None
    base_model: str | None
    metric: str | None
    figure: dict[str, Any] | None
    part: str | None
    validation: dict[str, Any] | None
    test: dict[str, Any] | None
    bytes: int
    settings: dict[str, Any]
    latency_ms: float | None
    manifest_sha: str
    comments: str | None


@dataclass(frozen=True)
class VersionName:
    """A version by its name alone, such as "v3", and whether it answers."""

    version: str
    active: bool


@dataclass(frozen=True)
class VersionPage:
    """Some versions of a long list, the newest first, and the cursor of those before them (`before`), or None."""

    versions: list[VersionRow]
    next: int | None


def versions_of(
    connection: Connection, project: Project, *, deleted: bool = False, before: int | None = None, limit: int = 50
) -> VersionPage:
    """The versions of a project, the newest first.

    Args:
        connection: to read with.
        project: whose.
        deleted: those whose package was deleted too.
        before: with a lower number alone.
        limit: so many.
    """
    answers, decision = _answers(connection, project)
    rows = list_versions(connection, project.id, deleted=deleted, newest=limit + 1, before=before)[::-1]
    found = [_row(project, version, answers, decision) for version in rows[:limit]]
    return VersionPage(found, rows[limit - 1].number if len(rows) > limit else None)


def version_names(connection: Connection, project: Project) -> list[VersionName]:
    """The names of the kept versions of a project, the newest first; their documents stay where they are."""
    version = tables.version.c
    query = select(version.id, version.number).where(version.project_id == project.id, version.state == "kept")
    deployment = active_deployment(connection, project.id)
    answers = None if deployment is None else deployment.version_id
    rows = connection.execute(query.order_by(version.number.desc()))
    return [VersionName(f"v{row.number}", row.id == answers) for row in rows]


def active_version(connection: Connection, project: Project) -> VersionRow | None:
    """What answers, or None."""
    return None if active_deployment(connection, project.id) is None else version_of(connection, project, None)


def version_of(connection: Connection, project: Project, number: int | None) -> VersionRow:
    """One version, or the active one.

    Raises:
        UserError: there is none, it was deleted, or none is active.
    """
    answers, decision = _answers(connection, project)
    return _row(project, get_version(connection, project, number), answers, decision)


def _answers(connection: Connection, project: Project) -> tuple[int | None, str | None]:
    deployment = active_deployment(connection, project.id)
    if deployment is None:
        return None, None
    if deployment.decision_id is None:
        return deployment.version_id, None
    query = select(tables.decision.c.number).where(tables.decision.c.id == deployment.decision_id)
    return deployment.version_id, f"d{connection.execute(query).scalar_one()}"


def _row(project: Project, version: Version, answers: int | None, decision: str | None) -> VersionRow:
    details, metrics = version.details or {}, version.metrics or {}
    active = version.id == answers
    return VersionRow(
        f"{project.name}@{version.label}",
        project.name,
        version.label,
        version.state,
        active,
        decision if active else None,
        version.run_id,
        version.created,
        details.get("duration_s"),
        details.get("selected"),
        details.get("dataset"),
        details.get("base_model"),
        *headline(metrics),
        metrics.get("validation"),
        metrics.get("test"),
        version.bytes,
        details.get("settings") or {},
        details.get("latency_ms"),
        version.manifest_sha,
        version.comments,
    )
