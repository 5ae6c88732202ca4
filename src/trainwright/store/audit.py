"""Who did what and when: one row for each act that changes what answers or what is kept, never altered."""

from __future__ import annotations

import getpass
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from trainwright.store import tables


@dataclass(frozen=True)
class Audit:
    """One act.

    Args:
        at: seconds since 1970.
        who: the person or process.
        action: a word ("activate", "rollback", "delete", ...).
        subject: what it was done to.
        details: anything more, as plain data.
    """

    at: float
    who: str
    action: str
    subject: str
    details: dict[str, Any] | None


def record_act(
    connection: Connection,
    action: str,
    subject: str,
    *,
    project_id: int | None = None,
    who: str | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Adds an audit row in the caller's transaction, so that the act and its record stand or fall
    together.
    """
    connection.execute(
        tables.audit.insert().values(
            at=time.time(),
            who=who or current_user(),
            action=action,
            project_id=project_id,
            subject=subject,
            details=details,
        )
    )


def acts(connection: Connection, *, project_id: int | None = None) -> list[Audit]:
    """Every act, oldest first, of one project or of the whole workspace."""
    query = select(tables.audit).order_by(tables.audit.c.id)
    if project_id is not None:
        query = query.where(tables.audit.c.project_id == project_id)
    return [Audit(row.at, row.who, row.action, row.subject, row.details) for row in connection.execute(query)]


def current_user() -> str:
    """The name of the user who runs this process, or "unknown"."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"
