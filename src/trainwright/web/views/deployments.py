"""What answered in a project, by which decision, from when until when."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from trainwright.store import tables
from trainwright.store.projects import Project


@dataclass(frozen=True)
class DeploymentRow:
    """A version that answers, or once did.

    Args:
        id: the number, by which a long list goes on.
        version: such as "v2".
        decision: by which it answered, such as "d1"; None for its own threshold.
        action: "activate" or "rollback".
        who: made it answer.
        started_at, ended_at: seconds since 1970; `ended_at` is None for the one that answers now.
    """

    id: int
    version: str
    decision: str | None
    action: str
    who: str
    started_at: float
    ended_at: float | None


def deployments_before(
    connection: Connection, project: Project, *, before: int | None = None, limit: int = 50
) -> list[DeploymentRow]:
    """What answered, the newest first.

    Args:
        connection: to read with.
        project: in which.
        before: with a lower number alone.
        limit: so many.
    """
    deployment, version, decision = tables.deployment, tables.version, tables.decision
    named = deployment.join(version, version.c.id == deployment.c.version_id)
    named = named.outerjoin(decision, decision.c.id == deployment.c.decision_id)
    query = select(deployment, version.c.number.label("version"), decision.c.number.label("decision"))
    query = query.select_from(named).where(deployment.c.project_id == project.id)
    if before is not None:
        query = query.where(deployment.c.id < before)
    rows = connection.execute(query.order_by(deployment.c.id.desc()).limit(limit))
    return [
        DeploymentRow(
            row.id,
            f"v{row.version}",
            None if row.decision is None else f"d{row.decision}",
            row.action,
            row.who,
            row.started_at,
            row.ended_at,
        )
        for row in rows
    ]
