"""How far the mirrors of a workspace are."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from trainwright.store import tables
from trainwright.store.outbox import Message, is_held, messages
from trainwright.store.projects import get_project
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace
from trainwright.track.places import shown


@dataclass(frozen=True)
class MirrorRow:
    """The mirror of a run in one place.

    Args:
        message: the row of the outbox.
        run, project: what is mirrored.
        topic: "mlflow" or "tensorboard".
        address: where; never with a password.
        state: "done", "at work" (a process writes it) or "behind".
        problem: what was in the way last, or None.
        done_at: when all of it was written.
    """

    message: int
    run: int
    project: str
    topic: str
    address: str
    state: str
    problem: str | None
    done_at: float | None


def list_mirrors(workspace: Workspace, project: str | None = None) -> list[MirrorRow]:
    """Every mirror of the workspace, or of one project, oldest first."""
    run, named = tables.run, tables.project
    with read(workspace) as connection:
        query = select(run.c.id, named.c.name).join(named, named.c.id == run.c.project_id)
        if project is not None:
            query = query.where(named.c.id == get_project(connection, project).id)
        names = {row.id: row.name for row in connection.execute(query)}
        found = messages(connection)
    return [_row(one, names[one.run_id]) for one in found if one.run_id in names]


def _row(message: Message, project: str) -> MirrorRow:
    state = "done" if message.done_at is not None else "at work" if is_held(message) else "behind"
    return MirrorRow(
        message.id,
        int(message.run_id or 0),
        project,
        message.topic,
        shown(message.payload["address"]),
        state,
        message.payload.get("problem"),
        message.done_at,
    )
