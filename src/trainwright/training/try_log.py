"""The log of a project's tries: what was changed, why, what it did, and whether it was kept."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from trainwright.store import tables
from trainwright.store.runs import Run


def iteration_of(run: Run) -> dict[str, Any] | None:
    """What a run tries; None for a training of its own, and for the repetition of a try."""
    record = run.record or {}
    found: dict[str, Any] | None = record.get("iteration")
    return None if record.get("repeats") else found


def stands(run: Run) -> bool:
    """Whether a run counts as a training of its project: no repetition, and no try that was dropped or not judged."""
    found = iteration_of(run)
    return not (run.record or {}).get("repeats") and (found is None or bool(found.get("kept")))


def iterations(connection: Connection, project_id: int, *, before: int | None = None) -> list[dict[str, Any]]:
    """The finished tries of a project, oldest first.

    Args:
        connection: a transaction.
        project_id: the project.
        before: only those of runs with a smaller number.

    Returns:
        For each {"run", "base": {"run", "version"}, "changes", "note", "accept", "try", "at", "kept", "reason",
        "metric", "old", "new", "comparison", "version"}.
    """
    run, job = tables.run, tables.job
    query = (
        select(run.c.id, run.c.record)
        .join(job, job.c.run_id == run.c.id)
        .where(run.c.project_id == project_id, job.c.state == "completed", run.c.record.is_not(None))
        .order_by(run.c.id)
    )
    if before is not None:
        query = query.where(run.c.id < before)
    made = select(tables.version.c.run_id, tables.version.c.number).where(tables.version.c.project_id == project_id)
    versions = {run_id: f"v{number}" for run_id, number in connection.execute(made)}
    out = []
    for number, record in connection.execute(query):
        found = None if record.get("repeats") else record.get("iteration")
        if found is not None and "kept" in found:
            short = {key: value for key, value in found.items() if key not in LONG}
            out.append({**short, "run": number, "version": versions.get(number)})
    return out


# Parts of an iteration that its own report draws and a log of many does without.
LONG = ("base_curve", "conditions", "also")
