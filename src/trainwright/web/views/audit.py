"""Who did what and when, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from trainwright.store import tables


@dataclass(frozen=True)
class Act:
    """One act: its number, when (seconds since 1970), by whom, what, to what of which project, and anything more."""

    id: int
    at: float
    who: str
    action: str
    project: str | None
    subject: str
    details: dict[str, Any] | None


def acts_before(
    connection: Connection, *, project: str | None = None, before: int | None = None, limit: int = 50
) -> list[Act]:
    """Acts, the newest first.

    Args:
        connection: to read with.
        project: of this one alone.
        before: older than this act.
        limit: so many.
    """
    audit, named = tables.audit, tables.project
    query = select(audit, named.c.name).select_from(audit.outerjoin(named, named.c.id == audit.c.project_id))
    if project is not None:
        query = query.where(named.c.name == project)
    if before is not None:
        query = query.where(audit.c.id < before)
    rows = connection.execute(query.order_by(audit.c.id.desc()).limit(limit))
    return [Act(row.id, row.at, row.who, row.action, row.name, row.subject, row.details) for row in rows]
