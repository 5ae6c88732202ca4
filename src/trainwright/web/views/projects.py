"""Projects at a glance: active version with its headline figure, last run, open findings, queue; in a few queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from trainwright.store import tables
from trainwright.store.states import FINISHED
from trainwright.web.views.lifecycle import Step, lifecycles

# Findings that a person should look at before the model is trusted.
OPEN = ("error", "warning")


@dataclass(frozen=True)
class LastRun:
    """The newest training of a project: number, name, state, and when it was asked for (seconds since 1970)."""

    id: int
    name: str
    state: str
    created: float


@dataclass(frozen=True)
class ActiveVersion:
    """What answers.

    Args:
        label: such as "v3".
        decision: such as "d1", or None for the version's own threshold.
        metric: by which it was chosen.
        figure: {"value", "low", "high"} of that metric.
        part: "test" where the sealed test was opened, else "validation".
        since: seconds since 1970.
    """

    label: str
    decision: str | None
    metric: str | None
    figure: dict[str, Any] | None
    part: str | None
    since: float


@dataclass(frozen=True)
class ProjectGlance:
    """One project.

    Args:
        id, name, target, created: of the project.
        versions: how many are kept.
        active: what answers, or None.
        last_run: the newest training, or None.
        findings: open findings of the newest training by severity.
        queued, working: its jobs that wait and that work.
        stages: how far it has come.
    """

    id: int
    name: str
    target: str | None
    created: float
    versions: int
    active: ActiveVersion | None
    last_run: LastRun | None
    findings: dict[str, int]
    queued: int
    working: int
    stages: list[Step]


def projects_at_a_glance(
    connection: Connection, *, name: str | None = None, after: int | None = None, limit: int | None = None
) -> list[ProjectGlance]:
    """Projects in the order of their names.

    Args:
        connection: to read with.
        name: the one with this name alone.
        after: those whose names come after that of the project with this id.
        limit: so many; all when not given.
    """
    table = tables.project
    query = select(table.c.id, table.c.name, table.c.target, table.c.created).order_by(table.c.name).limit(limit)
    if name is not None:
        query = query.where(table.c.name == name)
    if after is not None:
        query = query.where(table.c.name > select(table.c.name).where(table.c.id == after).scalar_subquery())
    rows = connection.execute(query).all()
    ids = [row.id for row in rows]
    stages = lifecycles(connection, ids)
    active, last, jobs = _active(connection, ids), _last_runs(connection, ids), _jobs(connection, ids)
    versions = _versions(connection, ids)
    findings = _findings(connection, [run.id for run in last.values()])
    return [
        ProjectGlance(
            row.id,
            row.name,
            row.target,
            row.created,
            versions.get(row.id, 0),
            active.get(row.id),
            last.get(row.id),
            findings.get(last[row.id].id, {}) if row.id in last else {},
            jobs.get((row.id, "queued"), 0),
            sum(n for (project, state), n in jobs.items() if project == row.id and state != "queued"),
            stages[row.id],
        )
        for row in rows
    ]


def project_names(connection: Connection, *, trained: bool = False) -> list[str]:
    """The names of the projects, or of those alone that were trained."""
    project, run = tables.project.c, tables.run.c
    query = select(project.name).order_by(project.name)
    if trained:
        query = query.where(select(run.id).where(run.project_id == project.id).exists())
    return list(connection.execute(query).scalars())


def headline(metrics: dict[str, Any] | None) -> tuple[str | None, dict[str, Any] | None, str | None]:
    """The figure by which a version is judged: (metric, figure, part), from the sealed test where there is one."""
    metric = (metrics or {}).get("metric")
    for part in ("test", "validation"):
        found = ((metrics or {}).get(part) or {}).get(metric)
        if found is not None:
            return metric, found, part
    return metric, None, None


def _active(connection: Connection, ids: list[int]) -> dict[int, ActiveVersion]:
    deployment, version, decision = tables.deployment, tables.version, tables.decision
    query = (
        select(
            deployment.c.project_id,
            deployment.c.started_at,
            version.c.number,
            version.c.metrics,
            decision.c.number.label("decision"),
        )
        .select_from(
            deployment.join(version, version.c.id == deployment.c.version_id).outerjoin(
                decision, decision.c.id == deployment.c.decision_id
            )
        )
        .where(deployment.c.project_id.in_(ids), deployment.c.ended_at.is_(None))
    )
    found = {}
    for row in connection.execute(query):
        chosen = None if row.decision is None else f"d{row.decision}"
        found[row.project_id] = ActiveVersion(f"v{row.number}", chosen, *headline(row.metrics), row.started_at)
    return found


def _last_runs(connection: Connection, ids: list[int]) -> dict[int, LastRun]:
    run, job = tables.run, tables.job
    newest = select(func.max(run.c.id)).where(run.c.project_id.in_(ids)).group_by(run.c.project_id)
    query = (
        select(run.c.project_id, run.c.id, run.c.name, job.c.state, run.c.created)
        .select_from(run.join(job, job.c.run_id == run.c.id))
        .where(run.c.id.in_(newest))
    )
    return {row.project_id: LastRun(row.id, row.name, row.state, row.created) for row in connection.execute(query)}


def _jobs(connection: Connection, ids: list[int]) -> dict[tuple[int, str], int]:
    run, job = tables.run, tables.job
    query = (
        select(run.c.project_id, job.c.state, func.count())
        .select_from(job.join(run, run.c.id == job.c.run_id))
        .where(job.c.state.not_in(FINISHED), run.c.project_id.in_(ids))
        .group_by(run.c.project_id, job.c.state)
    )
    return {(project, state): number for project, state, number in connection.execute(query)}


def _versions(connection: Connection, ids: list[int]) -> dict[int, int]:
    version = tables.version
    query = select(version.c.project_id, func.count()).where(version.c.state == "kept", version.c.project_id.in_(ids))
    return {row.project_id: row[1] for row in connection.execute(query.group_by(version.c.project_id))}


def _findings(connection: Connection, run_ids: list[int]) -> dict[int, dict[str, int]]:
    finding = tables.finding
    query = (
        select(finding.c.run_id, finding.c.severity, func.count())
        .where(finding.c.run_id.in_(run_ids), finding.c.severity.in_(OPEN))
        .group_by(finding.c.run_id, finding.c.severity)
    )
    found: dict[int, dict[str, int]] = {}
    for run_id, severity, number in connection.execute(query):
        found.setdefault(run_id, {})[severity] = number
    return found
