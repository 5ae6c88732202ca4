"""Whether two people must agree before a version answers: noted in the audit log by the server that asks for it.

Trainings run in processes that know no server's options; they ask here before the first version of a project would
answer by itself.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from trainwright.store import tables
from trainwright.store.audit import record_act
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace

TWO, ONE = "two people must agree", "one person is enough"


def two_must_agree(connection: Connection) -> bool:
    """Whether the latest server over this workspace asked for a second person.

    Example:
        >>> with read(workspace) as connection:                                     # doctest: +SKIP
        ...     two_must_agree(connection)
        False
    """
    audit = tables.audit.c
    query = select(audit.action).where(audit.action.in_((TWO, ONE))).order_by(audit.id.desc()).limit(1)
    return connection.execute(query).scalar() == TWO


def note_agreement(workspace: Workspace, *, two: bool) -> None:
    """Notes whether two people must agree from now on; nothing where that is known already.

    Args:
        workspace: which.
        two: as the server that starts was told.
    """
    with read(workspace) as connection:
        if two_must_agree(connection) == two:
            return
    with write(workspace) as connection:
        record_act(connection, TWO if two else ONE, "whole workspace", details={"by": "trainwright serve"})
