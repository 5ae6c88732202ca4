"""Finished trials: what each fold's fit was and gave, so that a resumed run skips what is already there."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from trainwright.store import tables
from trainwright.store.fence import fence


@dataclass(frozen=True)
class TrialRow:
    """One fit of a candidate on one fold.

    Args:
        run_id, attempt: who fitted it.
        name: the candidate's name in the leaderboard.
        fold: the fold's number; -1 for a fit on all development rows.
        family, settings, derived: what was fitted, and what the library decided itself.
        state: "completed", "failed" or "skipped".
        seed, threads, iterations, rows: as used, so that a replay obeys them.
        seconds: wall time of the fit.
        scores: metric name to value on the fold's held-out rows.
        details: anything more (training scores, the reason of a failure).
        artifact: hash of the published "trial" folder with its predictions, or None.
        created: seconds since 1970.
    """

    run_id: int
    attempt: int
    name: str
    fold: int
    family: str
    state: str
    settings: dict[str, Any] | None = None
    derived: dict[str, Any] | None = None
    seed: int | None = None
    threads: int | None = None
    iterations: int | None = None
    rows: int | None = None
    seconds: float | None = None
    scores: dict[str, Any] | None = None
    details: dict[str, Any] | None = None
    artifact: str | None = None
    created: float = 0.0


def finish_trial(
    connection: Connection,
    run_id: int,
    attempt: int,
    *,
    name: str,
    fold: int,
    family: str,
    state: str = "completed",
    settings: dict[str, Any] | None = None,
    derived: dict[str, Any] | None = None,
    seed: int | None = None,
    threads: int | None = None,
    iterations: int | None = None,
    rows: int | None = None,
    seconds: float | None = None,
    scores: dict[str, Any] | None = None,
    details: dict[str, Any] | None = None,
    artifact: str | None = None,
) -> TrialRow:
    """Writes a finished trial after its predictions were published.

    A trial that failed in an earlier attempt is replaced; a completed one is kept as it is and returned,
    because the ensemble may already rest on it.

    Raises:
        SupersededError: a later attempt has begun.
    """
    fence(connection, run_id, attempt)
    row = TrialRow(
        run_id=run_id,
        attempt=attempt,
        name=name,
        fold=fold,
        family=family,
        state=state,
        settings=settings,
        derived=derived,
        seed=seed,
        threads=threads,
        iterations=iterations,
        rows=rows,
        seconds=seconds,
        scores=scores,
        details=details,
        artifact=artifact,
        created=time.time(),
    )
    table = tables.trial
    this = (table.c.run_id == run_id) & (table.c.name == name) & (table.c.fold == fold)
    found = connection.execute(select(table).where(this)).first()
    if found is not None and found.state == "completed":
        return _from(found)
    statement = table.insert() if found is None else table.update().where(this)
    connection.execute(statement.values(vars(row)))
    return row


def trials_of(connection: Connection, run_id: int, *, state: str | None = None) -> list[TrialRow]:
    """The trials of a run in the order they finished, with the given state if one is given."""
    table = tables.trial
    query = select(table).where(table.c.run_id == run_id).order_by(table.c.id)
    if state is not None:
        query = query.where(table.c.state == state)
    return [_from(row) for row in connection.execute(query)]


def _from(row: Any) -> TrialRow:
    values = dict(row._mapping)
    values.pop("id")
    return TrialRow(**values)
