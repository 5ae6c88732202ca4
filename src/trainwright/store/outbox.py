"""Messages to other programs, kept until they are delivered: a row each, held by one sender at a time.

A row is written in the transaction of what it tells of, so that neither is there without the other. Whoever sends it
notes in its payload how far it is, so that another can go on from there.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from trainwright.store import tables
from trainwright.store.process import Owner, is_alive
from trainwright.store.rows import insert_row

MLFLOW, TENSORBOARD, ACTIVE = "mlflow", "tensorboard", "mlflow active"
MIRRORS = (MLFLOW, TENSORBOARD)
# Seconds after which a sender on another machine that noted nothing is taken for dead.
HELD = 300.0


@dataclass(frozen=True)
class Message:
    """A row of the outbox.

    Args:
        id: the row.
        topic: "mlflow" and "tensorboard" mirror a run; "mlflow active" says that another version answers.
        run_id: what it is about, or None.
        payload: how far its sender is, "holder" and "held_until" while somebody sends it, the last "problem".
        created: seconds since 1970.
        done_at: when it was delivered whole; None before.
    """

    id: int
    topic: str
    run_id: int | None
    payload: dict[str, Any]
    created: float
    done_at: float | None


def open_message(connection: Connection, topic: str, run_id: int, payload: dict[str, Any]) -> int:
    """Writes the message of a run on a topic, or opens the one that is there again; returns its row.

    What an earlier sender noted stays, except where `payload` says otherwise.
    """
    table = tables.outbox
    found = connection.execute(_rows().where(table.c.topic == topic, table.c.run_id == run_id)).first()
    if found is None:
        return insert_row(
            connection, table, topic=topic, run_id=run_id, payload=payload, created=time.time(), done_at=None
        )
    kept = {**(found.payload or {}), **payload}
    connection.execute(table.update().where(table.c.id == found.id).values(payload=kept, done_at=None))
    return int(found.id)


def tell_active(connection: Connection, project_id: int, version_id: int) -> None:
    """Notes that another version answers, where the project's runs are mirrored to MLflow."""
    outbox, run = tables.outbox, tables.run
    mirrored = select(outbox.c.id).join(run, run.c.id == outbox.c.run_id).where(run.c.project_id == project_id)
    if connection.execute(mirrored.where(outbox.c.topic == MLFLOW).limit(1)).first() is None:
        return
    payload = {"project_id": project_id, "version_id": version_id}
    insert_row(connection, outbox, topic=ACTIVE, run_id=None, payload=payload, created=time.time(), done_at=None)


def messages(
    connection: Connection,
    *,
    run_id: int | None = None,
    topics: tuple[str, ...] = MIRRORS,
    undone: bool = False,
) -> list[Message]:
    """Messages in the order they were written.

    Args:
        run_id: only those of this run.
        topics: only these.
        undone: only those that are not delivered.
    """
    table = tables.outbox
    query = _rows().where(table.c.topic.in_(topics)).order_by(table.c.id)
    if run_id is not None:
        query = query.where(table.c.run_id == run_id)
    if undone:
        query = query.where(table.c.done_at.is_(None))
    return [_message(row) for row in connection.execute(query)]


def get_message(connection: Connection, message_id: int) -> Message | None:
    """One message, or None when there is none of this number."""
    row = connection.execute(_rows().where(tables.outbox.c.id == message_id)).first()
    return None if row is None else _message(row)


def hold(connection: Connection, message_id: int, holder: str) -> Message | None:
    """Gives a message that is not delivered to a sender; None while another, who lives, holds it.

    Args:
        connection: a write transaction.
        message_id: which.
        holder: the sender's process (`store.process.current_owner`).
    """
    message = get_message(connection, message_id)
    if message is None or message.done_at is not None:
        return None
    if message.payload.get("holder") != holder and is_held(message):
        return None
    return _note(connection, message, {"holder": holder, "held_until": time.time() + HELD})


def is_held(message: Message) -> bool:
    """Whether somebody who lives sends it at this moment."""
    holder = message.payload.get("holder")
    return holder is not None and _lives(holder, float(message.payload.get("held_until", 0.0)))


def note(connection: Connection, message_id: int, holder: str, changes: dict[str, Any]) -> bool:
    """Notes how far its sender is; False where another holds the message by now, and nothing is noted."""
    message = get_message(connection, message_id)
    if message is None or message.payload.get("holder") != holder:
        return False
    _note(connection, message, {**changes, "held_until": time.time() + HELD})
    return True


def let_go(connection: Connection, message_id: int, holder: str, *, done: bool, changes: dict[str, Any]) -> bool:
    """Ends the sending, delivered or not; False where another holds the message by now."""
    message = get_message(connection, message_id)
    if message is None or message.payload.get("holder") != holder:
        return False
    changed = {**changes, "holder": None, "held_until": None}
    _note(connection, message, changed, done_at=time.time() if done else None)
    return True


def _note(
    connection: Connection, message: Message, changes: dict[str, Any], *, done_at: float | None = None
) -> Message:
    payload = {key: value for key, value in {**message.payload, **changes}.items() if value is not None}
    table = tables.outbox
    connection.execute(table.update().where(table.c.id == message.id).values(payload=payload, done_at=done_at))
    return Message(message.id, message.topic, message.run_id, payload, message.created, done_at)


def _lives(holder: str, until: float) -> bool:
    owner = Owner.parse(holder)
    alive = None if owner is None else is_alive(owner)
    return time.time() < until if alive is None else alive


def _rows() -> Select[Any]:
    return select(tables.outbox)


def _message(row: Any) -> Message:
    return Message(row.id, row.topic, row.run_id, row.payload or {}, row.created, row.done_at)
