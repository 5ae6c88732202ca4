"""A second person's consent before a version answers, or answers by another decision, on servers that ask for one
(`serve --second-approver`).

Who asked stands in the audit log and nowhere else: what was asked for is open until something is activated or a week is
over. A rollback needs nobody's consent, since it is what helps in need.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import Connection, select

from trainwright.store import tables
from trainwright.store.audit import record_act
from trainwright.store.decisions import Decision
from trainwright.store.deployments import active_deployment
from trainwright.store.projects import Project
from trainwright.store.versions import Version

ASKED = "ask to activate"
WEEK = 7 * 86400.0


@dataclass(frozen=True)
class Asked:
    """An activation that waits for a second person: who asked, when, and for what ("v2", "v2 d1")."""

    who: str
    at: float
    label: str


def waiting(connection: Connection, project: Project) -> Asked | None:
    """The activation of a project that waits, or None."""
    audit = tables.audit.c
    query = select(audit.action, audit.who, audit.at, audit.subject).where(audit.project_id == project.id)
    query = query.where(audit.action.in_((ASKED, "activate", "rollback"))).order_by(audit.id.desc()).limit(1)
    row = connection.execute(query).first()
    if row is None or row.action != ASKED or row.at < time.time() - WEEK:
        return None
    return Asked(row.who, row.at, row.subject)


def label_of(version: Version, decision: Decision | None) -> str:
    """A version and the decision by which it answers, as the audit log names them: "v2", "v2 d1"."""
    return version.label if decision is None else f"{version.label} {decision.label}"


def second_of_two(
    connection: Connection, project: Project, version: Version, decision: Decision | None, who: str
) -> bool:
    """Whether somebody else asked for the same before, or it is so already; otherwise notes that this person asks.

    Args:
        connection: a write transaction.
        project: whose version.
        version: what shall answer.
        decision: by which; None for its own threshold.
        who: the person who asks now.
    """
    now, wanted = active_deployment(connection, project.id), None if decision is None else decision.id
    if now is not None and (now.version_id, now.decision_id) == (version.id, wanted):
        return True
    label, first = label_of(version, decision), waiting(connection, project)
    if first is not None and first.label == label:
        return first.who != who
    record_act(connection, ASKED, label, project_id=project.id, who=who)
    return False
