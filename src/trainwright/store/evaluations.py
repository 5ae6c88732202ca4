"""Evaluations and findings of a run: documents kept whole, found by run or by version."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from trainwright.store import tables
from trainwright.store.events import add_event
from trainwright.store.fence import fence
from trainwright.store.rows import insert_row

# The kind of the event that holds how the checks of a run ended.
CHECKS = "checks"


@dataclass(frozen=True)
class EvaluationRow:
    """One evaluation document.

    Args:
        id: the row.
        run_id, version_id: what was evaluated.
        part: "validation", "test" or "file".
        source: for "file", where the rows came from.
        document: see the architecture page.
        created: seconds since 1970.
    """

    id: int
    run_id: int | None
    version_id: int | None
    part: str
    source: str | None
    document: dict[str, Any]
    created: float


def add_evaluation(
    connection: Connection,
    part: str,
    document: dict[str, Any],
    *,
    run_id: int | None = None,
    attempt: int | None = None,
    version_id: int | None = None,
    source: str | None = None,
) -> EvaluationRow:
    """Keeps an evaluation document. An attempt gives its number; then a superseded one is refused.

    The document of a run's "validation" or "test" part replaces the one an earlier attempt wrote.

    Raises:
        SupersededError: a later attempt has begun.
    """
    table = tables.evaluation
    if run_id is not None and attempt is not None:
        fence(connection, run_id, attempt)
    if run_id is not None and part in ("validation", "test"):
        connection.execute(table.delete().where(table.c.run_id == run_id, table.c.part == part))
    values = {
        "run_id": run_id,
        "version_id": version_id,
        "part": part,
        "source": source,
        "document": document,
        "created": time.time(),
    }
    new = insert_row(connection, table, **values)
    row = connection.execute(select(table).where(table.c.id == new)).one()
    return EvaluationRow(**row._mapping)


def evaluations_of(
    connection: Connection,
    *,
    run_id: int | None = None,
    version_id: int | None = None,
    part: str | None = None,
) -> list[EvaluationRow]:
    """Evaluations of a run, of a version or of both, oldest first."""
    table = tables.evaluation
    query = select(table).order_by(table.c.id)
    for column, value in ((table.c.run_id, run_id), (table.c.version_id, version_id), (table.c.part, part)):
        if value is not None:
            query = query.where(column == value)
    return [EvaluationRow(**row._mapping) for row in connection.execute(query)]


def save_findings(connection: Connection, run_id: int, findings: Sequence[Mapping[str, Any]]) -> None:
    """Replaces the findings of a run.

    Args:
        connection: a write transaction.
        run_id: the run.
        findings: each with code, severity and message, and columns, evidence and remedy where there are any.
    """
    table = tables.finding
    connection.execute(table.delete().where(table.c.run_id == run_id))
    for finding in findings:
        connection.execute(
            table.insert().values(
                run_id=run_id,
                code=str(finding["code"]),
                severity=str(finding["severity"]),
                message=finding["message"],
                columns=list(finding.get("columns") or ()),
                evidence=finding.get("evidence"),
                remedy=finding.get("remedy"),
            )
        )


def findings_of(connection: Connection, run_id: int) -> list[dict[str, Any]]:
    """The findings of a run as plain data, in the order they were saved."""
    table = tables.finding
    names = ("code", "severity", "message", "columns", "evidence", "remedy")
    query = select(*(table.c[name] for name in names)).where(table.c.run_id == run_id).order_by(table.c.id)
    return [dict(zip(names, row, strict=True)) for row in connection.execute(query)]


def save_outcomes(connection: Connection, run_id: int, attempt: int, outcomes: Sequence[Mapping[str, Any]]) -> None:
    """Keeps how each check of a run ended, as an event of the run, so that silence can be told from "not looked".

    Args:
        connection: a write transaction.
        run_id, attempt: of the run.
        outcomes: each with code, slug, state, reason and seconds.
    """
    add_event(connection, run_id, attempt, CHECKS, data={"outcomes": [dict(outcome) for outcome in outcomes]})


def outcomes_of(connection: Connection, run_id: int) -> list[dict[str, Any]]:
    """How each check of a run ended, as plain data; empty for a run that made none."""
    table = tables.event
    query = select(table.c.data).where(table.c.run_id == run_id, table.c.kind == CHECKS).order_by(table.c.seq.desc())
    data = connection.execute(query.limit(1)).scalar()
    return [] if data is None else list(data["outcomes"])
