"""Which version answers: activate and roll back, each with its deployment and audit rows in one
transaction.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from trainwright.errors import UserError
from trainwright.store import tables
from trainwright.store.audit import current_user, record_act
from trainwright.store.outbox import tell_active
from trainwright.store.projects import Project
from trainwright.store.rows import insert_row


@dataclass(frozen=True)
class Deployment:
    """A version that answers, or once did.

    Args:
        id: the row.
        project_id, version_id, decision_id: what answers.
        mode: "single" (others come with serving).
        share: its share of the traffic, 0 to 1.
        action: "activate" or "rollback".
        who: the user.
        started_at, ended_at: seconds since 1970; `ended_at` is None for the one that answers now.
    """

    id: int
    project_id: int
    version_id: int
    decision_id: int | None
    mode: str
    share: float
    action: str
    who: str
    started_at: float
    ended_at: float | None


def active_deployment(connection: Connection, project_id: int) -> Deployment | None:
    """What answers now, or None."""
    table = tables.deployment
    query = select(table).where(table.c.project_id == project_id, table.c.ended_at.is_(None))
    row = connection.execute(query.order_by(table.c.id.desc())).first()
    return None if row is None else Deployment(**row._mapping)


def deployments_of(connection: Connection, project_id: int) -> list[Deployment]:
    """Every deployment of a project, oldest first."""
    table = tables.deployment
    query = select(table).where(table.c.project_id == project_id).order_by(table.c.id)
    return [Deployment(**row._mapping) for row in connection.execute(query)]


def activate(
    connection: Connection,
    project_id: int,
    version_id: int,
    label: str,
    *,
    who: str | None = None,
    reason: str | None = None,
    action: str = "activate",
    decision_id: int | None = None,
) -> Deployment:
    """Lets a version answer from now on, by a decision or by its own threshold; what answered before ends.

    Activating what answers already changes nothing.

    Args:
        connection: a write transaction.
        project_id, version_id: what (`Version.id`, not its number).
        label: the version as users write it, for the audit row.
        who: the user; whoever runs this process when not given.
        reason: why, for the audit row.
        action: "activate" or "rollback".
        decision_id: the decision by which it answers (`store.decisions`), or None.
    """
    table = tables.deployment
    before = active_deployment(connection, project_id)
    if before is not None and (before.version_id, before.decision_id) == (version_id, decision_id):
        return before
    now = time.time()
    who = who or current_user()
    current = (table.c.project_id == project_id) & table.c.ended_at.is_(None)
    connection.execute(table.update().where(current).values(ended_at=now))
    new = insert_row(
        connection,
        table,
        project_id=project_id,
        version_id=version_id,
        decision_id=decision_id,
        mode="single",
        share=1.0,
        action=action,
        who=who,
        started_at=now,
    )
    details: dict[str, Any] = {"reason": reason, "before": before.version_id if before else None}
    if decision_id is not None:
        details["decision"] = decision_id
    record_act(connection, action, label, project_id=project_id, who=who, details=details)
    tell_active(connection, project_id, version_id)
    return Deployment(**connection.execute(select(table).where(table.c.id == new)).one()._mapping)


def rollback(connection: Connection, project: Project, *, who: str | None = None) -> Deployment:
    """Returns to what answered before, version and decision; again, to what was before that.

    Versions deleted since are passed over. The path back is what activations laid: a rollback does not add
    to it.

    Raises:
        UserError: nothing was active before.
    """
    path: list[tuple[int, int | None]] = []
    for deployment in deployments_of(connection, project.id):
        what = (deployment.version_id, deployment.decision_id)
        if deployment.action == "rollback" and what in path:
            while path[-1] != what:
                path.pop()
        else:
            path.append(what)
    version = tables.version.c
    for version_id, decision_id in reversed(path[:-1]):
        row = connection.execute(select(version.number, version.state).where(version.id == version_id)).one()
        if row.state == "kept" and (version_id, decision_id) != path[-1]:
            label = f"v{row.number}"
            return activate(
                connection, project.id, version_id, label, who=who, action="rollback", decision_id=decision_id
            )
    raise UserError(
        f"project {project.name!r} has no earlier active version to return to",
        remedy=f"see `trainwright versions list {project.name}`",
    )
