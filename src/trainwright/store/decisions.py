"""Decisions: d1, d2, ... beside a version: thresholds, costs, review band, prevalence. The package never changes."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, cast, func, select

from trainwright.errors import UserError
from trainwright.store import tables
from trainwright.store.audit import current_user, record_act
from trainwright.store.damage import AS_IT_STANDS, text_of, why_unreadable
from trainwright.store.deployments import Deployment, activate, active_deployment
from trainwright.store.jsons import loads
from trainwright.store.rows import insert_row

TRAINING = "training"
"""`document["origin"]` of a decision that a training recorded because its settings asked for it."""
NONE = "none"


@dataclass(frozen=True)
class Decision:
    """A numbered decision of a version.

    Args:
        id: the row.
        version_id: whose.
        number: 1 for d1, and so on.
        document: what was asked, the policy and what it buys, as plain data.
        who: the person or process.
        created: seconds since 1970.
        damage: why the document cannot be used, where somebody changed it by hand; it is empty then. Other decisions of
            the version must go on working, so reading it is no error, only answering by it (`training.deployed.whole`).
    """

    id: int
    version_id: int
    number: int
    document: dict[str, Any]
    who: str
    created: float
    damage: str | None = None

    @property
    def label(self) -> str:
        """The number as users write it, such as "d2"."""
        return f"d{self.number}"


def decision_number(label: str) -> int:
    """The number of a label.

    Raises:
        UserError: it is no label of a decision.

    Example:
        >>> decision_number("d2")
        2
    """
    match = re.fullmatch(r"d?(\d{1,9})", label.strip())
    if match is None:
        raise UserError(f"{label!r} names no decision", remedy="write d1, d2, ..., or none for its own threshold")
    return int(match[1])


def add_decision(
    connection: Connection,
    version_id: int,
    document: Mapping[str, Any],
    *,
    project_id: int,
    version_label: str,
    who: str | None = None,
) -> Decision:
    """Keeps a decision under the version's next number, with its audit row.

    Args:
        connection: a write transaction.
        version_id: whose (`Version.id`).
        document: plain data.
        project_id, version_label: for the audit row.
        who: the user; whoever runs this process when not given.
    """
    table = tables.decision
    last = connection.execute(select(func.max(table.c.number)).where(table.c.version_id == version_id)).scalar()
    who = who or current_user()
    new = insert_row(
        connection,
        table,
        version_id=version_id,
        number=int(last or 0) + 1,
        document=dict(document),
        who=who,
        created=time.time(),
    )
    made = _read(connection.execute(_rows().where(table.c.id == new)).one())
    details = {"goal": document.get("goal"), "flags": document.get("flags"), "origin": document.get("origin")}
    record_act(connection, "decide", f"{version_label} {made.label}", project_id=project_id, who=who, details=details)
    return made


def decisions_of(connection: Connection, version_id: int) -> list[Decision]:
    """The decisions of a version, oldest first."""
    table = tables.decision
    query = _rows().where(table.c.version_id == version_id).order_by(table.c.number)
    return [_read(row) for row in connection.execute(query)]


def get_decision(connection: Connection, version_id: int, label: str, *, name: str) -> Decision:
    """The decision with this label.

    Args:
        connection: to read with.
        version_id: whose.
        label: such as "d1".
        name: the version as users write it, for messages.

    Raises:
        UserError: the version has none of this number; where another version of the project has, it says that a
            decision holds for one version only, and how to make it again.
    """
    number = decision_number(label)
    known = decisions_of(connection, version_id)
    for found in known:
        if found.number == number:
            return found
    if known:
        ends = known[0].label if len(known) == 1 else f"{known[0].label} to {known[-1].label}"
        raise UserError(f"{name} has no decision d{number}", remedy=f"it has {ends}")
    elsewhere = _elsewhere(connection, version_id, number)
    if elsewhere is not None:
        other, found = elsewhere
        raise UserError(
            f"{name} has no decision d{number}; {other} has one, but a decision holds for the version it was made for",
            remedy=f"make it again: trainwright decide {name} {found.document.get('flags') or ''}".rstrip(),
        )
    raise UserError(f"{name} has no decisions", remedy=f"make one: trainwright decide {name} --cost fp=1 fn=20")


def decision_in_force(connection: Connection, version_id: int) -> Decision | None:
    """The decision by which a version answers: that of its latest deployment; of a version that never answered, the one
    that its training recorded. None: its own threshold."""
    deployments = tables.deployment
    query = select(deployments.c.decision_id).where(deployments.c.version_id == version_id)
    latest = connection.execute(query.order_by(deployments.c.id.desc()).limit(1)).first()
    if latest is None:
        first = [d for d in decisions_of(connection, version_id) if d.number == 1]  # a training records no other
        # A damaged one may be it: to answer by another threshold in silence would be worse than to refuse.
        return next((d for d in first if d.damage is not None or d.document.get("origin") == TRAINING), None)
    if latest.decision_id is None:
        return None
    return _read(connection.execute(_rows().where(tables.decision.c.id == latest.decision_id)).one())


def use_decision(
    connection: Connection,
    project_id: int,
    version_id: int,
    version_label: str,
    decision: Decision | None,
    *,
    who: str | None = None,
    reason: str | None = None,
) -> Deployment:
    """Lets the active version answer by a decision from now on (None: by its own threshold).

    Args:
        connection: a write transaction: deployment and audit rows stand or fall together.
        project_id, version_id, version_label: which version; it must be the active one.
        decision: one of this version.
        who, reason: for the audit row.

    Raises:
        UserError: the version is not the active one.
    """
    check_active(connection, project_id, version_id, version_label, "none" if decision is None else decision.label)
    label = version_label if decision is None else f"{version_label} {decision.label}"
    return activate(
        connection,
        project_id,
        version_id,
        label,
        who=who,
        reason=reason or "decide --use",
        decision_id=None if decision is None else decision.id,
    )


def check_active(
    connection: Connection, project_id: int, version_id: int, version_label: str, decision: str = "dN"
) -> None:
    """Refuses a version that does not answer: a decision takes effect with a deployment."""
    active = active_deployment(connection, project_id)
    if active is None or active.version_id != version_id:
        raise UserError(
            f"{version_label} is not the active version, so nothing can answer by its decision yet",
            remedy="leave --use out, then: "
            f"trainwright versions activate PROJECT@{version_label} --decision {decision}",
        )


def _elsewhere(connection: Connection, version_id: int, number: int) -> tuple[str, Decision] | None:
    """The latest decision of this number at another version of the same project."""
    version, decision = tables.version, tables.decision
    project = select(version.c.project_id).where(version.c.id == version_id).scalar_subquery()
    query = (
        _rows()
        .add_columns(version.c.number.label("version_number"), tables.project.c.name.label("project_name"))
        .join(version, decision.c.version_id == version.c.id)
        .join(tables.project, version.c.project_id == tables.project.c.id)
        .where(version.c.project_id == project, decision.c.number == number)
        .order_by(decision.c.id.desc())
    )
    row = connection.execute(query.limit(1)).first()
    if row is None:
        return None
    return f"{row.project_name}@v{row.version_number}", _read(row)


def _rows() -> Select[Any]:
    """Decisions with their documents as they stand: one that was damaged by hand must not hide the others."""
    table = tables.decision.c
    raw = cast(table.document, AS_IT_STANDS).label("raw")
    return select(table.id, table.version_id, table.number, raw, table.who, table.created)


def _read(row: Row[Any]) -> Decision:
    damage = why_unreadable(row.raw)
    document = loads(text_of(row.raw)) if damage is None else None
    if damage is None and not isinstance(document, dict):
        damage = f"found {text_of(row.raw):.30}, expected an object with its keys"
    return Decision(
        row.id,
        row.version_id,
        row.number,
        document if isinstance(document, dict) else {},
        row.who,
        row.created,
        None if damage is None else f"its document in the database was changed by hand and is no JSON: {damage}",
    )
